"""Two numbers, of which others move both: in the database first, then beside the keys."""

from collections.abc import Iterable

import pytest

from handlers.clock_holds import both_numbers, is_older

NOBODY_BEGAN = None


class Moving:
    """What each question finds, one after the other; the last for ever."""

    def __init__(self, beside: Iterable[int | None], here: Iterable[int]) -> None:
        self._beside = list(beside)
        self._here = list(here)

    def known(self) -> int | None:
        return self._beside.pop(0) if len(self._beside) > 1 else self._beside[0]

    async def epoch(self) -> int:
        return self._here.pop(0) if len(self._here) > 1 else self._here[0]

    async def is_taken_for_a_backup(self) -> bool:
        return is_older(*await both_numbers(self.epoch, self.known))


@pytest.mark.parametrize(
    ("beside", "here"),
    [
        pytest.param([5, 6], [6], id="somebody moved both in between"),
        pytest.param([5], [6], id="a crash before it stood beside the keys"),
        pytest.param([NOBODY_BEGAN, 1], [1], id="somebody began in between"),
        pytest.param([NOBODY_BEGAN, 1, 2], [1, 2], id="and went on"),
        pytest.param([NOBODY_BEGAN, 3], [0], id="nobody had, and then somebody did"),
        pytest.param([NOBODY_BEGAN], [0], id="nobody ever did"),
    ],
)
async def test_whoever_others_overtake_finds_no_backup(beside: list[int | None], here: list[int]):
    assert not await Moving(beside, here).is_taken_for_a_backup()


@pytest.mark.parametrize(
    ("beside", "here"),
    [
        pytest.param([7], [5], id="older by its number"),
        pytest.param([NOBODY_BEGAN], [5], id="another machine, where nobody can tell"),
    ],
)
async def test_a_backup_is_one(beside: list[int | None], here: list[int]):
    assert await Moving(beside, here).is_taken_for_a_backup()
