"""Official Accounts and the people who write to them, as Zalo keeps them: windows, blocks, limits, what was said and tapped.
It knows no HTTP and no token. Numbers such as A4.5 are sections of the reference that lists what is known of Zalo."""

import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

__all__ = ["Account", "Json", "Refusal", "Resident", "World"]

Json = dict[str, Any]

HOUR, DAY = 3600.0, 86_400.0
FREE, WINDOW = 48 * HOUR, 7 * DAY  # A5
TEXT, TITLE, PAYLOAD, SMS, BUTTONS = 2000, 100, 1000, 160, 5  # A4.2, A4.5
UPLOAD_LIVES = 7 * DAY  # A4.12
VIETNAM = timezone(timedelta(hours=7))
NIGHT = (22, 6)  # broadcasts are refused from … to …

ENTERPRISE, GOVERNMENT, PERSONAL = 2, 4, 1


class Refusal(Exception):
    """What Zalo answers instead of doing it: HTTP 200 and a number."""

    def __init__(self, error: int, message: str = "refused") -> None:
        super().__init__(message)
        self.error = error
        self.message = message


@dataclass
class Account:
    """An Official Account."""

    id: str
    name: str
    type: int = GOVERNMENT
    a_minute: int = 2000
    """Requests it may make; the app as a whole makes 4,000."""
    quota: int | None = None
    """Messages left; None: as many as it likes."""
    calls: deque[float] = field(default_factory=deque)
    uploads: dict[str, float] = field(default_factory=dict)
    """Attachment id or file token → when it expires."""
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """What was uploaded, by the same id: name and content."""
    articles: dict[str, int] = field(default_factory=dict)
    """Token → how often it still says “processing”."""
    written: dict[str, Json] = field(default_factory=dict)
    """Id of an article → what is in it. Known to its maker once it is processed; only such can be broadcast."""
    templates: set[str] = field(default_factory=set)
    templates_left: int | None = None
    """Of the day's quota; None: as many as it likes."""
    rating_templates: dict[str, list[Json]] = field(default_factory=dict)
    """Of type 5: id → what was answered to it, as the results list it."""
    broadcasts: list[Json] = field(default_factory=list)
    billed: int = 0
    """Messages between 48 hours and 7 days."""
    bought: list[Json] = field(default_factory=list)
    """Template messages, which cost."""


