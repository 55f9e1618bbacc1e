"""People who answer as fast as they are asked: the same crowd for every bot that speaks Telegram's webhook."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

Post = Callable[[bytes], Awaitable[bytes]]
"""A webhook body in, the reply request out; raises when it was not accepted."""

_updates = count(1)


@dataclass
class Tally:
    """What a crowd measured: one entry per acknowledged answer, in seconds."""

    latencies: list[float] = field(default_factory=list)
    started: float = 0.0
    ended: float = 0.0

    @property
    def per_second(self) -> float:
        return len(self.latencies) / (self.ended - self.started)

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def message(person: int, text: str) -> bytes:
    update = next(_updates)
    return json.dumps(
        {
            "update_id": update,
            "message": {
                "message_id": update,
                "date": 1_790_000_000,
                "chat": {"id": person, "type": "private", "first_name": "N"},
                "from": {"id": person, "is_bot": False, "first_name": "N", "language_code": "vi"},
                "text": text,
                **(
                    {"entities": [{"type": "bot_command", "offset": 0, "length": 6}]}
                    if text.startswith("/")
                    else {}
                ),
            },
        }
    ).encode()


def tap(person: int, data: str, text: str) -> bytes:
    update = next(_updates)
    return json.dumps(
        {
            "update_id": update,
            "callback_query": {
                "id": str(update),
                "chat_instance": "1",
                "from": {"id": person, "is_bot": False, "first_name": "N", "language_code": "vi"},
                "data": data,
                "message": {
                    "message_id": update,
                    "date": 1_790_000_000,
                    "chat": {"id": person, "type": "private", "first_name": "N"},
                    "from": {"id": 42, "is_bot": True, "first_name": "B"},
                    "text": text,
                },
            },
        }
    ).encode()


def buttons(reply: bytes) -> list[tuple[str, str]]:
    """(label, callback data) of every button a reply request carries."""
    if not reply:
        return []
    markup: Any = json.loads(reply).get("reply_markup") or {}
    if isinstance(markup, str):
        markup = json.loads(markup)
    return [
        (b["text"], b["callback_data"])
        for row in markup.get("inline_keyboard", [])
        for b in row
        if "callback_data" in b
    ]


def text_of(reply: bytes) -> str:
    return str(json.loads(reply).get("text", "")) if reply else ""


async def crowd(
    post: Post, *, people: int, answers_each: int, arrive: Callable[[int], Awaitable[bytes]], first: int
) -> Tally:
    """`people` at once, each tapping the first button of every question, `answers_each` times, after `arrive` led them to question one.

    `arrive(person)` returns the reply that carries the first question. Only answers are timed.
    """
    tally = Tally()
    asked = {person: await arrive(person) for person in range(first, first + people)}

    async def answer_all(person: int) -> None:
        reply = asked[person]
        for _ in range(answers_each):
            choices = buttons(reply)
            assert choices, f"a question without buttons: {text_of(reply)!r}"
            body = tap(person, choices[0][1], text_of(reply))
            begun = time.perf_counter()
            reply = await post(body)
            tally.latencies.append(time.perf_counter() - begun)

    tally.started = time.perf_counter()
    await asyncio.gather(*(answer_all(person) for person in asked))
    tally.ended = time.perf_counter()
    return tally
