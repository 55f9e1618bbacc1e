"""Forms sent by somebody who wants a place to be taken for ever, and a crowd that tries codes."""

import asyncio

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from bot.web import guard
from bot.web.guard import form_of
from bot.web.slow_down import FREE_TRIES, SlowDown

A_CROWD = 200  # connections of somebody who wants offices to stay out


async def test_a_form_that_never_ends_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "SLOWEST", 0.02)
    letters = iter(b"a=b")

    async def receive() -> Message:
        letter = next(letters, None)
        if letter is None:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": bytes([letter or 0]), "more_body": True}

    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    with pytest.raises(HTTPException) as slow:
        await form_of(request, 1000)
    assert slow.value.status_code == 408


async def test_a_crowd_that_guesses_shuts_no_office_out() -> None:
    """Sixteen connections that guess were once enough to have everybody else turned away."""
    let_go = asyncio.Event()

    async def pause(seconds: float) -> None:
        await let_go.wait()

    slow = SlowDown(lambda: 0.0, pause)
    let_go.set()
    for _ in range(FREE_TRIES + 5):
        await slow.was_wrong(0.0)
    let_go.clear()
    crowd = [asyncio.ensure_future(slow.waited()) for _ in range(A_CROWD)]
    await asyncio.sleep(0)

    officer = asyncio.ensure_future(slow.waited())
    await asyncio.sleep(0)
    let_go.set()

    assert await officer
    assert all(await asyncio.gather(*crowd))
