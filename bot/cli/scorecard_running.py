"""Runs the work of a `langnghe scorecard` command, and says of every refusal what to do next."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from bot.cli.desk import Refused, _in_house
from handlers.scorecards import NoSuchRecord, NoSuchSet, NoSuchUnit, NotReady, Scorecards, TooLate
from surveys.scorecard import (
    Faults,
    FixedBySource,
    NotFitting,
    NotInForce,
    NotYet,
    SamePerson,
)

if TYPE_CHECKING:
    from bot.app import House

__all__ = ["with_cards"]

MOST_LINES = 20  # of faults in a file; more would scroll the first ones away


def with_cards(work: Callable[[Scorecards], Coroutine[Any, Any, None]]) -> int:
    async def inside(house: "House") -> None:
        try:
            await work(house.scorecards)
        except Faults as faults:
            raise Refused(_listed(faults)) from None
        except NoSuchSet as missing:
            raise Refused(f"There is no criteria set {missing}. See: langnghe scorecard sets") from None
        except NoSuchUnit as missing:
            raise Refused(f"{missing} Look one up: langnghe units find NAME") from None
        except NoSuchRecord as missing:
            raise Refused(f"{missing} See: langnghe scorecard waiting, and … show") from None
        except NotInForce as trouble:
            raise Refused(f"{trouble} See: langnghe scorecard sets") from None
        except SamePerson as trouble:
            raise Refused(f"{trouble} Let another person do it.") from None
        except FixedBySource as trouble:
            raise Refused(f"{trouble} To try another: langnghe scorecard what-if --help") from None
        except TooLate as trouble:
            raise Refused(
                f"{trouble} If it is wrong, its ward appeals: langnghe scorecard appeal --help"
            ) from None
        except NotReady as trouble:
            raise Refused(str(trouble)) from None
        except (NotFitting, NotYet) as trouble:
            raise Refused(f"{trouble} Nothing was written; correct it and try again.") from None

    return _in_house(inside)


def _listed(faults: Faults) -> str:
    lines = [str(fault) for fault in faults.faults[:MOST_LINES]]
    if len(faults.faults) > MOST_LINES:
        lines.append(f"… and {len(faults.faults) - MOST_LINES} more")
    return "\n".join([*lines, "Nothing was imported. Correct the file and import it again."])
