"""A Zalo for the demo: the strict local one of the tests, in this process, on 127.0.0.1. The accounts are connected and spoken
to by the very code that speaks to the real one. Product code imports no test: this looks for them, and is None where they are not
(a wheel has no tests; `make demo` runs in a clone)."""

import asyncio
import importlib
import importlib.util
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from pydantic import SecretStr
from starlette.routing import Route

from bot.channels.contract import ContactGone, Outcome, Sent, WindowClosed
from bot.channels.zalo_oa import ZaloAccount
from bot.settings import Settings
from bot.web.pages import Pages
from bot.web.zalo_phone import Contact, Line, NotThere, PhonePage, Talk, Window
from bot.zalo import client_for, tokens_for
from bot.zalo_connecting import Connecting, brought
from surveys.conversation import Address, Incoming, Reply, Say
from surveys.waves import LOCAL
from surveys.windows import Billed, Closed, Purpose, gate, policy_of

if TYPE_CHECKING:
    from bot.app import House

__all__ = ["LocalZalo", "is_here", "local_zalo", "phone_rooms"]

REPOSITORY = Path(__file__).parent.parent
LOOKING_EVERY = 0.03  # seconds
MOST_PHONES = 500
MOST_LINES = 400
GOVERNMENT, ENTERPRISE = 4, 2
OFFICER = "1000000000000000001"
BY_HAND = "Chào ông/bà, tôi là cán bộ trực. Tôi xem và trả lời ông/bà ngay."
TRIAL = "Đây là một tin thử: cơ quan chủ động nhắn cho ông/bà. Trong bản chạy thử này không có gì được gửi ra ngoài."
HERE = (9.9347, 106.3453)  # somewhere in the ward
AN_HOUR = 3600
ACCOUNTS = (
    ("579745863508352884", "Công an phường Trà Vinh", GOVERNMENT, "29242"),
    ("579745863508352885", "Công an tỉnh Vĩnh Long", ENTERPRISE, None),
)
"""A ward's own account of a state agency, which is served by the older address only; a province's, by the newer one."""


def is_here() -> bool:
    """Whether this is a clone, with the local Zalo in it."""
    return (REPOSITORY / "tests" / "zalo_server" / "server.py").is_file()


@asynccontextmanager
async def local_zalo(port: int, now: Callable[[], datetime]) -> "AsyncIterator[LocalZalo | None]":
    """`port`: where the demo itself listens, on 127.0.0.1. `now`: its clock; a platform of another day would refuse what ours may do."""
    if not is_here():
        yield None
        return
    try:
        found: Any = importlib.import_module("tests.zalo_server.server")
    except ImportError:
        yield None
        return
    async with found.ZaloServer(time=_going(found, now)) as server, aiohttp.ClientSession() as session:
        zalo = LocalZalo(server, session, f"http://127.0.0.1:{port}", now)
        bringing = asyncio.create_task(zalo.brings())
        try:
            yield zalo
        finally:
            bringing.cancel()
            with suppress(asyncio.CancelledError):
                await bringing


def _going(found: Any, now: Callable[[], datetime]) -> Any:
    """The local Zalo's clock stands still in tests; here it goes."""

    class Going(found.Timepiece):  # type: ignore[misc]
        def __call__(self) -> float:
            return now().timestamp()

    return Going()


def phone_rooms(house: "House", zalo: "LocalZalo", pages: Pages) -> list[Route]:
    secure = house.settings.public_url.startswith("https://")
    return PhonePage(zalo, pages, house.vault.cookie_key, secure=secure).routes


