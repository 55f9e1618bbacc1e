"""A thousand single edits of a package, drawn at random: every one is found, and named in a sentence."""

import random

import pytest

from surveys.verify import DoesNotFollow, verify
from tests.surveys.seal import province
from tests.surveys.seal.forgers import FORGERS, raw

EACH = 23  # times forty-five forgers: more than a thousand

assert len(FORGERS) * EACH >= 1000


@pytest.mark.parametrize("which", range(len(FORGERS)), ids=lambda which: f"{which}-{FORGERS[which].__name__}")
def test_no_edit_goes_unseen(which: int) -> None:
    chance = random.Random(f"{which} of 2026")
    forger = FORGERS[which]

    for number in range(EACH):
        edited = forger(chance, province.honest())

        assert edited != raw(), f"{forger.__name__} changed nothing"
        with pytest.raises(DoesNotFollow) as found:
            verify(province.opened(edited), province.OURS.key)
        assert found.value.sentence.endswith("."), number
        assert len(str(found.value)) < 400
