"""What one message changes in a session."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from surveys.conversation import Address, Incoming
from surveys.doors import Doors
from surveys.entry import Stream
from surveys.forms import turns
from surveys.forms.prompts import Occasion
from surveys.forms.session import Held, Session
from surveys.forms.turns import Exit, Turn
from surveys.taps import Message
from surveys.waves import LOCAL
from tests.surveys.forms.every_kind import EVERY_KIND

OCCASION = Occasion(
    now=datetime(2026, 11, 22, 8, 30, tzinfo=LOCAL),
    closes_on=date(2026, 11, 30),
    withdrawal_until=date(2026, 12, 7),
    checkable_after=date(2026, 12, 7),
    doors=Doors(),
)
NEW = Session(7, "29263", Stream.VISIT, "vi", "K7QF-3M2X-9TWA-5H8C", "seed")
FULL = (
    *(
        ("loi_chao", ""),
        ("hai_long", "4"),
        ("da_den", "co"),
        ("may_lan", "2"),
        ("ghi_chu", ""),
        ("viec", "a"),
    ),
    *(
        ("thu_tu", "a b c"),
        ("cho_bao_lau", "1.5"),
        ("thang_diem", "7"),
        ("thang_dai", "50"),
        ("ngay", "2026-03-05"),
    ),
    *(("gio", "17:30:00"), ("o_dau", "9.9 106.3"), ("anh", "file-1"), ("da_ro", "OK"), ("xao", "b")),
    ("gop_y", "ghế ít"),
)


class Talk:
    """One session and what was last said in it."""

    def __init__(self, session: Session = NEW) -> None:
        self.turn = turns.begin(EVERY_KIND, session, OCCASION)

    @classmethod
    def at(cls, name: str) -> "Talk":
        """Everything before this question is answered."""
        names = [each for each, _ in FULL]
        return cls(replace(NEW, answers=FULL[: names.index(name)]))

    @property
    def session(self) -> Session:
        return self.turn.session

    @property
    def message(self) -> Message:
        return self.turn.say[-1]

    @property
    def text(self) -> str:
        return "\n".join(message.text for message in self.turn.say)

    @property
    def buttons(self) -> list[str]:
        return [offer.label for offer in self.message.offers]

    def _incoming(self, **what: object) -> Turn:
        incoming = Incoming(Address("telegram", "1"), "key", **what)  # type: ignore[arg-type]
        self.turn = turns.reply(EVERY_KIND, self.session, incoming, OCCASION)
        return self.turn

    def says(self, text: str) -> str:
        self._incoming(text=text)
        return self.text

    def shares(self, latitude: float, longitude: float) -> str:
        self._incoming(location=(latitude, longitude))
        return self.text

    def photographs(self) -> str:
        self._incoming(photo="file-1")
        return self.text

    def taps(self, label: str) -> str:
        act = next(offer.act for offer in self.message.offers if offer.label == label)
        incoming = Incoming(Address("telegram", "1"), "key", tap="…")
        self.turn = turns.reply(EVERY_KIND, self.session, incoming, OCCASION, act.split(".", 2)[2])
        return self.text


def test_a_note_is_said_and_needs_no_answer() -> None:
    talk = Talk()

    assert talk.turn.say[0].text == "Câu loi_chao?"
    assert talk.message.text.startswith("1/")
    assert talk.session.values == {"loi_chao": ""}
    assert not talk.session.is_begun


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("hai_long", "2", "4"),
        ("hai_long", "0", "0"),
        ("hai_long", "rat khong hai long", "1"),
        ("may_lan", "3 lần", "3"),
        ("may_lan", "113", "113"),
        ("viec", "1,3", "a c"),
        ("viec", "2", "b"),
        ("thu_tu", "3 1 2", "c a b"),
        ("cho_bao_lau", "1,5", "1.5"),
        ("thang_diem", "0", "0"),
        ("thang_diem", "10", "10"),
        ("thang_dai", "55", "55"),
        ("ngay", "5/3/2026", "2026-03-05"),
        ("gio", "17h30", "17:30:00"),
        ("o_dau", "9.934 106.345", "9.934000 106.345000"),
        ("da_ro", "1", "OK"),
        ("gop_y", "cần thêm ghế", "cần thêm ghế"),
    ],
)
def test_every_kind_can_be_typed(name: str, typed: str, value: str) -> None:
    talk = Talk.at(name)

    talk.says(typed)

    assert talk.session.values[name] == value
    assert talk.turn.stamp is not None


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("hai_long", "tuyệt vời"),
        ("hai_long", "99"),
        ("da_den", "tuỳ"),
        ("may_lan", "nhiều"),
        ("may_lan", "1000"),
        ("viec", "9"),
        ("viec", "1,0"),
        ("thu_tu", "1 2"),
        ("thang_dai", "3"),
        ("ngay", "hôm nào đó"),
        ("gio", "lúc chiều"),
        ("o_dau", "nhà tôi"),
        ("anh", "đây"),
        ("da_ro", "chưa"),
    ],
)
def test_what_is_no_answer_gets_the_question_again(name: str, typed: str) -> None:
    talk = Talk.at(name)
    asked = talk.message.text

    talk.says(typed)

    assert name not in talk.session.values
    assert asked in talk.text
    assert len(talk.text) > len(asked)


def test_places_and_pictures_are_taken_where_they_are_asked_for() -> None:
    talk = Talk.at("o_dau")

    talk.shares(9.934, 106.345)
    talk.photographs()

    assert talk.session.values["o_dau"] == "9.934000 106.345000"
    assert talk.session.values["anh"] == "file-1"


def test_a_place_outside_the_world_is_no_place() -> None:
    talk = Talk.at("o_dau")

    talk.shares(99.0, 200.0)

    assert "o_dau" not in talk.session.values


def test_several_choices_are_tapped_one_by_one_and_never_shown() -> None:
    talk, other = Talk.at("viec"), Talk.at("viec")

    talk.taps("A")
    other.taps("B")
    assert talk.turn.say == other.turn.say
    talk.taps("C")
    assert "Đã chọn 2 mục" in talk.text
    talk.taps("A")
    assert "Đã chọn 1 mục" in talk.text
    talk.taps("Chọn xong")

    assert talk.session.values["viec"] == "c"


def test_no_opinion_stands_alone() -> None:
    talk = Talk.at("viec")
    talk.taps("A")
    talk.taps("Không ý kiến")

    talk.taps("Chọn xong")

    assert "viec" not in talk.session.values
    assert talk.session.picked == ()


def test_nothing_chosen_is_no_answer() -> None:
    talk = Talk.at("viec")

    talk.taps("Chọn xong")

    assert "chưa chọn" in talk.text


def test_a_ranking_is_complete_with_its_last_choice() -> None:
    talk = Talk.at("thu_tu")
    for label in ("C", "C", "A", "B"):
        talk.taps(label)

    assert talk.session.values["thu_tu"] == "c a b"


def test_buttons_where_any_number_may_be_the_answer_have_numbers_nobody_means() -> None:
    talk = Talk.at("cho_bao_lau")

    assert all((offer.number or 0) > 900 for offer in talk.message.offers)
    talk.says("999")

    assert talk.session.values["cho_bao_lau"] is None


def test_a_required_question_cannot_be_skipped() -> None:
    talk = Talk.at("da_den")
    assert "Bỏ qua" not in talk.buttons

    assert "cần có câu trả lời" in talk.says("bỏ qua")
    assert "da_den" not in talk.session.values


@pytest.mark.parametrize(
    ("words", "exit"),
    [("menu", Exit.MENU), ("/dulieu", Exit.DATA), ("phường", Exit.WARD), ("nhận thông báo", Exit.NOTICES)],
)
def test_the_lobby_is_a_word_away(words: str, exit: Exit) -> None:
    talk = Talk.at("hai_long")

    talk.says(words)

    assert talk.turn.leaves is exit


def test_a_changed_answer_takes_its_followers_along_and_brings_them_back() -> None:
    talk = Talk(replace(NEW, answers=FULL))
    assert talk.turn.ended
    assert "Mã biên nhận" in talk.text

    talk.says("xem lại")
    talk.says("2")
    talk.says("Không")
    assert "Mã biên nhận" in talk.text
    assert talk.session.values["may_lan"] == "2"
    talk.says("xem lại")
    talk.says("2")
    talk.says("Có")

    assert "Mã biên nhận" in talk.text
    assert not talk.turn.ended


def test_the_number_of_questions_follows_the_answers() -> None:
    with_visit, without = Talk.at("da_den"), Talk.at("da_den")

    with_visit.says("1")
    without.says("2")

    assert with_visit.message.text.startswith("3/15")
    assert without.message.text.startswith("3/14")


def test_a_number_that_the_menu_does_not_have_is_no_answer() -> None:
    talk = Talk.at("may_lan")
    talk.taps("☰ Thêm")

    talk.says("9")

    assert "may_lan" not in talk.session.values
    assert "Câu may_lan?" in talk.text


def test_random_order_stays_the_same_for_one_person() -> None:
    one, same = Talk.at("xao"), Talk.at("xao")

    assert one.buttons == same.buttons


def test_a_longer_comment_than_a_comment_is_asked_to_be_shorter() -> None:
    talk = Talk.at("gop_y")

    assert "2000" in talk.says("rất dài " * 400)
    assert "gop_y" not in talk.session.values


@pytest.mark.parametrize("held", list(Held))
def test_what_waits_for_a_decision_is_shown_again_and_is_no_answer(held: Held) -> None:
    session = replace(Talk.at("gop_y").session, held="gọi 0912345678", held_for=held)

    turn = turns.again(EVERY_KIND, session, OCCASION)

    assert turn.say[-1].offers
    assert "0912345678" not in turn.say[-1].text
    assert "gop_y" not in turn.session.values


def test_a_session_survives_the_page_it_is_written_on() -> None:
    session = replace(
        Talk.at("gop_y").session,
        at="viec",
        picked=("a",),
        held="“gọi” 0912345678 \U0001f600",
        held_for=Held.TRACES,
        whole=("gop_y",),
        menu=((0, "continue"), (12, "edit.3")),
        has_ended=True,
        seen=bytes(range(128)),
        turn=41,
    )

    assert Session.from_json(session.to_json()) == session


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b'{"wave": 1}', b"\xff"])
def test_what_is_no_session_is_refused(body: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        Session.from_json(body)


def test_a_closed_wave_is_told_without_a_trace_of_the_answers() -> None:
    one = turns.closed(EVERY_KIND, replace(NEW, answers=(("hai_long", "5"),)), OCCASION)
    other = turns.closed(EVERY_KIND, replace(NEW, answers=(("hai_long", "1"),)), OCCASION)

    assert one == other
    assert "7/12/2026" in one.text


@pytest.mark.parametrize(
    ("text", "named", "button"),
    [
        ("gọi 0912345678", "số điện thoại", "Bỏ số đi rồi gửi"),
        ("xe 84B1-123.45, gọi 0912345678", "số điện thoại và biển số xe", "Bỏ số đi rồi gửi"),
        ("thư về an@abc.vn", "địa chỉ thư điện tử", "Bỏ chỗ đó rồi gửi"),
        ("cảm ơn anh Tuấn", "tên người", "Bỏ chỗ đó rồi gửi"),
    ],
)
def test_the_warning_names_what_it_found_and_offers_three_ways_out(
    text: str, named: str, button: str
) -> None:
    talk = Talk.at("gop_y")

    assert talk.says(text) == f"Trong câu trả lời có {named}. Ông/bà muốn:"
    assert talk.buttons == [button, "Viết lại", "Gửi nguyên văn cho Công an tỉnh"]
