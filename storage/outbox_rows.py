"""Rows of the outbox: what goes to whom, and what came of it. No answer of anybody is named here."""

__all__: list[str] = []
