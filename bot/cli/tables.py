"""Tables for operators: lines on a screen of 80 columns, plain and uncut where they are piped. It knows nothing of what they say."""

import sys
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["print_table"]

PIPED = 10_000  # columns: nothing is wrapped for a program that reads
NARROWEST = 80


def print_table(
    titles: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    centred: Sequence[int] = (),
    fixed: Sequence[int] = (),
) -> None:
    """`centred` and `fixed`: places of columns that hold marks, and of those that are never wrapped."""
    is_screen = sys.stdout.isatty()
    console = Console(
        file=sys.stdout,
        markup=False,
        highlight=False,
        emoji=False,
        width=None if is_screen else PIPED,
        no_color=not is_screen,
    )
    table = Table(box=box.SIMPLE_HEAD if is_screen else None, pad_edge=False, expand=False)
    for place, title in enumerate(titles):
        table.add_column(
            Text(title),
            justify="center" if place in centred else "left",
            no_wrap=place in fixed or place in centred,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    with console.capture() as drawn:
        console.print(table, soft_wrap=not is_screen)
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in drawn.get().splitlines())
