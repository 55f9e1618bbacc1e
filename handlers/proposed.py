"""What we propose, as one unit takes it. Waves are known by their names, so where two provinces live in one house, the second one's waves are
called after it as well; what follows them – who is invited, who is reminded – follows that name. It keeps nothing."""

from collections.abc import Iterable
from datetime import date

from handlers.schedule_days import Planned
from surveys.schedules import Event, Relative
from surveys.schedules.standard import Standing, renamed, standing_orders

__all__ = ["id_of", "proposed"]


def id_of(order: Standing, unit: str) -> str:
    """The same whoever takes it, at the desk or at the machine."""
    return f"{unit}-{order.id}"


def proposed(unit: str, on: date, planned: Iterable[Planned]) -> tuple[Standing, ...]:
    """`planned`: whatever is planned already, by anybody. What the unit has taken keeps its names, and what it takes later follows them."""
    orders = standing_orders(on)
    there = list(planned)
    names = {pattern: _name(pattern, unit, orders, there) for each in orders if (pattern := _opened(each))}
    return tuple(renamed(each, names) for each in orders)


def _name(pattern: str, unit: str, orders: Iterable[Standing], planned: Iterable[Planned]) -> str:
    """As it was called where something of it is taken; else as we call it, unless somebody else does."""
    meant = [each for each in orders if pattern in (_opened(each), _followed(each.schedule.rule))]
    # What opens it first: the others only follow.
    for order in sorted(meant, key=lambda each: _opened(each) != pattern):
        for each in planned:
            if each.row.unit == unit and each.row.id in (order.id, id_of(order, unit)):
                return _of_row(each) or pattern
    is_taken = any(_of_row(each) == pattern for each in planned if each.row.unit != unit)
    return f"{pattern}-{unit}" if is_taken else pattern


def _of_row(planned: Planned) -> str:
    """The name of the waves that a schedule opens, follows or is about; empty where there is none."""
    about = planned.about
    return str(about.get("slug") or about.get("wave") or _followed(planned.schedule.rule))


def _opened(order: Standing) -> str:
    return str(order.subject.get("slug", ""))


def _followed(rule: object) -> str:
    return rule.to.of if isinstance(rule, Relative) and isinstance(rule.to, Event) else ""
