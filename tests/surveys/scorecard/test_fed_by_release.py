"""What a release shows of criteria, and no more than it shows."""

from dataclasses import replace
from decimal import Decimal

from surveys.assessment import Seen
from surveys.disclosure import Bound, Side
from surveys.releases import Line, QuestionTable, ReleasedWard, ReleasedWave
from surveys.results import Grade, Proportion
from surveys.scorecard import fed_by_release, load_set
from tests.surveys.scorecard.made import LATER, NOON, WARD, fed

QD1578 = load_set("qd1578")


def line(name: str, counts: tuple[int, int] | None = None, bound: Bound | None = None) -> Line:
    return Line(name, {"vi": name}, Proportion(*counts) if counts else None, bound)


def scale(feeds: str | None, index: Line, n: int | None = 100) -> QuestionTable:
    return QuestionTable("thai_do", {"vi": "?"}, "satisfaction", feeds, n, index, None, ())


def choices(role: str, *answers: Line, n: int | None = 100, feeds: str = "S1:L121:niem-yet") -> QuestionTable:
    return QuestionTable("niem_yet", {"vi": "?"}, role, feeds, n, None, None, answers)


def released(*questions: QuestionTable, audience: str = "residents") -> ReleasedWard:
    wave = ReleasedWave("nam-2026", "Năm 2026", audience, 10, Decimal("0.9"), "f 1", line("index"), ())
    nothing = line("x")
    return ReleasedWard(
        wave, WARD, "phường Trà Vinh", 400, 100, Grade.B, nothing, nothing, nothing, questions, (), (), None
    )


def seen_of(*questions: QuestionTable) -> list[Seen | None]:
    return [one.seen for one in fed_by_release(QD1578, released(*questions), 2026, "cd" * 32, NOON)]


def test_a_release_feeds_the_criteria_its_questions_name():
    found = fed_by_release(
        QD1578,
        released(scale("S1:L96 S1:L88", line("index", (90, 100))), scale(None, line("index"))),
        2026,
        "cd" * 32,
        NOON,
    )

    assert [one.criterion for one in found] == ["T2.1", "R7.1"]
    assert found[0].release.wave == "nam-2026"
    assert found[0].release.digest == "cd" * 32
    assert (found[0].n, found[0].audience, found[0].question, found[0].unit) == (
        100,
        "residents",
        "thai_do",
        WARD,
    )
    assert found[0].seen == Seen.exactly(Proportion(90, 100))


def test_a_bound_is_known_as_a_bound_and_the_hidden_as_nothing():
    at_least = line("index", bound=Bound(Side.AT_LEAST, 90))

    assert seen_of(scale("S1:L88", at_least)) == [Seen(Proportion(90, 100), Proportion(100, 100))]
    assert seen_of(scale("S1:L88", at_least, n=None)) == [None]
    assert seen_of(scale("S1:L88", line("index"))) == [None]


def test_who_did_not_notice_is_no_denominator():
    answers = line("co", (60, 100)), line("khong", (20, 100)), line("0", (20, 100))

    assert seen_of(choices("posted", *answers)) == [Seen.exactly(Proportion(60, 80))]


def test_residents_word_on_time_is_the_early_ones_among_those_who_know():
    answers = (
        line("truoc_han", (30, 100)),
        line("dung_han", (40, 100)),
        line("tre_han", (10, 100)),
        line("0", (20, 100)),
    )

    assert seen_of(choices("timeliness", *answers, feeds="S1:L121:truoc-han")) == [
        Seen.exactly(Proportion(30, 80))
    ]


def test_of_choices_that_are_hidden_no_more_is_said_than_is_known():
    nearly_all = line("co", bound=Bound(Side.AT_LEAST, 90))
    hardly_any = line("co", bound=Bound(Side.AT_MOST, 10))
    hidden = line("khong")

    assert seen_of(choices("posted", nearly_all, hidden)) == [Seen(Proportion(90, 100), Proportion(100, 100))]
    assert seen_of(choices("posted", nearly_all, hidden, n=None)) == [None]
    assert seen_of(choices("posted", hardly_any, hidden)) == [None]
    assert seen_of(choices("posted", line("co", (60, 100)), hidden)) == [None]
    assert seen_of(choices("posted", hidden)) == [None]
    assert seen_of(choices("posted", line("co", (0, 100)), line("khong", (0, 100)))) == [None]
    assert seen_of(choices("conduct", line("co", (60, 100)), line("khong", (40, 100)), feeds="S1:L122")) == [
        None
    ]


def test_what_surveys_feed_has_a_digest_of_every_word():
    one = fed("T2.1", seen=(90, 100))

    assert one.digest == fed("T2.1", seen=(90, 100)).digest
    for change in (
        {"criterion": "T6.1"},
        {"unit": "29263"},
        {"year": 2025},
        {"n": None},
        {"seen": None},
        {"question": "x"},
        {"audience": "forum"},
        {"release": replace(one.release, digest="cd" * 32)},
        {"release": replace(one.release, wave="x")},
        {"release": replace(one.release, released_at=LATER)},
    ):
        assert replace(one, **change).digest != one.digest


def test_visits_are_no_yearly_survey():
    assert fed("T2.1", audience="businesses").is_yearly
    assert not fed("T2.1", audience="visits").is_yearly
