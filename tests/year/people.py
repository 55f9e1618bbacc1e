"""Residents with telephones: they come by links, agree, answer, tap twice, break off, come back, change their minds, withdraw. What they
send is brought by a platform that brings it again until it is acknowledged. They read what stands on their screens, and nothing else."""

import asyncio
from collections import deque
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from bot.channels.contract import numbers
from storage.database import Unavailable
from surveys import entry, texts
from surveys.conversation import Address, Incoming, Option, Reply, Say
from surveys.entry import Entry, Stream
from surveys.forms.form import Form, Kind, Question
from tests.year.model import Said, question_in
from tests.year.oracle import Expected
from tests.year.platform import TELEGRAM, ZALO
from tests.year.process import Gone

if TYPE_CHECKING:
    from tests.year.world import World

__all__ = ["Resident"]

WITHDRAWAL = timedelta(days=7)  # what residents are promised
KEPT_BY_THE_PLATFORM = timedelta(hours=20)
SHARE_WHO_AGREE, SHARE_OF_BUSINESSES = 0.35, 0.07
BEFORE_LEAVING = 1_200.0
"""Seconds in which whoever was invited is counted, as the running bot does within a tick: ours are rarer."""
MOST_TURNS = 40
MOST_NOTES = 60
COMMENTS = (
    "Ghế chờ ít quá, người già phải đứng lâu.",
    "Cán bộ hướng dẫn tận tình, dễ hiểu.",
    "Bảng niêm yết chữ nhỏ quá, khó đọc.",
)


class Acknowledged(NamedTuple):
    reply: Reply
    sent_at: datetime
    at: datetime


