"""Rows of the officers' desk: posts, who holds them, codes, sessions, and the audit trail. No resident is named here."""

__all__: list[str] = []
