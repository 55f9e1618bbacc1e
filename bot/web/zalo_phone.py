"""`/zalo-phone`: the demo draws what a phone with Zalo on it would show. It knows no Zalo: who carries out what is done on the
phone, and tells what is on it, is given to it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from bot.web.guard import TooLarge, body_of, is_from_our_page
from bot.web.pages import Pages
from bot.web.visitor import COOKIE, KEPT_FOR, Visitors
from bot.web.words import Words, language_of

__all__ = ["MENU", "PHONE", "Contact", "Handset", "Line", "NotThere", "PhonePage", "Talk", "Window"]

PHONE = "/zalo-phone"
ROOM = "phone"
LARGEST_BODY = 16 * 1024
LONGEST_TEXT = 2000
FARTHEST = 24 * 30  # hours that one press moves a phone's clock on
LANGUAGE_COOKIE = "langnghe_language"
MENU = (
    ("Phiếu đang mở", "phiếu đang mở"),
    ("Thông báo mới", "thông báo mới"),
    ("Kết quả đã công bố", "kết quả"),
    ("Dữ liệu của tôi", "dữ liệu của tôi"),
    ("Trợ giúp", "trợ giúp"),
)
"""The menu under the chat as docs/zalo.md has an operator enter it: what is written there, what it sends."""


class NotThere(Exception):
    """No such account, message or button."""


@dataclass(frozen=True, slots=True)
class Contact:
    """An account as the list of chats shows it."""

    id: str
    name: str
    is_government: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A message on the screen. What was tapped is not among them: Zalo hides it."""

    by: str
    """oa, you, or officer: somebody who answers by hand. note: what the demo itself says, by its name."""
    text: str
    buttons: tuple[str, ...] = ()
    has: str = ""
    """file, picture or place."""


@dataclass(frozen=True, slots=True)
class Window:
    """Whether the office may write to this phone of itself."""

    state: str
    """free, billed, closed; never: nothing was ever written from here."""
    hours: int = 0
    """How long it stays like this."""


@dataclass(frozen=True, slots=True)
class Talk:
    is_follower: bool
    first: int
    """The number of the first line: the oldest are let go."""
    lines: tuple[Line, ...]
    window: Window
    clock: str
    """What the phone's clock shows; it can be moved on."""


class Handset(Protocol):
    """A phone, to whoever holds it. Everything may raise NotThere."""

    @property
    def contacts(self) -> Sequence[Contact]: ...
    def talk(self, person: str, account: str) -> Talk: ...
    def follow(self, person: str, account: str) -> None: ...
    def unfollow(self, person: str, account: str) -> None: ...
    def say(self, person: str, account: str, text: str) -> None: ...
    def tap(self, person: str, account: str, line: int, button: int) -> None: ...
    def pick(self, person: str, account: str, text: str) -> None: ...
    def picture(self, person: str, account: str) -> None: ...
    def place(self, person: str, account: str) -> None: ...
    def officer(self, person: str, account: str) -> None: ...
    def withdraw(self, person: str, account: str) -> None: ...
    def wait(self, person: str, account: str, hours: int) -> None: ...
    async def notify(self, person: str, account: str) -> None: ...


class PhonePage:
    """`GET /zalo-phone`, `GET /zalo-phone/{account}` what is on the screen, `POST /zalo-phone/{account}` what a person does."""

    def __init__(self, handset: Handset, pages: Pages, cookie_key: bytes, *, secure: bool) -> None:
        self._handset = handset
        self._pages = pages
        self._visitors = Visitors(cookie_key)
        self._secure = secure
        self.routes = [
            Route(PHONE, self.page, methods=["GET"]),
            Route(PHONE + "/{account}", self.screen, methods=["GET"]),
            Route(PHONE + "/{account}", self.act, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        language = language_of(request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE))
        contacts = self._handset.contacts
        chosen = next((each for each in contacts if each.id == request.query_params.get("oa")), contacts[0])
        page = self._pages.drawn(
            "zalo_phone.html",
            language,
            words=Words(language, ROOM),
            contacts=contacts,
            chosen=chosen,
            menu=MENU,
            address=f"{PHONE}/{chosen.id}",
        )
        response = HTMLResponse(page, headers={"cache-control": "no-store"})
        if self._visitors.read(request.cookies.get(COOKIE)) is None:
            response.set_cookie(
                COOKIE,
                self._visitors.mint(),
                max_age=round(KEPT_FOR.total_seconds()),
                httponly=True,
                samesite="lax",
                secure=self._secure,
            )
        return response

    async def screen(self, request: Request) -> Response:
        return self._shown(self._person(request), request.path_params["account"])

    async def act(self, request: Request) -> Response:
        if not is_from_our_page(request.headers):
            raise HTTPException(403)
        person, account = self._person(request), request.path_params["account"]
        try:
            wanted = json.loads(await body_of(request, LARGEST_BODY))
            await self._do(person, account, wanted)
        except TooLarge:
            raise HTTPException(413) from None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise HTTPException(400) from None
        except (NotThere, IndexError):
            raise HTTPException(404) from None
        return self._shown(person, account)

    async def _do(self, person: str, account: str, wanted: dict[str, object]) -> None:
        match wanted["act"]:
            case "notify":
                await self._handset.notify(person, account)
            case "picture":
                self._handset.picture(person, account)
            case "place":
                self._handset.place(person, account)
            case "officer":
                self._handset.officer(person, account)
            case "withdraw":
                self._handset.withdraw(person, account)
            case "wait":
                self._handset.wait(person, account, _hours(wanted["hours"]))
            case "follow":
                self._handset.follow(person, account)
            case "unfollow":
                self._handset.unfollow(person, account)
            case "say":
                self._handset.say(person, account, _text(wanted["text"]))
            case "tap":
                self._handset.tap(person, account, _number(wanted["line"]), _number(wanted["button"]))
            case "pick":
                self._handset.pick(person, account, MENU[_number(wanted["item"])][1])
            case _:
                raise ValueError("nothing a phone can do")

    def _shown(self, person: str, account: str) -> Response:
        try:
            talk = self._handset.talk(person, account)
        except NotThere:
            raise HTTPException(404) from None
        return JSONResponse(asdict(talk), headers={"cache-control": "no-store"})

    def _person(self, request: Request) -> str:
        visitor = self._visitors.read(request.cookies.get(COOKIE))
        if visitor is None:
            raise HTTPException(401)
        return visitor


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= LONGEST_TEXT:
        raise ValueError("a message has 1 to 2,000 characters")
    return value.strip()


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("no number of a line or a button")
    return value


def _hours(value: object) -> int:
    hours = _number(value)
    if not 0 < hours <= FARTHEST:
        raise ValueError("no number of hours that a clock is moved on")
    return hours
