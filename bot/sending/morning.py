"""What was held over night leaves evenly in the morning, the oldest first. It knows numbers, no message."""

from collections.abc import Iterable
from datetime import datetime

from storage.outbox import Standing
from surveys.delivery import let_go_of, woke_at

__all__ = ["Morning", "held"]


def held(campaigns: Iterable[Standing], woke: datetime) -> list[Standing]:
    """Those of the campaigns that could have left before this day began."""
    return [each for each in campaigns if each.campaign.not_before < woke and not each.campaign.is_urgent]


class Morning:
    """Of one account. Whoever takes it over in the middle of a morning spreads what is left over what is left of it."""

    def __init__(self) -> None:
        self._woke: datetime | None = None
        self._since: datetime | None = None
        self._credit = 0.0

    def lets(self, waiting: int, now: datetime) -> int:
        """How many of those held over night, of whom so many wait, may be begun now."""
        woke = woke_at(now)
        if woke is None:
            return waiting
        if woke != self._woke or self._since is None:
            self._woke, self._since, self._credit = woke, now, 0.0
        self._credit = min(waiting, self._credit + let_go_of(waiting, woke, self._since, now))
        self._since = max(self._since, now)
        return int(self._credit)

    def began(self, number: int) -> None:
        """So many of them were."""
        self._credit = max(0.0, self._credit - number)
