"""From residents' answers to a package that anybody can check, on both databases; and what no edit of it survives."""

import io
import json
import random
import re
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from handlers.audit import Audit, NoPackage
from handlers.ledger import Ledger
from storage.ballots import Ballots
from storage.database import Database
from storage.vault import Vault
from surveys import cards, documents
from surveys.entry import Stream
from surveys.heads import Head
from surveys.ledger import read_entry
from surveys.package import NAMES
from surveys.records import Sealed
from surveys.scorecard.deeds import CardFrozen
from surveys.signatures import PublicKey
from surveys.verify import DoesNotFollow, Verified, verify
from surveys.waves import GRACE, LAST_ONES
from tests.conftest import Clock
from tests.handlers.test_waves import answer
from tests.journeys.test_withdrawing import withdraws
from tests.journeys.test_yearly import agrees
from tests.journeys.town import LONG_DUC, TRA_VINH, Resident, Town, a_town
from tests.surveys.seal import province
from tests.surveys.seal.province import Parts

SLUG = "nam-2026"
RECEIPT = re.compile(r"\w{4}-\w{4}-\w{4}-\w{4}")
EDITS = 120  # of a real package; the thousand are in tests/surveys/seal


@pytest.fixture
async def town(database_url: str, tmp_path: Path, vault: Vault, clock: Clock) -> AsyncIterator[Town]:
    async with a_town(database_url, tmp_path, vault, clock) as town:
        yield town


def audit_of(town: Town) -> Audit:
    return Audit(town.database, Ledger(town.vault.ledger_signer("langnghe")))


async def answered(town: Town, wave: int) -> list[str]:
    """Seventy people in two wards, four of them in conversation, one of whom takes it all back. The receipts of the four."""
    receipts = []
    for number in range(4):
        resident = Resident(town, f"nguoi-{number}")
        await agrees(town, resident)
        for words in ("2", "hài lòng", "4", "0", str(1 + number), "5", "2.", "1", "1", "1", "1", "1"):
            await resident.says(words)
        heard = await resident.says("tuần tra ban đêm nhiều hơn")
        receipts += RECEIPT.findall(heard.text)
    await withdraws(resident)
    for number in range(66):
        answers = {"chung": "54325"[number % 5], "niem_yet": "co" if number % 3 else "khong"}
        ward = LONG_DUC if number % 2 else TRA_VINH
        stream = Stream.OPEN if number % 11 == 0 else Stream.INVITED
        await answer(town.database, town.vault, wave, f"p{number}", dict(answers), unit=ward, stream=stream)
    return receipts


async def lived(town: Town) -> list[str]:
    """The whole life of a wave. The receipts of those who answered in conversation and stayed."""
    wave = await town.opens_yearly()
    receipts = await answered(town, wave)
    town.clock.advance(days=18)
    town.clock.moment += GRACE + LAST_ONES
    await town.waves.advance()
    town.clock.moment += timedelta(days=10)  # a flagged stratum waits for three
    await town.waves.advance()
    return receipts[:3]


async def packaged(town: Town) -> bytes:
    file = io.BytesIO()
    await audit_of(town).package(SLUG, file)
    return file.getvalue()


def key_of(town: Town) -> PublicKey:
    return town.vault.ledger_signer("langnghe").key


def checked(content: bytes, key: PublicKey, **witnesses: str) -> Verified:
    return verify(io.BytesIO(content), key, witnesses)


def follows(content: bytes, key: PublicKey) -> bool:
    try:
        checked(content, key)
    except DoesNotFollow:
        return False
    return True


def taken_apart(content: bytes, key: PublicKey) -> Parts:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        text = {name: archive.read(name).decode() for name in NAMES}

    def lines(name: str) -> tuple[str, ...]:
        return tuple(text[name].splitlines())

    return Parts(
        ledger=lines("ledger.jsonl"),
        head=text["head.txt"],
        ballots=lines("ballots.jsonl"),
        receipts=lines("receipts.txt"),
        release=lines("release.jsonl"),
        form=text["form.json"],
        terms=text["terms.json"],
        weights=text["weights.json"],
        formulas=text["formulas.json"],
        criteria=text["criteria.toml"],
        scorecards=lines("scorecards.jsonl"),
        sets=lines("sets.jsonl"),
        wave=SLUG,
        key=key.text,
    )


# ── A whole life ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_whole_life_follows_from_what_was_sealed(town: Town) -> None:
    receipts = await lived(town)
    head = await audit_of(town).head()

    content = await packaged(town)
    found = checked(content, key_of(town), mttq=head)

    assert (found.leaves, found.withdrawn, found.receipts) == (70, 1, 69)
    assert found.units == 6
    assert found.witnesses == ("mttq",)
    assert not found.is_worded_otherwise
    assert set(receipts) <= set(taken_apart(content, key_of(town)).receipts)


