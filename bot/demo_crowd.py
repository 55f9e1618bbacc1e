"""The demo's residents: dice who come by a link, a slip or an invitation, agree, and answer what is asked as people would, by what is
written on the buttons. They know no form and no port."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Protocol

from surveys import entry, texts
from surveys.conversation import Address, Incoming, Option, Reply, Say
from surveys.entry import Entry, Stream

if TYPE_CHECKING:
    from bot.app import House

__all__ = ["WARDS", "Resident", "Ward", "asks", "spread"]

MOST_TURNS = 60  # of one conversation; the longest form needs a third of that
SHARE_LEAVING_EARLY = 0.06
SHARE_COMMENTING = 0.15
SHARE_BY_POSTER = 0.08  # who came by the poster on the wall: reported apart, weight 0
SECONDS_TO_TAP = timedelta(seconds=7)
ON_THE_WAY = ("button.redact", "button.redact_words", "button.agree", "button.answer", "button.resume")
"""What leads on, wherever it is offered."""
AROUND = (
    *("button.skip", "button.back", "button.keep", "button.more"),
    *("button.tonight", "button.decline", "button.remind_no_more"),
)


class Clock(Protocol):
    """The demo's year: set by hand."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Ward:
    """How a simulated ward answers."""

    code: str
    invited: int
    share: float
    """Of the residents who answer."""
    weights: tuple[int, int, int, int, int, int]
    """Rất hài lòng, Hài lòng, Bình thường, Không hài lòng, Rất không hài lòng, Không ý kiến."""


# Made so that every kind of result is to be seen: clearly above the threshold, clearly below, too close to say, too few to show.
WARDS = (
    Ward("29242", 2400, 0.34, (55, 42, 2, 1, 0, 6)),
    Ward("29263", 1900, 0.25, (44, 46, 6, 3, 1, 5)),
    Ward("29254", 1100, 0.14, (38, 44, 11, 5, 2, 6)),
    Ward("29398", 980, 0.14, (22, 45, 18, 10, 5, 8)),
    Ward("29512", 1300, 0.12, (36, 40, 14, 7, 3, 4)),
    Ward("29516", 400, 0.01, (50, 40, 5, 5, 0, 0)),
)

COMMENTS = (
    "Ghế chờ ít quá, người già phải đứng lâu.",
    "Cán bộ hướng dẫn tận tình, dễ hiểu.",
    "Nên nhắn tin khi có kết quả để đỡ phải đi lại.",
    "Buổi tối nên tuần tra thêm ở các hẻm.",
    "Bảng niêm yết thủ tục chữ nhỏ quá, khó đọc.",
    "Lòng đường trước chợ hay bị lấn chiếm.",
    "Xin thêm một buổi tiếp dân ngày thứ bảy.",
    "Gọi tôi số 0912345678 nhé, tôi muốn góp ý thêm.",
)


def spread(residents: int) -> list[Ward]:
    """Which ward each resident lives in."""
    found = [ward for ward in WARDS for _ in range(int(residents * ward.share))]
    return found + [WARDS[0]] * (residents - len(found))


def asks(say: Say) -> bool:
    """Whether it is a survey that comes to somebody unasked: only that can be put off until the evening."""
    return any(option.label in _labels(("button.tonight",)) for option in say.options)


class Resident:
    """Someone who opens the link, agrees, and answers what is asked."""

    def __init__(
        self, name: int | str, ward: Ward, chance: Random, *, account: str = "demo", talk: str = ""
    ) -> None:
        """`talk`: which of their conversations it is, of those who have several."""
        self._address = Address(account, str(name))
        self._talk = talk
        self._ward = ward
        self._chance = chance
        self._said = 0
        self._leaves_after = chance.randrange(2, 9) if chance.random() < SHARE_LEAVING_EARLY else MOST_TURNS

    async def answers(self, house: "House", slug: str) -> None:
        stream = Stream.OPEN if self._chance.random() < SHARE_BY_POSTER else Stream.INVITED
        payload = entry.mint(Entry(self._ward.code, stream, slug), house.vault.entry_key)
        await self._goes_on(house, self._incoming(start=payload))

    async def visits(self, house: "House", slip: str, clock: Clock | None = None) -> None:
        await self._goes_on(house, self._incoming(start=slip), clock)

    async def takes_up(self, house: "House", invitation: Say) -> None:
        """What came to their telephone unasked."""
        tap = self._decides(Reply((invitation,)))
        if tap is not None:
            await self._goes_on(house, tap)

    async def _goes_on(self, house: "House", begins: Incoming, clock: Clock | None = None) -> None:
        reply = await house.intake.accept(begins)
        for _ in range(self._leaves_after):
            if clock is not None:
                clock.at += SECONDS_TO_TAP  # a person reads before tapping
            does = self._decides(reply)
            if does is None:
                return
            reply = await house.intake.accept(does)

    def _decides(self, reply: Reply) -> Incoming | None:
        """What comes next, as a person would decide it: by what is written on the buttons."""
        offered = reply.messages[-1].options if reply.messages else ()
        if (leads_on := _one_of(offered, ON_THE_WAY)) is not None:
            return self._incoming(tap=leads_on.token)
        if not offered or _one_of(offered, ("button.review",)) is not None:
            return None
        around = _labels(AROUND)
        answers = [option for option in offered if option.label not in around]
        if answers:
            return self._incoming(tap=self._chosen(answers).token)
        skip = _one_of(offered, ("button.skip",))
        if skip is None or self._chance.random() < SHARE_COMMENTING:
            return self._incoming(text=self._chance.choice(COMMENTS))
        return self._incoming(tap=skip.token)

    def _chosen(self, answers: Sequence[Option]) -> Option:
        if len(answers) == len(self._ward.weights):
            return self._chance.choices(answers, self._ward.weights)[0]
        # Other questions: the first choices are the usual ones.
        return self._chance.choices(answers, [2.0**-place for place in range(len(answers))])[0]

    def _incoming(self, *, text: str = "", tap: str | None = None, start: str | None = None) -> Incoming:
        self._said += 1
        return Incoming(self._address, f"{self._talk}{self._said}", text=text, tap=tap, start=start)


def _one_of(offered: Iterable[Option], keys: tuple[str, ...]) -> Option | None:
    """The first of the keys that is offered, whatever language its reader reads."""
    found = {option.label: option for option in offered}
    for key in keys:
        for label in _labels((key,)):
            if label in found:
                return found[label]
    return None


@cache
def _labels(keys: tuple[str, ...]) -> frozenset[str]:
    return frozenset(texts.say(language, key) for language in texts.LANGUAGES for key in keys)
