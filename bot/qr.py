"""A text as a QR code. It knows no paper and no page."""

import io

__all__ = ["svg"]

CORRECTION = "m"  # 15 % of a code may be dirty or folded
MASK = 3  # what our links carry looks random under any mask; looking for the best one takes as long as all the rest
QUIET_ZONE = 4  # modules, as ISO/IEC 18004 wants them


def svg(text: str) -> str:
    """One path, black on white. The same text is the same bytes."""
    import segno  # costs a tenth of a second: not on import

    drawn = io.BytesIO()
    code = segno.make(text, error=CORRECTION, micro=False, mask=MASK)
    code.save(
        drawn,
        kind="svg",
        border=QUIET_ZONE,
        xmldecl=False,
        nl=False,
        light="#fff",
        dark="#000",
        omitsize=True,
    )
    return drawn.getvalue().decode()
