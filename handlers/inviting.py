"""A wave is taken to its people: one campaign that invites, and at most two that remind. It decides who and when; whom it reaches, and what
becomes of that, is the outbox's, and the words are made while a message is in hand.

Each deed may be begun again: there is one campaign of each name, whoever asks for it and however often. Its audience is fixed with it, so
that nobody who comes later is ever among the invited."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from handlers.ledger import Ledger
from handlers.occasions import NotNow, Occasion, each_of
from handlers.published import id_of
from handlers.units import Places, reach_of
from storage import rows
from storage.database import Database
from storage.outbox import Standing
from storage.transaction import Tx
from surveys.delivery import REPEATS, Audience, Campaign
from surveys.records import PersonsInvited
from surveys.reminding import (
    INVITE,
    MOST,
    REMIND,
    Wanted,
    ends_at,
    subject_of,
    topic_asked,
    wanted,
    wave_of,
)
from surveys.waves import Audience as Asked
from surveys.waves import State
from surveys.windows import Purpose

__all__ = ["Invitations", "Inviting", "Reminding"]

log = structlog.get_logger(__name__)

WAVE_OVER = "the wave is over"


@dataclass(frozen=True, slots=True)
class _Open:
    """A wave people can be asked of, and those of its wards in which somebody wants them asked."""

    wave: rows.Wave
    units: tuple[str, ...]
    seed: str

    @property
    def topic(self) -> str:
        """What its people agreed to."""
        return topic_asked(self.wave.audience).value


class Inviting:
    """Invites who agreed to be asked, in their own ward: all of them, or a sample drawn by the wave's published seed."""

    def __init__(
        self, db: Database, now: Callable[[], datetime], settle_contacts: Callable[[], Awaitable[object]]
    ) -> None:
        """`settle_contacts`: writes what people said since, so that who agreed in time is among them."""
        self._db = db
        self._now = now
        self._settle_contacts = settle_contacts
        self._places = Places()

    async def __call__(self, occasion: Occasion) -> str:
        """`wave`: the slug, where the occasion follows no wave; `invite`: `"all"` or `{"sample": 200}`."""
        people = _wanted(occasion)
        await self._settle_contacts()
        return await each_of(_slugs(occasion), lambda slug: self._invited(occasion, slug, people))

    async def _invited(self, occasion: Occasion, slug: str, people: Wanted) -> str:
        async with self._db.transaction() as tx:
            within = await _within(tx, self._places, occasion.unit)
            asked = await _open(tx, slug, self._now(), within)
            standing = await _created(tx, self._campaign(asked, occasion, people))
            if standing.fixed_at is None:
                await tx.outbox.fix(standing.id)
        whom = "mọi người" if people.sample is None else f"mỗi đơn vị {people.sample} người bốc thăm trong số"
        return f"Gửi lời mời trả lời đợt {slug} cho {whom} đã đồng ý nhận, ở {len(asked.units)} đơn vị."

    def _campaign(self, asked: _Open, occasion: Occasion, people: Wanted) -> Campaign:
        return Campaign(
            kind=INVITE,
            subject=asked.wave.slug,
            purpose=Purpose.INVITATION,
            audience=Audience(
                units=asked.units,
                topics=(asked.topic,),
                is_own=True,
                sample=people.sample,
                seed=asked.seed if people.sample is not None else "",
            ),
            not_before=max(occasion.due, asked.wave.opens_at),
            over=occasion.over,
            expires_at=ends_at(asked.wave.closes_at),
            repeats=REPEATS,
        )


class Reminding:
    """Reminds who was invited and has not answered; of who that is, not even its own rows tell."""

    def __init__(self, db: Database, now: Callable[[], datetime]) -> None:
        self._db = db
        self._now = now
        self._places = Places()

    async def __call__(self, occasion: Occasion) -> str:
        """`wave`: the slug, where the occasion follows no wave; `number`: 1 or 2."""
        number = occasion.subject.get("number", 1)
        if type(number) is not int or not 1 <= number <= MOST:
            raise NotNow(f"Mỗi đợt chỉ nhắc nhiều nhất {MOST} lần: không có lần nhắc {number}.")
        return await each_of(_slugs(occasion), lambda slug: self._reminded(occasion, slug, number))

    async def _reminded(self, occasion: Occasion, slug: str, number: int) -> str:
        async with self._db.transaction() as tx:
            within = await _within(tx, self._places, occasion.unit)
            asked = await _open(tx, slug, self._now(), within)
            invited = await tx.outbox.by_subject(INVITE, slug)
            if invited is None or not set(asked.units) & set(invited.campaign.audience.units):
                raise NotNow(f"Đợt {slug} chưa mời ai, nên không có ai để nhắc.")
            if invited.was_stopped:
                raise NotNow(f"Lời mời của đợt {slug} đã bị dừng, nên không nhắc.")
            await _created(tx, self._campaign(asked, occasion, number, invited))
        return f"Nhắc lần {number} đợt {slug}: gửi người được mời mà chưa trả lời."

    def _campaign(self, asked: _Open, occasion: Occasion, number: int, invited: Standing) -> Campaign:
        units = tuple(unit for unit in invited.campaign.audience.units if unit in asked.units)
        return Campaign(
            kind=REMIND,
            subject=subject_of(asked.wave.slug, number),
            purpose=Purpose.INVITATION,
            audience=Audience(units=units, topics=(asked.topic,), of=invited.id),
            not_before=max(occasion.due, asked.wave.opens_at),
            over=occasion.over,
            expires_at=ends_at(asked.wave.closes_at),
        )


