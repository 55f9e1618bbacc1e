"""Ratings by templates of Zalo, on both databases: one ballot each, apart in everything that is released, and nothing else moves."""

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest

from handlers.audit import Audit
from handlers.ledger import Ledger
from handlers.ratings import Ratings
from storage.vault import Vault
from surveys import preregistration
from surveys.entry import Stream
from surveys.forms.session import Mode, Session
from surveys.ratings import Rating, Refused, Template
from surveys.releases import ReleasedProvince, ReleasedWard
from surveys.releasing import RATINGS_SINCE
from surveys.results import Proportion
from surveys.verify import verify
from surveys.waves import GRACE, LAST_ONES, Audience
from tests.conftest import Clock
from tests.handlers.test_waves import answer
from tests.journeys.town import LONG_DUC, TRA_VINH, Town, a_town

TEMPLATE = Template(LONG_DUC, "chung", "gop_y")


@pytest.fixture
async def town(database_url: str, tmp_path: Path, vault: Vault, clock: Clock) -> AsyncIterator[Town]:
    async with a_town(database_url, tmp_path, vault, clock) as town:
        yield town


@pytest.fixture
def ratings(town: Town) -> Ratings:
    return Ratings(town.database, town.vault, town.clock)


def rated(town: Town, message: str = "m1", stars: int = 5, written: str = "", **ago: float) -> Rating:
    return Rating(message, stars, town.clock() - timedelta(**ago), written)


async def sealed(town: Town) -> None:
    """Closed, sealed, its key destroyed, released."""
    town.clock.advance(days=30)
    town.clock.moment += GRACE + LAST_ONES
    await town.waves.advance()
    town.clock.moment += timedelta(days=10)  # a flagged stratum waits for three
    await town.waves.advance()


async def released(town: Town, slug: str) -> dict[str, ReleasedWard]:
    return {ward.unit: ward for ward in await town.waves.results() if ward.wave.slug == slug}


# ── One rating is one ballot ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_rating_is_one_ballot_however_often_it_comes(town: Town, ratings: Ratings) -> None:
    wave = await town.opens_visits()
    town.clock.advance(hours=1)
    again = Ratings(town.database, town.vault, town.clock)  # another process

    said = await asyncio.gather(*(each.take(TEMPLATE, rated(town)) for each in (ratings, again) * 5))

    assert set(said) == {None}
    [session] = await town.sessions(wave)
    assert (session.unit, session.stream, session.mode) == (LONG_DUC, Stream.VISIT, Mode.ZBS)
    assert session.values == {"chung": "5"}


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_of_one_message_the_latest_counts_in_whatever_order_they_come(
    town: Town, ratings: Ratings, order: tuple[int, ...]
) -> None:
    wave = await town.opens_visits()
    town.clock.advance(hours=1)
    told = [
        rated(town, stars=2, minutes=9),
        rated(town, stars=4, written="Làm nhanh", minutes=5),
        rated(town, stars=4, minutes=5),  # as the results have it, without the words
    ]

    for place in order:
        assert await ratings.take(TEMPLATE, told[place]) is None

    [session] = await town.sessions(wave)
    assert session.values == {"chung": "4", "gop_y": "Làm nhanh"}


async def test_two_messages_are_two_ballots_and_keep_their_receipts(town: Town, ratings: Ratings) -> None:
    wave = await town.opens_visits()
    await ratings.take(TEMPLATE, rated(town, "m1"))
    await ratings.take(TEMPLATE, rated(town, "m2", 3))
    before = {session.receipt for session in await town.sessions(wave)}

    town.clock.advance(minutes=1)
    await ratings.take(TEMPLATE, rated(town, "m1", 1))

    assert {session.receipt for session in await town.sessions(wave)} == before
    assert len(before) == 2


async def test_a_resident_and_a_rating_never_share_a_name(town: Town, ratings: Ratings) -> None:
    wave = await town.opens_visits()
    await answer(town.database, town.vault, wave, "m1", {"chung": "1"}, stream=Stream.VISIT)
    await ratings.take(TEMPLATE, rated(town, "m1"))

    assert sorted(session.mode for session in await town.sessions(wave)) == [Mode.SELF, Mode.ZBS]


# ── In which wave ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_was_submitted_outside_the_waves_days_is_refused(town: Town, ratings: Ratings) -> None:
    wave = await town.opens_visits()

    assert await ratings.take(TEMPLATE, rated(town, seconds=1)) is Refused.DAYS
    town.clock.advance(days=30)
    assert await ratings.take(TEMPLATE, rated(town, "m2")) is Refused.DAYS
    assert await town.sessions(wave) == []


