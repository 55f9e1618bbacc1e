"""Rows of notices: what was written, in which state, and which topics of which wards somebody wants."""

__all__: list[str] = []