async def test_the_same_wave_is_the_same_bytes(town: Town) -> None:
    await lived(town)

    assert await packaged(town) == await packaged(town)


async def test_a_package_holds_nothing_that_leads_to_a_person_or_a_comment(town: Town) -> None:
    await lived(town)
    parts = taken_apart(await packaged(town), key_of(town))
    everything = "\n".join((*parts.ballots, *parts.receipts, *parts.ledger, *parts.release))

    assert "tuần tra" not in everything
    assert "nguoi-" not in everything
    for line in parts.ballots:
        assert not any(receipt in line for receipt in parts.receipts)
        assert json.loads(line).keys() <= {
            "answers", "commitment", "mode", "position", "salt", "stream", "unit"
        }  # fmt: skip


async def freezes(town: Town, unit: str, *, by: bool = True) -> None:
    """A scorecard that rests on what was released of the unit; `by`: whether the set it is by is put on record too."""
    ledger = Ledger(town.vault.ledger_signer("langnghe"))
    async with town.database.transaction() as tx:
        wave = await tx.waves.by_slug(SLUG)
        assert wave is not None
        assert wave.id is not None
        card = province.scorecard(await tx.scorecards.release(wave.id, unit))
        if by:
            await tx.scorecards.add_set(province.SET, town.clock())
        entry = await ledger.append(tx, cards.recorded(card), town.clock())
        await tx.scorecards.add(card.digest, CardFrozen(card, entry.number), unit=unit, year=2026)


async def test_scorecards_that_rest_on_the_wave_travel_with_it(town: Town) -> None:
    await lived(town)
    await freezes(town, TRA_VINH)
    await freezes(town, LONG_DUC)

    content = await packaged(town)

    assert checked(content, key_of(town)).scorecards == 2
    parts = taken_apart(content, key_of(town))
    assert (len(parts.scorecards), len(parts.sets)) == (2, 1)


async def test_a_scorecard_whose_set_is_not_on_record_is_named(town: Town) -> None:
    await lived(town)
    await freezes(town, TRA_VINH, by=False)

    with pytest.raises(NoPackage, match="is not on record"):
        await packaged(town)


async def test_progress_is_told_up_to_the_end(town: Town) -> None:
    await lived(town)
    told: list[tuple[int, int]] = []

    made = await audit_of(town).package(SLUG, io.BytesIO(), lambda done, of: told.append((done, of)))

    assert told[-1] == (70, 70)
    assert (made.places, made.ballots, made.units) == (70, 69, 6)


# ── No edit goes unseen ──────────────────────────────────────────────────────────────────────────────────────────


