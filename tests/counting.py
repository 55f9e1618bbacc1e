"""How much work something is, in calls rather than in seconds: the same on every machine, however busy."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Work", "counted"]


class Work:
    """What was done in this thread."""

    calls = 0
    """Functions called, Python's and C's. What one of them does inside C is one call, however long it takes."""


@contextmanager
def counted() -> Iterator[Work]:
    work = Work()

    def count(frame: FrameType, event: str, argument: object) -> None:
        work.calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield work
    finally:
        sys.setprofile(before)