async def test_what_was_submitted_in_time_counts_until_sealing(town: Town, ratings: Ratings) -> None:
    wave = await town.opens_visits()
    town.clock.advance(days=29, hours=23)
    in_time = rated(town)
    town.clock.advance(days=7)  # closed since six days and 23 hours

    assert await ratings.take(TEMPLATE, in_time) is None

    assert len(await town.sessions(wave)) == 1


async def test_what_is_older_than_a_week_is_refused_for_its_wave_may_be_sealed(
    town: Town, ratings: Ratings
) -> None:
    wave = await town.opens_visits()
    town.clock.advance(days=10)

    assert await ratings.take(TEMPLATE, rated(town, days=7, seconds=1)) is Refused.DAYS
    assert await ratings.take(TEMPLATE, rated(town, "m2", days=7)) is None
    assert len(await town.sessions(wave)) == 1


async def test_a_later_wave_does_not_take_it_again(town: Town, ratings: Ratings) -> None:
    # The results of last week are read every hour, and months of visits overlap.
    first = await town.opens_visits()
    town.clock.advance(days=25)
    submitted = rated(town)
    await ratings.take(TEMPLATE, submitted)
    second = await town.opens("tham-12-2026", "tham_luot", Audience.VISITS)  # from that very moment on
    later = Ratings(town.database, town.vault, town.clock)

    assert await later.take(TEMPLATE, submitted) is None
    assert await later.take(TEMPLATE, rated(town, "m2")) is None

    assert len(await town.sessions(first)) == 1
    assert len(await town.sessions(second)) == 1


async def test_a_wave_of_another_kind_takes_none(town: Town, ratings: Ratings) -> None:
    yearly = await town.opens_yearly()

    assert await ratings.take(TEMPLATE, rated(town)) is Refused.DAYS
    assert await town.sessions(yearly) == []


async def test_a_template_of_another_unit_a_question_that_is_not_asked_and_one_that_does_not_count(
    town: Town, ratings: Ratings
) -> None:
    wave = await town.opens_visits()

    assert await ratings.take(Template("29299"), rated(town)) is Refused.DAYS
    assert await ratings.take(replace(TEMPLATE, question="khong_co"), rated(town)) is Refused.QUESTION
    assert await ratings.take(replace(TEMPLATE, unit=None), rated(town)) is Refused.TEMPLATE
    assert await town.sessions(wave) == []


