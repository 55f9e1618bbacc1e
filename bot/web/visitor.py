"""Who a browser is: a random id in a signed cookie, and nothing else. It knows no account, no address, no answer."""

import hashlib
import hmac
import re
import secrets
from datetime import timedelta

__all__ = ["COOKIE", "KEPT_FOR", "Visitors"]

COOKIE = "langnghe_visitor"
KEPT_FOR = timedelta(days=120)  # a wave with its grace: so long a person may want to change what they said
VALUE = re.compile(r"([A-Za-z0-9_-]{22})\.([0-9a-f]{32})\Z")


class Visitors:
    """Mints and reads visitor cookies. The key must outlive the process, or everybody becomes somebody else."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise ValueError("the cookie key needs at least 16 bytes")
        self._key = key

    def mint(self) -> str:
        """A cookie value for somebody new: 128 random bits and their signature."""
        visitor = secrets.token_urlsafe(16)
        return f"{visitor}.{self._signature(visitor)}"

    def read(self, value: str | None) -> str | None:
        """The visitor a cookie value names; None when we did not sign it."""
        found = VALUE.match(value or "")
        if found is None:
            return None
        visitor, signature = found.groups()
        return visitor if hmac.compare_digest(signature, self._signature(visitor)) else None

    def _signature(self, visitor: str) -> str:
        return hmac.new(self._key, b"visitor/" + visitor.encode(), hashlib.sha256).hexdigest()[:32]
