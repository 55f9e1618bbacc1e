"""Who is drawn: so many of a ward, by a seed that was published before anybody was. Pure; it knows no person, only what finds one again.

Whoever has the seed and the fingerprints draws the same ones, and without the fingerprints, which never leave the house, the seed leads
to nobody. A person's lot depends on nobody else's: who comes or goes changes no other's."""

import heapq
import hmac
from collections.abc import Iterable

__all__ = ["drawn", "lot"]


def lot(seed: str, fingerprint: bytes) -> bytes:
    """HMAC-SHA256 of the fingerprint under the seed."""
    return hmac.digest(seed.encode(), fingerprint, "sha256")


def drawn(seed: str, fingerprints: Iterable[bytes], some: int) -> list[bytes]:
    """Those with the lowest lots, the lowest first; all of them where there are no more."""
    return heapq.nsmallest(some, fingerprints, key=lambda fingerprint: lot(seed, fingerprint))