async def test_a_wave_opened_before_there_were_ratings_takes_none(
    town: Town, ratings: Ratings, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = RATINGS_SINCE - 1
    with monkeypatch.context() as before:  # the version of this program that opened it
        before.setattr(preregistration.formulas_document, "__defaults__", (earlier,))
        before.setattr(preregistration.weights_document, "__defaults__", ((), earlier))
        before.setitem(preregistration.opened.__kwdefaults__, "version", earlier)
        wave = await town.opens_visits()
    await answer(town.database, town.vault, wave, "p", {"chung": "5"}, stream=Stream.VISIT)

    assert await ratings.take(TEMPLATE, rated(town)) is Refused.VERSION

    await sealed(town)
    assert (await released(town, "tham-11-2026"))[LONG_DUC].ratings is None
    checked(await packaged(town, "tham-11-2026"), town)


# ── Sealed and released ──────────────────────────────────────────────────────────────────────────────────────────


async def people_answer(town: Town, wave: int) -> None:
    """Enough in one ward to show everything, a few in another; some on paper, some openly; some with words."""
    for number in range(90):
        answers: dict[str, str | None] = {
            "thu_tuc": ("cu_tru", "can_cuoc")[number % 2],
            "chung": "5" if number % 10 < 6 else "4" if number % 10 < 8 else "2",
            "gop_y": f"góp ý {number}" if number % 6 == 0 else None,
        }
        ward = TRA_VINH if number % 15 == 0 else LONG_DUC
        stream = Stream.OPEN if number % 9 == 0 else Stream.VISIT
        await answer(town.database, town.vault, wave, f"p{number}", answers, unit=ward, stream=stream)
        if number % 7 == 0:
            await types(town, wave, f"p{number}")


async def types(town: Town, wave: int, person: str) -> None:
    """What a person answered was typed from paper."""
    nullifier = town.vault.nullifier(wave, person.encode())
    async with town.database.transaction() as tx:
        [(_, body)] = (await tx.sessions.of([nullifier])).values()
        session = replace(Session.from_json(town.vault.open_body(wave, nullifier, body)), mode=Mode.PAPER)
        await tx.sessions.save(nullifier, wave, town.vault.seal_body(wave, nullifier, session.to_json()))


async def packaged(town: Town, slug: str) -> bytes:
    file = io.BytesIO()
    await Audit(town.database, Ledger(town.vault.ledger_signer("langnghe"))).package(slug, file)
    return file.getvalue()


def checked(content: bytes, town: Town) -> None:
    assert not verify(io.BytesIO(content), town.vault.ledger_signer("langnghe").key).is_worded_otherwise


async def lines(town: Town, slug: str) -> dict[str, str]:
    """What was released of a wave, without its name and without its ratings."""
    async with town.database.reading() as tx:
        wave = await tx.waves.by_slug(slug)
        assert wave is not None
        assert wave.id is not None
        bodies = {each.unit: each.body for each in await tx.releases.of_wave(wave.id)}
    made = {}
    for unit, body in bodies.items():
        if '"kind":"province"' in body:
            line: ReleasedWard | ReleasedProvince = ReleasedProvince.from_json(body)
        else:
            line = replace(ReleasedWard.from_json(body), ratings=None)
        made[unit] = replace(line, wave=replace(line.wave, slug="", title="")).to_json()
    return made


async def test_the_other_figures_are_the_same_bytes_with_and_without_ratings(
    town: Town, ratings: Ratings
) -> None:
    without = await town.opens("tham-a", "tham_luot", Audience.VISITS)
    with_them = await town.opens("tham-b", "tham_luot", Audience.VISITS)
    for wave in (without, with_them):
        await people_answer(town, wave)
    for number in range(40):
        rating = rated(town, f"m{number}", 1 + number % 2, f"qua mẫu tin {number}")
        unit = TRA_VINH if number % 4 == 0 else LONG_DUC
        assert await ratings.take(replace(TEMPLATE, unit=unit), rating) is None
    assert len([each for each in await town.sessions(with_them) if each.mode is Mode.ZBS]) == 40

    await sealed(town)

    one, other = await lines(town, "tham-a"), await lines(town, "tham-b")
    assert one == other
    wards = await released(town, "tham-b")
    assert wards[LONG_DUC].index.figure is not None  # the comparison was of something
    assert wards[LONG_DUC].comments == (await released(town, "tham-a"))[LONG_DUC].comments
    assert wards[LONG_DUC].modes
    overall = next(table for table in wards[LONG_DUC].ratings or () if table.name == "chung")
    assert overall.n == 30
    assert overall.index is not None
    assert overall.lowest_two is not None
    assert overall.index.bound is not None  # nobody was satisfied, which is said of no thirty people
    for slug in ("tham-a", "tham-b"):
        checked(await packaged(town, slug), town)


async def test_ratings_are_shown_from_k_on_and_few_look_like_none(town: Town, ratings: Ratings) -> None:
    await town.opens_visits()
    for number in range(24):
        stars = 5 if number % 2 else 1
        await ratings.take(TEMPLATE, rated(town, f"a{number}", stars))
    for number in range(9):
        await ratings.take(replace(TEMPLATE, unit=TRA_VINH), rated(town, f"b{number}", 5))

    await sealed(town)

    wards = await released(town, "tham-11-2026")
    tables = {unit: next(t for t in ward.ratings or () if t.name == "chung") for unit, ward in wards.items()}
    assert tables[LONG_DUC].index is not None
    assert tables[LONG_DUC].index.figure == Proportion(12, 24)
    few, none = tables[TRA_VINH], tables["29254"]
    assert (
        (few.n, few.index, few.answers)
        == (none.n, none.index, none.answers)
        == (None, few.index, few.answers)
    )
    assert few.index is not None
    assert (few.index.figure, few.index.bound) == (None, None)
    assert wards[LONG_DUC].index.figure is None  # nobody answered anonymously
    checked(await packaged(town, "tham-11-2026"), town)


async def test_words_are_comments_of_a_kind_of_their_own(town: Town, ratings: Ratings) -> None:
    wave = await town.opens_visits()
    for number in range(20):
        await answer(
            town.database, town.vault, wave, f"p{number}", {"chung": "5", "gop_y": f"lời {number}"},
            stream=Stream.VISIT,
        )  # fmt: skip
        await ratings.take(TEMPLATE, rated(town, f"m{number}", 5, f"Số của tôi 0912 345 678, {number}"))

    await sealed(town)

    async with town.database.reading() as tx:
        comments = await tx.comments.of_wave(wave)
    ids = [comment.id for comment in comments]
    assert len(ids) == 40
    assert sum(id.startswith("zbs") for id in ids) == 20
    assert (await released(town, "tham-11-2026"))[LONG_DUC].comments == 20
