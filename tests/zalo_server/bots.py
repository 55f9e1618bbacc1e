"""The Bot Platform: numbered text to people who wrote first, updates one at a time, a secret in a header. It knows no HTTP."""

import json
import re
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from tests.zalo_server.shapes import faults_of
from tests.zalo_server.world import Json

__all__ = ["BotRefusal", "BotWorld", "Chatter", "Post"]

Post = Callable[[bytes, dict[str, str]], Awaitable[tuple[int, dict[str, str], bytes]]]
"""How the webhook is reached: body and headers in; status, headers and body out."""

TEXT = 2000
SECRET = re.compile(r".{8,256}")
SHAPES: dict[str, Any] = {
    "getMe": {},
    "getUpdates": {"timeout?": str},
    "setWebhook": {"url": str, "secret_token": str},
    "deleteWebhook": {},
    "getWebhookInfo": {},
    "testWebhook": {},
    "sendMessage": {"chat_id": str, "text": str},
    "sendPhoto": {"chat_id": str, "photo": str, "caption?": str},
    "sendSticker": {"chat_id": str, "sticker": str},
    "sendChatAction": {"chat_id": str, "action": ("typing",)},
}


class BotRefusal(Exception):
    """`ok: false` with a number and a description."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(description)
        self.code = code
        self.description = description


class BotWorld:
    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.token = "12345689:abc-that_must-never-be-seen"
        self.chatters: dict[str, Chatter] = {}
        self.updates: deque[Json] = deque()
        self.webhook: tuple[str, str] | None = None
        self.is_flat = False
        """Production has been seen to send updates without the wrapping that its documents show."""
        self.photo_field = "photo_url"
        self.quota: int | None = None
        self.most_people: int | None = None
        """Reported of the free plan: so many people, and nobody more."""
        self.verification: Json | None = {"ok": True, "outcome": "webhook.ok", "hint": ""}
        """What it says of its own test call when a webhook is set; None as older versions said nothing."""
        self.statuses: list[int] = []
        """What the webhook answered."""
        self._number = 0

    def chatter(self, id: str | None = None) -> "Chatter":
        self._number += 1
        id = id or f"6ede9afa66b88fe6{self._number:04x}"
        self.chatters[id] = Chatter(self, id)
        return self.chatters[id]

    def id(self) -> str:
        self._number += 1
        return f"2d758cb5e222177a{self._number:04x}"

    async def bring(self, post: Post, *, times: int = 1) -> list[int]:
        """Everything that waits, to the webhook, each so many times. What was not taken waits on."""
        assert self.webhook is not None, "no webhook is set"
        answers, left = [], []
        while self.updates:
            update = self.updates.popleft()
            body = json.dumps(self.written(update), ensure_ascii=False).encode()
            headers = {"content-type": "application/json", "x-bot-api-secret-token": self.webhook[1]}
            for _ in range(times):
                status, _, _ = await post(body, headers)
                answers.append(status)
            if not 200 <= answers[-1] < 300:
                left.append(update)
        self.updates.extend(left)
        self.statuses += answers
        return answers

    def faults(self, method: str, given: Json) -> list[str]:
        return faults_of(given, SHAPES[method], method) if method in SHAPES else []

    def do(self, method: str, given: Json) -> Any:
        """Raises BotRefusal."""
        if method not in SHAPES:
            raise BotRefusal(404, "Not found")
        return getattr(self, f"_{method}")(given)

    def written(self, update: Json) -> Json:
        return update if self.is_flat else {"ok": True, "result": update}

    def _getMe(self, given: Json) -> Json:
        return {"id": "77", "account_name": "bot.langnghe", "account_type": "BASIC", "can_join_groups": False}

    def _getUpdates(self, given: Json) -> Json:
        if self.webhook is not None:
            raise BotRefusal(400, "Webhook is set")
        if not self.updates:
            raise BotRefusal(408, "Request timeout")
        return self.updates.popleft()

    def _setWebhook(self, given: Json) -> Json:
        if urlsplit(given["url"]).scheme != "https" or not SECRET.fullmatch(given["secret_token"]):
            raise BotRefusal(400, "Bad request")
        self.webhook = given["url"], given["secret_token"]
        stored = {"url": given["url"], "updated_at": int(self.now() * 1000)}
        return stored if self.verification is None else {**stored, "verification": self.verification}

    def _deleteWebhook(self, given: Json) -> Json:
        self.webhook = None
        return {"url": "", "updated_at": int(self.now() * 1000)}

    def _getWebhookInfo(self, given: Json) -> Json:
        return {"url": self.webhook[0] if self.webhook else "", "updated_at": int(self.now() * 1000)}

    def _testWebhook(self, given: Json) -> Json:
        raise BotRefusal(426, "Daily limit")

    def _sendMessage(self, given: Json) -> Json:
        if not 1 <= len(given["text"].encode("utf-16-le")) // 2 <= TEXT:
            raise BotRefusal(400, "text")
        return self._sent(given)

    def _sendPhoto(self, given: Json) -> Json:
        if not given["photo"].startswith("https://"):
            raise BotRefusal(400, "photo")
        return self._sent(given)

    def _sendSticker(self, given: Json) -> Json:
        return self._sent(given)

    def _sendChatAction(self, given: Json) -> Json:
        self._chatter(given)
        return {}

    def _sent(self, given: Json) -> Json:
        chatter = self._chatter(given)
        if self.quota is not None:
            if self.quota == 0:
                raise BotRefusal(429, "Quota exceeded")
            self.quota -= 1
        if self.most_people is not None and chatter.id not in list(self.chatters)[: self.most_people]:
            raise BotRefusal(429, "Quota exceeded")
        id = self.id()
        chatter.heard.append({**given, "message_id": id})
        return {"message_id": id, "date": int(self.now() * 1000)}

    def _chatter(self, given: Json) -> "Chatter":
        chatter = self.chatters.get(given["chat_id"])
        if chatter is None or not chatter.has_written:
            raise BotRefusal(400, "chat_id")
        return chatter


class Chatter:
    """A person who writes to the bot."""

    def __init__(self, world: BotWorld, id: str) -> None:
        self.world = world
        self.id = id
        self.has_written = False
        self.heard: list[Json] = []

    @property
    def texts(self) -> list[str]:
        return [each["text"] for each in self.heard if "text" in each]

    def says(self, text: str) -> Json:
        return self._does("message.text.received", text=text)

    def sends_image(self, url: str = "https://photo.zdn.vn/b.jpg", caption: str = "") -> Json:
        return self._does("message.image.received", **{self.world.photo_field: url}, caption=caption)

    def sends_sticker(self) -> Json:
        return self._does("message.sticker.received", sticker="1", url="https://zalo-api.zadn.vn/1")

    def sends_voice(self) -> Json:
        return self._does("message.voice.received", voice_url="https://voice.zdn.vn/a.aac")

    def sends_something(self) -> Json:
        """What the platform will not show us."""
        return self._does("message.unsupported.received")

    def says_in_group(self, text: str, group: str = "g-1") -> Json:
        return self._does("message.text.received", chat={"id": group, "chat_type": "GROUP"}, text=text)

    def _does(self, name: str, chat: Json | None = None, **content: Any) -> Json:
        self.has_written = True
        update = {
            "event_name": name,
            "message": {
                "from": {"id": self.id, "display_name": "Nguyễn A", "is_bot": False},
                "chat": chat or {"id": self.id, "chat_type": "PRIVATE"},
                "message_id": self.world.id(),
                "message_type": "CHAT_MESSAGE",
                "date": int(self.world.now() * 1000),
                **content,
            },
        }
        self.world.updates.append(update)
        return update
