"""The links in a text, and whether they lead where a notice may lead: to domains on a list that the office keeps. Pure.

Whoever forges notices of the police lives from links. So everything that a phone would turn into one is looked at, written out or
hidden, and what is allowed stands there in full."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from surveys.conversation import Style
from surveys.notices.endings import ENDINGS
from surveys.notices.text import Text

__all__ = ["Web", "is_allowed", "webs"]


@dataclass(frozen=True, slots=True)
class Web:
    """Something that leads out of the chat."""

    written: str
    """As it stands in the text, or the address behind its words."""
    host: str
    """Where it leads; empty where nobody can tell for sure."""


DOT = "[.。．｡]"
LABEL = r"[\w-]{1,63}+"
"""Of a host: longer than DNS knows none is looked for, and what was taken is not given back. So a line of dashes, or of a thousand dots,
costs no more than any other."""
ADDRESS = re.compile(
    rf"(?:[a-z][a-z0-9+.-]{{0,20}}:(?:/|\\){{2}}|www{DOT})[^\s<>“”\"]+"
    rf"|(?<![\w-])(?:[\w.+-]{{1,64}}+@)?(?:{LABEL}{DOT}){{1,9}}(?:[^\W\d_]{{2,63}}|xn--[\w-]{{1,59}})(?!{DOT}[^\W\d_]{{2}})(?:[:/?#][^\s<>“”\"]*)?",
    re.IGNORECASE,
)
MENTION = re.compile(r"(?<![\w@.])@[a-z][a-z0-9_]{3,31}(?!\w)", re.IGNORECASE)
"""“@cong_an_phuong”: on Telegram that leads to somebody's account, and nobody knows whose."""
WWW = re.compile(rf"www{DOT}", re.IGNORECASE)
TRAILING = ".,;:!?…)]}»”’'\""


def webs(text: Text) -> tuple[Web, ...]:
    """Everything in the text that leads somewhere, in the order in which it stands."""
    found = [(each.offset, _web(each.url)) for each in text.entities if each.style is Style.LINK]
    for match in ADDRESS.finditer(text.text):
        written = match[0].rstrip(TRAILING)
        if "://" in written or ":\\" in written or WWW.match(written) or _is_like_a_web(written):
            found.append((match.start(), _web(written)))
    found += [(match.start(), Web(match[0], "")) for match in MENTION.finditer(text.text)]
    return tuple(web for _, web in sorted(found, key=lambda each: each[0]))


def _is_like_a_web(written: str) -> bool:
    """“congan.vinhlong.gov.vn”, and not “TP.HCM” or “đi.Tôi”."""
    host = _dotted(re.split(r"[/?#]", written, maxsplit=1)[0].rpartition("@")[2]).partition(":")[0].lower()
    ending = host.rpartition(".")[2]
    return host.startswith("www.") or ending in ENDINGS or ending.startswith("xn--")


def _web(written: str) -> Web:
    return Web(written, _host(written))


def _dotted(written: str) -> str:
    return re.sub(DOT, ".", unicodedata.normalize("NFKC", written))


def _host(written: str) -> str:
    """Where a browser would go. Empty for anything two programs might read differently."""
    address = written if "://" in written else f"https://{written}"
    if not address.isascii() or "\\" in address or any(letter.isspace() for letter in address):
        return ""
    is_email = "://" not in written and re.fullmatch(r"[\w.+-]+@[\w.-]+", written) is not None
    try:
        parts = urlsplit(address)
        if parts.scheme.lower() not in ("https", "http") or parts.port is not None:
            return ""
    except ValueError:
        return ""
    if not is_email and "@" in parts.netloc:
        return ""
    host = (parts.hostname or "").rstrip(".")
    return host if re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host) else ""


def is_allowed(web: Web, domains: Iterable[str]) -> bool:
    """Whether it leads to one of these domains or to something below it."""
    return bool(web.host) and any(
        web.host == domain or web.host.endswith(f".{domain}") for domain in map(_bare, domains)
    )


def _bare(domain: str) -> str:
    return domain.strip().lower().strip(".")
