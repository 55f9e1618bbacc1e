"""A thousand random conversations about a form with every question type: no words, taps or things break a session."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from surveys import texts
from surveys.conversation import Address, Incoming
from surveys.forms import turns
from surveys.forms.form import Kind
from surveys.forms.session import Session
from surveys.forms.turns import Turn
from surveys.forms.walk import Walk
from surveys.taps import Offer
from tests.surveys.forms.every_kind import EVERY_KIND
from tests.surveys.forms.test_turns import NEW, OCCASION

WORDS = st.sampled_from(
    """1|2|3|0|10|998|999|996|113|1,3|3 1 2|2 lần|1,5|17h30|5/3/2026|hôm qua|9.9 106.3|hài lòng|có|không|ok|bỏ qua|quay lại
tiếp tục|trợ giúp|ngôn ngữ|english|tiếng việt|khmer|sau|dừng|xem lại|menu|dữ liệu|phường|nhận thông báo|cháy nhà
tôi muốn tố cáo|gọi 0912345678|xe 84B1-123.45|a@b.vn|ghế chờ ít quá|đã rõ|/boqua|/quaylai|?|…|😀|ខ្មែរ|-1|99999999999""".replace(
        "\n", "|"
    ).split("|")
)
PLACES = st.tuples(st.floats(allow_nan=True), st.floats(allow_nan=True))


class Conversation(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.session: Session = NEW
        self.offered: list[Offer] = []
        self.sent = 0

    def takes(self, turn: Turn) -> None:
        assert turn.leaves is not None or turn.say
        for message in turn.say:
            assert message.text.strip()
            assert texts.length(message.text) <= texts.LONGEST
            numbers = [
                each.number or place for place, each in enumerate(message.offers, start=1) if each.number != 0
            ]
            assert len(set(numbers)) == len(numbers)
            self.offered.extend(message.offers)
        self.session = turn.session

    def does(self, act: str | None = None, **what: object) -> None:
        self.sent += 1
        incoming = Incoming(Address("web", "1"), str(self.sent), **what)  # type: ignore[arg-type]
        self.takes(turns.reply(EVERY_KIND, self.session, incoming, OCCASION, act))

    @initialize()
    def begins(self) -> None:
        self.takes(turns.begin(EVERY_KIND, NEW, OCCASION))

    @rule(words=st.one_of(WORDS, st.text(max_size=40)))
    def says(self, words: str) -> None:
        self.does(text=words)

    @rule(place=st.integers(0, 12))
    def taps_what_was_just_offered(self, place: int) -> None:
        if self.offered:
            self.does(self.offered[-1 - place % len(self.offered)].act.split(".", 2)[2], tap="…")

    @rule(place=st.integers(0, 10_000))
    def taps_something_old(self, place: int) -> None:
        if self.offered:
            self.does(self.offered[place % len(self.offered)].act.split(".", 2)[2], tap="…")

    @rule()
    def taps_something_forged(self) -> None:
        before = self.session
        self.does(tap="forged")
        assert self.session.answers == before.answers

    @rule(where=PLACES)
    def shares(self, where: tuple[float, float]) -> None:
        self.does(location=where)

    @rule()
    def photographs(self) -> None:
        self.does(photo="file-1")

    @invariant()
    def a_saved_session_is_the_same_session(self) -> None:
        assert Session.from_json(self.session.to_json()) == self.session

    @invariant()
    def every_question_has_one_legal_answer(self) -> None:
        names = [name for name, _ in self.session.answers]
        assert len(set(names)) == len(names)
        walk = Walk(EVERY_KIND, self.session.values, seed="seed", today=OCCASION.now.date())
        for name, value in self.session.answers:
            question = EVERY_KIND.question(name)
            if question.kind in (Kind.SELECT_ONE, Kind.SELECT_MULTIPLE, Kind.RANK) and value is not None:
                assert set(value.split()) <= {choice.name for choice in question.choices}
                assert len(set(value.split())) == len(value.split())
            assert value or not walk.is_required(question)

    def teardown(self) -> None:
        """Whatever happened, it can be brought to its end by typing."""
        for _ in range(4 * len(EVERY_KIND.questions)):
            if self.session.has_ended and self.session.at is None and self.session.held is None:
                walk = Walk(EVERY_KIND, self.session.values, seed="seed", today=OCCASION.now.date())
                if walk.waiting() is None:
                    return
            self.session = turns.reply(
                EVERY_KIND, self.session, Incoming(Address("web", "1"), "k", "tiếp tục"), OCCASION
            ).session
            current = turns.again(EVERY_KIND, self.session, OCCASION).say[-1].offers
            act = next(
                (each.act for each in current if ".skip." in each.act or ".rewrite." in each.act),
                current[0].act,
            )
            self.session = turns.reply(
                EVERY_KIND,
                self.session,
                Incoming(Address("web", "1"), "k", tap="…"),
                OCCASION,
                act.split(".", 2)[2],
            ).session
        raise AssertionError(f"a session that cannot go on: {self.session}")


Conversation.TestCase.settings = settings(
    max_examples=1000,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestConversation = Conversation.TestCase
