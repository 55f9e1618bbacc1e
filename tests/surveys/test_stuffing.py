"""What the detectors see and what they leave alone. The waves are simulated; that nobody is accused is not."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from surveys.entry import Stream
from surveys.forms.session import Mode
from surveys.stuffing import Circumstances, Flag, Watch, Watched, hour_of, reading_seconds
from tests.surveys.rated_waves import DAY_BEGINS, FORM, SCALES, VISIT, WARDS, SimulatedWave

WARD = WARDS[3]
Made = Callable[[int], SimulatedWave]


def rate_of(flag: Flag, stuffed: Callable[[int], SimulatedWave], waves: int = 12) -> float:
    return sum((WARD, flag) in set(stuffed(seed).flagged()) for seed in range(waves)) / waves


# ── Honest waves ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("made", [SimulatedWave.of_a_year, SimulatedWave.of_a_month])
@pytest.mark.parametrize(
    "waves", [15, pytest.param(500, marks=[pytest.mark.long, pytest.mark.timeout(1800)])]
)
def test_where_nobody_stuffs_a_flag_is_rare(made: Made, waves: int) -> None:
    flags: Counter[str] = Counter()
    for seed in range(waves):
        flags.update(flag for _, flag in made(seed).flagged())

    assert flags.total() / (waves * len(WARDS)) <= 0.004, flags


def test_a_small_wave_says_nothing() -> None:
    watch = Watch(FORM)
    for _ in range(9):
        watch.add(WARD, Stream.INVITED, Mode.SELF, DAY_BEGINS, 1.0, dict.fromkeys(SCALES, "5"))

    [watched] = watch.strata(Circumstances(invited={WARD: 5})).values()

    assert watched == Watched(9)


def test_a_wave_that_all_came_in_one_hour_leaves_nothing_to_compare_with() -> None:
    watch = Watch(FORM)
    for ward in (WARD, WARDS[0]):
        for _ in range(200):
            watch.add(ward, Stream.INVITED, Mode.SELF, DAY_BEGINS, 60.0, dict.fromkeys(SCALES, "4"))

    assert {unit for unit, *_ in watch.strata(Circumstances())} == {WARD, WARDS[0]}


def test_ratings_by_a_template_are_counted_and_neither_looked_at_nor_move_what_is_found() -> None:
    """They weigh nothing in the score, come when a template was sent, and must not hide or make a finding of the others."""
    beside, alone = (SimulatedWave.of_a_month(1).stuffed_in_an_hour(WARD, 0.5) for _ in range(2))
    with_them, without = beside.watched(), alone.watched()
    for unit in WARDS:
        for _ in range(500):
            with_them.add(unit, Stream.VISIT, Mode.ZBS, DAY_BEGINS + 3, 1.0, dict.fromkeys(SCALES, "5"))

    found, wanted = with_them.strata(beside.circumstances()), without.strata(alone.circumstances())

    assert [found.pop((unit, Stream.VISIT, Mode.ZBS)) for unit in WARDS] == [Watched(500)] * len(WARDS)
    assert found == wanted
    assert any(watched.flags for watched in wanted.values())  # there was something to hide


# ── Stuffed ones ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("made", "share", "at_least"),
    [
        (SimulatedWave.of_a_year, 0.2, 0.6),
        (SimulatedWave.of_a_year, 0.5, 0.8),
        (SimulatedWave.of_a_month, 0.2, 0.6),
        (SimulatedWave.of_a_month, 0.5, 0.9),
    ],
)
def test_an_hour_that_no_day_leads_to_expect_is_flagged(made: Made, share: float, at_least: float) -> None:
    assert rate_of(Flag.BURST, lambda seed: made(seed).stuffed_in_an_hour(WARD, share)) >= at_least


@pytest.mark.parametrize("made", [SimulatedWave.of_a_year, SimulatedWave.of_a_month])
def test_one_answer_to_everything_faster_than_it_can_be_read_is_flagged(made: Made) -> None:
    assert rate_of(Flag.STRAIGHT, lambda seed: made(seed).tapped_through(WARD, 0.25)) >= 0.8


def test_a_ward_where_everybody_answers_and_everybody_is_delighted_is_flagged() -> None:
    assert rate_of(Flag.OUTLIER, lambda seed: SimulatedWave.of_a_year(seed).filled_up(WARD, 0.9)) >= 0.7


def test_nearly_every_token_coming_back_is_flagged() -> None:
    assert rate_of(Flag.ISSUANCE, lambda seed: SimulatedWave.of_a_month(seed).filled_up(WARD, 0.95)) >= 0.9


# ── One by one ───────────────────────────────────────────────────────────────────────────────────────────────────


def visits(count: int) -> Watch:
    watch = Watch(VISIT)
    for number in range(count):
        watch.add(WARD, Stream.VISIT, Mode.SELF, DAY_BEGINS + 24 * (number % 10) + 9, 90.0, {"chung": "4"})
    return watch


def test_more_visits_than_tokens_are_flagged_unless_a_counter_accounts_for_them() -> None:
    alone = visits(60).strata(Circumstances(issued={WARD: 40}))
    with_a_counter = visits(60).strata(Circumstances(issued={WARD: 40}, counter_hours={WARD: 160}))

    assert [each.flags for each in alone.values()] == [("issuance",)]
    assert [each.flags for each in with_a_counter.values()] == [()]


def test_where_nobody_knows_what_was_issued_nothing_is_concluded() -> None:
    assert [each.flags for each in visits(60).strata().values()] == [()]


def test_more_of_the_invited_than_there_were_are_flagged() -> None:
    watch = Watch(FORM)
    for number in range(30):
        watch.add(WARD, Stream.INVITED, Mode.SELF, DAY_BEGINS + 7 * number, 90.0, {"chung": "4"})

    assert [each.flags for each in watch.strata(Circumstances(invited={WARD: 20})).values()] == [
        ("issuance",)
    ]


def test_the_notice_that_everybody_got_is_no_burst() -> None:
    """All wards answer in the hour after the notice: what one ward alone would be flagged for."""
    everywhere, alone = Watch(FORM), Watch(FORM)
    for unit in WARDS:
        for number in range(60):
            hour = DAY_BEGINS + 19 if number < 40 else DAY_BEGINS + 24 * (number % 5) + 12
            everywhere.add(unit, Stream.INVITED, Mode.SELF, hour, 90.0, {"chung": "4"})
            quiet = DAY_BEGINS + 24 * (number % 6) + 12 + number % 4
            alone.add(unit, Stream.INVITED, Mode.SELF, hour if unit == WARD else quiet, 90.0, {"chung": "4"})

    assert not any(each.flags for each in everywhere.strata().values())
    assert [unit for (unit, _, _), each in alone.strata().items() if each.flags] == [WARD]


@pytest.mark.parametrize(("mode", "flagged"), [(Mode.SELF, True), (Mode.ASSISTED, True), (Mode.PAPER, False)])
def test_paper_is_typed_fast_and_in_one_go_without_a_flag(mode: Mode, flagged: bool) -> None:
    watch = Watch(FORM)
    for _ in range(50):
        watch.add(WARD, Stream.INVITED, mode, DAY_BEGINS + 9, 8.0, dict.fromkeys(SCALES, "5"))

    [watched] = watch.strata().values()

    assert bool(watched.flags) is flagged


def test_the_open_stream_weighs_nothing_and_is_not_looked_at() -> None:
    watch = Watch(FORM)
    for _ in range(500):
        watch.add(WARD, Stream.OPEN, Mode.SELF, DAY_BEGINS, 1.0, dict.fromkeys(SCALES, "5"))

    assert [each.flags for each in watch.strata().values()] == [()]


def test_who_answers_differently_or_reads_is_no_straight_liner() -> None:
    watch = Watch(FORM)
    slow = reading_seconds(FORM) + 1
    for number in range(60):
        differing = dict.fromkeys(SCALES, "5") | {SCALES[0]: "4"}
        if number % 2:
            watch.add(WARD, Stream.INVITED, Mode.SELF, None, 5.0, differing)
        else:
            watch.add(WARD, Stream.INVITED, Mode.SELF, None, slow, dict.fromkeys(SCALES, "5"))

    assert [each.flags for each in watch.strata().values()] == [()]


def test_what_was_watched_is_the_same_after_it_rested() -> None:
    wave = SimulatedWave.of_a_month(1).stuffed_in_an_hour(WARD, 0.8)
    for watched in wave.watched().strata(wave.circumstances()).values():
        assert Watched.from_json(watched.to_json()) == watched


def test_a_stratum_without_a_finding_keeps_no_time() -> None:
    assert Watched(41).to_json() == '{"ballots":41,"findings":[]}'


def test_a_burst_kept_with_its_hour_is_about_a_group() -> None:
    for seed in range(4):
        wave = SimulatedWave.of_a_year(seed).stuffed_in_an_hour(WARD, 0.5)
        for watched in wave.watched().strata(wave.circumstances()).values():
            assert all(finding.seen >= 10 for finding in watched.findings if finding.hour is not None)


def test_memory_does_not_grow_with_ballots() -> None:
    watch = Watch(VISIT)
    watch.add(WARD, Stream.VISIT, Mode.SELF, DAY_BEGINS, 60.0, {"chung": "5"})
    [seen] = watch._seen.values()
    for _ in range(5000):
        watch.add(WARD, Stream.VISIT, Mode.SELF, DAY_BEGINS, 60.0, {"chung": "5"})

    assert len(watch._seen) == len(seen.hours) == 1
    assert seen.ballots == 5001


def test_an_hour_is_all_that_is_kept_of_a_moment() -> None:
    assert hour_of(datetime(2026, 11, 22, 1, 30, tzinfo=UTC)) == hour_of(
        datetime(2026, 11, 22, 1, 59, 59, tzinfo=UTC)
    )
    assert hour_of(datetime(1970, 1, 2, tzinfo=UTC)) == 24