class LocalZalo:
    """The accounts, and the phones of whoever plays."""

    def __init__(
        self, server: Any, session: aiohttp.ClientSession, address: str, now: Callable[[], datetime]
    ) -> None:
        self._server = server
        self._now = now
        self._session = session
        self._address = address
        self._contacts = tuple(Contact(id, name, kind == GOVERNMENT) for id, name, kind, _ in ACCOUNTS)
        self._phones: dict[tuple[str, str], _Phone] = {}
        self._house: House | None = None
        server.app.callback = f"{address}/zalo/callback"
        server.sender.post = self._post
        server.world.accounts.clear()
        for id, name, kind, _ in ACCOUNTS:
            server.world.account(id, name, kind)

    def settings_for(self, settings: Settings) -> Settings:
        """The demo's settings, with this Zalo in the place of the real one."""
        app = self._server.app
        return settings.model_copy(
            update={
                "zalo_app_id": app.id,
                "zalo_app_secret": SecretStr(app.secret),
                "zalo_oa_keys": SecretStr(app.oa_key),
                "zalo_mode": "auto",
                "zalo_buttons": True,
                "zalo_pkce": "per_request",
                "zalo_probe": False,
                "zalo_oauth_api": self._server.oauth_url,
                "zalo_api": self._server.openapi_url,
                "zalo_business_api": self._server.business_url,
            }
        )

    async def connect(self, house: "House") -> None:
        """As `zalo connect` does it, with an administrator who always agrees."""
        self._house = house
        async with client_for(house.settings) as client:
            for id, _, _, unit in ACCOUNTS:
                self._server.oa = self._server.world.accounts[id]
                connecting = Connecting(house, client, self._server.app.callback)
                async with self._session.get(connecting.link, allow_redirects=False) as response:
                    what = brought(response.headers["location"])
                assert what is not None
                await connecting.finish(what, unit)

    async def brings(self) -> None:
        """What happened on the phones, to the webhook; at once, and again by the ladder where it was not taken."""
        while True:
            await self._server.bring()
            await asyncio.sleep(LOOKING_EVERY)

    async def _post(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        try:
            async with self._session.post(f"{self._address}/zalo", data=body, headers=headers) as response:
                return response.status, {}, await response.read()
        except aiohttp.ClientError:
            return 0, {}, b""

    # ── What a phone shows, and does ──────────────────────────────────────────────────────────────────────────

    @property
    def contacts(self) -> Sequence[Contact]:
        return self._contacts

    @property
    def violations(self) -> Sequence[str]:
        """What the real Zalo would have refused."""
        return tuple(self._server.violations)

    def talk(self, person: str, account: str) -> Talk:
        return self._phone(person, account).talk(self._now())

    def follow(self, person: str, account: str) -> None:
        self._phone(person, account).actor.follows()

    def unfollow(self, person: str, account: str) -> None:
        self._phone(person, account).actor.unfollows()

    def say(self, person: str, account: str, text: str) -> None:
        phone = self._phone(person, account)
        phone.hears()
        phone.add(Line("you", text))
        phone.actor.says(text)

    def tap(self, person: str, account: str, line: int, button: int) -> None:
        """Raises NotThere: only what was really sent can be tapped, however long ago."""
        phone = self._phone(person, account)
        phone.hears()
        phone.actor.taps_button(phone.button(line, button))

    def pick(self, person: str, account: str, text: str) -> None:
        """From the menu under the chat: Zalo sends its text and shows nothing."""
        self._phone(person, account).actor.says(text)

    def picture(self, person: str, account: str) -> None:
        phone = self._phone(person, account)
        phone.hears()
        phone.add(Line("you", "", has="picture"))
        phone.actor.sends_image()

    def place(self, person: str, account: str) -> None:
        phone = self._phone(person, account)
        phone.hears()
        phone.add(Line("you", "", has="place"))
        phone.actor.sends_location(*HERE)

    def officer(self, person: str, account: str) -> None:
        """Somebody at the office answers in Zalo's own manager: from now on the assistant keeps quiet."""
        phone = self._phone(person, account)
        phone.hears()
        phone.add(Line("officer", BY_HAND))
        phone.add(Line("note", "officer"))
        phone.actor.is_answered_by(OFFICER, BY_HAND)

    def withdraw(self, person: str, account: str) -> None:
        phone = self._phone(person, account)
        phone.hears()
        phone.add(Line("note", "withdrawn"))
        phone.actor.withdraws()

    def wait(self, person: str, account: str, hours: int) -> None:
        """Time passes for this phone alone: what was last written from it is so much longer ago."""
        phone = self._phone(person, account)
        phone.hears()
        phone.waits(hours)

    async def notify(self, person: str, account: str) -> None:
        """The office writes of itself, by the very code that would; where Zalo refuses, the phone says why."""
        phone = self._phone(person, account)
        outcome = await self._sent(account, phone.actor.id)
        phone.hears()
        if not isinstance(outcome, Sent):
            phone.add(Line("note", REFUSED.get(type(outcome), "failed")))

    async def _sent(self, account: str, to: str) -> Outcome:
        house = self._house
        assert house is not None, "the accounts are connected first"
        async with house.db.reading() as tx:
            row = await tx.zalo_accounts.get(account)
        async with client_for(house.settings) as client:
            tokens = tokens_for(house, client, account)
            address = row.address if row else None
            async with ZaloAccount(account, _nobody, client, tokens, now=house.now, address=address) as oa:
                return await oa.send(Address(oa.account, to), Say(TRIAL))

    def _phone(self, person: str, account: str) -> "_Phone":
        if account not in self._server.world.accounts:
            raise NotThere
        phone = self._phones.pop((person, account), None)
        if phone is None:
            phone = _Phone(self._server.world.resident(self._server.world.accounts[account]))
        self._phones[person, account] = phone  # the one used last is the last
        while len(self._phones) > MOST_PHONES:
            forgotten = self._phones.pop(next(iter(self._phones)))
            self._server.world.residents.pop((forgotten.actor.account.id, forgotten.actor.id), None)
        return phone


REFUSED: Mapping[type, str] = {WindowClosed: "closed", ContactGone: "gone"}


async def _nobody(incoming: Incoming) -> Reply:
    """Nothing comes in where something is only sent."""
    return Reply(())


class _Phone:
    """One person's conversation with one account."""

    def __init__(self, actor: Any) -> None:
        self.actor = actor
        self._lines: list[tuple[Line, tuple[Any, ...]]] = []
        self._dropped = 0
        self._heard = 0
        self._ahead = timedelta(0)
        """How far its clock was moved on."""

    def add(self, line: Line, buttons: tuple[Any, ...] = ()) -> None:
        self._lines.append((line, buttons))
        while len(self._lines) > MOST_LINES:
            self._lines.pop(0)
            self._dropped += 1

    def hears(self) -> None:
        """What came since."""
        for message in self.actor.heard[self._heard :]:
            attachment = message.get("attachment", {})
            buttons = tuple(attachment.get("payload", {}).get("buttons", ()))
            self.add(
                Line(
                    "oa",
                    message.get("text", ""),
                    tuple(button["title"] for button in buttons),
                    has="file" if attachment.get("type") == "file" else "",
                ),
                buttons,
            )
        self._heard = len(self.actor.heard)

    def button(self, line: int, place: int) -> Any:
        try:
            button = self._lines[line - self._dropped][1][place]
        except IndexError:
            raise NotThere from None
        if line < self._dropped or place < 0 or button["type"] not in ("oa.query.show", "oa.query.hide"):
            raise NotThere
        return button

    def waits(self, hours: int) -> None:
        self._ahead += timedelta(hours=hours)
        if self.actor.last_interaction >= 0:
            self.actor.last_interaction -= hours * AN_HOUR
        self.add(Line("note", f"waited.{hours}"))

    def talk(self, now: datetime) -> Talk:
        self.hears()
        lines = tuple(line for line, _ in self._lines)
        clock = (now + self._ahead).astimezone(LOCAL)
        return Talk(self.actor.is_follower, self._dropped, lines, self._window(now), f"{clock:%H:%M · %d/%m}")

    def _window(self, now: datetime) -> Window:
        if self.actor.last_interaction < 0:
            return Window("never")
        last = datetime.fromtimestamp(self.actor.last_interaction, UTC)
        policy = policy_of("zalo", now.astimezone(LOCAL).date())
        assert policy is not None
        match gate(policy, last, now, Purpose.NOTICE):
            case Closed():
                return Window("closed")
            case Billed():
                return Window("billed", _hours_until(last + policy.billed, now))
        return Window("free", _hours_until(last + policy.free, now))


def _hours_until(moment: datetime, now: datetime) -> int:
    return max(0, -int((now - moment).total_seconds() // AN_HOUR))
