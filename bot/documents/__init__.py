"""A report as a file. Each module draws the same `Report`; none decides what it says.

The same report is the same bytes, in any process, time zone and locale: times come from the report, never from a clock.
"""

from enum import StrEnum

from surveys.report import Report

__all__ = ["Format", "document", "file_name"]


class Format(StrEnum):
    DOCX = "docx"
    XLSX = "xlsx"
    PDF = "pdf"


def document(report: Report, format: Format) -> bytes:
    # Each library takes a tenth of a second or more to import, and one call needs one of them.
    if format is Format.DOCX:
        from bot.documents import docx

        return docx.write(report)
    if format is Format.XLSX:
        from bot.documents import xlsx

        return xlsx.write(report)
    from bot.documents import pdf

    return pdf.write(report)


def file_name(report: Report, format: Format) -> str:
    return f"bao-cao-{report.year}-{report.criteria}.{format}"