class World:
    def __init__(self, now: Callable[[], float], seed: int = 0) -> None:
        self.now = now
        self.dice = random.Random(seed)
        self.accounts: dict[str, Account] = {}
        self.residents: dict[tuple[str, str], Resident] = {}
        self.happened: deque[tuple[str, Json]] = deque()
        """(account id, event), for the webhook to bring."""
        self.echoes = True
        self.most_on_a_page = 10_000
        """Of rating results, however many were asked for."""
        self._number = 0

    def account(self, id: str, name: str = "Công an phường Long Đức", type: int = GOVERNMENT) -> Account:
        self.accounts[id] = Account(id, name, type)
        return self.accounts[id]

    def resident(self, account: Account, id: str | None = None) -> "Resident":
        """Somebody with a phone. The same person has another id at every account."""
        id = id or f"{self.dice.randrange(10**17, 10**18)}"
        self.residents[account.id, id] = Resident(self, account, id)
        return self.residents[account.id, id]

    def id(self) -> str:
        """A message's id as Zalo writes them."""
        self._number += 1
        return f"{self.dice.randrange(16**12):012x}{self._number:08x}"

    def stamp(self) -> str:
        """The moment, as 13 digits of milliseconds."""
        return str(int(self.now() * 1000))

    def happens(self, account: Account, name: str, **content: Any) -> Json:
        event = {"event_name": name, "timestamp": self.stamp(), **content}
        self.happened.append((account.id, event))
        return event

    # ── What an account does ──────────────────────────────────────────────────────────────────────────────────

    def count(self, account: Account) -> None:
        """Every call, refused or not, counts against the minute. Raises Refusal."""
        while account.calls and self.now() - account.calls[0] >= 60:
            account.calls.popleft()
        if len(account.calls) >= account.a_minute:
            raise Refusal(-32, "rate limit")
        account.calls.append(self.now())

    def send(self, account: Account, body: Mapping[str, Any]) -> Json:
        """A message to one person, whichever address it came by. Raises Refusal."""
        message = body["message"]
        self._check(account, message)
        resident = self.residents.get((account.id, body["recipient"]["user_id"]))
        if resident is None:
            raise Refusal(-201, "user_id is invalid")
        self._check_window(resident)
        if account.quota is not None:
            if account.quota == 0:
                raise Refusal(-211, "out of quota")
            account.quota -= 1
        if self.now() - resident.last_interaction > FREE:
            account.billed += 1
        return self._delivered(account, resident, dict(message))

    def _check_window(self, resident: "Resident") -> None:
        if resident.has_blocked:
            raise Refusal(resident.blocked_as, "user restricts this message")
        if resident.last_interaction < 0:
            raise Refusal(-232, "no interaction")
        if self.now() - resident.last_interaction > WINDOW:
            raise Refusal(-230, "no interaction in 7 days")

    def _check(self, account: Account, message: Mapping[str, Any]) -> None:
        text, attachment = message.get("text"), message.get("attachment")
        if text is None and attachment is None:
            raise Refusal(-201, "message is empty")
        if text is not None and not text.strip():
            raise Refusal(-201, "text is empty")
        if text is not None and len(text.encode("utf-16-le")) // 2 > TEXT:
            raise Refusal(-210, "text is too long")
        if attachment is None:
            return
        payload = attachment["payload"]
        if attachment["type"] == "file":
            if text is not None:
                raise Refusal(-201, "a file has no text")
            self._check_upload(account, payload["token"])
            return
        for element in payload.get("elements", ()):
            if "attachment_id" in element:
                self._check_upload(account, element["attachment_id"])
        self._check_buttons(payload.get("buttons", ()))

    def _check_upload(self, account: Account, id: str) -> None:
        if account.uploads.get(id, 0) <= self.now():
            raise Refusal(-100, "attachment is expired")

    def _check_buttons(self, buttons: Any) -> None:
        if len(buttons) > BUTTONS:
            raise Refusal(-201, "too many buttons")
        for button in buttons:
            payload = button["payload"]
            if not button["title"] or len(button["title"]) > TITLE:
                raise Refusal(-210, "title")
            if isinstance(payload, str) and not 0 < len(payload) <= PAYLOAD:
                raise Refusal(-210, "payload")
            if isinstance(payload, dict):
                if not payload.get("url", "https://").startswith("https://"):
                    raise Refusal(-201, "url")
                if len(payload.get("content", "")) > SMS:
                    raise Refusal(-210, "content")

    def _delivered(self, account: Account, resident: "Resident", message: Json) -> Json:
        id = self.id()
        resident.heard.append({**message, "msg_id": id})
        if self.echoes:
            kind = "oa_send_text" if "attachment" not in message else "oa_send_template"
            self.happens(
                account,
                kind,
                sender={"id": account.id},
                recipient={"id": resident.id},
                message={"msg_id": id, **({"text": message["text"]} if "text" in message else {})},
            )
            self.happens(
                account,
                "user_received_message",
                sender={"id": account.id},
                recipient={"id": resident.id},
                message={"msg_id": id},
            )
        data: Json = {"message_id": id, "user_id": resident.id}
        if self.dice.random() < 0.5:
            data["sent_time"] = self.stamp()
        if self.dice.random() < 0.5:
            remain: object = self.dice.choice(["8", 8])
            data["quota"] = {"quota_type": "reply", "remain": remain, "total": "8"}
        return data

    def broadcast(self, account: Account, body: Json) -> Json:
        hour = datetime.fromtimestamp(self.now(), UTC).astimezone(VIETNAM).hour
        if hour >= NIGHT[0] or hour < NIGHT[1]:
            raise Refusal(-234, "night")
        [element] = body["message"]["attachment"]["payload"]["elements"]
        if element["attachment_id"] not in account.written:
            raise Refusal(-201, "article")
        account.broadcasts.append(body)
        return {"message_id": self.id()}

    def template(self, account: Account, body: Json) -> Json:
        """A paid, approved text, to a person by the id they have here; the window does not bind it."""
        if body["template_id"] not in account.templates:
            raise Refusal(-249, "template cannot be used by UID")
        resident = self.residents.get((account.id, body["user_id"]))
        if resident is None:
            raise Refusal(-201, "user_id is invalid")
        if resident.has_blocked:
            raise Refusal(-139, "user refuses")
        if account.templates_left is not None:
            if account.templates_left == 0:
                raise Refusal(-144, "daily quota")
            account.templates_left -= 1
        id = self.id()
        account.bought.append({**body, "msg_id": id})
        resident.heard.append({"template": body, "msg_id": id})
        return {"message_id": id}

    def write(self, account: Account, article: Json) -> Json:
        """An article is made; a moment later it has an id."""
        token = self.id()
        account.articles[token] = 1
        account.written[f"article-{token}"] = article
        return {"token": token}

    def verify(self, account: Account, token: str) -> Json:
        if token not in account.articles:
            raise Refusal(-201, "token")
        if account.articles[token] > 0:
            account.articles[token] -= 1
            raise Refusal(-214, "processing")
        return {"id": f"article-{token}"}

    def rated(
        self,
        account: Account,
        template: str,
        stars: int,
        *,
        note: str = "",
        feedbacks: tuple[str, ...] = (),
        message: str | None = None,
        at: float | None = None,
    ) -> Json:
        """Somebody answers a rating template: an event that names neither them nor the template, and a line in the results (A9)."""
        message, moment = message or self.id(), str(int((self.now() if at is None else at) * 1000))
        said: Json = {"rating_type": "csat", "option": "five_emotions", "note": note, "rate": stars}
        said["feedbacks"] = list(feedbacks)
        line = {**said, "submitDate": moment, "msgId": message, "trackingId": "", "oaId": account.id}
        account.rating_templates[template].append(line)
        return self.happens(
            account,
            "user_feedback",
            oa_id=account.id,
            message={**said, "submit_time": moment, "msg_id": message, "tracking_id": ""},
        )

    def ratings(self, account: Account, asked: Mapping[str, str]) -> Json:
        """A page of the results."""
        if asked["template_id"] not in account.rating_templates:
            raise Refusal(-117, "no right to this template")
        lines = [
            line
            for line in account.rating_templates[asked["template_id"]]
            if int(asked["from_time"]) <= int(line["submitDate"]) <= int(asked["to_time"])
        ]
        begin = int(asked["offset"])
        page = lines[begin : begin + min(int(asked["limit"]), self.most_on_a_page)]
        return {"total": len(lines), "data": page}

    def uploaded(self, account: Account, kind: str, name: str = "", content: bytes = b"") -> Json:
        id = self.id()
        account.files[id] = name, content
        account.uploads[id] = self.now() + UPLOAD_LIVES
        return {"token": id} if kind == "file" else {"attachment_id": id}


