"""Counting ten million answers, beside DuckDB doing the same GROUP BY over the same rows, turn by turn in one run."""

import csv
import gc
import tempfile
import time
from collections.abc import Callable
from random import Random
from statistics import median
from typing import Any, TypeVar

from surveys.entry import Stream
from surveys.forms.form import Choice, Form, Kind, Question
from surveys.forms.session import Mode
from surveys.results import Tally

T = TypeVar("T")

BALLOTS = 1_000_000
ANSWERS = 10
WARDS = 124
KINDS = 20_000  # different ballots; each row is a text of its own all the same
ROUNDS = 3

Row = tuple[str, str, str, str]


def tally() -> dict[str, Any]:
    return run(BALLOTS)


def run(ballots: int) -> dict[str, Any]:
    import duckdb

    table = rows(ballots)
    connection = duckdb.connect()
    with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("unit", "stream", "mode", "answers"))
        writer.writerows(table)
        file.flush()
        connection.execute(f"CREATE TABLE ballots AS SELECT * FROM read_csv('{file.name}', all_varchar=true)")
    # Beside it the same answers laid out a row each, as no ballot box holds them: what DuckDB is best at.
    connection.execute(f"CREATE TABLE answers AS {SPREAD}")
    spent: dict[str, list[float]] = {"ours": [], "duckdb": [], "laid_out": []}
    for _ in range(ROUNDS):
        gc.collect()
        mine = timed(spent["ours"], lambda: counted(table))
        found = timed(
            spent["duckdb"], lambda: connection.execute(f"{GROUP} FROM ({SPREAD}) GROUP BY ALL").fetchall()
        )
        timed(spent["laid_out"], lambda: connection.execute(f"{GROUP} FROM answers GROUP BY ALL").fetchall())
    assert mine == {row[:5]: row[5] for row in found if row[4] is not None}, "both count the same"
    seconds = {name: median(each) for name, each in spent.items()}
    return {
        "benchmark": "tally",
        "answers": ballots * ANSWERS,
        "ratio": round(seconds["ours"] / seconds["duckdb"], 2),
        "target": "≤ 3",
        "ratio_to_a_row_an_answer": round(seconds["ours"] / seconds["laid_out"], 2),
        "seconds": {name: round(each, 2) for name, each in seconds.items()},
    }


def timed(spent: list[float], work: Callable[[], T]) -> T:
    begun = time.perf_counter()
    done = work()
    spent.append(time.perf_counter() - begun)
    return done


QUESTIONS = tuple(f"cau_{place}" for place in range(ANSWERS))
PATHS = ", ".join(f"'$.{name}'" for name in QUESTIONS)
NAMES = ", ".join(f"'{name}'" for name in QUESTIONS)
SPREAD = f"""SELECT unit, stream, mode, unnest([{NAMES}]) AS question,
    unnest(json_extract_string(answers, [{PATHS}])) AS answer FROM ballots"""
GROUP = "SELECT unit, stream, mode, question, answer, count(*)"


def rows(ballots: int) -> list[Row]:
    chance = Random(2026)
    kinds = [
        "{"
        + ",".join(f'"{name}":"{chance.choices("543210", (40, 50, 4, 2, 1, 3))[0]}"' for name in QUESTIONS)
        for _ in range(KINDS)
    ]
    wards = [f"{29000 + ward}" for ward in range(WARDS)]
    return [
        (
            chance.choice(wards),
            chance.choice(("invited", "invited", "visit")),
            "self" if number % 10 else "paper",
            chance.choice(kinds) + "}",
        )
        for number in range(ballots)
    ]


def counted(table: list[Row]) -> dict[tuple[str, ...], int]:
    """As a release counts them, down to the same rows that DuckDB answers with."""
    tally = Tally(FORM)
    for unit, stream, mode, answers in table:
        tally.add_text(unit, STREAMS[stream], MODES[mode], answers)
    return {
        (unit, stream.value, mode.value, name, answer): number
        for unit, stream, mode in sorted(
            {(row[0], STREAMS[row[1]], MODES[row[2]]) for row in table[:100_000]}
        )
        for name in QUESTIONS
        for answer, number in tally.of(unit, [(stream, mode)], name).of.items()
    }


STREAMS = {stream.value: stream for stream in Stream}
MODES = {mode.value: mode for mode in Mode}
FORM = Form(
    "thu",
    "1",
    {"vi": "Phiếu thử"},
    ("vi",),
    tuple(
        Question(name, Kind.SELECT_ONE, place, choices=tuple(Choice(step, {}) for step in "543210"))
        for place, name in enumerate(QUESTIONS)
    ),
    "0" * 64,
)
