"""`langnghe zalo …`, as an operator meets it: a terminal here, an administrator's browser there, a strict local Zalo between."""

import asyncio
import json
import queue
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from bot.app import opened, utc_now
from bot.channels.zalo_tokens import Pair
from bot.cli import app
from bot.settings import Settings, load
from handlers.units import load_seed
from storage.database import Database
from tests.zalo_server.server import Fault, ZaloServer
from tests.zalo_server.world import ENTERPRISE, PERSONAL

WARD = "29242"
PATIENCE = 30  # seconds


@pytest.fixture
async def zalo() -> AsyncIterator[ZaloServer]:
    async with ZaloServer() as server:
        yield server
    assert server.violations == []


@pytest.fixture
async def environment(zalo: ZaloServer, sqlite_url: str, tmp_path: Path) -> dict[str, str]:
    """An operator's settings, and the six wards of Trà Vinh."""
    db = await Database.open(sqlite_url)
    await load_seed(db)
    await db.close()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    zalo.app.callback = f"http://127.0.0.1:{port}/zalo/callback"
    return {
        "DATABASE_URL": sqlite_url,
        "KEYS_DIR": str(tmp_path / "keys"),
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "ZALO_APP_ID": zalo.app.id,
        "ZALO_APP_SECRET": zalo.app.secret,
        "ZALO_OA_KEYS": zalo.app.oa_key,
        "ZALO_OAUTH_API": zalo.oauth_url,
        "ZALO_API": zalo.openapi_url,
        "ZALO_BUSINESS_API": zalo.business_url,
    }


def settings_of(environment: dict[str, str]) -> Settings:
    return load(**{name.lower(): value for name, value in environment.items()})


class Keyboard:
    """Standard input, as a person types."""

    def __init__(self) -> None:
        self._lines: queue.Queue[str] = queue.Queue()

    def types(self, line: str) -> None:
        self._lines.put(line)

    def readline(self) -> str:
        return self._lines.get()


