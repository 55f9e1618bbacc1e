"""Everything that can happen by itself, and the deed for each: the one place that names them all. What keeps the house in order has its
schedules from the first day on."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from handlers import chores
from handlers.audit import Audit
from handlers.happenings import NoticeDrafted, OfficersReminded, ResultsTold, WaveOpening
from handlers.inviting import Inviting, Reminding
from handlers.notice_templates import NoticeTemplates
from handlers.occasions import Deed
from surveys.schedules.household import OWNER
from surveys.schedules.household import chores as household
from surveys.schedules.purposes import Purpose
from surveys.waves import LOCAL

if TYPE_CHECKING:
    from bot.app import House
    from bot.settings import Settings

__all__ = ["deeds_of", "made_chores"]


def deeds_of(house: "House") -> Mapping[str, Deed]:
    settings, db, now = house.settings, house.db, house.now
    audit = Audit(db, house.ledger)
    templates = NoticeTemplates(db, now, house.notices.policies)
    kept = settings.comments_kept_days
    inviting = Inviting(db, now, partial(house.arrivals.flush, db))
    return {
        Purpose.OPEN_WAVE: WaveOpening(
            db,
            house.waves,
            k=settings.privacy_k,
            threshold=house.threshold,
            inviting=inviting,
            schedules=house.schedules,
        ),
        Purpose.INVITE: inviting,
        Purpose.REMIND: Reminding(db, now),
        Purpose.TELL_RESULTS: ResultsTold(db, now),
        Purpose.DRAFT_NOTICE: NoticeDrafted(db, house.notices, templates, now),
        Purpose.REMIND_OFFICERS: OfficersReminded(db, now),
        Purpose.PURGE: chores.Purge(
            db, house.comments, house.people, now, None if kept is None else timedelta(days=kept)
        ),
        Purpose.FLUSH: chores.Flush(house.flush_arrivals),
        Purpose.BACKUP: chores.Backup(settings.database_url, settings.backup_dir, settings.backups_kept),
        Purpose.RECONCILE: chores.Reconciliation(db, house.trail, audit),
        Purpose.HEADS: chores.Heads(audit, settings.witness_dir),
        Purpose.RENEW: house.renewal,
    }


async def made_chores(house: "House") -> None:
    """Those that are missing. One that somebody moved, paused or ended stays as they left it. Raises Unavailable."""
    today = house.now().astimezone(LOCAL).date()
    for chore in household(*_needed(house.settings)):
        await house.schedules.add(
            chore.schedule(today),
            purpose=chore.purpose,
            title=chore.title,
            unit=None,
            owner=OWNER,
            id=chore.id,
        )


def _needed(settings: "Settings") -> frozenset[Purpose]:
    found = {Purpose.PURGE, Purpose.FLUSH, Purpose.RECONCILE}
    if settings.backup_dir is not None:
        found.add(Purpose.BACKUP)
    if settings.witness_dir is not None:
        found.add(Purpose.HEADS)
    if settings.zalo_app_id is not None:
        found.add(Purpose.RENEW)
    return frozenset(found)
