"""The officers' desk, furnished: every room of it behind one door. Whoever adds a room adds it here, guarded by the action it is for."""

from typing import TYPE_CHECKING

from starlette.routing import Route

from bot.web.audit import AuditPages
from bot.web.calendar import CalendarPages
from bot.web.comments import CommentPages
from bot.web.demo_desk import DemoDesk
from bot.web.desk_door import Door
from bot.web.desk_home import DeskHome
from bot.web.desk_results import DeskResults
from bot.web.notice_templates import TemplatePages
from bot.web.notices import NoticePages, TryOut
from bot.web.pages import Pages
from bot.web.people import PeoplePages
from bot.web.quiet_days import QuietDayPages
from bot.web.schedule_costs import ScheduleCosts
from bot.web.schedule_writing import ScheduleWriting
from bot.web.schedules import SchedulePages
from bot.web.scorecard import ScorecardPages
from handlers.calendar import Calendar
from handlers.inviting_costs import InvitingCosts
from handlers.next_waves import NextWaves
from handlers.notice_files import NoticePictures
from handlers.notice_templates import NoticeTemplates
from handlers.planning import Planning
from handlers.quiet_days import QuietDays
from handlers.units import Places
from surveys.rights import Action, Actor
from surveys.units import Gazetteer

if TYPE_CHECKING:
    from bot.app import House

__all__ = ["desk_rooms"]


def desk_rooms(
    house: "House", pages: Pages, *, try_out: TryOut | None = None, demo: bool = False
) -> list[Route]:
    """`try_out`: shows an officer a notice in the officers' bot, where there is one. `demo`: everybody may sit down as whoever they
    like."""
    people = house.people
    door = Door(people, pages, secure=house.settings.public_url.startswith("https://"))
    places = Places()
    templates = NoticeTemplates(house.db, house.now, house.notices.policies)
    planning = Planning(house.db, house.schedules, templates, house.now)

    async def known() -> Gazetteer:
        async with house.db.reading() as tx:
            return await places.known(tx)

    async def unread(actor: Actor) -> int:
        heaps = await house.comments.heaps()
        within = await people.within(actor, Action.COMMENTS_READ, {each.unit for each in heaps})
        return sum(each.unread for each in heaps if each.unit in within)

    rooms = list(door.routes)
    rooms += DeskHome(
        house.notices,
        pages,
        door,
        house.now,
        naming=house.unit_names,
        unread=unread,
        planning=planning,
    ).routes
    rooms += NoticePages(
        house.notices,
        NoticePictures(house.db, house.now),
        house.trail,
        pages,
        door,
        known,
        house.now,
        try_out=try_out,
    ).routes
    rooms += DeskResults(house.waves.results, house.waves.provinces, pages, door).routes
    calendar = Calendar(house.db, house.schedules, house.now)
    rooms += CalendarPages(calendar, pages, door, house.now).routes
    rooms += TemplatePages(templates, house.notices, pages, door).routes
    settings = house.settings
    costs = InvitingCosts(
        house.db, settings.outside, settings.zalo_message_price, house.arrivals.leaving, house.now
    )
    next_waves = NextWaves(house.schedules, costs, house.now)
    rooms += ScheduleCosts(planning, costs, next_waves, pages, door.guarded).routes
    # Writing first: an address of its own is not the name of a schedule.
    rooms += ScheduleWriting(planning, pages, door, house.now).routes
    rooms += SchedulePages(
        planning, house.trail, pages, door.guarded, house.now, naming=house.unit_names
    ).routes
    keeper = QuietDays(house.db, house.schedules, house.now)
    rooms += QuietDayPages(keeper, house.schedules, pages, door.guarded, house.now).routes
    rooms += PeoplePages(people, pages, door.guarded, naming=house.unit_names).routes
    rooms += AuditPages(house.trail, pages, door.guarded, naming=house.unit_names).routes
    rooms += CommentPages(house.comments, pages, door.guarded, people.within).routes
    rooms += ScorecardPages(
        house.scorecards,
        pages,
        door.guarded,
        people.within,
        house.now,
        report=house.yearly_report,
        results=house.waves.results,
    ).routes
    if demo:
        rooms += DemoDesk(people, pages, door).routes
    return rooms
