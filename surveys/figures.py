"""How figures are written in Vietnamese: 1.250 · 89,96 % · 86,9–94,3. Exact: nothing is rounded to a threshold it does not
reach. It knows nothing of what is counted."""

from datetime import date
from fractions import Fraction
from math import ceil, floor

from surveys.results import Interval

__all__ = ["NOTHING", "NUMBER_SPACE", "day", "percent", "span", "trimmed_percent", "whole"]

NOTHING = "–"
"""Where there is no figure, or one that may not be shown: nobody can tell which."""
NUMBER_SPACE = "\N{NO-BREAK SPACE}"
MOST_PLACES = 6
HAIR = 1e-9  # what floating point adds to a number that is exact


def whole(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def percent(share: Fraction) -> str:
    """A share between 0 and 1, with two decimals; with more where it would else seem to reach a whole per cent that it does
    not (89,996 %), because thresholds are whole."""
    exact = share * 100
    places = 2
    while places < MOST_PLACES and _seems_to_reach(exact, places):
        places += 1
    units = round(exact * 10**places)
    if _seems_to_reach(exact, places):
        units -= 1
    return _decimal(units, places) + NUMBER_SPACE + "%"


def trimmed_percent(share: Fraction) -> str:
    """A threshold as people say it: 90 %, 92,5 %."""
    number, decimals = percent(share).split(NUMBER_SPACE)[0].split(",")
    decimals = decimals.rstrip("0")
    return (f"{number},{decimals}" if decimals else number) + NUMBER_SPACE + "%"


def span(interval: Interval) -> str:
    """In per cent, without the sign; rounded outwards, so that it never claims more than is known."""
    low, high = floor(interval.low * 1000 + HAIR), ceil(interval.high * 1000 - HAIR)
    return f"{_decimal(low, 1)}–{_decimal(high, 1)}"


def day(on: date) -> str:
    """18/12/2026."""
    return f"{on.day}/{on.month}/{on.year}"


def _seems_to_reach(exact: Fraction, places: int) -> bool:
    shown = Fraction(round(exact * 10**places), 10**places)
    return shown.denominator == 1 and exact < shown


def _decimal(units: int, places: int) -> str:
    """1234 with 2 places is 12,34."""
    before, after = divmod(units, 10**places)
    return f"{whole(before)},{after:0{places}}"
