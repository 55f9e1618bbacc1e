"""`langnghe release …`: what is published of waves, and nothing else; computed beside it from released figures only."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.app import House
    from surveys.releases import Line, ReleasedWard
    from surveys.results import Proportion

__all__ = ["app"]

app = typer.Typer(
    help="What was released of waves, as everybody may see it.", no_args_is_help=True, rich_markup_mode=None
)

Slug = Annotated[str, typer.Argument(help="The wave's short name. See: release list")]


@app.command("list")
def list_() -> None:
    """Every released wave: when, how many wards, what its total is."""

    async def work(house: "House") -> None:
        from bot.cli.desk import _print
        from bot.cli.tables import print_table
        from surveys.waves import LOCAL

        waves: dict[str, list[ReleasedWard]] = {}
        for ward in await house.waves.results():
            waves.setdefault(ward.wave.slug, []).append(ward)
        if not waves:
            _print("Nothing is released yet. See: langnghe waves list")
            return
        print_table(
            ("wave", "released", "wards", "satisfied"),
            [
                (
                    slug,
                    f"{moment.astimezone(LOCAL):%d/%m/%Y}" if (moment := wards[0].wave.released_at) else "",
                    str(len(wards)),
                    _share(wards[0].wave.total),
                )
                for slug, wards in waves.items()
            ],
        )

    _run(work)


@app.command("show")
def show(
    slug: Slug, json: Annotated[bool, typer.Option("--json", help="The release as it was hashed.")] = False
) -> None:
    """A wave's wards beside each other: n, interval, grade, band; the shrunken share where there are enough wards."""
    if json:
        return lines(slug)

    async def work(house: "House") -> None:
        from bot.cli.desk import _print
        from bot.cli.tables import print_table

        wards = await _released(house, slug)
        figures = {ward.unit: ward.index.figure for ward in wards if ward.index.figure is not None}
        bands, shrunken = _bands(figures), _shrunken(figures)
        _print(f"{wards[0].wave.title}   (k = {wards[0].wave.k}; {_share(wards[0].wave.total)} in all)")
        print_table(
            ("ward", "name", "n", "satisfied", "95 %", "grade", "band", "shrunken"),
            [
                (
                    ward.unit,
                    ward.unit_name,
                    "–" if ward.answered is None else str(ward.answered),
                    _share(ward.index),
                    _interval(ward.index),
                    ward.grade.value if ward.grade else "–",
                    bands.get(ward.unit, "–"),
                    shrunken.get(ward.unit, "–"),
                )
                for ward in sorted(wards, key=lambda ward: (bands.get(ward.unit, "~"), ward.unit))
            ],
        )
        _print("– too few to show, or none: nobody can tell which.")
        if len(set(bands.values())) > 1:
            _print("Wards of one band are in no order: their intervals do not tell them apart.")
        if shrunken:
            _print("shrunken: what a small ward's share probably is, beside its own; no verdict uses it.")

    return _run(work)


@app.command("lines")
def lines(slug: Slug) -> None:
    """A wave's release as it was hashed: a line of JSON a ward."""

    async def work(house: "House") -> None:
        await _released(house, slug)
        async with house.db.reading() as tx:
            wave = await tx.waves.by_slug(slug)
            assert wave is not None
            assert wave.id is not None
            found = await tx.releases.of_wave(wave.id)
        for release in sorted(found, key=lambda release: release.unit):
            sys.stdout.write(release.body + "\n")

    _run(work)


async def _released(house: "House", slug: str) -> "Sequence[ReleasedWard]":
    from bot.cli.desk import Refused

    wards = await house.waves.results(wave=slug)
    if not wards:
        raise Refused(f"Nothing is released of {slug}. See: langnghe release list")
    return wards


def _share(line: "Line") -> str:
    if line.figure is None:
        return str(line.bound) if line.bound is not None else "–"
    from surveys.figures import percent

    return f"{percent(line.figure.share)} ({line.figure.numerator}/{line.figure.denominator})"


def _interval(line: "Line") -> str:
    from surveys.figures import span

    return span(line.figure.interval) if line.figure else "–"


def _bands(figures: "Mapping[str, Proportion]") -> dict[str, str]:
    """Unit → A for the highest band, and so on."""
    from surveys.statistics import Estimate, order

    ordering = order({unit: Estimate.of(figure) for unit, figure in figures.items()})
    return {unit: chr(ord("A") + place) for place, band in enumerate(ordering.bands) for unit in band}


def _shrunken(figures: "Mapping[str, Proportion]") -> dict[str, str]:
    from surveys.figures import percent
    from surveys.statistics import TooFewWards, shrink

    try:
        return {unit: percent(each.share) for unit, each in shrink(figures).items()}
    except TooFewWards:
        return {}


def _run(work: object) -> None:
    from bot.cli.desk import _in_house

    if code := _in_house(work):  # type: ignore[arg-type]
        raise typer.Exit(code)
