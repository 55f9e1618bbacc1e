"""What is on record of a year, read within a transaction: evidence and deeds, releases, criteria sets by what they say."""

from collections.abc import Iterable
from datetime import datetime

from storage.scorecards import ReleasedKey
from storage.transaction import Tx
from surveys import cards
from surveys.scorecard import CriteriaSet, Entered, load_set
from surveys.scorecard.book import Book
from surveys.scorecard.deeds import EvidenceEntered, wording_of
from surveys.scorecard.reading import IDS
from surveys.waves import LOCAL

__all__ = [
    "NoSuchRecord",
    "NoSuchSet",
    "add_evidence",
    "book_of",
    "evidence",
    "releases_of",
    "set_by_digest",
    "year_of",
]


class NoSuchSet(LookupError):
    """There is no such criteria set."""


class NoSuchRecord(LookupError):
    """Nothing of that name is on record."""


def year_of(moment: datetime) -> int:
    """The year a wave counts for: the one in which it opened, on Vietnam's calendar."""
    return moment.astimezone(LOCAL).year


async def book_of(tx: Tx, year: int, as_of: datetime) -> Book:
    return Book.of(year, as_of, await tx.scorecards.of_year(year))


async def releases_of(tx: Tx, year: int) -> Iterable[ReleasedKey]:
    begins, ends = datetime(year, 1, 1, tzinfo=LOCAL), datetime(year + 1, 1, 1, tzinfo=LOCAL)
    return await tx.scorecards.released(begins, ends)


async def set_by_digest(tx: Tx, digest: str) -> CriteriaSet:
    """The very set, whatever came after it. Raises NoSuchSet."""
    for id in IDS:
        if load_set(id).digest == digest:
            return load_set(id)
    line = await tx.scorecards.set_line(digest)
    if line is None:
        raise NoSuchSet(digest)
    return cards.read_set_line(line)


async def add_evidence(tx: Tx, criteria: CriteriaSet, entered: Entered) -> None:
    deed = EvidenceEntered(criteria.id, wording_of(criteria.criterion(entered.criterion)), entered)
    await tx.scorecards.add(entered.id, deed, unit=entered.unit, year=entered.year)


async def evidence(tx: Tx, id: str, as_of: datetime) -> tuple[Book, EvidenceEntered]:
    """With the book of its year. Raises NoSuchRecord."""
    year = await tx.scorecards.year_of(id)
    if year is not None:
        book = await book_of(tx, year, as_of)
        if each := book.find(id):
            return book, each
    raise NoSuchRecord(f"There is no evidence {id}.")
