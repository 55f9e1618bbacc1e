"""Kills senders of paid templates again and again, and compares what a strict Zalo was really asked for with what somebody agreed to pay.

`python -m tests.faults.templates DIRECTORY KILLS SEED [DATABASE_URL]` prints what it found as JSON. Two senders are always at work. Zalo is a
process of its own, so it remembers what it sold to a sender that did not live to hear the answer."""

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from aiohttp import web

from bot.channels.zalo_client import Hosts, ZaloClient
from bot.channels.zalo_oa import ZaloAccount
from bot.channels.zalo_outside import Outside
from bot.channels.zalo_tokens import Tokens, pair_from
from bot.logs import configure
from bot.sender import Epochs, Office, Sender
from bot.sending.outside import Beyond
from storage import migrate, rows
from storage.database import Database
from storage.keys import FileKeys
from storage.vault import Vault
from surveys.conversation import Address
from surveys.delivery import Campaign
from surveys.outside import Aside, Fact, Quote, Template, Terms, Way
from tests.bot.sending_town import Town, Words, nobody, nothing_waits
from tests.faults.killing import in_child
from tests.faults.sending import IN_THE_END, PATIENCE, READY, SENDERS, is_done, on_its_way, query
from tests.telegram_server.server import Timepiece
from tests.zalo_server.server import ZaloServer

PEOPLE, AGREED, PRICE = 150, 110, 120
FIRST = 186_729_651_760_683_225  # a person's id, as Zalo writes them
EARLIEST, LATEST = 0.05, 0.7  # seconds between two kills
AN_ANSWER = 0.02  # seconds
DAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # nine in the morning, for ever
OA = "579745863508352884"
TERMS = Terms(Way.TEMPLATE, PRICE, templates={"*": {"notice": Template("123456", {"ma": Fact.CODE})}})


def kill_and_compare(directory: Path, kills: int, seed: int, url: str) -> dict[str, Any]:
    """Raises AssertionError for one template more than somebody agreed to, for a person who was sent two of a campaign, and for a count
    that says less than Zalo sold."""
    chance = random.Random(seed)
    in_flight = 0
    with zalo() as shop:
        asyncio.run(prepare(directory, url, shop))
        campaigns = [asyncio.run(a_campaign(directory, url, 1))]
        alive: dict[int, str] = {}
        for killed in range(kills):
            while len(alive) < SENDERS:
                owner = f"sender-{killed}-{len(alive)}"
                alive[start(directory, url, shop, owner)] = owner
            time.sleep(chance.uniform(EARLIEST, LATEST))  # the instant of the kill is what is random here
            victim = chance.choice(list(alive))
            os.kill(victim, signal.SIGKILL)
            os.waitpid(victim, 0)
            in_flight += on_its_way(url, alive.pop(victim))
            if is_done(url, campaigns[-1]):
                campaigns.append(asyncio.run(a_campaign(directory, url, len(campaigns) + 1)))
        last = start(directory, url, shop, "last")
        until = time.monotonic() + IN_THE_END
        while not all(is_done(url, each) for each in campaigns):
            assert time.monotonic() < until, "it does not complete by itself"
            time.sleep(0.1)
        for survivor in (last, *alive):
            os.kill(survivor, signal.SIGTERM)
            os.waitpid(survivor, 0)
        bought = shop.closes()
    return {"killed": kills, "campaigns": len(campaigns), "in_flight": in_flight, **compare(url, bought)}


def compare(url: str, bought: list[tuple[str, str]]) -> dict[str, int]:
    """`bought`: campaign and person, once for each template Zalo sold."""
    twice = [who for who, times in Counter(bought).items() if times > 1]
    assert not twice, f"{len(twice)} people were sent a template twice: {twice[:5]}"
    sold = Counter(subject for subject, _ in bought)
    orders = query(url, "SELECT subject, agreed, taken, sent FROM template_orders")
    for subject, agreed, taken, sent in orders:
        assert sold[subject] <= taken <= agreed, f"{subject}: sold {sold[subject]}, {taken=}, {agreed=}"
        assert sent <= sold[subject], f"{subject}: {sent=}, sold {sold[subject]}"
    told = f"SELECT count(*) FROM deliveries WHERE state = 'sent' AND reason = '{Aside.TEMPLATE.value}'"
    [(by_template,)] = query(url, told)
    assert by_template == sum(sent for *_, sent in orders)
    return {"sold": len(bought), "sent": int(by_template), "taken": sum(taken for _, _, taken, _ in orders)}


# ── A sender of its own ──────────────────────────────────────────────────────────────────────────────────────────


def start(directory: Path, url: str, shop: "Shop", owner: str) -> int:
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(here)
        in_child(lambda: asyncio.run(send_for_ever(directory, url, shop, owner, there)))
    os.close(there)
    with os.fdopen(here, "rb") as notes:
        assert notes.readline() == READY, "the sender did not start"
    return child


