"""What a process does of all there is to do: the web and its webhooks, sending, the clock. One process does it all; on PostgreSQL, any
number may each do some."""

from enum import StrEnum

__all__ = ["ALL", "Part"]


class Part(StrEnum):
    WEB = "web"
    """Pages, the chat, webhooks, and asking platforms for messages where there is no webhook."""
    SENDERS = "senders"
    """Whatever nobody waits for: notices."""
    CLOCK = "clock"
    """What happens by itself. Of several such processes one leads, and another follows within seconds."""


ALL = frozenset(Part)
