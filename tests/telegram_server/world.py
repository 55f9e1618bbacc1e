"""The chats as Telegram keeps them: who may be written to, what was said, what was tapped, how often the bot wrote.
It knows no HTTP."""

import copy
import re
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from tests.telegram_server.schema import Upload, bot_api

__all__ = ["Group", "Person", "Refusal", "World"]

Json = dict[str, Any]

BOT = {"id": 7000000001, "is_bot": True, "first_name": "Lắng Nghe", "username": "langnghe_bot"}

TEXT, CAPTION, CALLBACK_DATA, QUERY_TEXT = 4096, 1024, 64, 200
A_CHAT_EVERY, IN_ALL_A_SECOND = 1.0, 30
QUERY_LIVES = 60.0  # seconds; Telegram names no number, but an old query is “too old”
BUTTONS = 100
DELETABLE = 48 * 3600  # seconds
COMMANDS = 100
LARGEST_FILE = 20 * 1024 * 1024
KINDS_OF_BUTTON = frozenset(bot_api()._types["InlineKeyboardButton"]["fields"]) - {
    "text",
    "icon_custom_emoji_id",
    "style",
}


class Refusal(Exception):
    """What Telegram answers instead of doing it."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters


class World:
    def __init__(self, now: Callable[[], float], burst: int = 1) -> None:
        """`burst`: how many messages a chat takes at once before one a second is the rule."""
        self.now = now
        self.burst = burst
        self.people: dict[int, Person] = {}
        self.groups: dict[int, Group] = {}
        self.updates: deque[Json] = deque()
        self.queries: dict[str, tuple[int, float]] = {}
        self.answered: list[Json] = []
        self.photos: dict[str, bytes] = {}
        self.uploads: dict[str, bytes] = {}
        """What people sent to the bot, by the name it may fetch it by."""
        self.commands: dict[int | None, list[str]] = {}
        """The menu of a chat; None: of every chat that has none of its own."""
        self._update_id = 100_000
        self._query_id = 40_000
        self._allowance: dict[int, tuple[float, float]] = {}
        self._sent_at: deque[float] = deque()

    def person(self, id: int, language: str | None = "vi", **more: object) -> "Person":
        user: Json = {"id": id, "is_bot": False, "first_name": f"N{id}", **more}
        if language is not None:
            user["language_code"] = language
        self.people[id] = Person(self, user)
        return self.people[id]

    def group(self, id: int, kind: str = "supergroup") -> "Group":
        self.groups[id] = Group(self, {"id": id, "type": kind, "title": "Tổ dân phố"})
        return self.groups[id]

    def happens(self, **content: Json) -> Json:
        """A new update, held to the Bot API's own description, put where the bot will find it."""
        self._update_id += 1
        update = copy.deepcopy({"update_id": self._update_id, **content})
        faults = bot_api().faults_of("Update", update)
        assert not faults, faults
        self.updates.append(update)
        return update

    def query(self, person: int) -> str:
        self._query_id += 1
        id = str(self._query_id)
        self.queries[id] = (person, self.now())
        return id

    def do(self, method: str, given: Mapping[str, Any]) -> Any:
        """Carries out one of the methods that touch chats. Raises Refusal."""
        return getattr(self, f"_{method}")(given)

    def _getMe(self, given: Mapping[str, Any]) -> Json:
        return BOT

    def _sendMessage(self, given: Mapping[str, Any]) -> Json:
        chat = self._writable(given["chat_id"])
        _check_text(given["text"], TEXT, "message text is empty", "message is too long")
        _check_keyboard(given.get("reply_markup"))
        self._count(chat.id)
        _check_entities(given.get("entities"), given["text"])
        return chat.keep(
            text=given["text"], entities=given.get("entities"), reply_markup=given.get("reply_markup")
        )

    def _sendDocument(self, given: Mapping[str, Any]) -> Json:
        chat = self._writable(given["chat_id"])
        document = given["document"]
        if not isinstance(document, Upload) or not document:
            raise Refusal(400, "Bad Request: file must be non-empty")
        if utf16(given.get("caption", "")) > CAPTION:
            raise Refusal(400, "Bad Request: message caption is too long")
        _check_keyboard(given.get("reply_markup"))
        self._count(chat.id)
        described = {"file_id": f"F{len(chat.messages)}", "file_unique_id": "u", "file_name": document.name}
        chat.files.append((document.name, bytes(document)))
        return chat.keep(
            document=described, caption=given.get("caption"), reply_markup=given.get("reply_markup")
        )

    def _sendPhoto(self, given: Mapping[str, Any]) -> Json:
        """A picture of ours, or one it has had before by its name."""
        chat = self._writable(given["chat_id"])
        photo = given["photo"]
        if isinstance(photo, Upload):
            if not photo or not bytes(photo).startswith((b"\xff\xd8\xff", b"\x89PNG\r\n")):
                raise Refusal(400, "Bad Request: IMAGE_PROCESS_FAILED")
            name = f"P{len(self.photos)}"
            self.photos[name] = bytes(photo)
        elif photo in self.photos:
            name = photo
        else:
            raise Refusal(400, "Bad Request: wrong file identifier/HTTP URL specified")
        if utf16(given.get("caption", "")) > CAPTION:
            raise Refusal(400, "Bad Request: message caption is too long")
        _check_keyboard(given.get("reply_markup"))
        self._count(chat.id)
        sizes = [
            {"file_id": f"{name}-small", "file_unique_id": f"{name}s", "width": 90, "height": 60},
            {"file_id": name, "file_unique_id": name, "width": 800, "height": 533},
        ]
        chat.files.append((name, self.photos[name]))
        return chat.keep(
            photo=sizes,
            caption=given.get("caption"),
            caption_entities=given.get("caption_entities"),
            reply_markup=given.get("reply_markup"),
        )

    def _editMessageCaption(self, given: Mapping[str, Any]) -> Json:
        chat = self._writable(given["chat_id"])
        message = chat.messages.get(given["message_id"])
        if message is None or message["from"]["id"] != BOT["id"]:
            raise Refusal(400, "Bad Request: message to edit not found")
        if "document" not in message and "photo" not in message:
            raise Refusal(400, "Bad Request: there is no caption in the message to edit")
        if utf16(given.get("caption", "")) > CAPTION:
            raise Refusal(400, "Bad Request: message caption is too long")
        message.pop("reply_markup", None)
        message.update(caption=given["caption"], edit_date=round(self.now()))
        return copy.deepcopy(message)

    def _deleteMessage(self, given: Mapping[str, Any]) -> bool:
        chat = self._writable(given["chat_id"])
        message = chat.messages.get(given["message_id"])
        if message is None:
            raise Refusal(400, "Bad Request: message to delete not found")
        if self.now() - message["date"] > DELETABLE:
            raise Refusal(400, "Bad Request: message can't be deleted for everyone")
        del chat.messages[given["message_id"]]
        return True

    def _editMessageText(self, given: Mapping[str, Any]) -> Json:
        if "inline_message_id" in given or "chat_id" not in given or "message_id" not in given:
            raise Refusal(400, "Bad Request: message identifier is not specified")
        chat = self._writable(given["chat_id"])
        message = chat.messages.get(given["message_id"])
        if message is None:
            raise Refusal(400, "Bad Request: message to edit not found")
        if message["from"]["id"] != BOT["id"]:
            raise Refusal(400, "Bad Request: message can't be edited")
        if "text" not in message:
            raise Refusal(400, "Bad Request: there is no text in the message to edit")
        _check_text(given.get("text", ""), TEXT, "message text is empty", "MESSAGE_TOO_LONG")
        _check_keyboard(given.get("reply_markup"))
        if (given["text"], given.get("reply_markup")) == (message["text"], message.get("reply_markup")):
            raise Refusal(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly "
                "the same as a current content and reply markup of the message",
            )
        message.pop("reply_markup", None)
        message.pop("entities", None)
        message.update(text=given["text"], edit_date=round(self.now()))
        if given.get("entities"):
            _check_entities(given["entities"], given["text"])
            message["entities"] = given["entities"]
        if given.get("reply_markup"):
            message["reply_markup"] = given["reply_markup"]
        return copy.deepcopy(message)

    def _answerCallbackQuery(self, given: Mapping[str, Any]) -> bool:
        asked = self.queries.pop(given["callback_query_id"], None)
        if asked is None or self.now() - asked[1] > QUERY_LIVES:
            raise Refusal(
                400,
                "Bad Request: query is too old and response timeout expired or query ID is invalid",
            )
        if len(given.get("text", "")) > QUERY_TEXT:
            raise Refusal(400, "Bad Request: MESSAGE_TOO_LONG")
        self.answered.append(dict(given))
        return True

    def _getFile(self, given: Mapping[str, Any]) -> Json:
        content = self.uploads.get(given["file_id"])
        if content is None:
            raise Refusal(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if len(content) > LARGEST_FILE:
            raise Refusal(400, "Bad Request: file is too big")
        return {
            "file_id": given["file_id"],
            "file_unique_id": f"u{given['file_id']}",
            "file_size": len(content),
            "file_path": f"photos/{given['file_id']}.jpg",
        }

    def _setMyCommands(self, given: Mapping[str, Any]) -> bool:
        commands = given["commands"]
        if not 1 <= len(commands) <= COMMANDS:
            raise Refusal(400, "Bad Request: too many commands")
        for each in commands:
            if (
                not re.fullmatch(r"[a-z0-9_]{1,32}", each["command"])
                or not 1 <= len(each["description"]) <= 256
            ):
                raise Refusal(400, "Bad Request: BOT_COMMAND_INVALID")
        self.commands[_scope(given)] = [each["command"] for each in commands]
        return True

    def _deleteMyCommands(self, given: Mapping[str, Any]) -> bool:
        self.commands.pop(_scope(given), None)
        return True

    def _leaveChat(self, given: Mapping[str, Any]) -> bool:
        group = self.groups.get(given["chat_id"])
        if group is None or not group.has_bot:
            raise Refusal(400, "Bad Request: chat not found")
        group.has_bot = False
        return True

    def _writable(self, id: object) -> "Chat":
        if not isinstance(id, int):
            raise Refusal(400, "Bad Request: chat not found")
        group = self.groups.get(id)
        if group is not None:
            if group.moved_to is not None:
                raise Refusal(
                    400,
                    "Bad Request: group chat was upgraded to a supergroup chat",
                    migrate_to_chat_id=group.moved_to,
                )
            if not group.has_bot:
                raise Refusal(403, "Forbidden: bot was kicked from the supergroup chat")
            return group
        person = self.people.get(id)
        if person is None or not person.has_written:
            raise Refusal(400, "Bad Request: chat not found")
        if person.is_deleted:
            raise Refusal(403, "Forbidden: user is deactivated")
        if person.has_blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        return person

    def _count(self, chat: int) -> None:
        now = self.now()
        while self._sent_at and now - self._sent_at[0] >= 1.0:
            self._sent_at.popleft()
        left, since = self._allowance.get(chat, (float(self.burst), now))
        left = min(float(self.burst), left + (now - since) / A_CHAT_EVERY)
        if left < 1 or len(self._sent_at) >= IN_ALL_A_SECOND:
            raise Refusal(429, "Too Many Requests: retry after 1", retry_after=1)
        self._allowance[chat] = (left - 1, now)
        self._sent_at.append(now)


class Chat:
    def __init__(self, world: World, chat: Json) -> None:
        self.world = world
        self.chat = chat
        self.id: int = chat["id"]
        self.messages: dict[int, Json] = {}
        self.files: list[tuple[str, bytes]] = []
        self._message_id = 0

    def keep(self, **content: object) -> Json:
        """A message of the bot's, as it now stands in the chat."""
        return self.put(BOT, **content)

    def put(self, sender: Json, **content: object) -> Json:
        self._message_id += 1
        message = {
            "message_id": self._message_id,
            "from": sender,
            "chat": self.chat,
            "date": round(self.world.now()),
            **{name: value for name, value in content.items() if value is not None},
        }
        self.messages[self._message_id] = copy.deepcopy(message)
        return message

    @property
    def from_bot(self) -> list[Json]:
        return [message for message in self.messages.values() if message["from"]["id"] == BOT["id"]]

    @property
    def heard(self) -> list[str]:
        """What the bot's messages say now."""
        return [message.get("text", message.get("caption", "")) for message in self.from_bot]


class Person(Chat):
    """Somebody with a private chat. What they do becomes an update; the update is given back too."""

    def __init__(self, world: World, user: Json) -> None:
        super().__init__(world, {"id": user["id"], "type": "private", "first_name": user["first_name"]})
        self.user = user
        self.has_written = False
        self.has_blocked = False
        self.is_deleted = False

    def sends(self, **content: object) -> Json:
        self.has_written = True
        self.has_blocked = False
        return self.world.happens(message=self.put(self.user, **content))

    def says(self, text: str, entities: list[Json] | None = None) -> Json:
        return self.sends(text=text, entities=_with_command(text, entities))

    def starts(self, payload: str = "") -> Json:
        return self.says(f"/start {payload}".rstrip())

    def sends_location(self, latitude: float, longitude: float) -> Json:
        return self.sends(location={"latitude": latitude, "longitude": longitude})

    def sends_photo(
        self, caption: str | None = None, content: bytes | None = None, album: str | None = None
    ) -> Json:
        names = {90: "P90", 800: "P800"}
        if content is not None:
            names[800] = self._uploaded(content)
        sizes = [
            {"file_id": name, "file_unique_id": f"u{name}", "width": width, "height": width}
            for width, name in names.items()
        ]
        return self.sends(photo=sizes, caption=caption, media_group_id=album)

    def sends_file(self, name: str, content: bytes, caption: str | None = None) -> Json:
        id = self._uploaded(content)
        document = {"file_id": id, "file_unique_id": f"u{id}", "file_name": name, "file_size": len(content)}
        return self.sends(document=document, caption=caption)

    def _uploaded(self, content: bytes) -> str:
        id = f"U{len(self.world.uploads)}"
        self.world.uploads[id] = content
        return id

    def edits(self, text: str) -> Json:
        last = [message for message in self.messages.values() if message["from"] == self.user][-1]
        return self.world.happens(edited_message={**last, "text": text, "edit_date": round(self.world.now())})

    def taps(self, label: str, message: Json | None = None) -> Json:
        """The newest button with this label, or the one under this message."""
        shown = [message] if message is not None else reversed(self.from_bot)
        for candidate in shown:
            for row in candidate.get("reply_markup", {}).get("inline_keyboard", []):
                for button in row:
                    if button["text"] == label:
                        return self.taps_data(button["callback_data"], candidate)
        raise AssertionError(f"no button {label!r}; there are {self.buttons}")

    def taps_data(self, data: str, message: Json) -> Json:
        """A tap as a client sends it: any client, so any data."""
        return self.world.happens(
            callback_query={
                "id": self.world.query(self.id),
                "from": self.user,
                "message": message,
                "chat_instance": "1",
                "data": data,
            }
        )

    @property
    def buttons(self) -> list[str]:
        """The labels under the newest message that has any."""
        for message in reversed(self.from_bot):
            if markup := message.get("reply_markup"):
                return [button["text"] for row in markup["inline_keyboard"] for button in row]
        return []

    def blocks(self) -> Json:
        self.has_blocked = True
        return self._becomes("member", "kicked")

    def unblocks(self) -> Json:
        self.has_blocked = False
        return self._becomes("kicked", "member")

    def _becomes(self, old: str, new: str) -> Json:
        return self.world.happens(
            my_chat_member={
                "chat": self.chat,
                "from": self.user,
                "date": round(self.world.now()),
                "old_chat_member": member(old),
                "new_chat_member": member(new),
            }
        )


class Group(Chat):
    def __init__(self, world: World, chat: Json) -> None:
        super().__init__(world, chat)
        self.has_bot = False
        self.moved_to: int | None = None

    def adds_bot(self, by: Person) -> Json:
        self.has_bot = True
        return self.world.happens(
            my_chat_member={
                "chat": self.chat,
                "from": by.user,
                "date": round(self.world.now()),
                "old_chat_member": member("left"),
                "new_chat_member": member("member"),
            }
        )

    def hears(self, by: Person, text: str) -> Json:
        return self.world.happens(message=self.put(by.user, text=text))


def member(status: str) -> Json:
    return {"status": status, "user": BOT, **({"until_date": 0} if status == "kicked" else {})}


def _check_entities(entities: Any, text: str) -> None:
    """Telegram passes over what it does not understand; a bot that means nothing by what it sends is wrong."""
    for each in entities or ():
        if not 0 <= each["offset"] < each["offset"] + each["length"] <= utf16(text):
            raise Refusal(400, "Bad Request: an entity lies outside of its text")


def _scope(given: Mapping[str, Any]) -> int | None:
    """Of the scopes there are, those a bot of ours uses: everybody, and one chat."""
    scope = given.get("scope", {"type": "default"})
    if scope["type"] not in ("default", "chat"):
        raise Refusal(400, "Bad Request: this server keeps no commands for such a scope")
    return scope.get("chat_id")


def _with_command(text: str, entities: list[Json] | None) -> list[Json] | None:
    """Telegram marks a command itself."""
    command = re.match(r"/[A-Za-z0-9_]{1,32}(@\w+)?(?=\s|$)", text)
    if command is None:
        return entities
    return [{"type": "bot_command", "offset": 0, "length": command.end()}, *(entities or ())]


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _check_text(text: str, most: int, empty: str, long: str) -> None:
    if not text.strip():
        raise Refusal(400, f"Bad Request: {empty}")
    if utf16(text) > most:
        raise Refusal(400, f"Bad Request: {long}")


def _check_keyboard(markup: Json | None) -> None:
    buttons = [button for row in (markup or {}).get("inline_keyboard", []) for button in row]
    if len(buttons) > BUTTONS:
        raise Refusal(400, "Bad Request: reply markup is too long")
    for button in buttons:
        if not button["text"].strip():
            raise Refusal(400, "Bad Request: inline keyboard button text is empty")
        if len(KINDS_OF_BUTTON & button.keys()) != 1:
            raise Refusal(400, "Bad Request: exactly one kind of inline keyboard button must be used")
        size = len(button.get("callback_data", "x").encode())
        if not 1 <= size <= CALLBACK_DATA:
            raise Refusal(400, "Bad Request: BUTTON_DATA_INVALID")


def check_secret(secret: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
        raise Refusal(400, "Bad Request: secret token contains unallowed characters")
