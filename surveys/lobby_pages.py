"""The pages of the lobby: what is written on each, and what can be tapped there. It decides nothing and changes nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from surveys import evenings, privacy, texts
from surveys.doors import Doors
from surveys.forms.session import Session
from surveys.lobby import Lobby
from surveys.reach import EVERYWHERE, Reach
from surveys.running import Running, open_in, stream_for
from surveys.taps import Message, Offer
from surveys.told_notices import ToldNotice, label, newest, whole
from surveys.units import Gazetteer, Unit
from surveys.waves import Audience

__all__ = ["Pages", "World"]

LISTED = 8  # wards or provinces on a page
LABEL = 60  # UTF-16 units on a button


@dataclass(frozen=True, slots=True)
class World:
    """What the lobby must know of everything else."""

    now: datetime
    running: tuple[Running, ...]
    gazetteer: Gazetteer
    sessions: Mapping[int, Session]
    """This person's, by wave."""
    account: str
    doors: Doors
    languages: tuple[str, ...] = texts.LANGUAGES
    reach: Reach = EVERYWHERE
    """Where the accounts they write through serve."""
    notices: Sequence[ToldNotice] | None = None
    """Those of their ward, once they were asked for."""
    may_remind: bool = False
    """Whether whoever says “this evening” can be asked again then."""


