"""What rests about a person, opened: their sessions in the running waves, and where they are in the lobby. It reads, and writes nothing."""

from collections.abc import Callable, Iterable

import structlog

from storage.people import Person
from storage.vault import KeyGone, Tampered, Vault
from surveys.forms.session import Session
from surveys.lobby import Lobby

__all__ = ["UNREADABLE", "WITHDRAWN", "Resting"]

log = structlog.get_logger()

WITHDRAWN = b""
"""What a session holds once it was withdrawn."""
UNREADABLE = (Tampered, KeyGone, ValueError, KeyError, TypeError)


class Resting:
    def __init__(self, vault: Vault, sealed: Callable[[], None]) -> None:
        """`sealed`: told when the key of a wave that was taken to be running is gone."""
        self._vault = vault
        self._sealed = sealed

    def nullifiers(self, person: bytes, running: Iterable[int]) -> dict[int, bytes]:
        found = {}
        for wave in running:
            try:
                found[wave] = self._vault.nullifier(wave, person)
            except KeyGone:
                # Sealed since we looked: nobody's session is there any more.
                self._sealed()
        return found

    def sessions(self, rests: Person) -> dict[int, Session]:
        """By wave. A withdrawn one is not there; one that cannot be read is as if it were not, for a person must always be
        able to go on."""
        sessions = {}
        for nullifier, (wave, sealed) in rests.sessions.items():
            try:
                opened = self._vault.open_body(wave, nullifier, sealed)
                if opened != WITHDRAWN:
                    sessions[wave] = Session.from_json(opened)
            except UNREADABLE as problem:
                log.error("session.unreadable", wave=wave, reason=type(problem).__name__)
        return sessions

    def lobby(self, nullifier: bytes, rests: Person) -> Lobby | None:
        if rests.lobby is None:
            return None
        try:
            return Lobby.from_json(self._vault.open_lobby(nullifier, rests.lobby))
        except UNREADABLE as problem:
            log.error("lobby.unreadable", reason=type(problem).__name__)
            return None
