"""What an earlier version of this program sealed and released can still be checked, and is counted as it was meant then."""

from dataclasses import replace
from hashlib import sha256

import pytest

from surveys import documents, preregistration
from surveys.releasing import FORMULAS, RATINGS_SINCE
from surveys.signatures import PublicKey
from surveys.verify import verify
from tests.surveys.seal import province

BEFORE_RATINGS = 2
VISITS = replace(province.TERMS, audience="visits")


def test_the_documents_of_the_version_before_ratings_are_those_it_wrote() -> None:
    # Worked out by that version itself: these digests stand in ledgers, so they never change.
    formulas = preregistration.formulas_document(BEFORE_RATINGS)
    weights = preregistration.weights_document((), BEFORE_RATINGS)

    assert (
        documents.fingerprint(formulas) == "0aa04068be4c53fe9dc9fa780668d593fe9b384a751605d5d606004c4cf6f999"
    )
    assert (
        documents.fingerprint(weights) == "bcbbe3b99940443b6f8fc5ff2a9c7337af7ffcaa825b34ce645dcf4341a1e9bb"
    )


@pytest.mark.parametrize(
    ("terms", "digest"),
    [
        (province.TERMS, "2a50e3613cdb517da837bb7eb7f6d8ac0e1d5813e79231c7af8f473e3312225d"),
        (VISITS, "cda065deb1f4386c1c07707c3c91f8beaeed2422775c9084ede53a79362bda28"),
    ],
    ids=["yearly", "visits"],
)
def test_a_package_of_the_version_before_ratings_is_the_one_it_wrote_and_is_verified(
    terms: province.Terms, digest: str
) -> None:
    content = province.parts(province.ballots(), terms=terms, version=BEFORE_RATINGS).bytes()

    assert sha256(content).hexdigest() == digest  # of the package as that version made it
    found = verify(province.opened(content), PublicKey.read(province.OURS.key.text))
    assert not found.is_worded_otherwise


def test_waves_of_visits_have_a_release_of_their_own_since() -> None:
    before, now = (
        province.released(province.ballots(), VISITS, version) for version in (BEFORE_RATINGS, FORMULAS)
    )

    assert FORMULAS >= RATINGS_SINCE > BEFORE_RATINGS
    assert all('"ratings":' not in line for line in before)
    assert all('"ratings":' in line for line in now)


def test_a_yearly_survey_is_released_as_before() -> None:
    lines = [
        province.released(province.ballots(), province.TERMS, version)
        for version in (BEFORE_RATINGS, FORMULAS)
    ]

    assert lines[0] == lines[1]
