"""What must hold before a notice goes on: no problem left in it, everybody it is for within reach, no survey swayed, no cap passed. And
the words in which an officer is told that it does not. It changes nothing."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from handlers.units import Places
from storage.transaction import Tx
from surveys.notices import Finding, Notice, Policies, Problem, Text, Trouble, influence, problems
from surveys.notices.webs import webs
from surveys.rights import Action, Actor, NotAllowed, may, reach
from surveys.units import Gazetteer
from surveys.waves import LOCAL

__all__ = [
    "Checks",
    "Moved",
    "NoSuchNotice",
    "Refused",
    "has",
    "is_for",
    "refused",
    "sentence",
    "wards_of",
]

MOST_WORDS = 5  # findings named in one sentence


class NoSuchNotice(LookupError):
    """There is no such notice, or it is none of yours."""


class Moved(Exception):
    """Somebody else has changed it meanwhile."""


class Refused(Exception):
    """It cannot be done as it stands: what to mend."""

    def __init__(self, *found: Problem) -> None:
        super().__init__("; ".join(str(each) for each in found))
        self.problems = found


def refused(trouble: Trouble, words: str) -> Refused:
    return Refused(Problem(trouble, words))


def sentence(trouble: Exception) -> str:
    """What an officer is told. Raises what it does not know."""
    match trouble:
        case Refused():
            return "\n".join(str(each) for each in trouble.problems)
        case Moved():
            return "Thông báo vừa được người khác thay đổi. Xem lại bản mới rồi làm tiếp."
        case NoSuchNotice():
            return "Không có thông báo này."
        case NotAllowed():
            return "Chức vụ của đồng chí không có quyền làm việc này."
    raise trouble


def has(actor: Actor, action: Action, unit: str, known: Gazetteer) -> bool:
    """Whether the actor may do that there; of a unit there is not, nobody may anything."""
    try:
        return may(actor.role, action, reach(actor.unit, unit, known))
    except KeyError:
        return False


def wards_of(notice: Notice, known: Gazetteer) -> tuple[str, ...]:
    """The wards it is for: a province stands for all of its own."""
    found: set[str] = set()
    for code in notice.audience.units:
        found |= {ward.code for ward in known.wards(code)} if _is_province(known, code) else {code}
    return tuple(sorted(found))


def is_for(notice: Notice, units: Iterable[str], known: Gazetteer) -> bool:
    return not set(units).isdisjoint(wards_of(notice, known))


def _is_province(known: Gazetteer, code: str) -> bool:
    try:
        return known.unit(code).kind.is_province
    except KeyError:
        return False


class Checks:
    """Asked before every deed that brings a notice nearer to people."""

    def __init__(self, policies: Policies) -> None:
        self.policies = policies
        self._places = Places()

    async def known(self, tx: Tx) -> Gazetteer:
        return await self._places.known(tx)

    async def office(self, tx: Tx, unit: str) -> str:
        """A unit's name within a sentence."""
        return (await self.known(tx)).unit(unit).name_within

    # ── Problems ──────────────────────────────────────────────────────────────────────────────────────────────

    async def problems(self, tx: Tx, notice: Notice, now: datetime) -> tuple[Problem, ...]:
        """All of them, those that only the database knows among them."""
        known = await self.known(tx)
        return (
            *problems(notice, self.policies, now, await self.office(tx, notice.unit)),
            *self._out_of_reach(notice, known),
            *await self._missing(tx, notice),
        )

    async def raise_problems(self, tx: Tx, notice: Notice, now: datetime) -> None:
        if found := await self.problems(tx, notice, now):
            raise Refused(*found)

    def _out_of_reach(self, notice: Notice, known: Gazetteer) -> Iterable[Problem]:
        """A unit writes to its own people: a ward to its residents, a province to those of its wards."""
        for code in notice.audience.units:
            if code == notice.unit:
                continue
            try:
                unit = known.unit(code)
            except KeyError:
                yield Problem(Trouble.OUT_OF_REACH, f"Không có đơn vị “{code}”.")
                continue
            if unit.province != notice.unit or unit.is_past:
                yield Problem(
                    Trouble.OUT_OF_REACH, f"Không gửi được tới {unit.name}: ngoài địa bàn của đơn vị."
                )

    async def _missing(self, tx: Tx, notice: Notice) -> list[Problem]:
        if notice.image is not None and not await tx.pictures.has(notice.image):
            return [Problem(Trouble.NO_SUCH_PICTURE, "Không tìm thấy ảnh kèm theo: hãy tải ảnh lên lại.")]
        return []

    # ── Surveys ───────────────────────────────────────────────────────────────────────────────────────────────

    async def findings(self, tx: Tx, notice: Notice, now: datetime) -> tuple[Finding, ...]:
        """What in its words might sway a survey that runs where it goes; nothing where none does, or where they were cleared."""
        if notice.is_cleared or not await self._is_asking(tx, notice, now):
            return ()
        return tuple(
            finding for language, text in notice.texts.items() for finding in influence(text.text, language)
        )

    async def raise_influence(self, tx: Tx, notice: Notice, now: datetime) -> None:
        if found := await self.findings(tx, notice, now):
            words = ", ".join(f"“{each.words}”" for each in found[:MOST_WORDS])
            raise refused(
                Trouble.NOT_CLEARED,
                f"Nơi nhận đang lấy ý kiến Nhân dân; nội dung có thể tác động đến người trả lời: {words}. "
                "Sửa lại, hoặc chờ giám sát của tỉnh cho qua.",
            )

    async def raise_said_alone(self, tx: Tx, notice: Notice, words: str, now: datetime) -> None:
        """Of words that reach residents though nobody else approved them. Raises Refused."""
        if found := webs(Text.of(words)):
            raise refused(
                Trouble.FOREIGN_LINK,
                f"Người dân sẽ đọc câu này, và chưa ai khác duyệt nó: không được dẫn tới “{found[0].written}”.",
            )
        if await self._is_asking(tx, notice, now) and (swaying := influence(words)):
            raise refused(
                Trouble.NOT_CLEARED,
                f"Nơi nhận đang lấy ý kiến Nhân dân; xin viết lý do không có những chữ “{swaying[0].words}”.",
            )

    async def _is_asking(self, tx: Tx, notice: Notice, now: datetime) -> bool:
        """Whether a survey runs, now or when it is due, in any of the wards it goes to."""
        meant = {*wards_of(notice, await self.known(tx)), notice.unit}
        leaves = max(now, notice.due_at or notice.send_at or now) + notice.over
        for wave in await tx.waves.all():
            if wave.state not in ("draft", "open") or wave.opens_at > leaves or wave.closes_at <= now:
                continue
            if meant & {row.unit for row in await tx.wave_units.of_wave(wave.id or 0)}:
                return True
        return False

    # ── Caps ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def raise_cap(self, tx: Tx, notice: Notice, *, begins: bool = False) -> None:
        """A unit's notices of one day: those that have left and, until this one leaves itself, those that wait to."""
        if notice.overrides or notice.due_at is None:
            return
        day = notice.due_at.astimezone(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0)
        tomorrow = day + timedelta(days=1)
        number = await tx.notices.begun_between(notice.unit, day, tomorrow)
        if not begins:
            number += await tx.notices.waiting_between(notice.unit, day, tomorrow)
        if number >= self.policies.daily_cap:
            raise refused(
                Trouble.DAILY_CAP,
                f"Đơn vị đã có {number} thông báo trong ngày {day:%d/%m}; mỗi ngày nhiều nhất {self.policies.daily_cap}. "
                "Chọn ngày khác, hoặc đánh dấu khẩn và có hai người xác nhận.",
            )
