"""Connecting an Official Account: the link its administrator opens, and what the code that comes back is exchanged for.
It prints nothing and asks nobody; `bot/cli/zalo_work.py` does."""

import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from bot.channels.zalo_client import Profile, ZaloClient, new_verifier
from bot.channels.zalo_tokens import NotAsked, Pair, Unclear, error_of, pair_from
from bot.settings import Settings
from bot.web.zalo_callback import CALLBACK
from handlers.noting import at_the_machine, note
from storage import rows

if TYPE_CHECKING:
    from bot.app import House

__all__ = ["Brought", "CannotConnect", "Connecting", "brought", "callback_for"]

STATE_BYTES = 16
REFUSALS = {
    -14002: "Zalo does not know the app, or the app is not active. Compare ZALO_APP_ID with developers.zalo.me and switch the app to Active there",
    -14003: "Zalo does not know the callback. Enter exactly {callback} as the Official Account Callback Url of the app, on a domain that is verified there, and begin again",
    -14004: "Zalo does not take the app's secret. Compare ZALO_APP_SECRET with developers.zalo.me (it is not the OA Secret Key)",
    -14012: "The code was used already, is over ten minutes old, or was cut short. Run zalo connect again and paste sooner",
    -14024: "The code does not belong to this link. Open the link printed last; if it happens again, the console keeps a code challenge of its own: set ZALO_PKCE=fixed and ZALO_PKCE_VERIFIER",
}
"""The token service's numbers, with what to do. Several are known from one source only: whatever else comes is shown as it is."""


class CannotConnect(Exception):
    """Why not, and the next step."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What came back from Zalo through a browser."""

    code: str
    account: str = ""
    """The account's id; '' where only the code was pasted."""
    state: str | None = None
    """None where only the code was pasted."""


def brought(pasted: str) -> Brought | None:
    """Reads a callback's address, whole or from its `?` on, or a bare code. None when it is none of them."""
    pasted = "".join(pasted.split())  # a terminal breaks long lines
    if "code=" in pasted:
        query = parse_qs(urlsplit(pasted).query if "?" in pasted else pasted)
        code, account, state = (query.get(name, [""])[0] for name in ("code", "oa_id", "state"))
        return Brought(code, account, state) if code else None
    if not pasted or any(mark in pasted for mark in "/?&=:") or len(pasted) < SHORTEST_CODE:
        return None
    return Brought(pasted)


SHORTEST_CODE = 12


def callback_for(settings: Settings) -> str:
    """Raises CannotConnect."""
    if not settings.public_url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise CannotConnect(
            "Set PUBLIC_URL to the https address residents reach this at: Zalo sends the administrator's browser back there."
        )
    return settings.public_url.rstrip("/") + CALLBACK


class Connecting:
    """One attempt: its verifier and its state live as long as this object."""

    def __init__(self, house: "House", client: ZaloClient, callback: str = "") -> None:
        """`callback`: where Zalo sends the browser; else the one at PUBLIC_URL. Raises CannotConnect."""
        settings = house.settings
        self._house = house
        self._client = client
        fixed = settings.zalo_pkce_verifier if settings.zalo_pkce == "fixed" else None
        self._verifier = fixed.get_secret_value() if fixed else new_verifier()
        self._state = secrets.token_urlsafe(STATE_BYTES)
        self.callback = callback or callback_for(settings)
        self.link = client.permission_link(self.callback, self._verifier, self._state)

    async def finish(self, what: Brought, unit: str | None) -> rows.ZaloAccount:
        """The account, connected and on record. Raises CannotConnect."""
        if what.state is not None and not hmac.compare_digest(what.state.encode(), self._state.encode()):
            raise CannotConnect(
                "This answer belongs to another link (its state differs). Open the link printed last, and paste what comes then."
            )
        pair, named = await self._exchanged(what.code), what.account
        if named:
            # Zalo has spent the code: the pair is on disk before anything else is asked.
            await self._save(named, pair, unit)
        profile = await self._client.profile(pair.access)
        id = (profile.id if profile else "") or named
        if not id:
            raise CannotConnect(
                "Zalo does not say whose tokens these are. Run zalo connect again, and paste the whole address instead of the code."
            )
        if named and id != named:
            raise CannotConnect(
                f"Zalo's answer names the account {named}, its tokens open {id}. Run zalo connect again; "
                "if it happens twice, ask Zalo, and do not send anything before."
            )
        if not named:
            await self._save(id, pair, unit)
        return await self._introduce(id, profile)

    async def _exchanged(self, code: str) -> Pair:
        try:
            answer = await self._client.exchange(code, self._verifier)
        except NotAsked as trouble:
            raise CannotConnect(
                f"{trouble} Nothing was used up: check the way out to the internet, and run zalo connect again."
            ) from None
        except Unclear as trouble:
            raise CannotConnect(
                f"{trouble} The code may be used up: run zalo connect again and have it agreed to once more."
            ) from None
        try:
            return pair_from(answer, self._house.now())
        except ValueError:
            error = error_of(answer)
            known = REFUSALS.get(error or 0, "The code was not taken. Run zalo connect again")
            number = f"{error}" if error is not None else "no readable answer"
            raise CannotConnect(f"{known.format(callback=self.callback)} (Zalo: {number}).") from None

    async def _save(self, id: str, pair: Pair, unit: str | None) -> None:
        async with self._house.db.transaction() as tx:
            before = await tx.zalo_accounts.get(id)
            await tx.zalo_accounts.save(
                rows.ZaloAccount(
                    id=id,
                    name=before.name if before else id,
                    kind=before.kind if before else 0,
                    unit=unit or (before.unit if before else None),
                    pair=self._house.vault.seal_tokens(id, pair.to_json()),
                    generation=1,  # or the next, where there was a pair before
                    lease_until=None,
                    journal=None,
                    trouble=None,
                    address=before.address if before else None,
                )
            )
            who, at = at_the_machine(""), self._house.now()
            await note(tx, who, "zalo.connect", f"zalo:{id}", unit=unit, at=at)

    async def _introduce(self, id: str, profile: Profile | None) -> rows.ZaloAccount:
        """What Zalo calls the account, beside its tokens; they may have been renewed since."""
        async with self._house.db.transaction() as tx:
            if profile is not None:
                await tx.zalo_accounts.introduce(id, profile.name or id, profile.oa_type)
            account = await tx.zalo_accounts.get(id)
        if account is None:
            raise CannotConnect("The account was forgotten meanwhile. Run zalo connect again.")
        return account
