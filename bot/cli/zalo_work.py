"""What `langnghe zalo …` does: an operator with a terminal, an administrator with a browser, and what each must do next."""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.cli.desk import Refused, _in_house, _print

if TYPE_CHECKING:
    from bot.app import House
    from bot.settings import Settings
    from bot.zalo_connecting import Brought, Connecting
    from storage import rows

__all__ = ["accounts", "check", "connect", "forget"]

PATIENCE = timedelta(minutes=15)  # for a person to find their administrator's password
GOVERNMENT, PERSONAL = 4, 1
WHO_MAY_ANSWER = (
    "This is a government account. Two state agencies were refused by the current address (-235) and are served by the one\n"
    "before it. With ZALO_MODE=auto the bot finds that out at its first message and remembers it: nothing to do.\n"
    "If `zalo check` or the log names -235 for both, nobody can mend it but Zalo: docs/zalo.md, question 1."
)
PERSONALLY = (
    "This is a personal account: Zalo refuses messages of such accounts on every address (-235).\n"
    "Ask for an account of a state agency, and forget this one: langnghe zalo forget {id}"
)


# ── Connecting ───────────────────────────────────────────────────────────────────────────────────────────────────


def connect(unit: str) -> int:
    async def work(house: "House") -> None:
        from bot.zalo import client_for
        from bot.zalo_connecting import CannotConnect, Connecting

        _has_app(house.settings)
        name = await _name_of(house, unit)
        async with client_for(house.settings) as client:
            try:
                connecting = Connecting(house, client)
                async with _browsers(house.settings) as from_browser:
                    what = await _answer_to(connecting, from_browser, name)
                account = await connecting.finish(what, unit or None)
            except CannotConnect as trouble:
                raise Refused(str(trouble)) from None
        if what.state is None:
            _print("(Only a code was pasted, so whether it answers this very link could not be checked.)")
        await _connected(house, account)

    return _in_house(work)


def _has_app(settings: "Settings") -> None:
    if settings.zalo_app_id is None:
        raise Refused(
            "There is no Zalo yet: set ZALO_APP_ID, ZALO_APP_SECRET and ZALO_OA_KEYS in .env. Where they are found: docs/zalo.md"
        )


async def _name_of(house: "House", unit: str) -> str | None:
    if not unit:
        return None
    name = await house.unit_name(unit)
    if name is None:
        raise Refused(f"No unit has the code {unit}. Look for it: langnghe units find NAME")
    return name


async def _answer_to(
    connecting: "Connecting", from_browser: "asyncio.Future[Brought] | None", name: str | None
) -> "Brought":
    from bot.zalo_connecting import CannotConnect, brought

    _print(f"For {name or 'no unit in particular: add --unit CODE for a ward of its own'}.")
    _print("1. In the app at developers.zalo.me the Official Account Callback Url must be exactly:")
    _print(f"   {connecting.callback}")
    _print("2. Open this as an administrator of the account, and agree:")
    _print(f"   {connecting.link}")
    _print(
        "3. What comes back arrives here by itself; if not, paste the address the browser ended at, or the code in it:"
        if from_browser
        else "3. The bot is running, and its page shows what to copy. Paste it here:"
    )
    sys.stdout.flush()
    typed = _typed()
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            while True:
                line = asyncio.ensure_future(typed.get())
                waiting: set[asyncio.Future[Any]] = {line, from_browser} if from_browser else {line}
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                if from_browser and from_browser.done():
                    line.cancel()
                    return from_browser.result()
                pasted = line.result()
                if pasted is None and from_browser:
                    return await from_browser
                if pasted is None:
                    raise CannotConnect("Nothing was pasted. Run zalo connect again when you have the code.")
                if what := brought(pasted):
                    return what
                if pasted.strip():
                    _print("There is no code in this. Paste the whole address, from https:// to its end:")
                    sys.stdout.flush()
    except TimeoutError:
        minutes = round(PATIENCE.total_seconds() / 60)
        raise CannotConnect(
            f"Nothing came within {minutes} minutes. Run zalo connect again; a link may be opened whenever you like, its answer is good for ten minutes."
        ) from None


