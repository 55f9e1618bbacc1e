"""OAuth v4 as Zalo runs it for Official Accounts: codes of ten minutes, pairs of tokens whose refresh half works once. No HTTP."""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from tests.zalo_server.world import Json, Refusal

__all__ = ["PKCE_VECTOR", "App", "OAuth", "challenge_of"]

CODE_LIVES = 600.0  # seconds
ACCESS_LIVES = 90_000  # seconds: 25 hours
REFRESH_LIVES = 90 * 86_400.0
PKCE_VECTOR = ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
"""RFC 7636, appendix B."""


def challenge_of(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass
class App:
    """What the developer's console shows."""

    id: str = "431111111111111111"
    secret: str = "app-secret-that-must-never-be-seen"
    oa_key: str = "TESTOASECRETKEY1"
    """Signs webhooks."""
    callback: str = "https://bot.test/zalo/callback"
    needs_proof: bool = False
    refused_refresh: int = -14014
    """The number for a refresh token that was used; sources differ."""


@dataclass
class Code:
    oa: str
    challenge: str
    expires: float


@dataclass
class Pair:
    oa: str
    access: str
    refresh: str
    access_until: float
    refresh_until: float
    is_current: bool = True


@dataclass
class OAuth:
    app: App
    now: Callable[[], float]
    codes: dict[str, Code] = field(default_factory=dict)
    pairs: list[Pair] = field(default_factory=list)
    refreshed: int = 0
    refused: int = 0
    """Refreshes with a token that was used before: a process that did not know of another's."""

    def permit(self, query: Mapping[str, str], oa: str) -> str:
        """Where the browser is sent back to. Raises Refusal."""
        if query["app_id"] != self.app.id:
            raise Refusal(-14002, "Invalid appId")
        if query["redirect_uri"] != self.app.callback:
            raise Refusal(-14003, "Invalid redirect uri")
        code = secrets.token_urlsafe(24)
        self.codes[code] = Code(oa, query["code_challenge"], self.now() + CODE_LIVES)
        return f"{self.app.callback}?code={code}&oa_id={oa}&state={query['state']}"

    def grant(self, form: Mapping[str, str]) -> Json:
        """A new pair. Raises Refusal."""
        if form["app_id"] != self.app.id:
            raise Refusal(-14002, "Invalid appId")
        if form["grant_type"] == "authorization_code":
            code = self.codes.pop(form["code"], None)
            if code is None or code.expires < self.now():
                raise Refusal(-14012, "Invalid code")
            if challenge_of(form["code_verifier"]) != code.challenge:
                raise Refusal(-14024, "Invalid code verifier")
            return self.issue(code.oa)
        for pair in self.pairs:
            if pair.refresh == form["refresh_token"]:
                return self._refreshed(pair)
        raise Refusal(-14020, "Invalid refresh token")

    def _refreshed(self, pair: Pair) -> Json:
        if not pair.is_current or pair.refresh_until < self.now():
            self.refused += 1
            raise Refusal(self.app.refused_refresh, "Refresh token was used")
        self.refreshed += 1
        return self.issue(pair.oa)

    def issue(self, oa: str) -> Json:
        """The pair before it is worth nothing from now on."""
        for pair in self.pairs:
            if pair.oa == oa:
                pair.is_current = False
        now = self.now()
        made = Pair(
            oa,
            f"AT-{secrets.token_urlsafe(24)}",
            f"RT-{secrets.token_urlsafe(24)}",
            now + ACCESS_LIVES,
            now + REFRESH_LIVES,
        )
        self.pairs.append(made)
        return {
            "access_token": made.access,
            "refresh_token": made.refresh,
            "expires_in": str(ACCESS_LIVES),
        }

    def account_of(self, token: str | None) -> str:
        """Whose token it is. Raises Refusal."""
        for pair in self.pairs:
            if token is not None and secrets.compare_digest(pair.access, token):
                if pair.access_until < self.now():
                    raise Refusal(-220, "Access token expired")
                if not pair.is_current:
                    break
                return pair.oa
        raise Refusal(-216, "Access token is invalid")
