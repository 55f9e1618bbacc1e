"""Zalo's Official Accounts in this process: one client for the app, a channel for each connected account, one door for all of
them, tokens renewed ahead of need. It knows no survey and no event; which accounts are connected, the database says."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Self

import structlog

from bot.channels import webhook
from bot.channels.throttle import Throttle
from bot.channels.zalo_client import Hosts, ZaloClient
from bot.channels.zalo_oa import Door, ZaloAccount
from bot.channels.zalo_outside import Outside
from bot.channels.zalo_ratings import Results
from bot.channels.zalo_tokens import NotConnected, Pair, Tokens, Unclear
from bot.settings import Settings
from bot.zalo_ratings import ZaloRatings
from storage import rows
from storage.database import Unavailable
from surveys import entry
from surveys.entry import Entry, Stream
from surveys.outside import Way

if TYPE_CHECKING:
    from bot.app import House

__all__ = ["KINDS", "LASTS", "WARNED", "Zalo", "age_in_days", "client_for", "started_for", "tokens_for"]

log = structlog.get_logger(__name__)

LASTS = timedelta(days=90)  # a refresh token
WARNED = timedelta(
    days=60
)  # its age at which somebody must look: by then it should have been renewed sixty times
OF_THE_APP = 3_900  # calls a minute for all accounts together: Zalo takes 4,000, and probes of tokens are not counted here
KINDS: Mapping[int, str] = {1: "personal", 2: "enterprise", 4: "government"}
"""What Zalo's numbers for types of accounts mean (`oa_type`)."""


def client_for(settings: Settings) -> ZaloClient:
    """Needs the settings of the app; `async with` opens it."""
    assert settings.zalo_app_id is not None
    assert settings.zalo_app_secret is not None
    return ZaloClient(
        settings.zalo_app_id,
        settings.zalo_app_secret.get_secret_value(),
        hosts=Hosts(settings.zalo_oauth_api, settings.zalo_api, settings.zalo_business_api),
        with_proof=settings.zalo_proof,
    )


def tokens_for(house: "House", client: ZaloClient, account: str) -> Tokens:
    return Tokens(account, house.db, house.vault, client.renew, client.works, house.now)


def started_for(house: "House", unit: str | None) -> str:
    """With what a new follower begins: at the account's unit, in the open stream, whichever waves are open by then."""
    return entry.mint(Entry(unit, Stream.OPEN), house.vault.entry_key) if unit else ""


def age_in_days(house: "House", row: rows.ZaloAccount) -> int:
    """Of the refresh token, which Zalo lets live for ninety days."""
    pair = Pair.from_json(house.vault.open_tokens(row.id, row.pair))
    return (house.now() - pair.issued_at).days


