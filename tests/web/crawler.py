"""Walks through the site as somebody, and notes what can be asked of it: forms with their fields, links with what stands behind “?”."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

from starlette.routing import Route

__all__ = ["Asked", "Atlas", "Sheet", "route_of"]


@dataclass
class Asked:
    """What one address is known to be asked with: name of a field → values it had somewhere."""

    fields: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    files: set[str] = field(default_factory=set)


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    files: set[str] = field(default_factory=set)


class Sheet(HTMLParser):
    """One page: its links and its forms."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, given: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in given}
        for name in ("href", "src", "hx-get"):
            if has.get(name):
                self.links.append(has[name])
        if tag == "form":
            self.forms.append(Form(has.get("action", ""), has.get("method", "get").upper()))
            if has.get("hx-post"):
                # The same fields, sent by the script.
                self.forms[-1:] = [Form(has["hx-post"], "POST", self.forms[-1].fields), self.forms[-1]]
        name = has.get("name", "")
        if tag == "select":
            self._select = name
        if not self.forms:
            return
        form = self.forms[-1]
        if tag == "option" and self._select:
            form.fields[self._select].add(has.get("value", ""))
        if tag in ("input", "textarea", "button", "select") and name:
            if has.get("type") == "file":
                form.files.add(name)
            else:
                form.fields[name].add(has.get("value", ""))


def route_of(routes: Iterable[Route], path: str) -> Route | None:
    return next((route for route in routes if route.path_regex.match(path)), None)


class Atlas:
    """Everything that was found, by route and method."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self.asked: dict[tuple[str, str], Asked] = defaultdict(Asked)
        self.steps: dict[str, set[str]] = defaultdict(set)
        """Name of a step in an address (`code`) → values it had."""
        self.lost: set[str] = set()
        """Where a form leads and nothing is."""

    def note(self, at: str, text: str) -> set[str]:
        """Returns the addresses of our own it leads to."""
        sheet = Sheet(text)
        found = set()
        for link in sheet.links:
            parts = urlsplit(urljoin(at, link))
            if parts.netloc != urlsplit(at).netloc:
                continue
            route = self._seen(parts.path)
            if route is None or route.path.startswith("/static"):
                continue
            for name, value in parse_qsl(parts.query, keep_blank_values=True):
                self.asked[route.path, "GET"].fields[name].add(value)
            found.add(parts.path + (f"?{parts.query}" if parts.query else ""))
        for form in sheet.forms:
            parts = urlsplit(urljoin(at, form.action or at))
            route = self._seen(parts.path)
            if route is None:
                self.lost.add(parts.path)
                continue
            asked = self.asked[route.path, form.method]
            asked.files |= form.files
            for name, values in form.fields.items():
                asked.fields[name] |= values
        return found

    def _seen(self, path: str) -> Route | None:
        route = route_of(self.routes, path)
        match = route.path_regex.match(path) if route else None
        for name, value in (match.groupdict() if match else {}).items():
            self.steps[name].add(value)
        return route
