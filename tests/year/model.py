"""What residents know they have said: kept outside the system, from what was acknowledged to them. It reads no table of the program's,
and knows of its forms only the words and names that stand in them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from surveys.forms.form import Form, Kind, Question

__all__ = ["Ballot", "Model", "Said", "question_in"]

Ballot = tuple[str, frozenset[tuple[str, str]]]
"""Unit and answers. Comments rest apart from it."""

ATTENDED = ("truc_tiep", "tu_xa")
COUNTS_IF: Mapping[str, Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "dien_dan": dict.fromkeys(("to_chuc", "duoc_noi", "tra_loi", "chung"), ("tham_du", ATTENDED)),
    "hang_nam_doanh_nghiep": {
        "dieu_kien": ("loai_hinh", ("dieu_kien",)),
        "luu_tru": ("loai_hinh", ("luu_tru",)),
        "phien_ha": ("kiem_tra", ("co",)),
    },
}
"""Form → question → which question must have been answered how for it to count, as the forms' own tables have it."""


@dataclass
class Said:
    """One person in one wave."""

    unit: str
    form: Form
    answers: dict[str, str | None] = field(default_factory=dict)
    unsure: dict[str, set[str | None]] = field(default_factory=dict)
    """Said before the end and never acknowledged in time: either may count."""
    perhaps_withdrawn: bool = False
    history: list[str] = field(default_factory=list)
    """For the story, when something is wrong."""

    def is_acknowledged(self, question: str, value: str | None) -> None:
        self.answers[question] = value
        self.unsure.pop(question, None)

    def is_unsure(self, question: str, value: str | None) -> None:
        self.unsure.setdefault(question, set()).add(value)

    def ballots(self) -> set[Ballot | None]:
        """Every ballot that may be theirs; None for none at all."""
        found = {self._ballot(way) for way in self._ways()}
        return found | {None} if self.perhaps_withdrawn else found

    def comments(self) -> set[int]:
        """How many comments may be theirs."""
        found = {sum(bool(way.get(name)) for name in self._texts) for way in self._ways()}
        return found | {0} if self.perhaps_withdrawn else found

    def _ways(self) -> list[dict[str, str | None]]:
        ways: list[dict[str, str | None]] = [dict(self.answers)]
        for question, values in self.unsure.items():
            ways += [{**way, question: value} for way in list(ways) for value in values]
        return ways

    @property
    def _texts(self) -> frozenset[str]:
        return frozenset(each.name for each in self.form.questions if each.kind is Kind.TEXT)

    def _ballot(self, answers: Mapping[str, str | None]) -> Ballot | None:
        rules = COUNTS_IF.get(self.form.id, {})
        counted = {
            name: value
            for name, value in answers.items()
            if value and (name not in rules or answers.get(rules[name][0]) in rules[name][1])
        }
        chosen = frozenset((name, value) for name, value in counted.items() if name not in self._texts)
        return (self.unit, chosen) if counted else None


@dataclass
class Model:
    said: dict[tuple[str, str], Said] = field(default_factory=dict)
    """Person and wave → what they said in it."""
    notes: Mapping[str, Iterable[str]] = field(default_factory=dict)
    """What everybody did and saw last, for the story."""
    acknowledged: int = 0
    withdrawn: list[str] = field(default_factory=list)
    """For the story as well."""
    subscribed: set[str] = field(default_factory=set)
    """Who agreed to be asked, in their own ward."""
    businesses: set[str] = field(default_factory=set)
    """Who agreed to be asked for a business."""
    left: dict[str, datetime] = field(default_factory=dict)
    """Who said stop, and had it acknowledged."""
    quiet: dict[tuple[str, str], datetime] = field(default_factory=dict)
    """Who wants no word about a wave any more."""
    finished: dict[tuple[str, str], datetime] = field(default_factory=dict)
    """Person and wave → when they first reached its end."""

    def agreed_to(self, wave: str) -> set[str]:
        return self.businesses if wave.endswith("-doanh-nghiep") else self.subscribed

    def of(self, wave: str) -> Iterator[tuple[str, Said]]:
        return ((person, said) for (person, slug), said in self.said.items() if slug == wave)

    def trouble_with(self, wave: str, sealed: Iterable[Ballot]) -> str | None:
        """What is wrong with the sealed ballots of a wave; None when each is somebody's, and everybody's is there once."""
        rest = Counter(sealed)
        undecided: list[set[Ballot | None]] = []
        missing: list[str] = []
        for person, said in self.of(wave):
            ways = said.ballots()
            if len(ways) > 1:
                undecided.append(ways)
                continue
            [ballot] = ways
            if ballot is None:
                continue
            if not rest[ballot]:
                missing.append(f"{person}: {ballot}; {said.history}; {self.notes.get(person)}")
            rest[ballot] -= 1
        left = +rest
        if missing or not _shared_out(list(left.elements()), undecided):
            withdrawn = [each for each in self.withdrawn if wave in each]
            return f"{wave}: missing: {missing}, cast by nobody: {left}, undecided: {undecided}, withdrawn: {withdrawn}"
        return None

    def trouble_with_comments(self, wave: str, numbers: Mapping[str, int]) -> str | None:
        """The same of comments, of which only their number can be told."""
        for unit in {said.unit for _, said in self.of(wave)} | numbers.keys():
            ways = [said.comments() for _, said in self.of(wave) if said.unit == unit]
            least, most = sum(map(min, ways)), sum(map(max, ways))
            if not least <= numbers.get(unit, 0) <= most:
                return f"{wave}: {numbers.get(unit, 0)} comments in {unit}, {least} to {most} were written"
        return None


def _shared_out(ballots: list[Ballot], undecided: list[set[Ballot | None]]) -> bool:
    """Whether each of these ballots can be one of these people's, one each, and whoever gets none may have none."""
    if not undecided:
        return not ballots
    ways, others = undecided[0], undecided[1:]
    if None in ways and _shared_out(ballots, others):
        return True
    for ballot in set(ballots) & (ways - {None}):  # type: ignore[arg-type]
        rest = list(ballots)
        rest.remove(ballot)
        if _shared_out(rest, others):
            return True
    return False


def question_in(form: Form, text: str) -> Question | None:
    """The question of the form that stands in a message."""
    return max(
        (each for each in form.questions if each.label.get("vi") and each.label["vi"] in text),
        key=lambda each: len(each.label["vi"]),
        default=None,
    )
