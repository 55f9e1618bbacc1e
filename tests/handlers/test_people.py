"""Who serves at which post, how they come in, and that nothing of it happens without a row of the audit trail."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pyotp
import pytest

from handlers.noting import AuditTrail
from handlers.people import ABSOLUTE, IDLE, Enrolled, People, Problem, Refused, WrongCode
from handlers.units import load_seed
from handlers.ways_in import LOCKED_FOR, MOST_WRONG, WRONG_IN_A_ROW, typed_secret
from storage.database import Database
from storage.vault import Vault
from surveys.conversation import Address
from surveys.rights import Actor, NotAllowed, Role
from tests.conftest import Clock

PROVINCE, LONG_DUC, TRA_VINH = "86", "29263", "29242"
LAN, HUNG, MAI, BINH = "Nguyễn Thị Lan", "Trần Văn Hùng", "Lê Thị Mai", "Phạm Thái Bình"


class Office:
    """People at their desks, with telephones in their pockets."""

    def __init__(self, db: Database, vault: Vault, clock: Clock) -> None:
        self.db, self.vault, self.clock = db, vault, clock
        self.people = People(db, vault, clock)
        self.trail = AuditTrail(db)
        self.telephones: dict[str, pyotp.TOTP] = {}
        self.personal: dict[str, str] = {}

    def digits(self, name: str) -> str:
        return self.telephones[name].at(self.clock())

    async def enrols(self, code: str) -> Actor:
        """On the web, with a telephone of their own."""
        actor, secret = await self.people.opening(code)
        self.telephones[actor.name] = pyotp.TOTP(typed_secret(secret))
        enrolled: Enrolled = await self.people.enrol(code, totp=self.digits(actor.name))
        self.personal[actor.name] = enrolled.personal
        self.clock.advance(seconds=60)  # a time code is used once
        return enrolled.actor

    async def serves(self, name: str, role: Role, unit: str, actor: Actor | None = None) -> Actor:
        code = await self.people.appoint(actor, name=name, role=role, unit=unit, title=f"{role} {unit}")
        return await self.enrols(code)

    async def signs_in(self, name: str) -> str:
        self.clock.advance(seconds=60)
        return await self.people.sign_in(self.personal[name], self.digits(name))

    async def deeds(self) -> list[str]:
        return [row.action async for row in self.trail.everything()]


@pytest.fixture
async def office(database: Database, vault: Vault, clock: Clock) -> AsyncIterator[Office]:
    await load_seed(database)
    yield Office(database, vault, clock)


async def test_from_a_code_to_a_session(office: Office) -> None:
    chief = await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    token = await office.signs_in(HUNG)

    assert await office.people.session(token) == chief
    assert (chief.name, chief.role, chief.unit, chief.post) == (HUNG, Role.CHIEF, LONG_DUC, "29263-chief")
    assert await office.deeds() == ["people.appoint", "people.enrol", "people.sign_in"]
    assert await office.trail.verify() is None
