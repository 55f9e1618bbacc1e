"""The bot anyone would write: aiogram's dispatcher and FSM, SQLModel rows, a commit for every answer.

It is the yardstick, so it is written well and given every help that costs its author nothing: one engine, WAL, full sync,
no logging, and the reply handed back in the webhook's own response instead of by a call.
"""

import hmac
import json
from typing import Any

from aiogram import Bot, Dispatcher, F, Router
from aiogram.client.default import DefaultBotProperties
from aiogram.filters import CommandStart
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.fsm.storage.memory import MemoryStorage
from aiogram.methods import TelegramMethod
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message, Update
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

TOKEN = "42:PLAIN-bot-token-for-the-benchmark"
CHOICES = ("Rất hài lòng", "Hài lòng", "Bình thường", "Không hài lòng", "Rất không hài lòng", "Không ý kiến")


class Answer(SQLModel, table=True):
    __tablename__ = "plain_answers"
    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(index=True)
    question: int
    value: str


class Survey(StatesGroup):
    asking = State()


def keyboard(question: int) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [InlineKeyboardButton(text=label, callback_data=f"{question}:{index}")]
            for index, label in enumerate(CHOICES)
        ]
    )


class PlainBot:
    """Takes webhook bodies, gives reply requests; `questions` scale questions and thanks at the end."""

    def __init__(self, engine: AsyncEngine, secret: str, questions: int) -> None:
        self._secret = secret
        self._questions = questions
        self._sessions = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
        self.bot = Bot(TOKEN, default=DefaultBotProperties())
        router = Router()
        router.message(CommandStart())(self._start)
        router.callback_query(Survey.asking, F.data.contains(":"))(self._answer)
        self.dispatcher = Dispatcher(storage=MemoryStorage())
        self.dispatcher.include_router(router)

    async def _start(self, message: Message, state: FSMContext) -> Any:
        await state.set_state(Survey.asking)
        await state.update_data(question=1)
        return message.answer("Câu 1", reply_markup=keyboard(1))

    async def _answer(self, query: CallbackQuery, state: FSMContext) -> Any:
        question, value = (query.data or "0:0").split(":")
        async with self._sessions() as session:
            session.add(Answer(user_id=query.from_user.id, question=int(question), value=value))
            await session.commit()
        assert isinstance(query.message, Message)
        following = int(question) + 1
        await state.update_data(question=following)
        if following > self._questions:
            await state.clear()
            return query.message.answer("Xin cảm ơn.")
        return query.message.answer(f"Câu {following}", reply_markup=keyboard(following))

    async def post(self, body: bytes, secret: str) -> bytes | None:
        """The webhook: None for a wrong secret, else the reply request (empty when there is none)."""
        if not hmac.compare_digest(secret, self._secret):
            return None
        update = Update.model_validate(json.loads(body), context={"bot": self.bot})
        result = await self.dispatcher.feed_webhook_update(self.bot, update)
        if not isinstance(result, TelegramMethod):
            return b""
        # As aiogram's own webhook server writes a reply into its response.
        prepared = {
            name: self.bot.session.prepare_value(value, bot=self.bot, files={})
            for name, value in result.model_dump(warnings=False).items()
        }
        request = {name: value for name, value in prepared.items() if value}
        return json.dumps({"method": result.__api_method__, **request}, ensure_ascii=False).encode()


async def engine_for(url: str) -> AsyncEngine:
    """An engine as its author would make it, with the durability ours has. The table is made when it is not there."""
    engine = create_async_engine(url)
    if url.startswith("sqlite"):

        @event.listens_for(engine.sync_engine, "connect")
        def _durable(connection: Any, _record: Any) -> None:
            cursor = connection.cursor()
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("PRAGMA busy_timeout=30000")
            cursor.close()

    async with engine.begin() as connection:
        await connection.run_sync(Answer.__table__.create, checkfirst=True)  # type: ignore[attr-defined]
    return engine
