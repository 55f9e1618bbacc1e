"""Finds the unit a person means: typed with or without diacritics, by an old name, or with a slip of the finger.
It knows units, not conversations: what to say about what was found is the catalogue's business."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property, lru_cache

from surveys.units.lineage import Lineage, Succession, Unit, UnitKind

__all__ = ["Found", "FoundKind", "Gazetteer", "fold"]

MOST_SUGGESTIONS = 6  # what fits on a phone without scrolling
CLOSE_ENOUGH = 74  # of 100; below it, what was typed is another name rather than a slip
LONGEST_QUERY = 80  # characters; no unit with its province is longer

KINDS = {
    ("phuong",): UnitKind.WARD,
    ("xa",): UnitKind.COMMUNE,
    ("thi", "tran"): UnitKind.TOWNSHIP,
    ("tt",): UnitKind.TOWNSHIP,
    ("dac", "khu"): UnitKind.ZONE,
}
PROVINCE_WORDS = (("tinh",), ("thanh", "pho"), ("tp",))
TOWN_WORDS = (("thanh", "pho"), ("tp",), ("thi", "xa"), ("tx",), ("huyen",), ("quan",))
PLACE_WORDS = (("tinh",), *TOWN_WORDS)
SHORT_WARD = re.compile(r"[pf](\d+)")  # “P4”, and “F4” as one says in the south


class FoundKind(StrEnum):
    EXACT = "exact"
    """One unit of today has this name. `suggestions` are old units of the same name that now lie elsewhere."""
    WAS = "was"
    """`old` had this name, and lies in `unit` today, since `since`."""
    SEVERAL = "several"
    """`suggestions`, best first: several have the name, or it is nearly theirs. Ask."""
    PROVINCE = "province"
    """`unit` is a province of today; `old` a former one that lies in it. Offer its wards."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Found:
    kind: FoundKind
    unit: Unit | None = None
    old: Unit | None = None
    since: date | None = None
    suggestions: tuple[Unit, ...] = ()


@dataclass(frozen=True, slots=True)
class _Entry:
    """A unit as it is looked for."""

    unit: Unit
    bare: str
    """The folded name without its kind: “long duc”, “4”."""
    town: str
    places: frozenset[str]
    """Where it lies, folded: town, province then, province today."""