class Pages:
    """The lobby as one person sees it at one moment."""

    def __init__(self, lobby: Lobby, world: World) -> None:
        self.lobby = lobby
        self.world = world

    # ── Words, places, waves ──────────────────────────────────────────────────────────────────────────────────

    def say(self, key: str, **params: object) -> str:
        return texts.say(self.lobby.language, key, **params)

    def offer(self, key: str, act: str, **params: object) -> Offer:
        return Offer(self.say(key, **params), f"l.{act}")

    def unit(self) -> Unit | None:
        """The ward they are in, where it is served here; the only one there is, where they need not choose."""
        code = self.lobby.unit
        if code is None or not self.serves(code) or self.is_province(code):
            code = self.only()
        return self.world.gazetteer.unit(code) if code is not None and self.is_unit(code) else None

    def is_province(self, code: str) -> bool:
        """Nobody lives in a province alone: whoever comes to its account is asked for their ward."""
        return self.is_unit(code) and self.world.gazetteer.unit(code).kind.is_province

    def only(self) -> str | None:
        return self.world.reach.only(self.world.gazetteer)

    def serves(self, code: str) -> bool:
        return self.world.reach.covers(code, self.world.gazetteer)

    def shows(self, code: str) -> bool:
        """Whether anything of a unit can be chosen here: a province of which one ward is served can be looked into."""
        return self.is_unit(code) and self.world.reach.touches(
            self.world.gazetteer.unit(code), self.world.gazetteer
        )

    def is_unit(self, code: str) -> bool:
        try:
            self.world.gazetteer.unit(code)
        except KeyError:
            return False
        return True

    def place(self, unit: Unit) -> str:
        return self.world.gazetteer.place_within(unit)

    def wave(self, id: str) -> Running | None:
        return next((wave for wave in self.world.running if str(wave.id) == id), None)

    def held(self) -> list[Running]:
        return [wave for wave in self.world.running if wave.id in self.world.sessions]

    def withdrawable(self) -> list[Running]:
        return [wave for wave in self.held() if wave.can_withdraw(self.world.now)]

    def open_in(self, unit: Unit) -> tuple[Running, ...]:
        """What this person can answer there now."""
        known = {wave.slug for wave in self.held()} | {self.lobby.entry.wave or ""}
        return open_in(self.world.running, unit.code, self.world.now, known)

    def evening(self, wave: Running) -> datetime | None:
        """When they can be asked again about this wave."""
        if not self.world.may_remind:
            return None
        return evenings.evening_after(self.world.now, self.world.account, wave.closes_at)

    def _open(self) -> Iterable[Running]:
        return (wave for wave in self.world.running if wave.is_open(self.world.now))

    # ── Pages ─────────────────────────────────────────────────────────────────────────────────────────────────

    def menu(self, text: str) -> Message:
        offers: list[Offer] = []
        unit = self.unit()
        for wave in self.open_in(unit) if unit else ():
            offers.append(self.survey(wave))
        if self.only() is None:  # else there is no other to choose
            offers.append(self.offer("button.other_ward" if unit else "button.choose_ward", "wards"))
        offers += [
            self.offer("button.results", "results"),
            self.offer("button.news", "news"),
            self.offer("button.notices", "notices"),
            self.offer("button.data", "data"),
            self.offer("button.language", "language"),
            self.offer("button.help", "help"),
        ]
        return Message(text, tuple(replace(each, label=texts.clipped(each.label, LABEL)) for each in offers))

    def open_surveys(self, unit: Unit) -> Message:
        """What waits for this person to answer, whoever could not be told of it."""
        waiting = [self.survey(wave) for wave in self.open_in(unit)]
        key = "pull.surveys" if waiting else "pull.no_surveys"
        return self._pulled(
            self.say(key, ward=unit.name_within), [*waiting, self.offer("button.news", "news")]
        )

    def news(self, unit: Unit, first: str = "") -> Message:
        """The ward's notices, for whoever comes and asks: where a platform does not let us write first, this is how they get them."""
        notices = newest(self.world.notices or ())
        offers = [Offer(label(self.lobby.language, each), f"l.news.{each.code}") for each in notices]
        offers += [self.offer("button.open_surveys", "surveys"), self.offer("button.notices", "notices")]
        text = self.say("pull.news" if notices else "pull.no_news", ward=unit.name_within)
        return self._pulled(f"{first}\n{text}" if first else text, offers)

    def notice(self, code: str) -> Message | None:
        """One of them, whole; without choices of its own, so that a number still means the list."""
        found = next((each for each in self.world.notices or () if each.code == code), None)
        return Message(whole(self.lobby.language, found)) if found else None

    def _pulled(self, text: str, offers: list[Offer]) -> Message:
        offers = [*offers, self.offer("button.menu", "menu")]
        return Message(text, tuple(replace(each, label=texts.clipped(each.label, LABEL)) for each in offers))

    def survey(self, wave: Running) -> Offer:
        """The way into one of them."""
        session = self.world.sessions.get(wave.id)
        if session is None:
            key = "button.survey"
        else:
            key = "button.survey_edit" if session.has_ended else "button.survey_go_on"
        return self.offer(key, f"survey.{wave.id}", title=wave.title)

    def _other_languages(self) -> tuple[Offer, ...]:
        return tuple(
            Offer(texts.NAMES[each], f"l.language.{each}")
            for each in self.world.languages
            if each != self.lobby.language
        )

    def card(self, wave: Running, unit: Unit, greeting: str = "") -> Message:
        """What is asked, for how long, until when; then the promise; then the question whether they agree."""
        language = self.lobby.language
        stream = stream_for(self.lobby.entry, wave, unit.code)
        terms = privacy.Terms(
            k=wave.k,
            closes_on=wave.closes_on,
            withdrawal_until=wave.withdrawal_until,
            account=self.world.account,
        )
        about = "about.visit" if wave.audience == Audience.VISITS else "about"
        lines = (
            greeting,
            self.say(
                about,
                title=wave.title,
                ward=unit.name_within,
                count=wave.count,
                minutes=wave.minutes,
                closes=texts.day(language, wave.closes_on),
            ),
            "",
            privacy.card(language, terms),
        )
        text = "\n".join(lines[1:] if not greeting else lines)
        offers = [self.offer("button.agree", f"consent.{wave.id}.{unit.code}.{stream.value}")]
        if self.evening(wave) is not None:
            offers.append(self.offer("button.tonight", f"later.{wave.id}"))
        offers += [self.offer("button.decline", "decline"), *self._other_languages()]
        return Message(texts.clipped(text), tuple(offers))

    def which_ward(self, first: str = "") -> Message:
        text = "\n".join(line for line in (first, self.say("ward.which")) if line)
        offers = [self.offer("button.by_province", "provinces.0")]
        return Message(text, (*offers, *self._other_languages()))

    def provinces(self, page: int) -> Message:
        """The provinces where something can be answered; all of them where there is nothing."""
        gazetteer = self.world.gazetteer
        taking_part = {
            gazetteer.unit(code).province
            for wave in self._open()
            for code in wave.units
            if self.is_unit(code)
        }
        provinces = self.world.reach.within(gazetteer.provinces, gazetteer)
        provinces = tuple(unit for unit in provinces if not taking_part or unit.code in taking_part)
        if len(provinces) == 1:
            return self.province(provinces[0].code, page)
        offers = (Offer(unit.name, f"l.province.{unit.code}.0") for unit in provinces)
        return self._paged(self.say("province.which"), tuple(offers), "provinces", page)

    def province(self, province: str, page: int) -> Message:
        taking_part = {code for wave in self._open() for code in wave.units}
        wards = self.world.reach.within(self.world.gazetteer.wards(province), self.world.gazetteer)
        wards = tuple(unit for unit in wards if unit.code in taking_part) or wards
        offers = (Offer(unit.name, f"l.ward.{unit.code}") for unit in wards)
        name = self.world.gazetteer.unit(province).name_within
        return self._paged(self.say("ward.of", province=name), tuple(offers), f"province.{province}", page)

    def _paged(self, text: str, offers: tuple[Offer, ...], act: str, page: int) -> Message:
        pages = max(1, -(-len(offers) // LISTED))
        page %= pages
        shown = list(offers[page * LISTED : (page + 1) * LISTED])
        if pages > 1:
            shown.append(self.offer("button.more_places", f"{act}.{page + 1}"))
        return Message(text, tuple(shown))

    def was(self, code: str) -> Message:
        """An old name: what it is today, since when, and whether that is what was meant."""
        gazetteer = self.world.gazetteer
        old = gazetteer.unit(code)
        ends = gazetteer.today(code)
        if len(ends) != 1 or ends[0].is_past:
            return self.suggestions(ends)
        since = gazetteer.lineage.last_change(code)
        today = self.place(ends[0])
        text = self.say(
            "ward.was",
            old=old.name,
            since=texts.day(self.lobby.language, since) if since else "",
            today=today,
        )
        return Message(
            text,
            (
                self.offer("button.this_ward", f"ward.{ends[0].code}", ward=ends[0].name_within),
                self.offer("button.other_ward", "wards"),
            ),
        )

    def not_served(self, unit: Unit) -> str:
        """Why not here, and where instead."""
        gazetteer, reach = self.world.gazetteer, self.world.reach
        homes = [gazetteer.unit(each.home) for each in reach.by or () if self.is_unit(each.home)]
        here = self.say("reach.here", places=", ".join(gazetteer.place_within(home) for home in homes))
        other = reach.elsewhere(unit.code, gazetteer)
        ward = gazetteer.place_within(unit)
        there = (
            self.say("reach.elsewhere", ward=ward, account=other.name)
            if other
            else self.say("reach.nowhere", ward=ward)
        )
        return f"{here} {there}"

    def suggestions(self, units: Iterable[Unit]) -> Message:
        offers = []
        for unit in units:
            verb = "was" if unit.is_past else "ward"
            label = self.world.gazetteer.place(unit)
            if unit.is_past and unit.valid_to is not None:
                label = self.say(
                    "ward.until", ward=unit.name, until=texts.day(self.lobby.language, unit.valid_to)
                )
            offers.append(Offer(label, f"l.{verb}.{unit.code}"))
        offers.append(self.offer("button.not_listed", "provinces.0"))
        return Message(self.say("ward.is_it"), tuple(offers))

    def my_data(self) -> Message:
        """What we hold about this person, and until when anything can be done about it."""
        lines, offers = [self.say("data.page")], [self.offer("button.export", "export")]
        held, withdrawable = self.held(), self.withdrawable()
        for wave in held:
            until = texts.day(self.lobby.language, wave.withdrawal_until)
            key = "data.session" if wave in withdrawable else "data.session_sealing"
            lines.append(self.say(key, title=wave.title, until=until))
            if wave in withdrawable and len(withdrawable) > 1:
                label = self.offer("button.withdraw_one", f"withdraw.{wave.id}", title=wave.title)
                offers.append(replace(label, label=texts.clipped(label.label, LABEL)))
        if not held:
            lines.append(self.say("data.none"))
        if withdrawable:
            offers.append(self.offer("button.withdraw", "withdraw"))
        lines.append(self.say("data.sealed"))
        offers += [
            self.offer("button.unsubscribe", "unsubscribe"),
            self.offer("button.menu", "menu"),
        ]
        return Message(texts.clipped("\n".join(lines)), tuple(offers))

    def languages(self) -> Message:
        offers = (Offer(texts.NAMES[each], f"l.language.{each}") for each in self.world.languages)
        return Message(self.say("language.which"), tuple(offers))

    def emergency(self) -> Message:
        text = self.world.doors.emergency(self.lobby.language, self.lobby.unit)
        return Message(text, (self.offer("button.no_emergency", "calm"),))

    def before_export(self) -> Message:
        yes, back = self.offer("button.export_yes", "exported"), self.offer("button.back", "data")
        return Message(self.say("data.export_warning"), (yes, back))

    def before_withdrawal(self, waves: Sequence[Running]) -> Message:
        text = "\n".join([self.say("data.withdraw_warning"), *(f"• {wave.title}" for wave in waves)])
        act = ".".join(["withdrawn", *(str(wave.id) for wave in waves)])
        yes, back = self.offer("button.withdraw_yes", act), self.offer("button.back", "data")
        return Message(texts.clipped(text), (yes, back))
