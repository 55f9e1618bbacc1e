"""How many messages an account has under way at once: few until the platform has shown that it takes them, fewer when it fails, and a
pause when it goes on failing. What fails in the middle may have arrived, so an outage must not cost a thousand people their notice.
It knows no platform and no message."""

from dataclasses import dataclass, field
from datetime import timedelta

__all__ = ["Trust"]

AT_FIRST = 3
LONGEST = timedelta(minutes=5)
BAD_IN_A_ROW = 3


@dataclass(slots=True)
class Trust:
    most: int
    allowed: int = AT_FIRST
    bad: int = field(default=0)
    """Attempts in a row of which nobody knows whether they arrived."""

    def took(self) -> None:
        """The platform answered as it should, whatever it said."""
        self.bad = 0
        self.allowed = min(self.most, self.allowed * 2)

    def failed(self) -> timedelta | None:
        """It did not. How long to keep away from it, if it is time for that."""
        self.bad += 1
        self.allowed = max(1, self.allowed // 2)
        if self.bad < BAD_IN_A_ROW:
            return None
        self.allowed = 1
        return min(timedelta(seconds=2 ** min(self.bad, 12)), LONGEST)
