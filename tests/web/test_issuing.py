"""A case system asks for tokens over HTTP: it gets them once, for its own wards, and a retry gives no second batch."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from storage.vault import Vault
from surveys import tokens
from tests.conftest import Clock
from tests.journeys.test_tokens import everything
from tests.journeys.town import LONG_DUC, TRA_VINH, Resident, Town, a_town
from tests.web.visits import LINKS, issuing, site_of

ASKED = {"unit": LONG_DUC, "count": 3}


@pytest.fixture
async def town(database_url: str, tmp_path: Path, vault: Vault, clock: Clock) -> AsyncIterator[Town]:
    async with a_town(database_url, tmp_path, vault, clock) as town:
        await town.opens_visits()
        yield town


@pytest.fixture
async def url(town: Town) -> AsyncIterator[str]:
    async with site_of(town) as url:
        yield url


@pytest.fixture
async def key(town: Town) -> str:
    return await issuing(town).add_issuer("Một cửa Long Đức", [LONG_DUC])


async def asks(
    url: str, key: str | None, request: str | None = "r-1", body: object = None
) -> tuple[int, dict[str, object]]:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    headers |= {"idempotency-key": request} if request else {}
    async with aiohttp.ClientSession() as session:
        given = {"data": body} if isinstance(body, bytes) else {"json": ASKED if body is None else body}
        async with session.post(f"{url}/api/v1/tokens", headers=headers, **given) as response:
            assert response.headers["cache-control"] == "no-store"
            return response.status, await response.json()


async def test_a_case_system_gets_tokens_that_people_can_use(town: Town, url: str, key: str) -> None:
    status, told = await asks(url, key)

    assert status == 201
    assert (told["wave"], told["unit"], told["count"]) == ("tham-11-2026", LONG_DUC, 3)
    assert told["expires_at"] == "2026-12-06T01:30:00+00:00"
    [first, *_] = told["tokens"]  # type: ignore[misc]
    assert first["link"] == LINKS + first["token"]
    person = Resident(town)
    await person.starts(first["token"])
    assert "1/5" in await person.taps("Đồng ý, bắt đầu")


async def test_a_retry_gives_the_same_batch_and_no_second_one(town: Town, url: str, key: str) -> None:
    from storage import rows

    _, once = await asks(url, key)
    status, again = await asks(url, key)

    assert (status, again) == (200, once)
    assert len(await everything(town, rows.Token)) == 3
    async with town.database.reading() as tx:
        assert await tx.tokens.issued(1) == {LONG_DUC: 3}


async def test_two_requests_with_one_key_at_once_are_one_batch(town: Town, url: str, key: str) -> None:
    import asyncio

    from storage import rows

    answers = await asyncio.gather(*(asks(url, key) for _ in range(4)))

    assert sorted(status for status, _ in answers) == [200, 200, 200, 201]
    assert len({repr(told["tokens"]) for _, told in answers}) == 1
    assert len(await everything(town, rows.Token)) == 3


async def test_another_request_under_the_same_key_is_a_conflict(url: str, key: str) -> None:
    await asks(url, key)

    status, told = await asks(url, key, body=ASKED | {"count": 4})

    assert (status, told["error"]) == (409, "conflict")


async def test_the_same_request_key_of_another_issuer_is_another_batch(
    town: Town, url: str, key: str
) -> None:
    other = await issuing(town).add_issuer("Hệ thống khác", [LONG_DUC])

    _, one = await asks(url, key)
    _, two = await asks(url, other)

    assert one["batch"] != two["batch"]
    assert one["tokens"] != two["tokens"]


@pytest.mark.parametrize(
    ("body", "request_key", "status", "error"),
    [
        (b"{", "r", 400, "unreadable"),
        ([], "r", 400, "unreadable"),
        (b"[" * 4000, "r", 400, "unreadable"),
        (ASKED | {"unit": "\ud800"}, "r", 400, "unreadable"),
        (ASKED | {"wave": "\ud800"}, "r", 400, "unreadable"),
        ({"unit": LONG_DUC}, "r", 400, "unreadable"),
        (ASKED | {"count": True}, "r", 400, "unreadable"),
        (ASKED | {"count": "3"}, "r", 400, "unreadable"),
        (ASKED | {"more": 1}, "r", 400, "unreadable"),
        (ASKED, None, 400, "unreadable"),
        (ASKED, "x" * 129, 400, "unreadable"),
        (ASKED | {"unit": TRA_VINH}, "r", 403, "not_allowed"),
        (ASKED | {"count": 0}, "r", 422, "cannot_issue"),
        (ASKED | {"count": 5001}, "r", 422, "cannot_issue"),
        (ASKED | {"wave": "2099"}, "r", 422, "cannot_issue"),
        (b"[" + b" " * 5000 + b"]", "r", 413, "too_large"),
    ],
)
async def test_what_is_wrong_is_said(
    town: Town, url: str, key: str, body: object, request_key: str | None, status: int, error: str
) -> None:
    from storage import rows

    answered, told = await asks(url, key, request_key, body)

    assert (answered, told["error"]) == (status, error)
    assert told["message"]
    assert await everything(town, rows.Token) == []


@pytest.mark.parametrize("wrong", [None, "ln_nobodys", "", "x" * 2000])
async def test_nobody_else_gets_any(url: str, key: str, wrong: str | None) -> None:
    status, told = await asks(url, wrong)

    assert (status, told["error"]) == (401, "unauthorized")


async def test_a_revoked_key_opens_nothing_and_what_it_issued_stays_good(
    town: Town, url: str, key: str
) -> None:
    _, told = await asks(url, key)
    assert await issuing(town).revoke("Một cửa Long Đức")

    status, _ = await asks(url, key, "r-2")

    assert status == 401
    assert not await issuing(town).revoke("Một cửa Long Đức")
    [first, *_] = told["tokens"]  # type: ignore[misc]
    assert "Công an phường Long Đức" in await Resident(town).starts(first["token"])


async def test_a_key_rests_as_a_hash_only(town: Town, key: str) -> None:
    from storage import rows

    assert key not in repr(await everything(town, rows.Issuer))
    assert tokens.LARGEST_BATCH == 5000
