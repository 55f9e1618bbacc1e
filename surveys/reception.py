"""What one message changes in the lobby: from the first greeting to consent, the menu, a person's own data. Pure.

Every page is an act, and every act can be performed again, so a button works however old it is."""

from dataclasses import dataclass, replace
from itertools import count

from surveys import commands, emergency, evenings, subscribing, texts
from surveys.commands import Command, Word
from surveys.entry import Entry, Stream
from surveys.lobby import (
    AskLater,
    Begin,
    Effect,
    Enrol,
    Export,
    Lobby,
    Resume,
    SeeNews,
    SeeResults,
    SeeSubscriptions,
    Unfollow,
    Unsubscribe,
    Withdraw,
)
from surveys.lobby_pages import Pages, World
from surveys.notices import Push
from surveys.running import stream_for
from surveys.taps import Message
from surveys.units import FoundKind, Unit

__all__ = ["Reception", "Step"]

YES = frozenset({"đồng ý", "đồng ý, bắt đầu", "dong y", "có", "co", "ok", "oke", "vâng", "dạ", "yes", "agree", "i agree", "យល់ព្រម", "បាទ", "ចាស"})  # fmt: skip
RIGHT = frozenset({"đúng", "dung", "đúng rồi", "dung roi", "phải", "phai"})
"""Yes where a fact is confirmed. Where consent is asked for, a “dung” without marks would rather mean stop."""
NO = frozenset(
    {"không", "khong", "không đồng ý", "khong dong y", "không tham gia", "khong tham gia", "no", "ទេ"}
)
SEARCHING = ("wards", "provinces", "province", "was")


@dataclass(frozen=True, slots=True)
class Step:
    """What one message changed in the lobby."""

    lobby: Lobby
    say: tuple[Message, ...] = ()
    effect: Effect | None = None
    only_reads: bool = False
    """Something was looked at, and nothing done: where they are is all that may be kept of it."""