class Invitations:
    """Looks after those that are under way."""

    def __init__(self, db: Database, ledger: Ledger, now: Callable[[], datetime]) -> None:
        self._db = db
        self._ledger = ledger
        self._now = now

    async def step(self) -> None:
        """Counts the invited of each open wave once all of them are written down, and stops what is about a wave that is over. Raises
        Unavailable."""
        async with self._db.reading() as tx:
            open_waves = [each for each in await tx.waves.all() if each.state == State.OPEN]
            to_count = [each for each in open_waves if await _to_count(tx, each) is not None]
            under_way = await tx.outbox.unfinished()
        for wave in to_count:
            await self._count(wave)
        known = {each.slug for each in open_waves}
        for standing in under_way:
            campaign = standing.campaign
            is_ours = campaign.kind in (INVITE, REMIND)
            if is_ours and wave_of(campaign.kind, campaign.subject)[0] not in known:
                await self._stop(standing)

    async def _stop(self, standing: Standing) -> None:
        async with self._db.transaction() as tx:
            is_stopped = await tx.outbox.stop(standing.id, WAVE_OVER)
        if is_stopped:
            log.info("invitations.stopped", campaign=standing.id, subject=standing.campaign.subject)

    async def _count(self, wave: rows.Wave) -> None:
        async with self._db.transaction() as tx:
            standing = await _to_count(tx, wave)
            if standing is not None:
                await self._counted(tx, wave, standing)

    async def _counted(self, tx: Tx, wave: rows.Wave, standing: Standing) -> None:
        """How many were invited where is what response rates are of: from here on it stands with the wave, and in the ledger."""
        taking_part = await tx.wave_units.of_wave(id_of(wave))
        invited = await tx.outbox.by_unit(standing.id)
        await tx.wave_units.add_many(
            rows.WaveUnit(wave_id=each.wave_id, unit=each.unit, invited=invited.get(each.unit, 0))
            for each in taking_part
        )
        if await tx.wave_terms.of(id_of(wave)) is None:
            return  # one of before there was a ledger
        for each in sorted(taking_part, key=lambda each: each.unit):
            told = PersonsInvited(wave.slug, each.unit, invited.get(each.unit, 0))
            await self._ledger.append(tx, told, self._now())
        log.info("invitations.counted", wave=wave.slug, units=len(taking_part))


async def _to_count(tx: Tx, wave: rows.Wave) -> Standing | None:
    """The invitations of a wave whose number is not known yet, once everybody is written down."""
    standing = await tx.outbox.by_subject(INVITE, wave.slug)
    if standing is None or not standing.is_written_down:
        return None
    taking_part = await tx.wave_units.of_wave(id_of(wave))
    # Where there is a number, it was counted before, or by whoever opened the wave.
    return None if any(each.invited is not None for each in taking_part) else standing


def _slugs(occasion: Occasion) -> tuple[str, ...]:
    named = occasion.subject.get("wave")
    slugs = (str(named),) if named else occasion.waves
    if not slugs:
        raise NotNow("Lịch này chưa theo đợt nào.")
    return slugs


def _wanted(occasion: Occasion) -> Wanted:
    try:
        people = wanted({"invite": "all", **occasion.subject})
    except ValueError as problem:
        raise NotNow(str(problem)) from problem
    assert people is not None
    return people


async def _within(tx: Tx, places: Places, unit: str) -> frozenset[str] | None:
    """Where a schedule of a unit may ask anybody. None: everywhere."""
    if not unit:
        return None
    try:
        return reach_of(await places.known(tx), unit)
    except KeyError:
        return frozenset()


async def _created(tx: Tx, campaign: Campaign) -> Standing:
    """The one there is of this name. Raises NotNow where somebody else's has it, which does not reach these wards."""
    standing = await tx.outbox.get(await tx.outbox.create(campaign))
    if not set(campaign.audience.units) <= set(standing.campaign.audience.units):
        raise NotNow("Đợt này đã có lời mời ở đơn vị khác, nên không gửi thêm ở đây được.")
    return standing


async def _open(tx: Tx, slug: str, now: datetime, within: frozenset[str] | None) -> _Open:
    wave = await tx.waves.by_slug(slug)
    if wave is None:
        raise NotNow(f"Không có đợt {slug}.")
    if wave.audience == Asked.VISITS:
        raise NotNow(f"Đợt {slug} là đánh giá sau mỗi lần đến trụ sở: không mời ai.")
    if wave.state != State.OPEN or now >= ends_at(wave.closes_at):
        raise NotNow(f"Đợt {slug} không còn đủ thời gian để trả lời.")
    terms = await tx.wave_terms.of(id_of(wave))
    taking_part = [each.unit for each in await tx.wave_units.of_wave(id_of(wave))]
    units = tuple(sorted(unit for unit in taking_part if within is None or unit in within))
    if not units:
        raise NotNow(f"Đợt {slug} không hỏi ở đơn vị này.")
    return _Open(wave, units, terms.seed if terms is not None else slug)