class Resident:
    def __init__(self, world: "World", number: int, ward: str) -> None:
        self.world = world
        self.name = f"r{number}"
        self.ward = ward
        self.chance = Random(f"{world.seed} {self.name}")
        self.address = Address(ZALO if self.chance.random() < 0.2 else TELEGRAM, str(10_000 + number))
        self.agrees = self.chance.random() < SHARE_WHO_AGREE
        """To be asked."""
        self.answers_for_a_business = self.chance.random() < SHARE_OF_BUSINESSES
        self._types = self.address.account == ZALO
        self._said = 0
        self._busy = asyncio.Lock()
        self.has_withdrawn = False
        self.notes: deque[str] = deque(maxlen=MOST_NOTES)
        """What they did and saw, for the story when something is wrong."""

    # ── Messages ──────────────────────────────────────────────────────────────────────────────────────────────

    async def says(
        self,
        *,
        text: str = "",
        option: Option | None = None,
        start: str | None = None,
        among: Say | None = None,
    ) -> Acknowledged | None:
        """None where the platform gave up before anybody took it."""
        return await self._brought(self._incoming(text, option, start, among))

    def _incoming(
        self, text: str, option: Option | None, start: str | None, among: Say | None = None
    ) -> Incoming:
        self._said += 1
        tap = None if option is None else option.token
        if option is not None and self._types and among is not None and not among.is_aside:
            tap, text = None, str(numbers(among.options)[among.options.index(option)])
        return Incoming(self.address, f"{self.name}-{self._said}", text=text, tap=tap, start=start)

    async def _brought(self, incoming: Incoming) -> Acknowledged | None:
        sent_at, wait = self.world.now(), 1.0
        while self.world.now() - sent_at < KEPT_BY_THE_PLATFORM:
            try:
                reply = await self.world.receiver().call(lambda house: house.intake.accept(incoming))
                self.world.model.acknowledged += 1
                self.notes.append(_told(incoming, reply, self.world.now()))
                return Acknowledged(reply, sent_at, self.world.now())
            except (Gone, Unavailable):
                await asyncio.sleep(wait * self.chance.uniform(0.5, 1.5))
                wait = min(wait * 3, 7200)
        self.world.tells(f"{self.name}: a message was never taken")
        return None

    # ── A survey ──────────────────────────────────────────────────────────────────────────────────────────────

    async def takes_part(self, wave: Expected, form: Form, stream: Stream) -> None:
        async with self._busy:
            # There are links of what is open, and of nothing else: elsewhere they would lead into another survey.
            if not await self.world.is_open(wave.slug):
                return
            link = entry.mint(Entry(self.ward, stream, wave.slug), self.world.office.entry_key)
            came = await self.says(start=link)
            await self._goes_through(wave, form, came, may_leave=True)

    async def _goes_through(
        self, wave: Expected, form: Form, came: Acknowledged | None, *, may_leave: bool
    ) -> None:
        changes = self.chance.random() < 0.2
        for _ in range(MOST_TURNS):
            if came is None or not came.reply.messages or came.at >= wave.closes_at:
                return
            shown = came.reply.messages[-1]
            question = question_in(form, shown.text)
            offered = {each.label: each for each in shown.options}
            await asyncio.sleep(self.chance.uniform(3, 40))
            if (agree := offered.get(_label("button.agree"))) is not None:
                came = await self.says(option=agree, among=shown)
                continue
            if _label("button.review") in offered:
                self.world.model.finished.setdefault((self.name, wave.slug), came.at)
                if not changes:
                    return
                changes = False
                came = await self._picks_a_question_again(came, offered[_label("button.review")])
                continue
            if question is None:
                return
            if may_leave and self.chance.random() < 0.04:
                return
            came = await self._answers(wave, form, question, shown, offered)

    async def _picks_a_question_again(self, came: Acknowledged, review: Option) -> Acknowledged | None:
        listed = await self.says(option=review, among=came.reply.messages[-1])
        if listed is None or not listed.reply.messages:
            return None
        menu = listed.reply.messages[-1]
        questions = [each for each in menu.options if each.label.startswith("Câu ")]
        return await self.says(option=self.chance.choice(questions), among=menu) if questions else None

    async def _answers(
        self, wave: Expected, form: Form, question: Question, shown: Say, offered: dict[str, Option]
    ) -> Acknowledged | None:
        if question.kind is Kind.TEXT:
            if self.chance.random() < 0.25:
                text = self.chance.choice(COMMENTS)
                return self._notes(wave, form, question, text, await self.says(text=text))
            return await self._skips(wave, form, question, shown, offered)
        if question.kind is Kind.SELECT_MULTIPLE:
            return await self._picks(wave, form, question, shown, offered)
        if self.chance.random() < 0.05 and _label("button.skip") in offered:
            return await self._skips(wave, form, question, shown, offered)
        choice = self.chance.choice([each for each in question.choices if each.label["vi"] in offered])
        option = offered[choice.label["vi"]]
        if self.chance.random() < 0.1:
            return await self._taps_twice(wave, form, question, choice.name, option)
        return self._notes(wave, form, question, choice.name, await self.says(option=option, among=shown))

    async def _skips(
        self, wave: Expected, form: Form, question: Question, shown: Say, offered: dict[str, Option]
    ) -> Acknowledged | None:
        skip = offered.get(_label("button.skip")) or offered.get(_label("button.keep"))
        if skip is None:
            return None
        keeps = skip.label != _label("button.skip")
        came = await self.says(option=skip, among=shown)
        return came if keeps else self._notes(wave, form, question, None, came)

    async def _picks(
        self, wave: Expected, form: Form, question: Question, shown: Say, offered: dict[str, Option]
    ) -> Acknowledged | None:
        choices = [each for each in question.choices if each.label["vi"] in offered]
        if not choices:
            return None
        choice = self.chance.choice(choices)
        came = await self.says(option=offered[choice.label["vi"]], among=shown)
        if self._types:  # numbers typed are the whole answer
            return self._notes(wave, form, question, choice.name, came)
        if came is None or not came.reply.messages:
            return None
        done = [each for each in came.reply.messages[-1].options if each.label == _label("button.picked")]
        if not done or question_in(form, came.reply.messages[-1].text) != question:
            return came
        finished = await self.says(option=done[0], among=came.reply.messages[-1])
        return self._notes(wave, form, question, choice.name, finished)

    async def _taps_twice(
        self, wave: Expected, form: Form, question: Question, value: str, option: Option
    ) -> Acknowledged | None:
        """Two quick taps are two messages, and either may be the first."""
        taps = [Incoming(self.address, self._next_key(), tap=option.token) for _ in range(2)]
        came = await asyncio.gather(*(self._brought(each) for each in taps))
        both = [each for each in came if each is not None]
        if not both:
            self._notes(wave, form, question, value, None)
            return None
        first = min(both, key=lambda each: each.at)
        self._notes(wave, form, question, value, first)
        if self.chance.random() < 0.5:
            await self._brought(taps[0])  # the platform brings what it brought before
        return await self.says(text="tiếp tục")

    def _next_key(self) -> str:
        self._said += 1
        return f"{self.name}-{self._said}"

    def _notes(
        self, wave: Expected, form: Form, question: Question, value: str | None, came: Acknowledged | None
    ) -> Acknowledged | None:
        """What they may count on. After the end nothing counts; what was on its way over the end may or may not."""
        said = self.world.model.said.setdefault((self.name, wave.slug), Said(self.ward, form))
        when = "never" if came is None else f"{came.sent_at:%m-%d %H:%M:%S} to {came.at:%m-%d %H:%M:%S}"
        said.history.append(f"{question.name}={value} ({when})")
        if came is not None and came.at < wave.closes_at:
            said.is_acknowledged(question.name, value)
        elif came is None or came.sent_at < wave.closes_at:
            said.is_unsure(question.name, value)
        return came

    # ── What comes unasked ────────────────────────────────────────────────────────────────────────────────────

    async def reacts_to(self, wave: Expected, form: Form, pushed: Say) -> None:
        """To an invitation or a reminder: one tap is an answer. Most let it lie."""
        what = self.chance.random()
        await asyncio.sleep(self.chance.uniform(20, 30_000))
        async with self._busy:
            if what < 0.16:
                await self._answers_at_once(wave, form, pushed)
            elif what < 0.20:
                await self._wants_no_more_of(wave, pushed)
            elif what < 0.22:
                await asyncio.sleep(BEFORE_LEAVING)
                came = await self.says(text="dừng")
                if came is not None:
                    self.world.model.left.setdefault(self.name, came.at)

    async def _answers_at_once(self, wave: Expected, form: Form, pushed: Say) -> None:
        has_begun = (self.name, wave.slug) in self.world.model.said
        by_button = {each.label: each for each in pushed.options}
        go_on = by_button.get(_label("button.resume")) or by_button.get(_label("button.answer"))
        question = question_in(form, pushed.text)
        if go_on is not None:
            came = await self._brought(self._incoming("", go_on, None))
        elif question is None or has_begun or self.has_withdrawn:
            return
        else:
            choice = self.chance.choice(question.choices)
            came = await self._brought(self._incoming("", by_button[choice.label["vi"]], None))
            if question.kind is Kind.SELECT_MULTIPLE:  # one of several, until they say that is all
                came = await self._taps("button.picked", came)
            came = self._notes(wave, form, question, choice.name, came)
        await self._goes_through(wave, form, came, may_leave=True)

    async def _wants_no_more_of(self, wave: Expected, pushed: Say) -> None:
        for key in ("button.decline", "button.remind_no_more"):
            option = next((each for each in pushed.options if each.label == _label(key)), None)
            if option is not None:
                came = await self._brought(self._incoming("", option, None))
                if came is not None:
                    self.world.model.quiet.setdefault((self.name, wave.slug), came.at)

    # ── Second thoughts ───────────────────────────────────────────────────────────────────────────────────────

    async def withdraws(self) -> None:
        """Everything they have said in waves that are not sealed."""
        async with self._busy:
            page = await self.says(text="dữ liệu của tôi")
            asked = await self._taps("button.withdraw", page)
            done = await self._taps("button.withdraw_yes", asked)
            if asked is None or not asked.reply.messages:
                return
            self.has_withdrawn = True
            sure = asked.reply.messages[-1]
            if _label("button.withdraw_yes") not in [each.label for each in sure.options]:
                return
            for (person, slug), said in list(self.world.model.said.items()):
                last_moment = self.world.expected[slug].closes_at + WITHDRAWAL
                if person != self.name or asked.at >= last_moment:
                    continue
                if done is not None and done.at < last_moment:
                    del self.world.model.said[person, slug]
                    self.world.model.withdrawn.append(f"{slug} {person} {done.at} {said.history}")
                    self.world.model.finished.pop((person, slug), None)
                else:
                    said.perhaps_withdrawn = True

    async def _taps(self, key: str, came: Acknowledged | None) -> Acknowledged | None:
        if came is None or not came.reply.messages:
            return None
        shown = came.reply.messages[-1]
        option = next((each for each in shown.options if each.label == _label(key)), None)
        await asyncio.sleep(self.chance.uniform(2, 20))
        return await self.says(option=option, among=shown) if option is not None else None


def _told(incoming: Incoming, reply: Reply, at: datetime) -> str:
    did = incoming.text or (incoming.tap or "")[12:] or f"start {incoming.start}"
    saw = reply.messages[-1].text[:50] if reply.messages else ""
    return f"{at:%m-%d %H:%M:%S} {did!r} -> {saw!r}"


@cache
def _label(key: str) -> str:
    return texts.say(texts.DEFAULT, key)
