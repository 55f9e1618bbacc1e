"""The last messages somebody has had an answer to, so that one delivered twice changes nothing. Pure.

Each is a mark of eight bytes that only a key can make from the message, and they stand one after another."""

__all__ = ["KEPT", "MARK", "holds", "joined", "with_mark"]

MARK = 8  # bytes
KEPT = 16  # a platform that redelivers does so within a few messages


def holds(seen: bytes, mark: bytes) -> bool:
    return any(seen[place : place + MARK] == mark for place in range(0, len(seen), MARK))


def with_mark(seen: bytes, mark: bytes) -> bytes:
    """The marks with one more, the oldest dropped."""
    return (seen + mark)[-KEPT * MARK :]


def joined(one: bytes, other: bytes) -> bytes:
    """The newest of both; those of `other` count as the newer ones."""
    only_there = [one[place : place + MARK] for place in range(0, len(one), MARK)]
    half = [mark for mark in only_there if not holds(other, mark)]
    return (b"".join(half) + other)[-KEPT * MARK :]
