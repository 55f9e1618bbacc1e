"""The demo's officers: one for every role of the province, and an officer and a chief for every ward. Appointed and enrolled as any
other; their telephones are thrown away, because in the demo nobody is asked for a code."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

import pyotp

from handlers.people import People
from handlers.ways_in import typed_secret
from surveys.rights import Role
from surveys.units import tra_vinh

__all__ = ["PROVINCE", "SUPERVISOR", "take_their_posts"]

PROVINCE = "86"
SUPERVISOR = "Lê Văn Chính (ví dụ)"
OF_THE_PROVINCE = (
    (Role.SUPERVISOR, SUPERVISOR, "Cán bộ theo dõi, Công an tỉnh"),
    (Role.MODERATOR, "Phạm Thị Dung (ví dụ)", "Cán bộ đọc góp ý, Công an tỉnh"),
    (Role.AUDITOR, "Võ Thành Em (ví dụ)", "Giám sát, Mặt trận Tổ quốc tỉnh"),
)
CHIEFS = (
    "Trần Thị Bình",
    "Huỳnh Văn Giàu",
    "Thạch Thị Hoa",
    "Đỗ Văn Khánh",
    "Sơn Thị Linh",
    "Bùi Văn Minh",
)
OFFICERS = (
    "Nguyễn Văn An",
    "Kim Thị Nga",
    "Phan Văn Phúc",
    "Lâm Thị Quyên",
    "Trịnh Văn Sang",
    "Dương Thị Tuyết",
)
EXAMPLE = " (ví dụ)"
BY = "Bản dùng thử"
A_MOMENT = timedelta(minutes=1)  # nobody shows the same time code twice


class Clock(Protocol):
    """The demo's year: set by hand."""

    at: datetime


async def take_their_posts(people: People, wards: Sequence[str], clock: Clock) -> None:
    for role, name, title in OF_THE_PROVINCE:
        await _takes(people, clock, name, role, PROVINCE, title)
    names = {unit.code: unit.name_within for unit in tra_vinh().units}
    for ward, chief, officer in zip(wards, CHIEFS, OFFICERS, strict=True):
        place = f"Công an {names[ward]}"
        await _takes(people, clock, chief + EXAMPLE, Role.CHIEF, ward, f"Trưởng {place}")
        await _takes(people, clock, officer + EXAMPLE, Role.OFFICER, ward, f"Cán bộ {place}")


async def _takes(people: People, clock: Clock, name: str, role: Role, unit: str, title: str) -> None:
    code = await people.appoint(None, name=name, role=role, unit=unit, title=title, by=BY)
    _, secret = await people.opening(code)
    await people.enrol(code, totp=pyotp.TOTP(typed_secret(secret)).at(clock.at))
    clock.at += A_MOMENT
