"""Where a page may lead on to: to pages of ours, never elsewhere."""

import re

__all__ = ["our_place"]

# One slash, then nothing a browser could take for another host.
OURS = re.compile(r"/(?![/\\])[\x21-\x7e]{0,500}\Z")


def our_place(wanted: str | None, otherwise: str) -> str:
    return wanted if wanted and OURS.match(wanted) else otherwise