class Resident:
    """What a person at their phone can do, and what they see there."""

    def __init__(self, world: World, account: Account, id: str) -> None:
        self.world = world
        self.account = account
        self.id = id
        self.by_app = f"{world.dice.randrange(10**17, 10**18)}"
        self.is_follower = False
        self.has_blocked = False
        self.blocked_as = -244
        self.last_interaction = -1.0
        self.heard: list[Json] = []

    # ── What they see ─────────────────────────────────────────────────────────────────────────────────────────

    @property
    def texts(self) -> list[str]:
        return [each["text"] for each in self.heard if each.get("text")]

    @property
    def buttons(self) -> list[Json]:
        """Those under the last message that has some."""
        for message in reversed(self.heard):
            payload = message.get("attachment", {}).get("payload", {})
            if payload.get("buttons"):
                return list(payload["buttons"])
        return []

    @property
    def titles(self) -> list[str]:
        return [button["title"] for button in self.buttons]

    # ── What they do ──────────────────────────────────────────────────────────────────────────────────────────

    def says(self, text: str, **more: Any) -> Json:
        self._interacts()
        return self._sends("user_send_text", text=text, **more)

    def taps(self, title: str) -> Json:
        """A button of any message they ever got: only what was really sent can be tapped."""
        for message in reversed(self.heard):
            for button in message.get("attachment", {}).get("payload", {}).get("buttons", ()):
                if button["title"] == title:
                    return self.taps_button(button)
        raise AssertionError(f"nobody sent a button “{title}”; there are {self.titles}")

    def taps_button(self, button: Json) -> Json:
        assert button["type"] in ("oa.query.show", "oa.query.hide"), "it opens a page, a dialer or a message"
        return self.says(button["payload"])

    def sends_image(self, url: str = "https://photo.zdn.vn/a.jpg", text: str | None = None) -> Json:
        self._interacts()
        attachments = [{"type": "image", "payload": {"thumbnail": url, "url": url}}]
        return self._sends("user_send_image", attachments=attachments, **({"text": text} if text else {}))

    def sends_location(self, latitude: float, longitude: float) -> Json:
        self._interacts()
        coordinates = {"latitude": str(latitude), "longitude": str(longitude)}
        attachments = [{"type": "location", "payload": {"coordinates": coordinates}}]
        return self._sends("user_send_location", text="12 Trần Phú", attachments=attachments)

    def sends_sticker(self) -> Json:
        self._interacts()
        attachments = [{"type": "sticker", "payload": {"url": "https://zalo-api.zadn.vn/1", "id": "1"}}]
        return self._sends("user_send_sticker", attachments=attachments)

    def follows(self) -> Json:
        self.is_follower = True
        self._interacts()
        return self._without_sender("follow", follower={"id": self.id}, source="oa_profile")

    def unfollows(self) -> Json:
        self.is_follower = False
        return self._without_sender("unfollow", follower={"id": self.id})

    def clicks_chatnow(self) -> Json:
        self._interacts()
        return self._without_sender("user_click_chatnow", user_id=self.id)

    def blocks(self, error: int = -244) -> None:
        """Zalo tells nobody; it shows at the next message."""
        self.has_blocked, self.blocked_as = True, error

    def withdraws(self) -> Json:
        """They ask Zalo that whoever has their data forgets it."""
        return self._without_sender("user_withdraw", user_id=self.id)

    def submits_info(self, *, new: bool = False) -> Json:
        info: Json = {"name": "Nguyễn A", "phone": "84901234567"}
        info |= (
            {"full_address": {"user_city": "Vĩnh Long"}} if new else {"address": "12 Trần Phú", "city": "VL"}
        )
        return self.world.happens(
            self.account,
            "user_submit_info",
            user_id_by_app=self.by_app,
            sender={"id": self.id},
            recipient={"id": self.account.id},
            info=info,
        )

    def is_answered_by(self, admin: str, text: str = "Chào ông/bà, tôi là cán bộ trực.") -> Json:
        """A person at the office answers in Zalo's own manager."""
        return self.world.happens(
            self.account,
            "oa_send_text",
            sender={"id": self.account.id, "admin_id": admin},
            recipient={"id": self.id},
            message={"msg_id": self.world.id(), "text": text},
        )

    def _interacts(self) -> None:
        self.last_interaction = self.world.now()

    def _sends(self, name: str, **message: Any) -> Json:
        return self.world.happens(
            self.account,
            name,
            user_id_by_app=self.by_app,
            sender={"id": self.id},
            recipient={"id": self.account.id},
            message={"msg_id": self.world.id(), **message},
        )

    def _without_sender(self, name: str, **content: Any) -> Json:
        return self.world.happens(
            self.account, name, oa_id=self.account.id, user_id_by_app=self.by_app, **content
        )
