"""Simulated waves: how ballots come where nobody stuffs – notices go out, families answer together, evenings are busy – and what
it looks like when somebody does."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from random import Random

from surveys.entry import Stream
from surveys.forms import library
from surveys.forms.session import Mode
from surveys.stuffing import Circumstances, Watch, reading_seconds

WARDS = tuple(f"{29000 + number}" for number in range(20))
FORM = library.load("hang_nam_nguoi_dan")
VISIT = library.load("tham_luot")
SCALES = tuple(question.name for question in FORM.questions if question.role in ("satisfaction", "overall"))
VISIT_SCALES = ("thai_do", "chung")
ABOUT_THE_VISIT = {"thu_tuc": "cu_tru", "thoi_han": "dung_han"}
DAY_BEGINS = 490_000 * 24 - 7  # an hour at which a day begins in Vietnam
#          0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23
EVENINGS = (1, 0, 0, 0, 1, 2, 5, 6, 6, 6, 6, 8, 8, 5, 5, 5, 6, 8, 10, 13, 14, 10, 6, 3)
OFFICE_HOURS = (0, 0, 0, 0, 0, 0, 0, 4, 12, 12, 10, 6, 2, 5, 10, 10, 8, 4, 2, 2, 2, 1, 0, 0)


@dataclass
class Ward:
    unit: str
    asked: int
    ballots: list[tuple[Stream, Mode, int, float, dict[str, str]]] = field(default_factory=list)


@dataclass
class SimulatedWave:
    stream: Stream
    wards: dict[str, Ward]
    chance: Random

    @classmethod
    def of_a_year(cls, seed: int) -> "SimulatedWave":
        """Three weeks; notices on the first day and reminders on the eighth and fifteenth, on an hour that is the province's."""
        chance = Random(seed)
        wave = cls(Stream.INVITED, {}, chance)
        notice = chance.choice((8, 9, 17, 19))
        for unit in WARDS:
            asked = chance.randrange(300, 1800)
            rate = 1 / (1 + 2.718 ** -chance.gauss(-1.4, 0.5))
            wave.wards[unit] = ward = Ward(unit, asked)
            mood = chance.gauss(0.0, 0.35)
            busy = [chance.gammavariate(4, 0.25) for _ in range(21)]  # rain, a football match, a fair
            households = max(5, round(asked * rate / 1.6))
            days = [
                busy[day] * (8 if day in (0, 7, 14) else 3 if day in (1, 8, 15) else 1) for day in range(21)
            ]
            for _ in range(households):
                day = chance.choices(range(21), days)[0]
                hour = chance.choices(range(24), EVENINGS)[0]
                if day in (0, 7, 14) and chance.random() < 0.6:
                    hour = min(23, notice + int(chance.expovariate(0.8)))
                for _ in range(chance.choice((1, 1, 1, 2, 2, 3))):
                    wave.honest(ward, DAY_BEGINS + day * 24 + hour, mood, SCALES)
        return wave

    @classmethod
    def of_a_month(cls, seed: int) -> "SimulatedWave":
        """A month of visits; a token for each transaction, which a third to a half of the people use."""
        chance = Random(seed)
        wave = cls(Stream.VISIT, {}, chance)
        for unit in WARDS:
            asked = chance.randrange(120, 900)
            rate = chance.uniform(0.25, 0.5)
            wave.wards[unit] = ward = Ward(unit, asked)
            mood = chance.gauss(0.0, 0.35)
            for _ in range(round(asked * rate)):
                day = chance.choice([day for day in range(30) if day % 7 not in (5, 6)])
                hour = chance.choices(range(24), OFFICE_HOURS)[0]
                wave.honest(ward, DAY_BEGINS + day * 24 + hour, mood, VISIT_SCALES)
        return wave

    def honest(self, ward: Ward, hour: int, mood: float, scales: tuple[str, ...]) -> None:
        answers = self.chance.choice(_honest_answers(round(mood, 1), scales))
        pace = self.chance.lognormvariate(1.9, 0.45)  # seconds a question; the median is under seven
        questions = 5 if self.stream is Stream.VISIT else 13
        ward.ballots.append((self.stream, Mode.SELF, hour, pace * questions, answers))

    # ── When somebody stuffs ──────────────────────────────────────────────────────────────────────────────────

    def stuffed_in_an_hour(self, unit: str, share: float) -> "SimulatedWave":
        """So many more ballots than honest ones, in one evening hour, by somebody who varies the answers and takes the time."""
        ward = self.wards[unit]
        hour = DAY_BEGINS + self.chance.randrange(2, 20) * 24 + 20
        for _ in range(round(len(ward.ballots) * share)):
            answers = {name: self.chance.choice("5554") for name in self._scales}
            ward.ballots.append((self.stream, Mode.SELF, hour, self.chance.uniform(60, 200), answers))
        return self

    def tapped_through(self, unit: str, share: float) -> "SimulatedWave":
        """The best answer to everything as fast as a thumb moves, spread over the days so that no hour stands out."""
        ward = self.wards[unit]
        form = VISIT if self.stream is Stream.VISIT else FORM
        for _ in range(round(len(ward.ballots) * share)):
            hour = self.chance.choice(ward.ballots)[2]
            seconds = reading_seconds(form) * self.chance.uniform(0.3, 0.9)
            answers = ABOUT_THE_VISIT | dict.fromkeys(self._scales, "5")
            ward.ballots.append((self.stream, Mode.SELF, hour, seconds, answers))
        return self

    def filled_up(self, unit: str, rate: float) -> "SimulatedWave":
        """Ballots added, patiently and with care, until so many of those asked have “answered”."""
        ward = self.wards[unit]
        hours = [ballot[2] for ballot in ward.ballots]
        while len(ward.ballots) < ward.asked * rate:
            answers = {name: "5" if self.chance.random() < 0.93 else "4" for name in self._scales}
            seconds = self.chance.uniform(60, 200)
            ward.ballots.append((self.stream, Mode.SELF, self.chance.choice(hours), seconds, answers))
        return self

    @property
    def _scales(self) -> tuple[str, ...]:
        return VISIT_SCALES if self.stream is Stream.VISIT else SCALES

    def watched(self) -> Watch:
        watch = Watch(VISIT if self.stream is Stream.VISIT else FORM)
        for ward in self.wards.values():
            for stream, mode, hour, seconds, answers in ward.ballots:
                watch.add(ward.unit, stream, mode, hour, seconds, answers)
        return watch

    def circumstances(self) -> Circumstances:
        asked = {unit: ward.asked for unit, ward in self.wards.items()}
        return Circumstances(issued=asked) if self.stream is Stream.VISIT else Circumstances(invited=asked)

    def flagged(self) -> Iterator[tuple[str, str]]:
        """Unit and flag, for every flag."""
        for (unit, _, _), found in self.watched().strata(self.circumstances()).items():
            for flag in found.flags:
                yield unit, flag


@cache
def _honest_answers(mood: float, scales: tuple[str, ...]) -> list[dict[str, str]]:
    """What four hundred people of one ward might say."""
    chance = Random(f"{mood} {scales}")
    made = []
    for _ in range(400):
        own = chance.gauss(4.1 + mood, 0.8)
        answers = dict(ABOUT_THE_VISIT) if scales is VISIT_SCALES else {}
        if chance.random() < 0.3:  # one answer for everything, honestly meant
            answers |= dict.fromkeys(scales, _step(own))
        else:
            answers |= {name: _step(chance.gauss(own, 0.6)) for name in scales}
        made.append(answers)
    return made


def _step(value: float) -> str:
    return str(min(5, max(1, round(value))))