class Gazetteer:
    """Built once from what `units` hold; finding takes milliseconds among the whole country's units, old and new."""

    def __init__(
        self,
        units: Iterable[Unit],
        successions: Iterable[Succession] = (),
        aliases: Iterable[tuple[str, str]] = (),
    ) -> None:
        units = tuple(units)
        self.lineage = Lineage(units, successions)
        self._all = units
        self._aliases: dict[str, list[str]] = {}
        for code, alias in aliases:
            self._aliases.setdefault(code, []).append(alias)

    # ── What there is ─────────────────────────────────────────────────────────────────────────────────────────

    def unit(self, code: str) -> Unit:
        """Raises KeyError."""
        return self.lineage.unit(code)

    @cached_property
    def provinces(self) -> tuple[Unit, ...]:
        """The provinces of today, by name."""
        today = (unit for unit in self._all if unit.kind.is_province and not unit.is_past)
        return tuple(sorted(today, key=lambda unit: fold(short_name(unit))))

    def wards(self, province: str) -> tuple[Unit, ...]:
        """The units of today in a province, by name: wards, then communes, then special zones."""
        return self._wards.get(province, ())

    def today(self, code: str) -> tuple[Unit, ...]:
        """What a unit is today: one unit, or several where it was divided."""
        return self.lineage.today(code)

    def place(self, unit: Unit) -> str:
        """“Phường Long Đức, Vĩnh Long”."""
        return unit.name if unit.province is None else f"{unit.name}, {short_name(self.unit(unit.province))}"

    def place_within(self, unit: Unit) -> str:
        """The same inside a sentence: “phường Long Đức, tỉnh Vĩnh Long”."""
        if unit.province is None:
            return unit.name_within
        return f"{unit.name_within}, {self.unit(unit.province).name_within}"

    # ── Finding ───────────────────────────────────────────────────────────────────────────────────────────────

    def ready(self) -> "Gazetteer":
        """Makes every index now: for the whole country that takes most of a second, which no resident should wait."""
        _ = self._wards, self._by_bare, self._towns, self._phrases, self._provinces_by_name
        return self

    def find(self, text: str) -> Found:
        tokens = tuple(_tokens(text[:LONGEST_QUERY]))
        if not tokens:
            return Found(FoundKind.NONE)
        town = self._town(tokens)
        if town:
            return town
        province = self._province(tokens)
        if province and _starts_with(tokens, PROVINCE_WORDS):
            return province
        kind, rest = _kind(tokens)
        # “xa phien” may be xã Phiên, or xã Xà Phiên without its first word.
        exact = self._exact(kind, rest) or self._exact(None, tokens)
        if province and province.old is None and all(unit.is_past for unit in exact):
            return province  # “Vĩnh Long” is the province, whatever communes once had the name
        if exact:
            return self._told(_as_typed(exact, text))
        if province:
            return province
        close = self._close(kind, rest)
        if close:
            return Found(FoundKind.SEVERAL, suggestions=close)
        return Found(FoundKind.NONE)

    def _told(self, units: Sequence[Unit]) -> Found:
        """What to make of units that all have the name."""
        current = [unit for unit in units if not unit.is_past]
        past = [unit for unit in units if unit.is_past]
        if len(current) == 1:
            elsewhere = [unit for unit in past if self.today(unit.code) != (current[0],)]
            return Found(FoundKind.EXACT, current[0], suggestions=tuple(elsewhere[:MOST_SUGGESTIONS]))
        if current:
            return Found(FoundKind.SEVERAL, suggestions=tuple([*current, *past][:MOST_SUGGESTIONS]))
        # Of several states of one old unit, the last is the one people remember.
        past.sort(key=lambda unit: unit.valid_to or date.max, reverse=True)
        ends = {self.today(unit.code) for unit in past}
        if len(ends) == 1:
            return self._was(past[0])
        one_each = {self.today(unit.code): unit for unit in reversed(past)}
        return Found(FoundKind.SEVERAL, suggestions=tuple(one_each.values())[:MOST_SUGGESTIONS])

    def _was(self, old: Unit) -> Found:
        ends = self.today(old.code)
        since = self.lineage.last_change(old.code)
        if ends == (old,):
            return Found(FoundKind.NONE, old=old)  # its successor is not among the units we know
        if len(ends) > 1:
            return Found(FoundKind.SEVERAL, old=old, since=since, suggestions=ends[:MOST_SUGGESTIONS])
        return Found(FoundKind.WAS, ends[0], old, since)

    def _exact(self, kind: UnitKind | None, tokens: tuple[str, ...]) -> list[Unit]:
        """The units whose whole name stands at the beginning, and whose place is all that follows."""
        for end in range(len(tokens), 0, -1):
            named = self._by_bare.get(" ".join(tokens[:end]), ())
            place = " ".join(_without(tokens[end:], PLACE_WORDS))
            hits = [entry.unit for entry in named if _lies_in(entry.places, place)]
            if hits:
                # People say phường for a xã that became one; the kind chooses only where there is a choice.
                return [unit for unit in hits if unit.kind is kind] or hits
        return []

    def _close(self, kind: UnitKind | None, tokens: tuple[str, ...]) -> tuple[Unit, ...]:
        from rapidfuzz import fuzz, process  # heavy: only when a name was misspelt

        wanted = _without(tokens, PLACE_WORDS) or tokens
        digits = [token for token in wanted if token.isdigit()]
        phrases, owners = self._phrases
        best: dict[str, tuple[float, bool, bool]] = {}
        for _, score, position in process.extract(
            " ".join(wanted), phrases, scorer=fuzz.ratio, score_cutoff=CLOSE_ENOUGH, limit=40
        ):
            # Phường 9 is no misspelling of Phường 99.
            if [token for token in phrases[position].split() if token.isdigit()] != digits:
                continue
            for unit in owners[position]:
                rank = (score, not unit.is_past, unit.kind is kind)
                best[unit.code] = max(best.get(unit.code, rank), rank)
        codes = sorted(best, key=lambda code: (best[code], code), reverse=True)
        return tuple(self.unit(code) for code in codes[:MOST_SUGGESTIONS])

    def _town(self, tokens: tuple[str, ...]) -> Found | None:
        """“TP Trà Vinh”: towns and districts are no more, but people live there still."""
        if not _starts_with(tokens, TOWN_WORDS):
            return None
        units = self._towns.get(" ".join(_without(tokens, TOWN_WORDS)), ())
        return Found(FoundKind.SEVERAL, suggestions=units[:MOST_SUGGESTIONS]) if units else None

    def _province(self, tokens: tuple[str, ...]) -> Found | None:
        unit = self._provinces_by_name.get(" ".join(_without(tokens, PROVINCE_WORDS)))
        if unit is None:
            return None
        if not unit.is_past:
            return Found(FoundKind.PROVINCE, unit)
        ends = self.today(unit.code)
        if ends == (unit,) or len(ends) > 1:
            return None
        return Found(FoundKind.PROVINCE, ends[0], unit, self.lineage.last_change(unit.code))

    # ── Indexes, made when first needed ─────────────────────────────────────────────────────────────────────

    @cached_property
    def _wards(self) -> dict[str, tuple[Unit, ...]]:
        order = list(UnitKind)
        wards: dict[str, list[Unit]] = {}
        for unit in self._all:
            if unit.province is not None and not unit.is_past:
                wards.setdefault(unit.province, []).append(unit)
        return {
            province: tuple(sorted(units, key=lambda unit: (order.index(unit.kind), fold(unit.name))))
            for province, units in wards.items()
        }

    @cached_property
    def _entries(self) -> tuple[_Entry, ...]:
        provinces = {unit.code: fold(short_name(unit)) for unit in self._all if unit.kind.is_province}
        entries = []
        for unit in self._all:
            if unit.kind.is_province:
                continue
            ends = self.today(unit.code) if unit.is_past else (unit,)
            lies_in = {provinces.get(each.province or "") for each in (unit, *ends)}
            for name in (unit.name, *self._aliases.get(unit.code, ())):
                bare, town = _split_name(name)
                entries.append(
                    _Entry(unit, bare, town, frozenset(place for place in (*lies_in, town) if place))
                )
        return tuple(entries)

    @cached_property
    def _by_bare(self) -> dict[str, tuple[_Entry, ...]]:
        found: dict[str, list[_Entry]] = {}
        for entry in self._entries:
            found.setdefault(entry.bare, []).append(entry)
        return {bare: tuple(entries) for bare, entries in found.items()}

    @cached_property
    def _towns(self) -> dict[str, tuple[Unit, ...]]:
        """The units of today in what was a town or district."""
        towns: dict[str, dict[str, Unit]] = {}
        for entry in self._entries:
            if entry.town:
                today = {unit.code: unit for unit in self.today(entry.unit.code) if not unit.is_past}
                towns.setdefault(entry.town, {}).update(today)
        return {
            town: tuple(sorted(units.values(), key=lambda unit: fold(unit.name)))
            for town, units in towns.items()
        }

    @cached_property
    def _phrases(self) -> tuple[list[str], list[tuple[Unit, ...]]]:
        """Everything a name may be misspelt as, and whose it is: the name, and the name with each of its places."""
        phrases: dict[str, list[Unit]] = {}
        for entry in self._entries:
            for phrase in (entry.bare, *(f"{entry.bare} {place}" for place in entry.places)):
                phrases.setdefault(phrase, []).append(entry.unit)
        return list(phrases), [tuple(units) for units in phrases.values()]

    @cached_property
    def _provinces_by_name(self) -> dict[str, Unit]:
        names: dict[str, Unit] = {}
        # Past ones first, so that a name that is used again means the province of today.
        for unit in sorted((u for u in self._all if u.kind.is_province), key=lambda u: not u.is_past):
            for name in (short_name(unit), *self._aliases.get(unit.code, ())):
                names[fold(name)] = unit
        return names


