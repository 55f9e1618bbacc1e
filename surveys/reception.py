"""What is said in the lobby: from the first greeting to consent, the menu, a person's own data. Pure.

Every page is an act, and every act can be performed again, so a button works however old it is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count

from surveys import commands, emergency, privacy, texts
from surveys.commands import Command, Word
from surveys.doors import Doors
from surveys.entry import Entry, Stream
from surveys.forms.session import Session
from surveys.lobby import Begin, Effect, Enrol, Export, Lobby, Resume, Unsubscribe, Withdraw
from surveys.running import Running, open_in, stream_for
from surveys.taps import Message, Offer
from surveys.units import FoundKind, Gazetteer, Unit
from surveys.waves import Audience

__all__ = ["Reception", "Step", "World"]

LISTED = 8  # wards or provinces on a page
LABEL = 60  # UTF-16 units on a button
YES = frozenset({"đồng ý", "đồng ý, bắt đầu", "dong y", "có", "co", "ok", "oke", "vâng", "dạ", "yes", "agree", "i agree", "យល់ព្រម", "បាទ", "ចាស"})  # fmt: skip
RIGHT = frozenset({"đúng", "dung", "đúng rồi", "dung roi", "phải", "phai"})
"""Yes where a fact is confirmed. Where consent is asked for, a “dung” without marks would rather mean stop."""
NO = frozenset(
    {"không", "khong", "không đồng ý", "khong dong y", "không tham gia", "khong tham gia", "no", "ទេ"}
)
SEARCHING = ("wards", "provinces", "province", "was")


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


@dataclass(frozen=True, slots=True)
class Step:
    """What one message changed in the lobby."""

    lobby: Lobby
    say: tuple[Message, ...] = ()
    effect: Effect | None = None


class Reception:
    """The pages of the lobby, for one person at one moment."""

    def __init__(self, lobby: Lobby, world: World) -> None:
        self.lobby = lobby
        self.world = world

    # ── Coming in ─────────────────────────────────────────────────────────────────────────────────────────────

    def arrives(self, entry: Entry) -> Step:
        """A start: from a link, a QR, or nothing at all. A bare start keeps the ward somebody chose before."""
        if entry.unit is not None and not self._is_unit(entry.unit):
            entry = Entry()
        if entry == Entry():
            entry = self.lobby.entry
        lobby = replace(self.lobby, entry=entry)
        return Reception(lobby, self.world)._received()

    def _received(self) -> Step:
        unit = self._unit()
        greeting = self._say("greeting.ward", ward=unit.name_within) if unit else self._say("greeting")
        if self.lobby.language in texts.UNREVIEWED:
            greeting = f"{self._say('language.unreviewed')}\n{greeting}"
        return self._surveys(greeting) if unit else self._page("wards", self._wards_page(greeting))

    def _surveys(self, greeting: str) -> Step:
        """What can be answered here: straight to the card where there is one thing to answer."""
        unit = self._unit()
        if unit is None:
            return self._received()
        waves = open_in(self.world.running, unit.code, self.world.now)
        linked = [wave for wave in waves if wave.slug == self.lobby.entry.wave]
        if not linked and self.lobby.entry.stream is Stream.VISIT:
            linked = [wave for wave in waves if wave.audience == Audience.VISITS]
        chosen = (linked or list(waves))[0] if len(linked or waves) == 1 else None
        if chosen is not None and chosen.id in self.world.sessions:
            return Step(self.lobby, effect=Resume(chosen.id))
        if chosen is not None:
            return self._page(f"survey.{chosen.id}", self._card(chosen, unit, greeting))
        if not waves:
            first = f"{greeting}\n{self._say('no_wave', ward=unit.name_within)}"
            return self._page("menu", self._menu(first))
        return self._page("menu", self._menu(f"{greeting}\n{self._say('choose_survey')}"))

    # ── What they do ──────────────────────────────────────────────────────────────────────────────────────────

    def again(self, first: str = "") -> Step:
        """The page they are on, once more."""
        step = self.acts(self.lobby.view)
        return _preceded(step, first) if first else step

    def begins(self, text: str) -> Step:
        """Somebody new writes instead of pressing start: perhaps a ward, perhaps a cry for help, mostly a greeting."""
        step = self.tells(text)
        return self.arrives(Entry()) if self._has_only_failed_to_find(step) else step

    def _has_only_failed_to_find(self, step: Step) -> bool:
        return step == self._page("wards", self._wards_page(self._say("ward.not_found")))

    def tells(self, text: str) -> Step:
        text = text.strip()
        if not text:
            return self.again()
        if emergency.alarm(text) is not None:
            page = Message(
                self.world.doors.emergency(self.lobby.language, self.lobby.unit),
                (self._offer("button.no_emergency", "calm"),),
            )
            return Step(replace(self.lobby, menu=_menu_of(page)), (page,))
        if (act := self._agreed(text)) is not None:
            return self.acts(act)
        command = commands.read(text)
        if command is not None:
            return self.commands(command)
        if text.isdecimal() and len(text) <= LONGEST_NUMBER and (act := dict(self.lobby.menu).get(int(text))):
            return self.acts(act)
        if emergency.is_denunciation(text):
            return _preceded(self.again(), self.world.doors.denunciation(self.lobby.language))
        if self.lobby.unit is None or self.lobby.view.split(".")[0] in SEARCHING:
            return self._searches(text)
        return self.again(self._say("not_understood"))

    def _agreed(self, text: str) -> str | None:
        """“Đồng ý” and “không”, typed where a page asks just that: its first and its second button."""
        if self.lobby.view.split(".")[0] not in ASKING or len(self.lobby.menu) < 2:
            return None
        word = " ".join(text.lower().strip(" .!").split())
        if word in YES or (word in RIGHT and self.lobby.view.startswith("was.")):
            return self.lobby.menu[0][1]
        return self.lobby.menu[1][1] if word in NO else None

    def commands(self, command: Command) -> Step:
        match command.word:
            case Word.START:
                return self.arrives(Entry())
            case Word.STOP:
                return replace(
                    self._page("menu", self._menu(self._say("stopped.lobby"))), effect=Unsubscribe()
                )
            case Word.HELP:
                return self.acts("help")
            case Word.LANGUAGE if command.argument in self.world.languages:
                return self.acts(f"language.{command.argument}")
            case Word.LANGUAGE:
                return self.acts("language")
            case Word.MENU:
                return self.acts("menu")
            case Word.DATA:
                return self.acts("data")
            case Word.WARD:
                return self.acts("wards")
            case Word.NOTICES:
                return self.acts("notices")
            case Word.LATER:
                return self.again(self._say("postponed.lobby"))
        return self._resumes()

    def _resumes(self) -> Step:
        """Back, skip, continue, review: they mean the survey they were in."""
        waves = {wave.id: wave for wave in self.world.running if wave.is_open(self.world.now)}
        latest = max(
            (each for each in self.world.sessions.values() if each.wave in waves),
            key=lambda each: each.turn,
            default=None,
        )
        return Step(self.lobby, effect=Resume(latest.wave)) if latest else self.again()

    def acts(self, act: str) -> Step:
        """One act of the lobby: the page it opens, or what it does."""
        match act.split("."):
            case ["menu"]:
                return self._page("menu", self._menu(self._say("menu")))
            case ["calm"]:
                return self.again()
            case ["wards"]:
                return self._page("wards", self._wards_page())
            case ["provinces", page] if page.isdigit():
                return self._page(act, self._provinces(int(page)))
            case ["province", code, page] if page.isdigit() and self._is_unit(code):
                return self._page(act, self._province(code, int(page)))
            case ["was", code] if self._is_unit(code):
                return self._page(act, self._was(code))
            case ["ward", code] if self._is_unit(code):
                return self._chooses(self.world.gazetteer.unit(code))
            case ["survey", wave]:
                return self._survey(wave)
            case ["consent", wave, unit, stream]:
                return self._consents(wave, unit, stream)
            case ["decline"]:
                return self._page("menu", self._menu(self._say("declined")))
            case ["help"]:
                return self._page("menu", self._menu(self._say("help")))
            case ["language", *language]:
                return self._language(*language)
            case ["notices"]:
                return self._notices()
            case ["enrol", code] if self._is_unit(code):
                return self._enrols(self.world.gazetteer.unit(code))
            case ["unsubscribe"]:
                return replace(
                    self._page("menu", self._menu(self._say("unsubscribed"))), effect=Unsubscribe()
                )
            case ["data" | "export" | "exported" | "withdraw" | "withdrawn", *waves]:
                return self._data(act.split(".")[0], waves)
        return self._page("menu", self._menu(self._say("menu")))

    # ── Language ──────────────────────────────────────────────────────────────────────────────────────────────

    def _language(self, language: str = "") -> Step:
        if language not in self.world.languages:
            offers = (Offer(texts.NAMES[each], f"l.language.{each}") for each in self.world.languages)
            page = Message(self._say("language.which"), tuple(offers))
            return Step(replace(self.lobby, menu=_menu_of(page)), (page,))
        reception = Reception(replace(self.lobby, language=language), self.world)
        first = texts.say(language, "language.unreviewed") if language in texts.UNREVIEWED else ""
        return reception.again(first)

    # ── Ward ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _searches(self, text: str) -> Step:
        found = self.world.gazetteer.find(text)
        match found.kind:
            case FoundKind.EXACT if found.unit is not None:
                return self._chooses(found.unit)
            case FoundKind.WAS if found.unit is not None and found.old is not None:
                return self.acts(f"was.{found.old.code}")
            case FoundKind.PROVINCE if found.unit is not None:
                return self.acts(f"province.{found.unit.code}.0")
            case FoundKind.SEVERAL if found.suggestions:
                return self._page("wards", self._suggestions(found.suggestions))
        return self._page("wards", self._wards_page(self._say("ward.not_found")))

    def _chooses(self, unit: Unit) -> Step:
        """A ward was chosen; an old one stands for what became of it."""
        if unit.kind.is_province:
            return self.acts(f"province.{unit.code}.0")
        if unit.is_past:
            return self.acts(f"was.{unit.code}")
        chosen = Reception(self.lobby.in_ward(unit.code), self.world)
        return chosen._surveys(greeting=self._say("ward.chosen", ward=self._place(unit)))

    def _wards_page(self, first: str = "") -> Message:
        text = "\n".join(line for line in (first, self._say("ward.which")) if line)
        offers = [self._offer("button.by_province", "provinces.0")]
        return Message(text, (*offers, *self._other_languages()))

    def _provinces(self, page: int) -> Message:
        """The provinces where something can be answered; all of them where there is nothing."""
        gazetteer = self.world.gazetteer
        taking_part = {
            gazetteer.unit(code).province
            for wave in self._open()
            for code in wave.units
            if self._is_unit(code)
        }
        provinces = [unit for unit in gazetteer.provinces if not taking_part or unit.code in taking_part]
        if len(provinces) == 1:
            return self._province(provinces[0].code, page)
        offers = (Offer(unit.name, f"l.province.{unit.code}.0") for unit in provinces)
        return self._paged(self._say("province.which"), tuple(offers), "provinces", page)

    def _province(self, province: str, page: int) -> Message:
        taking_part = {code for wave in self._open() for code in wave.units}
        wards = self.world.gazetteer.wards(province)
        wards = tuple(unit for unit in wards if unit.code in taking_part) or wards
        offers = (Offer(unit.name, f"l.ward.{unit.code}") for unit in wards)
        name = self.world.gazetteer.unit(province).name_within
        return self._paged(self._say("ward.of", province=name), tuple(offers), f"province.{province}", page)

    def _was(self, code: str) -> Message:
        """An old name: what it is today, since when, and whether that is what was meant."""
        gazetteer = self.world.gazetteer
        old = gazetteer.unit(code)
        ends = gazetteer.today(code)
        if len(ends) != 1 or ends[0].is_past:
            return self._suggestions(ends)
        since = gazetteer.lineage.last_change(code)
        today = self._place(ends[0])
        text = self._say(
            "ward.was",
            old=old.name,
            since=texts.day(self.lobby.language, since) if since else "",
            today=today,
        )
        return Message(
            text,
            (
                self._offer("button.this_ward", f"ward.{ends[0].code}", ward=ends[0].name_within),
                self._offer("button.other_ward", "wards"),
            ),
        )

    def _suggestions(self, units: Iterable[Unit]) -> Message:
        offers = []
        for unit in units:
            verb = "was" if unit.is_past else "ward"
            label = self.world.gazetteer.place(unit)
            if unit.is_past and unit.valid_to is not None:
                label = self._say(
                    "ward.until", ward=unit.name, until=texts.day(self.lobby.language, unit.valid_to)
                )
            offers.append(Offer(label, f"l.{verb}.{unit.code}"))
        offers.append(self._offer("button.not_listed", "provinces.0"))
        return Message(self._say("ward.is_it"), tuple(offers))

    def _paged(self, text: str, offers: tuple[Offer, ...], act: str, page: int) -> Message:
        pages = max(1, -(-len(offers) // LISTED))
        page %= pages
        shown = list(offers[page * LISTED : (page + 1) * LISTED])
        if pages > 1:
            shown.append(self._offer("button.more_places", f"{act}.{page + 1}"))
        return Message(text, tuple(shown))

    # ── Survey ────────────────────────────────────────────────────────────────────────────────────────────────

    def _survey(self, wave: str) -> Step:
        running, unit = self._wave(wave), self._unit()
        if running is not None and running.id in self.world.sessions and running.is_open(self.world.now):
            return Step(self.lobby, effect=Resume(running.id))
        if running is None or unit is None or unit.code not in running.units:
            return self._page("menu", self._menu(self._say("menu")))
        if not running.is_open(self.world.now):
            return self._page("menu", self._menu(self._say("too_late", title=running.title)))
        return self._page(f"survey.{running.id}", self._card(running, unit))

    def _card(self, wave: Running, unit: Unit, greeting: str = "") -> Message:
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
            self._say(
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
        offers = (
            self._offer("button.agree", f"consent.{wave.id}.{unit.code}.{stream.value}"),
            self._offer("button.decline", "decline"),
            *self._other_languages(),
        )
        return Message(texts.clipped(text), offers)

    def _consents(self, wave: str, unit: str, stream: str) -> Step:
        running = self._wave(wave)
        if running is None or unit not in running.units or stream not in STREAMS:
            return self.again()
        if not running.is_open(self.world.now):
            return self._page("menu", self._menu(self._say("too_late", title=running.title)))
        if running.id in self.world.sessions:
            return Step(self.lobby, effect=Resume(running.id))
        return Step(self.lobby, effect=Begin(running.id, unit, Stream(stream)))

    # ── Menu, notices ─────────────────────────────────────────────────────────────────────────────────────────

    def _menu(self, text: str) -> Message:
        offers: list[Offer] = []
        unit = self._unit()
        for wave in open_in(self.world.running, unit.code, self.world.now) if unit else ():
            session = self.world.sessions.get(wave.id)
            key = (
                "button.survey"
                if session is None
                else "button.survey_edit"
                if session.has_ended
                else "button.survey_go_on"
            )
            offers.append(self._offer(key, f"survey.{wave.id}", title=wave.title))
        offers += [
            self._offer("button.other_ward" if unit else "button.choose_ward", "wards"),
            self._offer("button.notices", "notices"),
            self._offer("button.data", "data"),
            self._offer("button.language", "language"),
            self._offer("button.help", "help"),
        ]
        return Message(text, tuple(replace(each, label=texts.clipped(each.label, LABEL)) for each in offers))

    def _notices(self) -> Step:
        """Consent for notices: a purpose of its own, asked on its own."""
        unit = self._unit()
        if unit is None:
            return self._page("wards", self._wards_page(self._say("notices.ward_first")))
        page = Message(
            self._say("notices.consent", ward=unit.name_within),
            (
                self._offer("button.enrol", f"enrol.{unit.code}"),
                self._offer("button.no_thanks", "menu"),
                self._offer("button.unsubscribe", "unsubscribe"),
            ),
        )
        return self._page("notices", page)

    def _enrols(self, unit: Unit) -> Step:
        consent = self._say("notices.consent", ward=unit.name_within)
        page = self._page("menu", self._menu(self._say("notices.enrolled", ward=unit.name_within)))
        return replace(page, effect=Enrol(unit.code, consent))

    # ── Their data ────────────────────────────────────────────────────────────────────────────────────────────

    def _data(self, verb: str, waves: list[str]) -> Step:
        held = self._held()
        asked = [wave for wave in held if str(wave.id) in waves] or held
        match verb:
            case "export":
                page = Message(
                    self._say("data.export_warning"),
                    (self._offer("button.export_yes", "exported"), self._offer("button.back", "data")),
                )
                return self._page("data", page)
            case "exported":
                return replace(self._page("data", self._data_page()), effect=Export())
            case "withdraw":
                act = ".".join(["withdrawn", *(str(wave.id) for wave in asked[:MOST_IN_AN_ACT])])
                page = Message(
                    self._say("data.withdraw_warning"),
                    (self._offer("button.withdraw_yes", act), self._offer("button.back", "data")),
                )
                return self._page("data", page)
            case "withdrawn":
                gone = tuple(wave.id for wave in asked)
                left = {id: each for id, each in self.world.sessions.items() if id not in gone}
                after = Reception(self.lobby, replace(self.world, sessions=left))
                step = after._page("menu", after._menu(self._say("data.withdrawn")))
                return replace(step, effect=Withdraw(gone))
        return self._page("data", self._data_page())

    def _data_page(self) -> Message:
        """What we hold about this person, and until when anything can be done about it."""
        lines, offers = [self._say("data.page")], [self._offer("button.export", "export")]
        held = self._held()
        for wave in held:
            until = texts.day(self.lobby.language, wave.withdrawal_until)
            lines.append(self._say("data.session", title=wave.title, until=until))
            if len(held) > 1:
                label = self._offer("button.withdraw_one", f"withdraw.{wave.id}", title=wave.title)
                offers.append(replace(label, label=texts.clipped(label.label, LABEL)))
        if not held:
            lines.append(self._say("data.none"))
        else:
            offers.append(self._offer("button.withdraw", "withdraw"))
        lines.append(self._say("data.sealed"))
        offers += [self._offer("button.unsubscribe", "unsubscribe"), self._offer("button.menu", "menu")]
        return Message(texts.clipped("\n".join(lines)), tuple(offers))

    def _held(self) -> list[Running]:
        return [wave for wave in self.world.running if wave.id in self.world.sessions]

    # ── Small things ──────────────────────────────────────────────────────────────────────────────────────────

    def _page(self, view: str, page: Message) -> Step:
        return Step(replace(self.lobby, view=view, menu=_menu_of(page)), (page,))

    def _say(self, key: str, **params: object) -> str:
        return texts.say(self.lobby.language, key, **params)

    def _offer(self, key: str, act: str, **params: object) -> Offer:
        return Offer(self._say(key, **params), f"l.{act}")

    def _other_languages(self) -> tuple[Offer, ...]:
        return tuple(
            Offer(texts.NAMES[each], f"l.language.{each}")
            for each in self.world.languages
            if each != self.lobby.language
        )

    def _open(self) -> Iterable[Running]:
        return (wave for wave in self.world.running if wave.is_open(self.world.now))

    def _wave(self, id: str) -> Running | None:
        return next((wave for wave in self.world.running if str(wave.id) == id), None)

    def _is_unit(self, code: str) -> bool:
        try:
            self.world.gazetteer.unit(code)
        except KeyError:
            return False
        return True

    def _unit(self) -> Unit | None:
        code = self.lobby.unit
        return self.world.gazetteer.unit(code) if code is not None and self._is_unit(code) else None

    def _place(self, unit: Unit) -> str:
        return self.world.gazetteer.place_within(unit)


ASKING = frozenset({"survey", "was", "notices"})
STREAMS = frozenset(Stream)
LONGEST_NUMBER = 4  # digits; no menu is longer
MOST_IN_AN_ACT = 5  # waves named in one token; further ones take a second time


def _menu_of(page: Message) -> tuple[tuple[int, str], ...]:
    numbers = count(1)
    return tuple((next(numbers), offer.act.removeprefix("l.")) for offer in page.offers)


def _preceded(step: Step, first: str) -> Step:
    return replace(step, say=(Message(first), *step.say))