def flip(chance: random.Random, parts: Parts) -> bytes:
    content = bytearray(parts.bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return bytes(content)


def in_a_line(chance: random.Random, parts: Parts) -> bytes:
    """A line of some file dropped, doubled, exchanged with another, or a letter of it changed; the manifest fits."""
    name = chance.choice(("ballots", "receipts", "release", "ledger"))
    lines = list(getattr(parts, name))
    at, other = chance.sample(range(len(lines)), 2)
    match chance.randrange(4):
        case 0:
            del lines[at]
        case 1:
            lines.insert(other, lines[at])
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case _:
            place = chance.randrange(len(lines[at]))
            letter = chance.choice([each for each in "0a7Z" if each != lines[at][place]])
            lines[at] = lines[at][:place] + letter + lines[at][place + 1 :]
    return replace(parts, **{name: tuple(lines)}).bytes()


def in_a_document(chance: random.Random, parts: Parts) -> bytes:
    name = chance.choice(("form", "terms", "weights", "formulas", "criteria", "head"))
    text: str = getattr(parts, name)
    at = chance.randrange(len(text))
    letter = chance.choice([each for each in "1a }" if each != text[at]])
    return replace(parts, **{name: text[:at] + letter + text[at + 1 :]}).bytes()


def another_ward(chance: random.Random, parts: Parts) -> bytes:
    held = [at for at, line in enumerate(parts.ballots) if "unit" in line]
    at = chance.choice(held)
    body = json.loads(parts.ballots[at])
    body["unit"] = TRA_VINH if body["unit"] == LONG_DUC else LONG_DUC
    lines = (*parts.ballots[:at], documents.written(body), *parts.ballots[at + 1 :])
    return replace(parts, ballots=lines).bytes()


def signed_by_another(chance: random.Random, parts: Parts) -> bytes:
    by = province.signer(str(chance.random()), name="langnghe")
    forged = province.resigned(parts, by)
    return (forged if chance.random() < 0.5 else replace(forged, key=parts.key)).bytes()


EDITORS: tuple[Callable[[random.Random, Parts], bytes], ...] = (
    flip,
    in_a_line,
    in_a_line,
    in_a_document,
    another_ward,
    signed_by_another,
)


async def test_single_edits_of_a_real_package_are_all_found(town: Town) -> None:
    await lived(town)
    content = await packaged(town)
    parts = taken_apart(content, key_of(town))
    assert parts.bytes() == content
    chance = random.Random(2026)

    unseen = [
        number
        for number in range(EDITS)
        if (edited := chance.choice(EDITORS)(chance, parts)) != content  # two equal lines may be exchanged
        and follows(edited, key_of(town))
    ]

    assert unseen == []


async def test_the_same_history_signed_with_another_key_is_found(town: Town) -> None:
    await lived(town)
    parts = taken_apart(await packaged(town), key_of(town))
    by = province.signer("a forger", name="langnghe")

    for forged in (province.resigned(parts, by), replace(province.resigned(parts, by), key=parts.key)):
        with pytest.raises(DoesNotFollow):
            checked(forged.bytes(), key_of(town))
    assert checked(province.resigned(parts, by).bytes(), by.key), "a package vouches for its own key only"


async def test_a_witness_finds_a_history_that_was_rewritten_with_the_real_key(town: Town) -> None:
    await lived(town)
    kept = await audit_of(town).head()
    parts = taken_apart(await packaged(town), key_of(town))
    signer = town.vault.ledger_signer("langnghe")
    things = [read_entry(line).record for line in parts.ledger]
    # Another seed: nothing in the package depends on it.
    things[0] = replace(things[0], seed="another")  # type: ignore[call-arg]
    chain = province.ledger(things, signer)
    rewritten = replace(parts, ledger=chain, head=province.head(chain, signer))

    assert checked(rewritten.bytes(), signer.key)
    with pytest.raises(DoesNotFollow, match="history was rewritten"):
        checked(rewritten.bytes(), signer.key, mttq=kept)


async def test_a_head_kept_before_sealing_stays_good(town: Town) -> None:
    wave = await town.opens_yearly()
    early = await audit_of(town).head()
    await answered(town, wave)
    town.clock.advance(days=18)
    town.clock.moment += GRACE + LAST_ONES
    await town.waves.advance()
    town.clock.moment += timedelta(days=10)
    await town.waves.advance()

    assert checked(await packaged(town), key_of(town), mttq=early).witnesses == ("mttq",)


# ── What there is no package of ──────────────────────────────────────────────────────────────────────────────────


async def test_there_is_no_package_before_the_release(town: Town) -> None:
    await town.opens_yearly()

    with pytest.raises(NoPackage, match="nam-2026 is open"):
        await packaged(town)


async def test_nor_of_a_wave_nobody_knows(town: Town) -> None:
    with pytest.raises(NoPackage, match="There is no wave nam-2026"):
        await packaged(town)


async def test_a_wave_sealed_before_there_was_a_ledger_is_named_as_one(town: Town) -> None:
    """As an older version left it: released, and the ledger knows nothing of it."""
    await lived(town)
    audit = Audit(_Forgetful(town.database), Ledger(town.vault.ledger_signer("langnghe")))  # type: ignore[arg-type]

    with pytest.raises(NoPackage, match="before there was a ledger"):
        await audit.package(SLUG, io.BytesIO())


class _Forgetful:
    """A database whose ledger is empty."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[object]:
        async with self._db.reading() as tx:
            yield _WithoutLedger(tx)


class _WithoutLedger:
    def __init__(self, tx: object) -> None:
        self._tx = tx
        self.ledger = self

    async def after(self, number: int) -> list[str]:
        return []

    def __getattr__(self, name: str) -> object:
        return getattr(self._tx, name)


async def test_a_database_that_lost_a_ballot_gives_no_package_that_follows(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lived(town)
    whole = Ballots.of_wave

    async def all_but_one(self: Ballots, wave_id: int) -> AsyncIterator[object]:
        ballots = whole(self, wave_id)
        await anext(ballots)
        async for ballot in ballots:
            yield ballot

    monkeypatch.setattr(Ballots, "of_wave", all_but_one)  # the database itself refuses to forget one

    with pytest.raises(ValueError, match="69 receipts for 68 ballots"):
        await packaged(town)


# ── Heads ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_head_is_over_all_that_is_told(town: Town) -> None:
    audit = audit_of(town)
    empty = await audit.head()
    await town.opens_yearly()
    one = await audit.head()
    await town.opens_visits()
    two = await audit.head()

    sizes = [Head.read(head, audit.key).size for head in (empty, one, two)]
    assert sizes == [0, 1, 2]
    assert await audit.head() == two
    assert Head.read(two, audit.key) == Head.over(await audit.lines(), audit.key)


async def test_it_is_told_with_the_names_of_what_it_speaks_of(town: Town) -> None:
    await lived(town)
    told = await audit_of(town).told()

    assert told.waves == {SLUG: "Công an lắng nghe ý kiến của Nhân dân năm 2026"}
    assert any(isinstance(entry.record, Sealed) for entry in told.entries)
    assert told.key == key_of(town)
