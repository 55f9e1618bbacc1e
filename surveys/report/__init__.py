"""What the yearly report says: from scorecards, released figures and a roadmap to headings, sentences and tables. Pure.

It knows no file format: docx, xlsx and pdf are drawn from the same `Report`, and carry its digest, so that two of them can be
held side by side. Every text in it is plain: composed, without control characters; nobody has to trust where it came from.

values     what goes in and what comes out
making     the frame, the deadline, the digest
province, ward, heard, method   the parts
words, writing, texts           in which words, and how they are written
"""

from surveys.report.making import deadline, report
from surveys.report.texts import printable
from surveys.report.values import (
    Cell,
    Column,
    Compared,
    Deadline,
    Head,
    LedgerMark,
    Letterhead,
    Part,
    Report,
    Row,
    Sources,
    Table,
    WardPart,
)
from surveys.report.words import say
from surveys.report.writing import mark, verdict_words

__all__ = [
    "Cell",
    "Column",
    "Compared",
    "Deadline",
    "Head",
    "LedgerMark",
    "Letterhead",
    "Part",
    "Report",
    "Row",
    "Sources",
    "Table",
    "WardPart",
    "deadline",
    "mark",
    "printable",
    "report",
    "say",
    "verdict_words",
]