class Facts:
    """A campaign's subject, so that Zalo remembers which one it was."""

    async def facts(self, campaign: Campaign, /) -> Mapping[Fact, str] | None:
        return {Fact.CODE: campaign.subject}

    async def is_its_own(self, account: str, campaign: Campaign, /) -> bool:
        return False


async def send_for_ever(directory: Path, url: str, shop: "Shop", owner: str, notes: int) -> None:
    configure("critical", "text")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    db = await Database.open(url)
    vault = Vault(FileKeys(directory / "keys"))
    hosts = Hosts(f"{shop.url}/oauth", f"{shop.url}/openapi", f"{shop.url}/business")
    async with ZaloClient(shop.app, shop.secret, hosts=hosts) as client:
        tokens = Tokens(OA, db, vault, client.renew, client.works, running)
        async with ZaloAccount(OA, nobody, client, tokens, now=running, address="v2") as account:
            outside = Outside(client, tokens.access, tokens.renewed_after, now=running, turn=account.bulk)
            office = Office(
                db,
                vault,
                {"notice": Words()},
                has_left=lambda fingerprint: False,
                left=_left,
                epochs=Epochs(directory / "epochs"),
                now=running,
                beyond=Beyond(db, TERMS, lambda: {account.account: outside}, Facts(), running),
                cap=None,
                patience=PATIENCE,
                owner=owner,
            )
            os.write(notes, READY)
            await Sender(office, lambda: {account.account: account}, nothing_waits).run(stop)
    await db.close()


async def _left(address: Address) -> None:
    raise AssertionError("nobody leaves here")


BEGUN = time.monotonic()


def running() -> datetime:
    """Daytime, whenever this is run; the same for every process, which were forked from one."""
    return DAY + timedelta(seconds=time.monotonic() - BEGUN)


# ── The ward, and Zalo ───────────────────────────────────────────────────────────────────────────────────────────


async def prepare(directory: Path, url: str, shop: "Shop") -> None:
    await migrate.up(url)
    db = await Database.open(url)
    vault = Vault(FileKeys(directory / "keys"))
    sealed = vault.seal_tokens(OA, pair_from(shop.pair.encode(), running()).to_json())
    async with db.transaction() as tx:
        await tx.zalo_accounts.save(rows.ZaloAccount(id=OA, name="OA", kind=4, pair=sealed, generation=0))
    town = Town(db, vault, directory, running, "")
    await town.people(range(FIRST, FIRST + PEOPLE), f"zalo:{OA}")
    await db.close()


async def a_campaign(directory: Path, url: str, number: int) -> int:
    db = await Database.open(url)
    town = Town(db, Vault(FileKeys(directory / "keys")), directory, running, "")
    subject = f"campaign {number}"
    async with db.transaction() as tx:
        await tx.outside.agree("notice", subject, Quote(AGREED, PRICE), "Trần Thị Bình", running())
    id = await town.campaign(subject)
    await db.close()
    return id


class Shop:
    """The process that is Zalo."""

    def __init__(self, process: int, out: IO[str]) -> None:
        self._process, self._out = process, out
        told = json.loads(self._out.readline())
        self.url, self.pair, self.app, self.secret = told["url"], told["pair"], told["app"], told["secret"]

    def closes(self) -> list[tuple[str, str]]:
        """What it sold, as campaign and person."""
        os.kill(self._process, signal.SIGTERM)
        told = json.loads(self._out.readline())
        assert told["violations"] == []
        return [(subject, person) for subject, person in told["bought"]]


@contextmanager
def zalo() -> Iterator[Shop]:
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(here)
        os.dup2(there, 1)
        in_child(lambda: asyncio.run(be_zalo()))
    os.close(there)
    with os.fdopen(here, encoding="utf-8") as out:
        try:
            yield Shop(child, out)
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


class Slow(ZaloServer):
    """What is asked for is done, and the answer takes its time: so a kill finds something on its way."""

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        answer = await super()._handle(request)
        await asyncio.sleep(AN_ANSWER)
        return answer


async def be_zalo() -> None:
    """As many calls as come: its minute stands still."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    watch = Timepiece()
    watch.now = DAY.timestamp()
    async with Slow(time=watch) as server:
        server.a_minute = server.oa.a_minute = 10**9
        server.oa.templates.add("123456")
        for person in range(FIRST, FIRST + PEOPLE):
            server.world.resident(server.oa, str(person))
        app, pair = server.app, json.dumps(server.oauth.issue(server.oa.id))
        tell({"url": server.url, "pair": pair, "app": app.id, "secret": app.secret})
        await stop.wait()
        bought = [(each["template_data"]["ma"], each["user_id"]) for each in server.oa.bought]
        tell({"bought": bought, "violations": server.violations})


def tell(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201


if __name__ == "__main__":
    configure("error", "text")
    _directory = Path(sys.argv[1])
    _url = sys.argv[4] if len(sys.argv) > 4 else f"sqlite:///{_directory / 'db.sqlite'}"
    tell(kill_and_compare(_directory, int(sys.argv[2]), int(sys.argv[3]), _url))
