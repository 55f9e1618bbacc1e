"""The zip that .docx and .xlsx are, so that the same parts are the same bytes: no clock, no order of chance."""

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

__all__ = ["steady"]

NEVER = (1980, 1, 1, 0, 0, 0)  # the first moment a zip can hold
FIRST = "[Content_Types].xml"  # readers expect it first
ON_UNIX = 3
LEVEL = 6


def steady(archive: bytes) -> bytes:
    """The same parts, in order of their names, with no times in them."""
    made = BytesIO()
    with ZipFile(BytesIO(archive)) as old, ZipFile(made, "w") as new:
        for name in sorted(old.namelist(), key=lambda name: (name != FIRST, name)):
            entry = ZipInfo(name, NEVER)
            entry.compress_type = ZIP_DEFLATED
            entry.create_system = ON_UNIX
            new.writestr(entry, old.read(name), ZIP_DEFLATED, LEVEL)
    return made.getvalue()
