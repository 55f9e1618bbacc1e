"""The grammar of expressions: elementpath's XPath 1.0 with the functions of XForms. Only `xpath` imports it, and late."""

from typing import Any

from elementpath.tdop import Parser
from elementpath.xpath1 import XPath1Parser

from surveys.forms.functions import FUNCTIONS, REFUSED

__all__ = ["Grammar"]


class Grammar(XPath1Parser):
    """Reads an expression into elementpath's token tree, and leaves evaluating to us."""

    def parse(self, source: str) -> Any:
        # XPath1Parser.parse() would go on to evaluate what it has read.
        return Parser.parse(self, source)


# How many arguments a function takes is checked where the message can be ours.
for _name in [*FUNCTIONS, *REFUSED, "jr-choice-name"]:
    Grammar.symbol_table.pop(_name, None)
    if ":" not in _name:
        Grammar.function(_name, nargs=(0, None))
Grammar.build()