class Zalo:
    """All of it. An async context, and the ASGI application behind the webhook's address."""

    def __init__(self, house: "House") -> None:
        self._house = house
        self._client = client_for(house.settings)
        self._app_minute = Throttle(OF_THE_APP)
        self._ratings = ZaloRatings(house)
        self._stack = AsyncExitStack()
        self._open: dict[str, tuple[ZaloAccount, Tokens, AsyncExitStack]] = {}
        self._door = self._new_door({})

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._client)
        if self._house.settings.zalo_probe:
            log.warning("zalo.probe_is_on", do="Set ZALO_PROBE=false when the console has taken the webhook.")
        terms = self._house.settings.outside
        if terms.way is Way.TEMPLATE and terms.price is None:
            log.warning(
                "zalo.template_without_a_price",
                do="Nobody outside the window gets a template: set ZALO_TEMPLATE_PRICE to what your contract says.",
            )
        await self.look()
        await self._warn()
        return self

    async def __aexit__(self, *trouble: object) -> None:
        for _, _, stack in self._open.values():
            self._stack.push_async_callback(stack.aclose)
        await self._stack.aclose()

    async def __call__(self, scope: webhook.Scope, receive: webhook.Receive, send: webhook.Send) -> None:
        await self._door(scope, receive, send)

    @property
    def accounts(self) -> tuple[ZaloAccount, ...]:
        return tuple(account for account, _, _ in self._open.values())

    @property
    def outsides(self) -> Mapping[str, Outside]:
        """Each account beyond its windows, by the account of its addresses."""
        return {
            account.account: Outside(
                self._client,
                tokens.access,
                tokens.renewed_after,
                now=self._house.now,
                turn=account.bulk,
            )
            for account, tokens, _ in self._open.values()
        }

    # ── What the clock asks for ───────────────────────────────────────────────────────────────────────────────

    async def look(self) -> None:
        """Opens accounts that were connected since, and lets go of those that were forgotten: `zalo connect` is another process."""
        found = {row.id: row for row in await self._rows()}
        gone = [id for id in self._open if id not in found]
        new = [row for id, row in found.items() if id not in self._open]
        for id in gone:
            await self._open.pop(id)[2].aclose()
        for row in new:
            await self._enter(row)
        for id, (account, _, _) in self._open.items():
            account.started = started_for(self._house, found[id].unit)
        if gone or new:
            self._door = self._new_door(self._door.unknown)
            log.info("zalo.accounts", connected=len(self._open))

    async def renew(self) -> None:
        """A token that nobody has used for long is renewed all the same: its refresh token would die of age."""
        for account, tokens, _ in list(self._open.values()):
            try:
                await tokens.access()
            except (NotConnected, Unclear) as trouble:
                log.error("zalo.not_connected", account=account.account, reason=str(trouble))
        await self._warn()

    async def read_ratings(self) -> None:
        """What people answered to rating templates: events may be lost, or not say which template they are of."""
        for account, tokens, _ in list(self._open.values()):
            if self._ratings.are_set_up(account.id):
                results = Results(
                    self._client,
                    tokens.access,
                    tokens.renewed_after,
                    now=self._house.now,
                    verb=self._house.settings.zalo_rating_verb,
                    turn=account.bulk,
                )
                await self._ratings.read(account.id, results)

    async def _warn(self) -> None:
        for row in await self._rows():
            if row.trouble is not None:
                log.error(
                    "zalo.in_trouble", name=row.name, reason=row.trouble, do="python -m bot zalo connect"
                )
            elif (days := age_in_days(self._house, row)) > WARNED.days:
                log.error(
                    "zalo.refresh_token_is_old", name=row.name, days=days, do="python -m bot zalo check"
                )

    async def told(self) -> list[Mapping[str, object]]:
        """What `/healthz` says of them: no ids of people, no tokens."""
        return [self._told(row) for row in await self._rows()]

    def _told(self, row: rows.ZaloAccount) -> Mapping[str, object]:
        days = age_in_days(self._house, row)
        state = "ok" if row.trouble is None and days <= WARNED.days else "trouble"
        return {
            "name": row.name,
            "type": KINDS.get(row.kind, str(row.kind)),
            "state": state,
            "reason": row.trouble or ("its refresh token is old" if state != "ok" else None),
            "refresh_token_days": days,
            "address": row.address,
        }

    @property
    def unknown_events(self) -> Mapping[str, int]:
        """Events that Zalo sent and nobody here knows, by name."""
        return dict(self._door.unknown)

    @property
    def ratings(self) -> Mapping[str, object]:
        """What could not be taken of the ratings by templates, and why."""
        return self._ratings.told

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _rows(self) -> list[rows.ZaloAccount]:
        async with self._house.db.reading() as tx:
            return await tx.zalo_accounts.all()

    async def _enter(self, row: rows.ZaloAccount) -> None:
        house, settings = self._house, self._house.settings
        tokens = tokens_for(house, self._client, row.id)
        stack = AsyncExitStack()

        async def pinned(address: str) -> None:
            try:
                async with house.db.transaction() as tx:
                    await tx.zalo_accounts.pin(row.id, address)
            except Unavailable:
                log.warning("zalo.address_not_kept", name=row.name)  # it will be found out again

        account = ZaloAccount(
            row.id,
            house.intake.accept,
            self._client,
            tokens,
            now=house.now,
            started=started_for(house, row.unit),
            address=row.address if settings.zalo_mode == "auto" else None,
            mode=settings.zalo_mode,
            has_buttons=settings.zalo_buttons,
            pinned=pinned,
            left=house.arrivals.leave,
            forgotten=house.residents.forget,
            rated=partial(self._ratings.happened, row.id),
            throttle=Throttle(settings.zalo_per_minute, within=self._app_minute),
        )
        await stack.enter_async_context(account)
        self._open[row.id] = account, tokens, stack

    def _new_door(self, unknown: dict[str, int]) -> Door:
        settings = self._house.settings
        door = Door(
            settings.zalo_app_id or "",
            settings.zalo_signing_keys,
            self.accounts,
            is_probed=settings.zalo_probe,
        )
        door.unknown = unknown
        return door
