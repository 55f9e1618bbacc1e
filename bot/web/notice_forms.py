"""The form in which a notice is written: what stands in its fields, and the draft they come to. Whatever somebody typed is kept as it was
typed; what cannot be read is said beside the field it stands in. It knows no request and no page."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.web.notice_marks import Link, lines_of, links_of, marked
from surveys.conversation import Style
from surveys.notices import Audience, Category, Draft, Problem, Text, Trouble, Unwritable
from surveys.texts import DEFAULT, LANGUAGES
from surveys.waves import LOCAL

__all__ = ["FIELD_OF", "MOST_LINKS", "OVER", "Filled", "Read", "field_of"]

MOST_LINKS = 8  # lines of links a form has room for, in one language
SPARE_LINKS = 2
OVER = (0, 30, 60, 120, 240, 480, 720)
"""Minutes over which sending may be spread."""
MOMENTS = ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%H:%M %d/%m/%Y", "%d/%m/%Y %H:%M")
"""As browsers send a moment, and as people type it where a browser has no field for one."""
LONGEST_VALUE = 20_000
NOW, LATER = "now", "later"

FIELD_OF: Mapping[Trouble, str] = {
    Trouble.NO_TEXT: "text",
    Trouble.UNKNOWN_LANGUAGE: "languages",
    Trouble.TOO_LONG: "text",
    Trouble.FOREIGN_LINK: "text",
    Trouble.NO_AUDIENCE: "units",
    Trouble.NO_AREAS: "units",
    Trouble.OUT_OF_REACH: "units",
    Trouble.IN_THE_PAST: "send_at",
    Trouble.TOO_FAR_AHEAD: "send_at",
    Trouble.DAILY_CAP: "send_at",
    Trouble.TOO_SLOW: "over",
    Trouble.EXPIRES_TOO_SOON: "expires_at",
    Trouble.NO_SUCH_PICTURE: "picture",
    Trouble.NO_SUCH_TEMPLATE: "template",
}
"""Beside which field a problem is said; what stands in no field is said above all of them."""


def field_of(problem: Problem) -> str:
    return FIELD_OF.get(problem.trouble, "")


@dataclass(frozen=True, slots=True)
class Read:
    """What a form came to."""

    draft: Draft
    faults: Mapping[str, tuple[str, ...]]
    """Field → keys of texts, of what could not be read; the draft is without it."""
    lost: Mapping[str, tuple[str, ...]]
    """Language → words that were to stand out and are not in its text."""

    @property
    def is_whole(self) -> bool:
        return not self.faults and not any(self.lost.values())


@dataclass(frozen=True, slots=True)
class Filled:
    """The fields, as they were typed."""

    values: Mapping[str, str] = field(default_factory=dict)
    units: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    @property
    def is_urgent(self) -> bool:
        return bool(self["urgent"])

    @property
    def is_blank(self) -> bool:
        return not any(self[f"text_{language}"].strip() for language in LANGUAGES)

    def links(self, language: str) -> tuple[Link, ...]:
        """As many as there are, and lines to write further ones on."""
        given = [
            Link(self[f"link_words_{language}_{line}"], self[f"link_to_{language}_{line}"])
            for line in range(MOST_LINKS)
        ]
        filled = [link for link in given if link.words or link.address]
        spare = [Link("", "")] * min(SPARE_LINKS, MOST_LINKS - len(filled))
        return (*filled, *spare)

    def has(self, language: str) -> bool:
        """Whether anything was written in this language."""
        return any(
            value.strip() for name, value in self.values.items() if name.endswith(f"_{language}")
        ) or any(link.words or link.address for link in self.links(language))

    # ── Out of a request, out of a draft ──────────────────────────────────────────────────────────────────────

    @classmethod
    def of_form(cls, pairs: Iterable[tuple[str, str]]) -> "Filled":
        values: dict[str, str] = {}
        several: dict[str, list[str]] = {"units": [], "languages": []}
        for name, value in pairs:
            if name in several:
                several[name].append(value)
            else:
                values[name] = value[:LONGEST_VALUE]
        return cls(values, tuple(several["units"]), tuple(several["languages"]))

    @classmethod
    def of(cls, draft: Draft) -> "Filled":
        values = {
            "category": draft.category.value,
            "send": LATER if draft.send_at else NOW,
            "send_at": _moment(draft.send_at),
            "over": str(int(draft.over.total_seconds() // 60)),
            "expires_at": _moment(draft.expires_at),
            "urgent": "1" if draft.is_urgent else "",
            "template": draft.template or "",
        }
        for language, text in draft.texts.items():
            values[f"text_{language}"] = text.text
            values[f"bold_{language}"] = lines_of(text, Style.BOLD)
            values[f"italic_{language}"] = lines_of(text, Style.ITALIC)
            for line, link in enumerate(links_of(text)[:MOST_LINKS]):
                values[f"link_words_{language}_{line}"] = link.words
                values[f"link_to_{language}_{line}"] = link.address
        return cls(values, draft.audience.units, draft.audience.languages)

    # ── Into a draft ──────────────────────────────────────────────────────────────────────────────────────────

    def read(self, base: Draft) -> Read:
        """`base`: the draft it was before, for what the form has no field for."""
        faults: dict[str, tuple[str, ...]] = {}
        texts, lost = self._texts(faults)
        category = _category(self["category"])
        if category is None:
            faults["category"] = ("notices.no_category",)
        send_at = self._at("send_at", faults) if self["send"] == LATER else None
        if self["send"] == LATER and not self["send_at"].strip():
            faults["send_at"] = ("notices.no_moment",)
        draft = replace(
            base,
            category=category or base.category,
            texts=texts,
            audience=self._audience(base.audience),
            is_urgent=self.is_urgent,
            send_at=send_at,
            over=timedelta(minutes=self._over(faults)),
            expires_at=self._at("expires_at", faults),
        )
        return Read(draft, faults, lost)

    def _texts(
        self, faults: dict[str, tuple[str, ...]]
    ) -> tuple[dict[str, Text], dict[str, tuple[str, ...]]]:
        texts: dict[str, Text] = {}
        lost: dict[str, tuple[str, ...]] = {}
        for language in LANGUAGES:
            if not self.has(language) and language != DEFAULT:
                continue
            try:
                found = marked(
                    self[f"text_{language}"],
                    self[f"bold_{language}"],
                    self[f"italic_{language}"],
                    self.links(language),
                )
            except Unwritable:
                faults["text"] = ("notices.unwritable",)
                continue
            texts[language] = found.text
            lost[language] = found.lost
        return texts, lost

    def _audience(self, base: Audience) -> Audience:
        wanted = tuple(dict.fromkeys(_printable(unit) for unit in self.units if unit))
        languages = tuple(each for each in LANGUAGES if each in self.languages)
        # Every language there is, is no choice of languages.
        return replace(base, units=wanted, languages=() if len(languages) == len(LANGUAGES) else languages)

    def _over(self, faults: dict[str, tuple[str, ...]]) -> int:
        typed = self["over"].strip()
        if not typed:
            return 0
        if typed.isascii() and typed.isdecimal() and len(typed) < 6:
            return int(typed)
        faults["over"] = ("notices.no_number",)
        return 0

    def _at(self, name: str, faults: dict[str, tuple[str, ...]]) -> datetime | None:
        typed = self[name].strip()
        if not typed:
            return None
        for form in MOMENTS:
            try:
                return datetime.strptime(typed, form).replace(tzinfo=LOCAL)
            except ValueError:
                continue
        faults[name] = ("notices.bad_moment",)
        return None


def _category(typed: str) -> Category | None:
    return Category(typed) if typed in set(Category) else None


def _printable(unit: str) -> str:
    """A code, or what stands for none: it is looked up and shown again."""
    return "".join(letter for letter in unit if letter.isprintable() and letter.isascii())[:20]


def _moment(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(LOCAL):%Y-%m-%dT%H:%M}"
