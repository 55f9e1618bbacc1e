"""The demo's notices: one in every state an officer meets, written and decided by the demo's officers through the use cases everybody
uses, and sent by the real sender to residents who are dice. No message leaves this machine."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Protocol

from bot.channels.contract import Channel, ContactGone, Limits, Outcome, Sent, Unknown
from bot.channels.pacing import Place, Window
from bot.demo_crowd import asks
from bot.outgoing import sender_of
from storage.arrivals import Arrival
from surveys.conversation import Address, Entity, Say, Style
from surveys.notices import Audience, Category, Draft, Notice, Push, State, Text, Topic
from surveys.rights import Actor, Role
from surveys.waves import LOCAL
from surveys.windows import Purpose

if TYPE_CHECKING:
    from bot.app import House

__all__ = ["DicePhones", "find_listeners", "put_up", "send_now", "with_dice"]

WARD = "29242"  # whose officers the demo's notices are
LISTENERS = {"29242": 340, "29263": 90, "29254": 60, "29398": 55, "29512": 60, "29516": 12}
SHARE_ASKED = 0.6  # of them, who agreed to surveys as well
SHARE_WITH_A_BUSINESS = 0.08  # who answer for one, and agreed to be asked about that too
SHARE_GONE, SHARE_UNKNOWN = 0.02, 0.01
SENT_YESTERDAY_AT = 10  # o'clock
LIVE_OVER = timedelta(minutes=12)  # so long there is something to watch after the demo begins
A_MESSAGE_TAKES = (0.02, 0.12)  # seconds
A_SECOND, A_SECOND_OF_TELEGRAM = 1000, 30  # messages; while the province is made nobody waits for dice
LONGEST_CAMPAIGN = timedelta(minutes=2)
"""Yesterday's, while the demo is made; it takes seconds."""


class Clock(Protocol):
    """The demo's year: set by hand."""

    at: datetime


class DicePhones:
    """Stands for a platform: takes messages, and now and then somebody is gone or nobody knows."""

    account = "telegram"
    limits = Limits(text=4096, buttons=True, edits=True, files=True)

    def __init__(self, *, hurry: bool = False) -> None:
        self._hurry = hurry
        self.window = Window(A_SECOND if hurry else A_SECOND_OF_TELEGRAM)
        self.asked: dict[str, Say] = {}
        """By their numbers: surveys that came unasked, and that nobody has taken up yet."""

    async def send_in(self, place: Place, address: Address, say: Say) -> Outcome:
        try:
            return await self.send(address, say)
        finally:
            place.leave()

    async def send(self, address: Address, say: Say) -> Outcome:
        chance = Random(f"{address.id} {say.text}")
        if not self._hurry:
            await asyncio.sleep(chance.uniform(*A_MESSAGE_TAKES))
        drawn = chance.random()
        if drawn < SHARE_GONE:
            return ContactGone("they are dice, and these have rolled away")
        if drawn < SHARE_GONE + SHARE_UNKNOWN:
            return Unknown("nobody knows")
        if asks(say):
            self.asked[address.id] = say
        return Sent(str(chance.getrandbits(40)))


def with_dice(
    channels: Callable[[], Mapping[str, Channel]], dice: DicePhones
) -> Callable[[], Mapping[str, Channel]]:
    """All channels there are, and the dice where nobody else listens on theirs."""
    return lambda: {dice.account: dice, **channels()}


# ── While the province is made ───────────────────────────────────────────────────────────────────────────────────


async def find_listeners(house: "House", on: datetime, listeners: Mapping[str, int] = LISTENERS) -> None:
    """Residents who agreed to notices and surveys, by the way everybody agrees."""
    for ward, number in listeners.items():
        chance, businesses = Random(ward), Random(f"{ward} businesses")
        for resident in range(number):
            topics: list[Topic] = [topic for topic in Category if chance.random() < 0.85] or [Category.SCAM]
            # Agreed to by itself, as the lobby asks for it.
            topics += [Push.SURVEYS] if chance.random() < SHARE_ASKED else []
            topics += [Push.BUSINESSES] if businesses.random() < SHARE_WITH_A_BUSINESS else []
            await house.arrivals.add(
                Arrival(
                    Address(DicePhones.account, f"{ward}{resident:05}"),
                    ward,
                    chance.choices(("vi", "km"), (9, 1))[0],
                    (Purpose.NOTICE.value,),
                    on.date(),
                    "Đồng ý nhận thông báo (bản chạy thử)",
                    tuple((ward, topic.value) for topic in topics),
                )
            )
    await house.flush_arrivals()


