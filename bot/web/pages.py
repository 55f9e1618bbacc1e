"""Turns what there is to show into HTML, and hands out the files beside it. It knows no request."""

import hashlib
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from bot.web.board import (
    Board,
    histories,
    latest,
    on_the_scale,
    open_headline,
    plot_of,
    rated_headline,
    source_of,
    the_others,
)
from bot.web.desk_rooms import ways_of
from bot.web.matrix import bound_text, is_share, quoted, share_text, value_text
from bot.web.words import DEFAULT_LANGUAGE, LANGUAGES, NUMBER_SPACE, Words
from surveys.rights import Actor

__all__ = ["Asset", "Pages"]

HERE = Path(__file__).parent
CONTENT_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One static file, read once. Its name carries its content: it may be kept for ever."""

    name: str
    content: bytes
    content_type: str


class Pages:
    """Every page, in every language."""

    def __init__(
        self,
        *,
        demo: bool,
        telegram_url: str | None,
        k: int,
        has_phone: bool = False,
        demo_desk: bool = False,
        has_clock: bool = False,
    ) -> None:
        """`k` is the smallest group ever shown, until a released wave names its own. `has_phone`: the demo plays one.
        `demo_desk`: `/demo` lets everybody in as whoever they like. `has_clock`: the demo's days can be made to pass."""
        found = [_asset(path) for path in sorted((HERE / "static").iterdir())]
        self.assets: Mapping[str, Asset] = MappingProxyType({asset.name: asset for _, asset in found})
        places = {original: f"/static/{asset.name}" for original, asset in found}
        self._drawn: dict[tuple[str, str, str], tuple[object, str]] = {}
        self._environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=select_autoescape(),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(
            in_language=in_language,
            sentence=sentence,
            on_the_scale=on_the_scale,
            the_others=the_others,
            value_text=value_text,
            open_headline=open_headline,
            rated_headline=rated_headline,
            bound_text=bound_text,
            is_share=is_share,
            named=named,
            plot_of=plot_of,
            quoted=quoted,
            share_text=share_text,
            source_of=source_of,
        )
        self._environment.globals.update(
            asset=places.__getitem__,
            languages=LANGUAGES,
            demo=demo,
            demo_desk=demo_desk,
            has_clock=has_clock,
            telegram_url=telegram_url,
            k=k,
        )
        self._environment.globals["has_phone"] = has_phone

    def home(self, language: str, boards: Sequence[Board]) -> str:
        return self._kept("page.html", language, "", boards, boards=latest(boards), earlier=())

    def results(self, language: str, boards: Sequence[Board]) -> str:
        """The latest wave of each audience in full, the way to the others."""
        shown = latest(boards)
        earlier = tuple(board for board in boards if board not in shown)
        return self._kept("results.html", language, "", boards, boards=shown, earlier=earlier)

    def wave(self, language: str, boards: Sequence[Board], slug: str) -> str | None:
        """One wave in full; None where none of that name is released."""
        shown = tuple(board for board in boards if board.wave.slug == slug)
        if not shown:
            return None
        others = tuple(board for board in boards if board not in shown)
        return self._kept("results.html", language, slug, boards, boards=shown, earlier=others)

    def ward(self, language: str, unit: str, found: Sequence[Board]) -> str | None:
        """One unit over all its waves, the latest first; None where nothing is released of it."""
        there = [board for board in found if any(ward.unit == unit for ward in board.wards)]
        if not there:
            return None
        wards = [board.ward(unit) for board in there]
        return self._kept(
            "ward.html",
            language,
            unit,
            there,
            unit_name=wards[0].unit_name,
            past=histories(wards),
            postponements={board.wave.slug: board.postponed for board in there},
        )

    def plain(self, language: str, key: str) -> str:
        """One sentence and the way back."""
        return self.drawn("plain.html", language, title=Words(language)(key))

    def _kept(
        self, template: str, language: str, subject: str, released: Sequence[Board], **values: object
    ) -> str:
        """A release never changes, and nothing on these pages is about who reads them: they are drawn once."""
        version = tuple(board.version for board in released)
        key = template, language, subject
        if key not in self._drawn or self._drawn[key][0] != version:
            self._drawn[key] = version, self.drawn(template, language, **values)
        return self._drawn[key][1]

    def drawn(self, template: str, language: str, **values: object) -> str:
        """A page of some room, in one of our languages."""
        return self._environment.get_template(template).render(say=Words(language), **values)

    def for_desk(self, template: str, actor: Actor | None, /, *rooms: str, **values: object) -> str:
        """A page of the officers' desk: in Vietnamese, with the way to every room the actor has something to do in. `rooms`: whose
        own texts it needs beside the desk's."""
        return self._environment.get_template(template).render(
            say=Words(DEFAULT_LANGUAGE, "supervisors", "desk", *rooms),
            actor=actor,
            ways=ways_of(actor) if actor else (),
            **values,
        )


def in_language(words: Mapping[str, str], say: Words) -> str:
    """One of several languages, else the default one, else any: a form may be written in one language only."""
    text = words.get(say.language) or words.get(DEFAULT_LANGUAGE) or next(iter(words.values()), "")
    return text.replace(" %", f"{NUMBER_SPACE}%")


def named(code: str, names: Mapping[str, str]) -> str:
    """A unit by its name; by its code where nobody knows one."""
    return names.get(code, code)


def sentence(text: str) -> str:
    """A phrase as the beginning of a line."""
    return text[:1].upper() + text[1:]


def _asset(path: Path) -> tuple[str, Asset]:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:12]
    kind = CONTENT_TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return path.name, Asset(f"{path.stem}.{digest}{path.suffix}", content, kind)