def fold(text: str) -> str:
    """Lower case, without diacritics: “Hoà Thuận” and “HÒA THUẬN” become “hoa thuan”. ASCII letters, digits, spaces."""
    return " ".join(re.findall(r"[a-z0-9]+", _ascii(text).replace("'", "")))


def short_name(province: Unit) -> str:
    """“Vĩnh Long” of “Tỉnh Vĩnh Long”."""
    return re.sub(r"^(Tỉnh|Thành phố) ", "", province.name)


@lru_cache(maxsize=4096)
def _ascii(text: str) -> str:
    lower = text.lower().replace("đ", "d").replace("’", "'")
    plain = "".join(c for c in unicodedata.normalize("NFD", lower) if not unicodedata.combining(c))
    if plain.isascii():
        return plain
    from anyascii import anyascii  # for scripts that are not Latin; a large table, rarely needed

    return anyascii(plain).lower()


def _tokens(text: str) -> Iterable[str]:
    words = fold(text).split()
    for word, following in zip(words, [*words[1:], ""], strict=False):
        if short := SHORT_WARD.fullmatch(word):
            yield from ("phuong", str(int(short[1])))
        elif word == "p" and following:
            yield "phuong"
        elif word == "x" and following:
            yield "xa"
        else:
            yield str(int(word)) if word.isdigit() else word