def _typed() -> "asyncio.Queue[str | None]":
    """Lines from the keyboard, None at their end. Read by a thread that nobody waits for: a read cannot be cancelled."""
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        with suppress(RuntimeError, ValueError):  # the loop is closed: somebody else has answered
            while line := sys.stdin.readline():
                loop.call_soon_threadsafe(lines.put_nowait, line)
            loop.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=read, daemon=True).start()
    return lines


@asynccontextmanager
async def _browsers(settings: "Settings") -> "AsyncIterator[asyncio.Future[Brought] | None]":
    """What a browser brings to our own port; None where another process, most likely the bot, has that port."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    from bot.web.guard import SECURITY_HEADERS
    from bot.web.server import PortTaken, listen, serve_on
    from bot.web.zalo_callback import CALLBACK
    from bot.zalo_connecting import brought

    try:
        listener = listen(settings.host, settings.port)
    except PortTaken:
        yield None
        return
    came: asyncio.Future[Brought] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()

    async def callback(request: Request) -> PlainTextResponse:
        what = brought(f"?{request.url.query}")
        if what is None:
            return PlainTextResponse("No code came. Open the link again.", 400, dict(SECURITY_HEADERS))
        if not came.done():
            came.set_result(what)
        return PlainTextResponse(
            "Zalo has agreed. Go on in the terminal; this page can be closed.", 200, dict(SECURITY_HEADERS)
        )

    serving = asyncio.create_task(
        serve_on(listener, Starlette(routes=[Route(CALLBACK, callback, methods=["GET"])]), stop)
    )
    try:
        yield came
    finally:
        stop.set()
        await serving


async def _connected(house: "House", account: "rows.ZaloAccount") -> None:
    from bot.zalo import KINDS

    kind = KINDS.get(account.kind, f"type {account.kind}")
    unit = await house.unit_name(account.unit) if account.unit else None
    _print(f"Connected: “{account.name}”, {kind}, id {account.id}, for {unit or 'no unit in particular'}.")
    if account.kind == GOVERNMENT:
        _print(WHO_MAY_ANSWER)
    if account.kind == PERSONAL:
        _print(PERSONALLY.format(id=account.id))
    if house.settings.zalo_mode != "auto":
        _print(f"ZALO_MODE={house.settings.zalo_mode} is set: the other address will never be tried.")
    base = house.settings.public_url.rstrip("/")
    _print(f"A bot that is running serves it within a minute. Its webhook: {base}/zalo")


# ── Looking after them ───────────────────────────────────────────────────────────────────────────────────────────


def accounts() -> int:
    async def work(house: "House") -> None:
        from bot.zalo import KINDS, LASTS, age_in_days

        found = await _all(house)
        if not found:
            _print("No account is connected. Connect one: langnghe zalo connect --unit CODE")
        for each in found:
            unit = await house.unit_name(each.unit) if each.unit else None
            days = LASTS.days - age_in_days(house, each)
            _print(f"{each.id:20} {KINDS.get(each.kind, each.kind)!s:10} {each.name}")
            _print(
                f"{'':20} for {unit or 'no unit in particular'}; address: {each.address or 'not known yet'}"
            )
            _print(f"{'':20} {each.trouble or f'refresh token good for {days} more days, renewed by itself'}")
            if each.trouble:
                _print(f"{'':20} Connect it again: langnghe zalo connect")

    return _in_house(work)


def check() -> int:
    async def work(house: "House") -> None:
        from bot.zalo import client_for

        _has_app(house.settings)
        found = await _all(house)
        if not found:
            raise Refused("No account is connected. Connect one: langnghe zalo connect --unit CODE")
        async with client_for(house.settings) as client:
            faults = [name for each in found if (name := await _fault(house, client, each))]
            faults += [name for each in found for name in await _rating_faults(house, client, each.id)]
        faults += [
            f"ZALO_RATINGS names the account {id}, which is not connected: see langnghe zalo accounts"
            for id in sorted(house.settings.zalo_ratings.keys() - {each.id for each in found})
        ]
        if faults:
            raise Refused("\n".join(faults))

    return _in_house(work)


async def _fault(house: "House", client: object, account: "rows.ZaloAccount") -> str | None:
    """What an operator must do about an account; None, after a line for it, when all is well."""
    from bot.channels.zalo_client import ZaloClient
    from bot.channels.zalo_tokens import NotConnected
    from bot.zalo import KINDS, WARNED, age_in_days, tokens_for

    assert isinstance(client, ZaloClient)
    tokens = tokens_for(house, client, account.id)
    try:
        answer = await client.get("/v2.0/oa/getoa", tokens.access, tokens.renewed_after)
    except NotConnected as trouble:
        return f"{account.name}: {trouble}"
    if answer.trouble is not None or answer.error:
        return f"{account.name}: {_said(answer.outcome(house.now()))}"
    told = answer.data or {}
    name, kind = str(told.get("name", account.name)), int(told.get("oa_type") or account.kind)
    _print(
        f"{account.name}: its token works. Zalo calls it “{name}”, {KINDS.get(kind, f'type {kind}')}; "
        f"messages go to {_address(house.settings, account)}."
    )
    if (days := age_in_days(house, account)) > WARNED.days:
        return f"{account.name}: its refresh token is {days} days old and was not renewed. Is the bot running? Start it: make run"
    return None


async def _rating_faults(house: "House", client: object, account: str) -> list[str]:
    """What an operator must do about the rating templates of an account; a line for each that can be read. Not how many there are:
    while a wave is open nobody counts."""
    from bot.channels.zalo_client import ZaloClient
    from bot.channels.zalo_ratings import Results
    from bot.zalo import tokens_for

    assert isinstance(client, ZaloClient)
    tokens, now = tokens_for(house, client, account), house.now()
    verb = house.settings.zalo_rating_verb
    results = Results(client, tokens.access, tokens.renewed_after, now=house.now, verb=verb)
    faults = []
    for id, template in house.settings.zalo_ratings.get(account, {}).items():
        if template.unit is None:
            continue
        name = await house.unit_name(template.unit)
        found = await results.of(id, now - timedelta(days=1), now)
        if name is None:
            faults.append(
                f"Template {id}: no unit has the code {template.unit}. Look for it: langnghe units find NAME"
            )
        elif not isinstance(found, tuple):
            reason = str(getattr(found, "reason", "")) or "Zalo asks us to wait"
            faults.append(
                f"Template {id}: its results cannot be read by {verb} ({reason}). See docs/zalo.md, section 8."
            )
        else:
            _print(f"Template {id} rates {name}, “{template.question}”: its results can be read by {verb}.")
    return faults


def _address(settings: "Settings", account: "rows.ZaloAccount") -> str:
    if settings.zalo_mode != "auto":
        return f"{settings.zalo_mode} (ZALO_MODE)"
    return account.address or "v3, and to v2 if Zalo answers -235"


def _said(outcome: object) -> str:
    from bot.channels.contract import Misconfigured

    reason = (str(getattr(outcome, "reason", "")) or "Zalo asks us to wait").rstrip(".")
    if isinstance(outcome, Misconfigured):
        return f"{reason}. Connect it again (langnghe zalo connect); if that does not help: docs/zalo.md, “When something is wrong”."
    return f"{reason}. Try again in a minute; then: docs/zalo.md, “When something is wrong”."


def forget(account: str) -> int:
    async def work(house: "House") -> None:
        from handlers.noting import at_the_machine, note

        async with house.db.transaction() as tx:
            if not await tx.zalo_accounts.forget(account):
                raise Refused(f"No account {account} is connected. See: langnghe zalo accounts")
            await note(tx, at_the_machine(""), "zalo.forget", f"zalo:{account}", unit=None, at=house.now())
        _print("Its tokens are deleted here. A bot that is running stops serving it within a minute.")
        _print("Take the app's permission back at Zalo too: oa.zalo.me, the account's settings, linked apps.")

    return _in_house(work)


async def _all(house: "House") -> "list[rows.ZaloAccount]":
    async with house.db.reading() as tx:
        return await tx.zalo_accounts.all()