class Reception:
    """The lobby, for one person at one moment."""

    def __init__(self, lobby: Lobby, world: World) -> None:
        self.lobby = lobby
        self.world = world
        self.pages = Pages(lobby, world)

    # ── Coming in ─────────────────────────────────────────────────────────────────────────────────────────────

    def arrives(self, entry: Entry) -> Step:
        """A start: from a link, a QR, or nothing at all. A bare start keeps the ward somebody chose before."""
        if entry.unit is not None and not self.pages.is_unit(entry.unit):
            entry = Entry()
        if entry.unit is not None and not self.pages.shows(entry.unit):
            return self._not_served(self.world.gazetteer.unit(entry.unit), self.arrives(Entry()))
        if entry == Entry() or self.pages.is_province(entry.unit or ""):
            entry = self.lobby.entry
        if entry.unit is None and self.pages.only() is not None:
            entry = Entry(self.pages.only())  # an account of one ward need not ask which
        if entry.unit is not None and not self.pages.serves(entry.unit):
            entry = Entry(self.pages.only())
        lobby = replace(self.lobby, entry=entry)
        return Reception(lobby, self.world)._received()

    def _received(self) -> Step:
        unit = self.pages.unit()
        greeting = (
            self.pages.say("greeting.ward", ward=unit.name_within) if unit else self.pages.say("greeting")
        )
        if self.lobby.language in texts.UNREVIEWED:
            greeting = f"{self.pages.say('language.unreviewed')}\n{greeting}"
        return self._surveys(greeting) if unit else self._page("wards", self.pages.which_ward(greeting))

    def _surveys(self, greeting: str) -> Step:
        """What can be answered here: straight to the card where there is one thing to answer."""
        unit = self.pages.unit()
        if unit is None:
            return self._received()
        waves = self.pages.open_in(unit)
        linked = [wave for wave in waves if wave.slug == self.lobby.entry.wave]
        chosen = (linked or list(waves))[0] if len(linked or waves) == 1 else None
        if chosen is not None and chosen.id in self.world.sessions:
            return Step(self.lobby, effect=Resume(chosen.id))
        if chosen is not None:
            return self._page(f"survey.{chosen.id}", self.pages.card(chosen, unit, greeting))
        if not waves:
            first = f"{greeting}\n{self.pages.say('no_wave', ward=unit.name_within)}"
            return self._page("menu", self.pages.menu(first))
        return self._page("menu", self.pages.menu(f"{greeting}\n{self.pages.say('choose_survey')}"))

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
        return step == self._page("wards", self.pages.which_ward(self.pages.say("ward.not_found")))

    def tells(self, text: str) -> Step:
        text = text.strip()
        if not text:
            return self.again()
        if emergency.alarm(text) is not None:
            page = self.pages.emergency()
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
        return self.again(self.pages.say("not_understood"))

    def _agreed(self, text: str) -> str | None:
        """“Đồng ý” and “không”, typed where a page asks just that: its first and its second button."""
        first = self.lobby.menu[0][1].split(".")[0] if self.lobby.menu else ""
        if (self.lobby.view.split(".")[0], first) not in ASKING:
            return None
        word = " ".join(text.lower().strip(" .!").split())
        if word in YES or (word in RIGHT and self.lobby.view.startswith("was.")):
            return self.lobby.menu[0][1]
        refusals = (act for _, act in self.lobby.menu[1:] if act in REFUSALS)
        return next(refusals, None) if word in NO else None

    def commands(self, command: Command) -> Step:
        match command.word:
            case Word.START:
                return self.arrives(Entry())
            case Word.STOP:
                return replace(
                    self._page("menu", self.pages.menu(self.pages.say("stopped.lobby"))), effect=Unsubscribe()
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
            case Word.NEWS:
                return self.acts("news")
            case Word.SURVEYS:
                return self.acts("surveys")
            case Word.LATER:
                view, _, wave = self.lobby.view.partition(".")
                return self._later(wave if view == "survey" else "")
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
                return self._page("menu", self.pages.menu(self.pages.say("menu")))
            case ["calm"]:
                return self.again()
            case ["wards"]:
                return self._page("wards", self.pages.which_ward())
            case ["province" | "was" | "ward" | "enrol" | "topics", code, *_] if self._is_elsewhere(code):
                return self._not_served(self.world.gazetteer.unit(code))
            case ["provinces", page] if page.isdigit():
                return self._page(act, self.pages.provinces(int(page)))
            case ["province", code, page] if page.isdigit() and self.pages.is_unit(code):
                return self._page(act, self.pages.province(code, int(page)))
            case ["was", code] if self.pages.is_unit(code):
                return self._page(act, self.pages.was(code))
            case ["ward", code] if self.pages.is_unit(code):
                return self._chooses(self.world.gazetteer.unit(code))
            case ["survey", wave]:
                return self._survey(wave)
            case ["consent", wave, unit, stream]:
                return self._consents(wave, unit, stream)
            case ["later", wave]:
                return self._later(wave)
            case ["decline"]:
                return self._page("menu", self.pages.menu(self.pages.say("declined")))
            case ["help"]:
                return self._page("menu", self.pages.menu(self.pages.say("help")))
            case ["language", *language]:
                return self._language(*language)
            case ["notices"]:
                return Step(self.lobby, effect=SeeSubscriptions())
            case ["join", code] if self.pages.is_unit(code):
                return Step(self.lobby, effect=SeeSubscriptions(joining=code))
            case ["join", code, push] if self.pages.is_unit(code) and push in set(Push):
                return Step(self.lobby, effect=SeeSubscriptions(joining=code, push=Push(push)))
            case ["follow"]:
                return self.follows()
            case ["topics", code, number] if self.pages.is_unit(code) and number.isdigit():
                return self._page(act, self._topics(code, int(number)))
            case ["news" | "surveys" as list, *code]:
                return self._pulls(list, *code)
            case ["results"] if self.pages.unit() is not None:
                return Step(self.lobby, effect=SeeResults())
            case ["results"]:
                return self._page("wards", self.pages.which_ward())
            case ["enrol", code, *number] if self.pages.is_unit(code):
                return self._enrols(self.world.gazetteer.unit(code), *number)
            case ["unfollow", code] if self.pages.is_unit(code):
                left = self.pages.say("notices.unfollowed", ward=self.world.gazetteer.unit(code).name_within)
                return replace(self._page("menu", self.pages.menu(left)), effect=Unfollow(code))
            case ["unsubscribe"]:
                return replace(
                    self._page("menu", self.pages.menu(self.pages.say("unsubscribed"))), effect=Unsubscribe()
                )
            case ["data" | "export" | "exported" | "withdraw" | "withdrawn", *waves]:
                return self._data(act.split(".")[0], waves)
        return self._page("menu", self.pages.menu(self.pages.say("menu")))

    # ── Language ──────────────────────────────────────────────────────────────────────────────────────────────

    def _language(self, language: str = "") -> Step:
        if language not in self.world.languages:
            page = self.pages.languages()
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
                here = self.world.reach.within(found.suggestions, self.world.gazetteer)
                if not here:
                    return self._not_served(found.suggestions[0])
                return self._page("wards", self.pages.suggestions(here))
        return self._page("wards", self.pages.which_ward(self.pages.say("ward.not_found")))

    def _chooses(self, unit: Unit) -> Step:
        """A ward was chosen; an old one stands for what became of it."""
        if self._is_elsewhere(unit.code):
            return self._not_served(unit)
        if unit.kind.is_province:
            return self.acts(f"province.{unit.code}.0")
        if unit.is_past:
            return self.acts(f"was.{unit.code}")
        chosen = Reception(self.lobby.in_ward(unit.code), self.world)
        if self.lobby.follows:
            # Where they answer stays where it was.
            follower = chosen if self.lobby.unit is None else self
            return follower.acts(f"topics.{unit.code}.{subscribing.USUAL}")
        return chosen._surveys(greeting=self.pages.say("ward.chosen", ward=self.pages.place(unit)))

    def _is_elsewhere(self, code: str) -> bool:
        return self.pages.is_unit(code) and not self.pages.shows(code)

    def _not_served(self, unit: Unit, step: Step | None = None) -> Step:
        """Kind words about another place, and on with where they are."""
        return _preceded(step or self._somewhere_served(), self.pages.not_served(unit))

    def _somewhere_served(self) -> Step:
        """The page they are on; the first one, where theirs is about a place that is not served any more."""
        about = self.lobby.view.split(".")[1:2]
        return self.acts("menu") if about and self._is_elsewhere(about[0]) else self.again()

    # ── Survey ────────────────────────────────────────────────────────────────────────────────────────────────

    def _survey(self, wave: str) -> Step:
        running, unit = self.pages.wave(wave), self.pages.unit()
        if running is not None and running.id in self.world.sessions and running.is_open(self.world.now):
            return Step(self.lobby, effect=Resume(running.id))
        if running is None or unit is None or unit.code not in running.units:
            return self._page("menu", self.pages.menu(self.pages.say("menu")))
        if not running.is_open(self.world.now):
            return self._page("menu", self.pages.menu(self.pages.say("too_late", title=running.title)))
        return self._page(f"survey.{running.id}", self.pages.card(running, unit))

    def _consents(self, wave: str, unit: str, stream: str) -> Step:
        running = self.pages.wave(wave)
        if running is None or unit not in running.units or stream not in STREAMS:
            return self.again()
        if not running.is_open(self.world.now):
            return self._page("menu", self.pages.menu(self.pages.say("too_late", title=running.title)))
        if running.id in self.world.sessions:
            return Step(self.lobby, effect=Resume(running.id))
        agreed = Stream(stream)
        if agreed is Stream.VISIT and stream_for(self.lobby.entry, running, unit) is not agreed:
            agreed = (
                Stream.OPEN
            )  # the button is older than the entry: what it would have spent is not at hand any more
        return Step(self.lobby, effect=Begin(running.id, unit, agreed))

    def _later(self, wave: str) -> Step:
        """Not now. The page they are on stays what it was, and what they type there means the same."""
        running = self.pages.wave(wave)
        if running is not None and running.id in self.world.sessions and running.is_open(self.world.now):
            return Step(self.lobby, effect=Resume(running.id))
        evening = self.pages.evening(running) if running is not None else None
        if running is None or evening is None:
            return self.again(self.pages.say("postponed.lobby"))
        when = evenings.moment(self.lobby.language, evening)
        said = Message(self.pages.say("evening.kept", when=when))
        return Step(self.lobby, (said,), AskLater(running.id, evening), only_reads=True)

    # ── Menu, notices ─────────────────────────────────────────────────────────────────────────────────────────

    def subscriptions(self, wants: subscribing.Wants) -> Step:
        """What they get, to be changed. Whoever gets nothing yet is asked about the ward they are in: consent for notices is a
        purpose of its own, asked on its own."""
        if wants:
            return self._page("notices", subscribing.mine(self.pages, wants))
        unit = self.pages.unit()
        if unit is None:
            return self.follows(self.pages.say("notices.ward_first"))
        return self.acts(f"topics.{unit.code}.{subscribing.USUAL}")

    def joins(self, unit: str, wants: subscribing.Wants, push: Push) -> Step:
        """The surveys of a ward besides what they have there, for them to agree to."""
        chosen = wants.get(unit, frozenset())
        if push in chosen:
            return self.subscriptions(wants)
        return self.acts(f"topics.{unit}.{subscribing.number_of({*chosen, push})}")

    def follows(self, first: str = "") -> Step:
        """Which other ward: found as every ward is found."""
        page = self.pages.which_ward(first or self.pages.say("notices.follow"))
        return Reception(replace(self.lobby, follows=True), self.world)._page("wards", page)

    def _topics(self, code: str, number: int) -> Message:
        return subscribing.topics_page(
            self.pages, self.world.gazetteer.unit(code), number & subscribing.EVERY
        )

    def _pulls(self, list: str, code: str = "") -> Step:
        """What waits for whoever comes and asks."""
        unit = self.pages.unit()
        if unit is None:
            return self._page("wards", self.pages.which_ward(self.pages.say("pull.ward_first")))
        if list == "surveys":
            return replace(self._page(list, self.pages.open_surveys(unit)), only_reads=True)
        if self.world.notices is None:
            units = tuple(each for each in (unit.code, unit.province) if each is not None)
            return Step(self.lobby, effect=SeeNews(units, self.lobby.language))
        notice = self.pages.notice(code) if code else None
        if notice is not None:
            return Step(self.lobby, (notice,), only_reads=True)
        first = self.pages.say("pull.notice_gone") if code else ""
        return replace(self._page(list, self.pages.news(unit, first)), only_reads=True)

    def _enrols(self, unit: Unit, number: str = str(subscribing.USUAL)) -> Step:
        """A button of an earlier version named no topics: it meant every notice."""
        topics = subscribing.topics_of(int(number) if number.isdigit() else 0)
        if not topics:
            return self._page(f"topics.{unit.code}.0", self._topics(unit.code, 0))
        noted = self.pages.say(subscribing.noted(topics), ward=unit.name_within)
        page = self._page("menu", self.pages.menu(noted))
        return replace(page, effect=Enrol(unit.code, topics))

    # ── Their data ────────────────────────────────────────────────────────────────────────────────────────────

    def _data(self, verb: str, waves: list[str]) -> Step:
        held = self.pages.withdrawable()
        # A button names its waves: tapped again when they are gone, it must not reach for others.
        asked = [wave for wave in held if str(wave.id) in waves]
        match verb:
            case "export":
                return self._page("data", self.pages.before_export())
            case "exported":
                return replace(self._page("data", self.pages.my_data()), effect=Export())
            case "withdraw" if held:
                return self._page("data", self.pages.before_withdrawal((asked or held)[:MOST_IN_AN_ACT]))
            case "withdrawn" if asked:
                gone = tuple(wave.id for wave in asked)
                left = {id: each for id, each in self.world.sessions.items() if id not in gone}
                after = Reception(self.lobby, replace(self.world, sessions=left))
                step = after._page("menu", after.pages.menu(self.pages.say("data.withdrawn")))
                return replace(step, effect=Withdraw(gone))
            case "withdraw" | "withdrawn" if self._is_too_late(waves):
                return self._page("menu", self.pages.menu(self.pages.say("data.too_late")))
        return self._page("data", self.pages.my_data())

    def _is_too_late(self, waves: list[str]) -> bool:
        """Whether they have answers in what they want to withdraw, but its days are over."""
        return any(str(wave.id) in waves or not waves for wave in self.pages.held())

    # ── Small things ──────────────────────────────────────────────────────────────────────────────────────────

    def _page(self, view: str, page: Message) -> Step:
        follows = self.lobby.follows and view.split(".")[0] in SEARCHING
        return Step(replace(self.lobby, view=view, menu=_menu_of(page), follows=follows), (page,))


ASKING = frozenset({("survey", "consent"), ("was", "ward"), ("topics", "enrol")})
"""Pages that ask for a yes, and their first button."""
REFUSALS = frozenset({"decline", "wards", "menu"})
"""The way out of such a page."""
STREAMS = frozenset(Stream)
LONGEST_NUMBER = 4  # digits; no menu is longer
MOST_IN_AN_ACT = 5  # waves named in one token; further ones take a second time


def _menu_of(page: Message) -> tuple[tuple[int, str], ...]:
    numbers = count(1)
    return tuple((next(numbers), offer.act.removeprefix("l.")) for offer in page.offers)


def _preceded(step: Step, first: str) -> Step:
    return replace(step, say=(Message(first), *step.say))
