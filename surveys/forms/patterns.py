"""Regular expressions written by a form's author: refused while they are read if a long answer could make them run for
hours. One pattern must not hold up everybody's answers."""

import re
from typing import Any

__all__ = ["pattern_of"]

FEW = 10  # a repetition that varies by no more than this cannot run away


def pattern_of(written: str) -> re.Pattern[str]:
    """Raises ValueError with the reason, in words an author can act on."""
    try:
        pattern = re.compile(written)
    except (re.error, RecursionError, OverflowError) as problem:
        raise ValueError(f"the pattern cannot be read: {problem}") from None
    if _may_run_away(written):
        raise ValueError("a repetition inside a repetition, such as (a+)+, can take hours; write it flat")
    return pattern


def _may_run_away(written: str) -> bool:
    """Whether a loose repetition holds another: the classic way to make a regular expression exponential."""
    # Only the standard library's own parser knows what a pattern means; it has been under this name since 3.11.
    from re import _parser  # type: ignore[attr-defined,unused-ignore]

    def nests(parsed: Any, *, inside: bool) -> bool:
        for operation, argument in parsed:
            match str(operation):
                case "MAX_REPEAT" | "MIN_REPEAT":
                    least, most, body = argument
                    is_loose = most - least > FEW
                    if (is_loose and inside) or nests(body, inside=inside or most > FEW):
                        return True
                case "SUBPATTERN" | "ASSERT" | "ASSERT_NOT":
                    if nests(argument[-1], inside=inside):
                        return True
                case "BRANCH":
                    if any(nests(branch, inside=inside) for branch in argument[1]):
                        return True
        return False

    return nests(_parser.parse(written), inside=False)
