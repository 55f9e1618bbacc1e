"""A desk to write notices at: the seed's wards, and people at their posts. Everything real but who they are."""

from dataclasses import replace
from datetime import datetime

from handlers.notices import Notices
from handlers.units import load_seed
from storage.database import Database
from surveys.notices import Audience, Category, Draft, Policies, Text
from surveys.rights import Actor, Role
from tests.conftest import Clock

__all__ = [
    "CHIEF",
    "DUTY",
    "LONG_DUC",
    "OFFICER",
    "PROVINCE",
    "STRANGER",
    "SUPERVISOR",
    "TRA_VINH",
    "a_desk",
    "a_draft",
    "actor",
]

LONG_DUC, TRA_VINH, PROVINCE = "29263", "29242", "86"


def actor(person: str, name: str, role: Role, unit: str = LONG_DUC) -> Actor:
    return Actor(person, name, f"{unit}-{role.value}", role, unit, f"{role.value} {unit}")


OFFICER = actor("p-an", "Nguyễn Văn An", Role.OFFICER)
CHIEF = actor("p-binh", "Trần Thị Bình", Role.CHIEF)
DUTY = actor("p-cuong", "Lê Văn Cường", Role.DUTY)
SUPERVISOR = actor("p-dung", "Phạm Thị Dung", Role.SUPERVISOR, PROVINCE)
STRANGER = actor("p-em", "Võ Văn Em", Role.CHIEF, TRA_VINH)


def a_draft(words: str = "Đang có người giả danh công an gọi điện.", **more: object) -> Draft:
    draft = Draft(Category.SCAM, {"vi": Text.of(words)}, Audience((LONG_DUC,)))
    return replace(draft, **more)  # type: ignore[arg-type]


async def a_desk(database: Database, clock: Clock, policies: Policies | None = None) -> Notices:
    await load_seed(database)
    return Notices(database, clock, policies)


def at(clock: Clock, **by: float) -> datetime:
    later = Clock(clock())
    later.advance(**by)
    return later()