async def put_up(house: "House", clock: Clock) -> None:
    """Yesterday's notice has been sent; others wait for somebody."""
    officer, chief = await _at(house, Role.OFFICER, WARD), await _at(house, Role.CHIEF, WARD)
    now = clock.at
    clock.at = _yesterday(now)
    sent = await _submitted(house, officer, _draft(YESTERDAY, Category.PROCEDURE))
    await house.notices.approve(chief, sent.code, sent.version)
    await house.notices.step()
    await _until_sent(house, sent)
    clock.at = now

    await house.notices.write(officer, _draft(DRAFT, Category.TRAFFIC))
    back = await _submitted(house, officer, _draft(BACK, Category.OTHER))
    await house.notices.reject(chief, back.code, back.version, "Ghi rõ giờ và số điện thoại để bà con hỏi.")
    await _submitted(house, officer, _draft(WAITING, Category.FIRE, km=WAITING_KM))
    await _submitted(house, officer, _draft(SWAYING, Category.OTHER))
    ahead = replace(_draft(AHEAD, Category.TRAFFIC), send_at=_tomorrow(now))
    planned = await _submitted(house, officer, ahead)
    await house.notices.approve(chief, planned.code, planned.version)


async def _until_sent(house: "House", notice: Notice) -> None:
    stop = asyncio.Event()
    dice = DicePhones(hurry=True)
    sending = asyncio.create_task(sender_of(house, lambda: {dice.account: dice}).run(stop))
    author = await _at(house, Role.OFFICER, WARD)
    try:
        async with asyncio.timeout(LONGEST_CAMPAIGN.total_seconds()):
            while (await house.notices.get(author, notice.code)).state is not State.SENT:
                await asyncio.sleep(0.2)
                await house.notices.step()
    finally:
        stop.set()
        await sending


# ── When somebody begins to play ─────────────────────────────────────────────────────────────────────────────────


async def send_now(house: "House") -> None:
    """One that is on its way while they look: urgent, or it would wait for the morning whenever somebody plays at night."""
    officer, chief = await _at(house, Role.OFFICER, WARD), await _at(house, Role.CHIEF, WARD)
    supervisor = await _at(house, Role.SUPERVISOR, None)
    draft = replace(_draft(SCAM, Category.SCAM), is_urgent=True, over=LIVE_OVER)
    notice = await _submitted(house, officer, draft)
    for one_of_two in (chief, supervisor):
        await house.notices.urge(one_of_two, notice.code)
    notice = await house.notices.get(chief, notice.code)
    await house.notices.approve(chief, notice.code, notice.version)
    await house.notices.step()


# ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _at(house: "House", role: Role, unit: str | None) -> Actor:
    """Whoever holds such a post."""
    held = next(
        seat.held
        for seat in await house.people.posts(None)
        if seat.held.until is None and seat.held.role == role and unit in (None, seat.held.unit)
    )
    return Actor(held.person, held.name, held.post, role, held.unit, held.title)


async def _submitted(house: "House", officer: Actor, draft: Draft) -> Notice:
    notice = await house.notices.write(officer, draft)
    return await house.notices.submit(officer, notice.code, notice.version)


def _draft(words: str, category: Category, *, km: str = "") -> Draft:
    texts = {"vi": _with_bold(words)} | ({"km": Text.of(km)} if km else {})
    return Draft(category, texts, Audience((WARD,)))


def _with_bold(words: str) -> Text:
    """What stands between two asterisks here is bold there; it is our own shorthand, in this module alone."""
    before, bold, after = [*words.split("*"), "", ""][:3]
    return Text.of(before + bold + after, [Entity(Style.BOLD, len(before), len(bold))] if bold else ())


def _yesterday(now: datetime) -> datetime:
    day = now.astimezone(LOCAL) - timedelta(days=1)
    return day.replace(hour=SENT_YESTERDAY_AT, minute=0, second=0, microsecond=0)


def _tomorrow(now: datetime) -> datetime:
    return (now.astimezone(LOCAL) + timedelta(days=1)).replace(hour=7, minute=30, second=0, microsecond=0)


SCAM = (
    "Đang có người *giả danh công an* gọi điện, yêu cầu cập nhật VNeID và chuyển tiền.\n"
    "Công an không làm việc qua điện thoại. Ông/bà không bấm vào đường dẫn lạ, không đọc mã OTP cho ai."
)
YESTERDAY = (
    "Thông báo ví dụ: bộ phận tiếp dân đổi chỗ ngồi sang dãy nhà bên trái, vào từ cổng chính.\n"
    "Xem thủ tục tại https://dichvucong.gov.vn"
)
DRAFT = "Thông báo ví dụ, đang soạn: cấm đường quanh chợ từ"
BACK = "Thông báo ví dụ: sẽ có buổi gặp gỡ, mời bà con đến dự."
WAITING = "Thông báo ví dụ: mùa khô, ông/bà *kiểm tra dây điện và bình gas* trước khi ra khỏi nhà. Thấy cháy, gọi 114."
WAITING_KM = "សេចក្តីជូនដំណឹងគំរូ៖ រដូវប្រាំង សូមពិនិត្យខ្សែភ្លើង និងធុងហ្គាសមុនចេញពីផ្ទះ។ ឃើញអគ្គិភ័យ សូមហៅ 114។"
SWAYING = (
    "Thông báo ví dụ: Công an phường tận tụy vì dân phục vụ; mong bà con khi được hỏi hãy chọn rất hài lòng."
)
AHEAD = "Thông báo ví dụ: sáng mai phân luồng một chiều trước cổng trường trong giờ vào học."
