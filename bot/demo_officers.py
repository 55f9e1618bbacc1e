"""The demo's way into the officers' bot, where whoever runs it has set a token: two posts at one ward, with a code each, so that one
telephone writes a notice and another one approves it."""

from bot.demo_people import BY, EXAMPLE
from handlers.people import People
from surveys.rights import Role
from surveys.units import tra_vinh

__all__ = ["codes_for_the_bot"]

WARD = "29242"
POSTS = (
    (Role.OFFICER, "Ngô Thị Soạn", "Cán bộ dùng thử bot, Công an {ward}"),
    (Role.CHIEF, "Hồ Văn Duyệt", "Phó Trưởng dùng thử bot, Công an {ward}"),
)


async def codes_for_the_bot(people: People) -> list[tuple[str, str]]:
    """(Title, one-time code) of posts made for this run of the demo."""
    [ward] = [unit.name_within for unit in tra_vinh().units if unit.code == WARD]
    made = []
    for role, name, title in POSTS:
        title = title.format(ward=ward)
        code = await people.appoint(None, name=name + EXAMPLE, role=role, unit=WARD, title=title, by=BY)
        made.append((title, code))
    return made
