"""Templates of notices: a chief writes those of the ward, a supervisor those of the whole province, and every writer of notices there fills
them in. It knows no bot and no page."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime

from handlers.notice_checks import Moved, NoSuchNotice, Refused, refused
from handlers.noting import note
from handlers.units import Places
from storage.database import Database
from storage.notice_rows import NoticeTemplate
from storage.transaction import Tx
from surveys.notices import Audience, Category, Draft, Policies, Problem, Text, Trouble
from surveys.notices.templates import BadTemplate, Template, filled
from surveys.rights import Action, Actor, is_within, require

__all__ = ["NoticeTemplates"]


class NoticeTemplates:
    def __init__(self, db: Database, now: Callable[[], datetime], policies: Policies | None = None) -> None:
        self._db = db
        self._now = now
        self._policies = policies or Policies()
        self._places = Places()

    async def all(self, actor: Actor) -> list[Template]:
        """The unit's own and its province's, by name."""
        async with self._db.reading() as tx:
            require(actor, Action.NOTICE_WRITE, [actor.unit], await self._places.known(tx))
        return await self.of_unit(actor.unit)

    async def of_unit(self, unit: str) -> list[Template]:
        """Those that are filled in there, by name: its own and its province's."""
        async with self._db.reading() as tx:
            known = await self._places.known(tx)
            found = await tx.templates.of(unit, known.unit(unit).province)
        return [_template(row) for row in found]

    async def get(self, actor: Actor, id: str) -> Template:
        """Raises NoSuchNotice, for one out of reach as well."""
        for template in await self.all(actor):
            if template.id == id:
                return template
        raise NoSuchNotice

    async def own(self, actor: Actor, id: str) -> Template:
        """One the actor may change. Raises NoSuchNotice, for one that only others may as well."""
        async with self._db.reading() as tx:
            row = await tx.templates.get(id)
            known = await self._places.known(tx)
        if row is None or not is_within(actor, Action.TEMPLATE_WRITE, row.unit, known):
            raise NoSuchNotice
        return _template(row)

    async def write(self, actor: Actor, name: str, category: Category, texts: Mapping[str, Text]) -> Template:
        """Raises Refused for a gap that nobody could fill in."""
        template = _sound(Template(secrets.token_hex(8), actor.unit, name.strip(), category, texts))
        async with self._db.transaction() as tx:
            require(actor, Action.TEMPLATE_WRITE, [actor.unit], await self._places.known(tx))
            await tx.templates.add(_row(template))
            await self._noted(tx, actor, template, "template.write")
        return template

    async def change(
        self, actor: Actor, id: str, version: int, name: str, category: Category, texts: Mapping[str, Text]
    ) -> Template:
        """Raises Moved when somebody else was quicker. What was filled in from it before stays as it was."""
        async with self._db.transaction() as tx:
            was = await self._own(tx, actor, id)
            changed = _sound(Template(id, was.unit, name.strip(), category, texts, version + 1))
            if was.version != version or not await tx.templates.change(_row(changed)):
                raise Moved
            await self._noted(tx, actor, changed, "template.change")
        return changed

    async def remove(self, actor: Actor, id: str) -> None:
        async with self._db.transaction() as tx:
            was = await self._own(tx, actor, id)
            await tx.templates.remove(id)
            await self._noted(tx, actor, was, "template.remove")

    async def fill(self, actor: Actor, id: str, values: Mapping[str, str]) -> Draft:
        """A draft for the actor's own unit. Raises Refused with every gap that does not fit."""
        return self.filled(await self.get(actor, id), actor.unit, values)

    def filled(self, template: Template, unit: str, values: Mapping[str, str]) -> Draft:
        """What it comes to there; nothing is kept. Raises Refused with every gap that does not fit."""
        texts, misfits = filled(template, values, self._policies.domains)
        if misfits:
            raise Refused(*(Problem(Trouble.BAD_GAP, each.sentence) for each in misfits))
        return Draft(template.category, texts, Audience((unit,)), template=template.id)

    async def _own(self, tx: Tx, actor: Actor, id: str) -> Template:
        row = await tx.templates.get(id)
        if row is None:
            raise NoSuchNotice
        require(actor, Action.TEMPLATE_WRITE, [row.unit], await self._places.known(tx))
        return _template(row)

    async def _noted(self, tx: Tx, actor: Actor, template: Template, action: str) -> None:
        await note(tx, actor, action, f"template:{template.id}", unit=template.unit, at=self._now())


def _sound(template: Template) -> Template:
    if not template.name:
        raise refused(Trouble.BAD_GAP, "Mẫu cần một tên.")
    if not template.texts.get("vi", Text("")).text:
        raise refused(Trouble.NO_TEXT, "Mẫu chưa có nội dung tiếng Việt.")
    try:
        _ = template.gaps
    except BadTemplate as bad:
        raise refused(Trouble.BAD_GAP, str(bad)) from None
    return template


def _row(template: Template) -> NoticeTemplate:
    return NoticeTemplate(
        id=template.id,
        unit=template.unit,
        name=template.name,
        category=template.category.value,
        version=template.version,
        body=template.body(),
    )


def _template(row: NoticeTemplate) -> Template:
    return Template.read(row.id, row.unit, row.name, row.category, row.version, row.body)