def _starts_with(tokens: Sequence[str], openings: Iterable[tuple[str, ...]]) -> tuple[str, ...] | None:
    return next((opening for opening in openings if tuple(tokens[: len(opening)]) == opening), None)


def _kind(tokens: tuple[str, ...]) -> tuple[UnitKind | None, tuple[str, ...]]:
    opening = _starts_with(tokens, KINDS)
    if opening is None or len(tokens) == len(opening):
        return None, tokens
    return KINDS[opening], tokens[len(opening) :]


def _without(tokens: Sequence[str], words: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """The tokens without words such as “tỉnh” or “thành phố”."""
    words = tuple(words)
    kept: list[str] = []
    position = 0
    while position < len(tokens):
        opening = _starts_with(tokens[position:], words)
        if opening is None:
            kept.append(tokens[position])
        position += len(opening or ("one",))
    return tuple(kept)


def _split_name(name: str) -> tuple[str, str]:
    """“Phường 4 (TP Trà Vinh)” → (“4”, “tra vinh”)."""
    main, _, town = name.removesuffix(")").partition(" (")
    return _bare(main), _town(town)


@lru_cache(maxsize=16_384)
def _bare(name: str) -> str:
    return " ".join(_kind(tuple(_tokens(name)))[1])


@lru_cache(maxsize=2_048)
def _town(name: str) -> str:
    return " ".join(_without(fold(name).split(), PLACE_WORDS))


def _lies_in(places: frozenset[str], place: str) -> bool:
    """Whether what follows a name is nothing but places it lies in: “tra vinh vinh long” are two of them."""
    if not place:
        return True
    return any(
        place == known
        or (place.startswith(f"{known} ") and _lies_in(places - {known}, place[len(known) + 1 :]))
        for known in places
    )


def _as_typed(units: list[Unit], text: str) -> list[Unit]:
    """Somebody who typed diacritics means them: Bình Thạnh is not Bình Thanh."""
    typed = _marked(text)
    if typed.isascii():
        return units
    return [unit for unit in units if f" {_marked(_main(unit.name))} " in f" {typed} "] or units


def _main(name: str) -> str:
    """The name without kind and town: “Long Đức”."""
    return re.sub(r"^(Phường|Xã|Thị trấn|Đặc khu) | \(.*", "", name)


def _marked(text: str) -> str:
    """Lower case, each letter followed by its marks in one order, tone last in its word: “hoà” and “hòa” are one."""
    words = []
    for word in unicodedata.normalize("NFD", text.lower()).split():
        tones = "".join(c for c in word if c in TONES)
        words.append("".join(c for c in word if c not in TONES) + tones)
    return " ".join(words)


TONES = "\N{COMBINING GRAVE ACCENT}\N{COMBINING ACUTE ACCENT}\N{COMBINING TILDE}\N{COMBINING HOOK ABOVE}\N{COMBINING DOT BELOW}"
