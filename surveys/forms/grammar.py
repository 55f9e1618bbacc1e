"""The grammar of expressions: elementpath's XPath 1.0 with the functions of XForms. Only `xpath` imports it, and late."""

from collections.abc import Iterable
from typing import Any

from elementpath.tdop import Parser
from elementpath.xpath1 import XPath1Parser

__all__ = ["Grammar"]


class Grammar(XPath1Parser):
    """Reads an expression into elementpath's token tree, and leaves evaluating to us."""

    def parse(self, source: str) -> Any:
        # XPath1Parser.parse() would go on to evaluate what it has read.
        return Parser.parse(self, source)

    @classmethod
    def with_functions(cls, names: Iterable[str]) -> type["Grammar"]:
        """How many arguments each takes is checked where the message can be ours."""
        for name in names:
            cls.symbol_table.pop(name, None)
            cls.function(name, nargs=(0, None))
        cls.build()
        return cls
