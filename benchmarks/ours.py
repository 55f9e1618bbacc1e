"""Our bot as the benchmarks see it: the whole house, everything switched on, behind Telegram's webhook."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path

from benchmarks.people import buttons, message, tap, text_of
from bot.app import House, opened
from bot.channels.telegram_residents import TelegramResidents
from bot.settings import load
from handlers.units import load_seed
from handlers.waves import Plan
from surveys import entry, texts
from surveys.conversation import Address
from surveys.entry import Entry, Stream
from surveys.forms import library
from surveys.waves import Audience

WARD = "29263"
WAVE = "bench"
SECRET = "a-secret-of-the-benchmark"
TAPS = (
    1_000_000  # people here tap faster than Telegram would let them; their replies all go back in the answer
)
NOWHERE = "http://127.0.0.1:9"  # stamps and spinners go out beside the answer; here they are refused at once


class OurBot:
    def __init__(self, house: House, telegram: TelegramResidents) -> None:
        self.house = house
        self.telegram = telegram

    async def post(self, body: bytes) -> bytes:
        """One webhook request, as uvicorn would hand it over. Raises RuntimeError when it was not accepted."""
        answered: list[dict[str, object]] = []

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, object]) -> None:
            answered.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/telegram",
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
                (b"x-telegram-bot-api-secret-token", SECRET.encode()),
            ],
        }
        await self.telegram.webhook(scope, receive, send)  # type: ignore[arg-type]
        if answered[0]["status"] != 200:
            raise RuntimeError(f"HTTP {answered[0]['status']}")
        return bytes(answered[1].get("body", b""))  # type: ignore[arg-type]


@asynccontextmanager
async def our_bot(database_url: str, directory: Path) -> AsyncIterator[OurBot]:
    """The bot with a wave of the yearly survey open in one ward."""
    settings = load(database_url=database_url, keys_dir=directory / "keys", _env_file=None)
    async with opened(settings) as house:
        await load_seed(house.db)
        now = house.now()
        await house.waves.open(
            Plan(
                WAVE,
                library.load("hang_nam_nguoi_dan"),
                "Công an lắng nghe ý kiến của Nhân dân",
                Audience.RESIDENTS,
                now - timedelta(hours=1),
                now + timedelta(days=20),
                {WARD: 1_000_000},
            )
        )
        await house.residents.refresh()
        async with TelegramResidents(
            "42:OURS-bot-token-for-the-benchmark",
            house.intake.accept,
            refusal="-",
            secret=SECRET,
            api=NOWHERE,
            burst=TAPS,
        ) as telegram:
            yield OurBot(house, telegram)


def link(house: House) -> str:
    """The start payload of an invitation."""
    return entry.mint(Entry(WARD, Stream.INVITED, WAVE), house.vault.entry_key)


async def arrive(bot: OurBot, person: int) -> bytes:
    """Through the link and the privacy card to the first question."""
    return await arrive_by(bot.post, link(bot.house), person)


async def arrive_by(post: object, payload: str, person: int) -> bytes:
    card = await post(message(person, f"/start {payload}"))  # type: ignore[operator]
    agree = next(data for label, data in buttons(card) if label == texts.say("vi", "button.agree"))
    return bytes(await post(tap(person, agree, text_of(card))))  # type: ignore[operator]


def address(person: int) -> Address:
    return Address("telegram", str(person))


@contextmanager
def temporary_directory() -> Iterator[Path]:
    """A directory on the disk the project lies on: /tmp may be memory, where a sync costs nothing."""
    root = Path("var/bench")
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root) as name:
        yield Path(name)


@asynccontextmanager
async def temporary() -> AsyncIterator[Path]:
    with temporary_directory() as directory:
        yield directory