class Screen:
    """Standard output or standard error."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False


class Terminal:
    """A command that runs, with a keyboard and a screen."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self.keyboard, self.screen, self.complaints = Keyboard(), Screen(), Screen()
        self._running = asyncio.create_task(asyncio.to_thread(self._run, words))

    def _run(self, words: tuple[str, ...]) -> int:
        return app(["zalo", *words], standalone_mode=False) or 0

    async def shows(self, words: str) -> str:
        """The line with these words, once it is there."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for line in self.screen.text.split("\n")[:-1]:
                    if words in line:
                        return line.strip()
                assert not self._running.done(), f"no “{words}”: {self.screen.text}{self.complaints.text}"
                await asyncio.sleep(0.02)

    def types(self, text: str) -> None:
        self.keyboard.types(text + "\n")

    async def ends(self) -> tuple[int, str, str]:
        """Exit code, everything it printed, everything it complained of."""
        async with asyncio.timeout(PATIENCE):
            code = await self._running
        assert "Traceback" not in self.complaints.text
        return code, self.screen.text, self.complaints.text


@asynccontextmanager
async def terminal(environment: dict[str, str], tmp_path: Path, *words: str) -> AsyncIterator[Terminal]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        for name, value in environment.items():
            patch.setenv(name, value)
        it = Terminal(words)
        patch.setattr(sys, "stdin", it.keyboard)
        patch.setattr(sys, "stdout", it.screen)
        patch.setattr(sys, "stderr", it.complaints)
        yield it
        it.types("")
        it.keyboard.types("")
        await it.ends()


async def agreed_to(link: str) -> str:
    """Where the browser of an administrator ends who opens the link and agrees."""
    async with aiohttp.ClientSession() as browser, browser.get(link, allow_redirects=False) as response:
        assert response.status == 302, await response.text()
        return response.headers["location"]


async def connected(environment: dict[str, str], tmp_path: Path, *words: str) -> str:
    async with terminal(environment, tmp_path, "connect", *words) as it:
        it.types(await agreed_to(await it.shows("/v4/oa/permission?")))
        code, screen, complained = await it.ends()
    assert code == 0, complained
    return screen


async def accounts_in(environment: dict[str, str]):
    async with opened(settings_of(environment)) as house, house.db.reading() as tx:
        return await tx.zalo_accounts.all()


# ── Connecting ───────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_pasted_address_connects_the_account_and_says_whose_it_is(zalo, environment, tmp_path):
    screen = await connected(environment, tmp_path, "--unit", WARD)

    [account] = await accounts_in(environment)
    assert (account.id, account.name, account.kind, account.unit) == (zalo.oa.id, zalo.oa.name, 4, WARD)
    assert account.generation == 1
    assert account.trouble is None
    assert f"Connected: “{zalo.oa.name}”, government, id {zalo.oa.id}" in screen
    assert zalo.app.callback in screen


async def test_what_comes_back_arrives_by_itself_where_the_address_leads_here(zalo, environment, tmp_path):
    async with terminal(environment, tmp_path, "connect") as it:
        link = await it.shows("/v4/oa/permission?")
        await it.shows("arrives here by itself")
        async with aiohttp.ClientSession() as browser, browser.get(link) as response:
            assert response.status == 200
            assert "Go on in the terminal" in await response.text()
        code, screen, _ = await it.ends()

    assert code == 0
    assert "Connected: " in screen


async def test_a_bare_code_will_do_and_what_it_cannot_prove_is_said(zalo, environment, tmp_path):
    async with terminal(environment, tmp_path, "connect") as it:
        location = await agreed_to(await it.shows("/v4/oa/permission?"))
        it.types("hello")
        await it.shows("There is no code in this")
        it.types(location.partition("code=")[2].partition("&")[0])
        code, screen, _ = await it.ends()

    assert code == 0
    assert "could not be checked" in screen


async def test_while_the_bot_runs_its_page_hands_the_code_over(zalo, environment, tmp_path):
    with socket.socket() as bot:
        bot.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bot.bind(("127.0.0.1", int(environment["PORT"])))
        bot.listen()
        async with terminal(environment, tmp_path, "connect") as it:
            link = await it.shows("/v4/oa/permission?")
            await it.shows("its page shows what to copy")
            it.types("/zalo/callback?" + urlsplit(await agreed_to(link)).query)
            code, _, _ = await it.ends()

    assert code == 0


@pytest.mark.parametrize("kind", [4, ENTERPRISE, PERSONAL])
async def test_each_type_of_account_is_told_what_awaits_it(zalo, environment, tmp_path, kind):
    zalo.oa.type = kind

    screen = await connected(environment, tmp_path)

    assert ("-235" in screen) == (kind != ENTERPRISE)
    assert ("question 1" in screen) == (kind == 4)
    assert ("zalo forget" in screen) == (kind == PERSONAL)


async def test_connecting_again_replaces_the_pair_and_ends_the_trouble(zalo, environment, tmp_path):
    await connected(environment, tmp_path, "--unit", WARD)
    async with opened(settings_of(environment)) as house, house.db.transaction() as tx:
        await tx.zalo_accounts.stop(zalo.oa.id, 1, "Zalo refused to renew the token (-14014).")

    await connected(environment, tmp_path)

    [account] = await accounts_in(environment)
    assert (account.generation, account.trouble, account.unit) == (2, None, WARD)


async def test_an_answer_to_another_link_is_refused(zalo, environment, tmp_path):
    async with terminal(environment, tmp_path, "connect") as it:
        location = await agreed_to(await it.shows("/v4/oa/permission?"))
        it.types(location.partition("&state=")[0] + "&state=somebody-elses")
        code, _, complained = await it.ends()

    assert code == 1
    assert "Open the link printed last" in complained
    assert await accounts_in(environment) == []


async def test_a_code_that_is_too_old_is_refused_with_the_next_step(zalo, environment, tmp_path):
    async with terminal(environment, tmp_path, "connect") as it:
        location = await agreed_to(await it.shows("/v4/oa/permission?"))
        zalo.time.pass_by(601)
        it.types(location)
        code, _, complained = await it.ends()

    assert code == 1
    assert "Run zalo connect again and paste sooner (Zalo: -14012)" in complained


async def test_a_wrong_secret_is_told_from_a_wrong_code(zalo, environment, tmp_path):
    environment["ZALO_APP_SECRET"] = "not-the-secret"
    async with terminal(environment, tmp_path, "connect") as it:
        it.types(await agreed_to(await it.shows("/v4/oa/permission?")))
        code, screen, complained = await it.ends()

    assert code == 1
    assert "Compare ZALO_APP_SECRET" in complained
    assert "not-the-secret" not in screen + complained


async def test_a_fixed_verifier_is_used_where_the_console_wants_one(zalo, environment, tmp_path):
    environment |= {"ZALO_PKCE": "fixed", "ZALO_PKCE_VERIFIER": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}
    async with terminal(environment, tmp_path, "connect") as it:
        link = await it.shows("/v4/oa/permission?")
        it.types(await agreed_to(link))
        code, _, _ = await it.ends()

    assert code == 0
    assert "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" in link


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ZALO_APP_ID": "", "ZALO_APP_SECRET": "", "ZALO_OA_KEYS": ""}, "docs/zalo.md"),
        ({"ZALO_APP_SECRET": ""}, "needs ZALO_APP_SECRET"),
        ({"PUBLIC_URL": ""}, "Set PUBLIC_URL"),
    ],
)
async def test_what_is_missing_is_named_before_anything_is_asked(zalo, environment, tmp_path, change, said):
    async with terminal(environment | change, tmp_path, "connect") as it:
        code, _, complained = await it.ends()

    assert code == 1
    assert said in complained
    assert zalo.made == []


async def test_a_unit_that_is_none_is_refused(environment, tmp_path):
    async with terminal(environment, tmp_path, "connect", "--unit", "99999") as it:
        code, _, complained = await it.ends()

    assert code == 1
    assert "langnghe units find" in complained


# ── Looking after them ───────────────────────────────────────────────────────────────────────────────────────────


async def ran(environment: dict[str, str], tmp_path: Path, *words: str) -> tuple[int, str, str]:
    async with terminal(environment, tmp_path, *words) as it:
        return await it.ends()


async def test_accounts_are_listed_without_their_tokens(zalo, environment, tmp_path):
    await connected(environment, tmp_path, "--unit", WARD)

    code, screen, _ = await ran(environment, tmp_path, "accounts")

    assert code == 0
    assert zalo.oa.name in screen
    assert "good for 9" in screen or "good for 8" in screen
    assert not [pair for pair in zalo.oauth.pairs if pair.access in screen or pair.refresh in screen]


async def test_check_asks_zalo_and_sends_nothing(zalo, environment, tmp_path):
    await connected(environment, tmp_path)
    made = len(zalo.made)

    code, screen, _ = await ran(environment, tmp_path, "check")

    assert code == 0
    assert "its token works" in screen
    assert "to v2 if Zalo answers -235" in screen
    assert [call.path for call in zalo.made[made:]] == ["/v2.0/oa/getoa"]


async def test_check_says_what_to_do_when_the_permission_was_taken_back(zalo, environment, tmp_path):
    await connected(environment, tmp_path)
    for pair in zalo.oauth.pairs:
        pair.is_current = False

    code, _, complained = await ran(environment, tmp_path, "check")

    assert code == 1
    assert "zalo connect" in complained


async def test_check_warns_of_a_refresh_token_that_nobody_renewed(zalo, environment, tmp_path):
    await connected(environment, tmp_path)
    async with opened(settings_of(environment)) as house:
        async with house.db.reading() as tx:
            row = await tx.zalo_accounts.get(zalo.oa.id)
        pair = Pair.from_json(house.vault.open_tokens(row.id, row.pair))
        # Older than a week, it is renewed on the way; so that it is not, its life is made a year.
        old = Pair(pair.access, pair.refresh, utc_now() - timedelta(days=61), utc_now() + timedelta(days=300))
        row.pair = house.vault.seal_tokens(row.id, old.to_json())
        async with house.db.transaction() as tx:
            await tx.zalo_accounts.save(row)
    zalo.faults["/v4/oa/access_token"].append(Fault(error=-32))

    code, _, complained = await ran(environment, tmp_path, "check")

    assert code == 1
    assert "61 days old" in complained


async def test_check_says_of_each_rating_template_whether_it_can_be_read(zalo, environment, tmp_path):
    await connected(environment, tmp_path)
    zalo.oa.rating_templates |= {"123456": [], "234567": []}
    templates = {"123456": {"unit": WARD}, "234567": {"unit": None}, "999999": {"unit": WARD}}
    named = {zalo.oa.id: templates, "111": {"5": {"unit": WARD}}}
    with_ratings = {**environment, "ZALO_RATINGS": json.dumps(named)}
    made = len(zalo.made)

    code, screen, complained = await ran(with_ratings, tmp_path, "check")

    assert code == 1
    assert "Template 123456 rates" in screen
    assert "234567" not in screen + complained
    assert "Template 999999: its results cannot be read by POST (Zalo -117" in complained
    assert "ZALO_RATINGS names the account 111, which is not connected" in complained
    assert {call.path for call in zalo.made[made:]} == {"/v2.0/oa/getoa", "/rating/get"}  # nothing is sent


async def test_check_finds_a_rating_template_of_no_unit(zalo, environment, tmp_path):
    await connected(environment, tmp_path)
    zalo.oa.rating_templates["123456"] = []
    named = {zalo.oa.id: {"123456": {"unit": "00000"}}}

    code, _, complained = await ran({**environment, "ZALO_RATINGS": json.dumps(named)}, tmp_path, "check")

    assert code == 1
    assert "no unit has the code 00000" in complained


async def test_a_forgotten_account_leaves_nothing(zalo, environment, tmp_path):
    await connected(environment, tmp_path)

    code, screen, _ = await ran(environment, tmp_path, "forget", zalo.oa.id)
    again, _, complained = await ran(environment, tmp_path, "forget", zalo.oa.id)

    assert code == 0
    assert "oa.zalo.me" in screen
    assert again == 1
    assert "langnghe zalo accounts" in complained
    assert await accounts_in(environment) == []
