"""What keeps the house in order, and at which hour of the night: made when the house is opened, and there to be moved or paused. Pure.

In this order: forget first, then write down what rests beside the keys, then copy, so that a copy has everything and nothing too much."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta

from surveys.schedules.dues import Schedule
from surveys.schedules.purposes import Purpose
from surveys.schedules.rules import Daily

__all__ = ["OWNER", "Chore", "chores"]

OWNER = "Lắng Nghe"
"""Who wrote them, until somebody changes one."""
A_DAY_OFF = timedelta(hours=23)
"""Late beyond this, and the next one is due in an hour."""


@dataclass(frozen=True, slots=True)
class Chore:
    purpose: Purpose
    title: str
    at: time

    @property
    def id(self) -> str:
        return self.purpose.value.replace(".", "-")

    def schedule(self, starts_on: date) -> Schedule:
        return Schedule(Daily(starts_on), self.at, starts_on, lateness=A_DAY_OFF)


TITLES: Mapping[Purpose, tuple[str, time]] = {
    Purpose.PURGE: ("Xóa những gì hết hạn giữ", time(1)),
    Purpose.FLUSH: ("Ghi số liệu hoạt động trước khi sao lưu", time(1, 30)),
    Purpose.BACKUP: ("Sao lưu cơ sở dữ liệu", time(2)),
    Purpose.RECONCILE: ("Đối chiếu sổ cái, nhật ký thao tác và số đếm", time(3)),
    Purpose.HEADS: ("Ghi đầu sổ cái cho bên chứng kiến", time(4)),
    Purpose.RENEW: ("Gia hạn khóa của nền tảng", time(4, 30)),
}


def chores(*wanted: Purpose) -> tuple[Chore, ...]:
    """Those that this house needs, in the order of the night."""
    return tuple(Chore(each, *TITLES[each]) for each in TITLES if each in wanted)
