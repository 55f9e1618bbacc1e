"""Ballots that are called ratings: checked like any other, taken only where ratings may be, and no way to hide a ballot."""

from dataclasses import replace

import pytest

from surveys.ballot_box import SealedBallot
from surveys.entry import Stream
from surveys.forms.session import Mode
from surveys.releasing import FORMULAS
from surveys.signatures import PublicKey
from surveys.verify import DoesNotFollow, verify
from tests.surveys.seal import province

VISITS = replace(province.TERMS, audience="visits")
BEFORE_RATINGS = 2


def renamed(every: int, stream: Stream = Stream.VISIT) -> tuple[SealedBallot, ...]:
    """The ballots of the province, some of them as ratings by a template, and all of it signed as if that were right."""
    return tuple(
        province.sealed_ballot(
            ballot.position,
            unit=ballot.unit,
            stream=stream.value,
            mode=Mode.ZBS.value,
            answers=province.answers_in(ballot),
            salt=ballot.salt,
        )
        if number % every == 0 and not province.is_excluded(ballot)
        else ballot
        for number, ballot in enumerate(province.ballots())
    )


def checked(box: tuple[SealedBallot, ...], terms: province.Terms, version: int = FORMULAS) -> None:
    content = province.parts(box, terms=terms, version=version).bytes()
    verify(province.opened(content), PublicKey.read(province.OURS.key.text))


def test_a_wave_of_visits_with_ratings_is_verified() -> None:
    checked(renamed(5), VISITS)


@pytest.mark.parametrize(
    ("terms", "version"),
    [(province.TERMS, FORMULAS), (VISITS, BEFORE_RATINGS)],
    ids=["a yearly survey", "a wave opened before there were any"],
)
def test_a_wave_that_takes_no_ratings_holds_none(terms: province.Terms, version: int) -> None:
    # Ratings are in no score: whoever owns the key could else hide ballots by calling them so.
    with pytest.raises(DoesNotFollow, match="this wave takes none"):
        checked(renamed(5), terms, version)


def test_a_rating_is_of_a_visit() -> None:
    with pytest.raises(DoesNotFollow, match="is of a visit"):
        checked(renamed(5, Stream.INVITED), VISITS)


def test_leaving_a_stream_out_leaves_its_ratings_in() -> None:
    whole_stream = replace(province.exclusion(province.ballots()), mode=None)

    assert whole_stream.covers(whole_stream.unit, whole_stream.stream, Mode.PAPER)
    assert not whole_stream.covers(whole_stream.unit, whole_stream.stream, Mode.ZBS)
