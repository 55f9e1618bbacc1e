"""The life of a notice as a table; its code, its links, what may sway a survey, templates, reckoning, and what is told of it."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys import texts
from surveys.conversation import Entity, Style
from surveys.notices import (
    TRANSITIONS,
    Audience,
    Category,
    Deed,
    Draft,
    Hand,
    Notice,
    NotNow,
    Policies,
    State,
    Subscriber,
    Text,
    Trouble,
    WhyNot,
    after,
    corrected,
    influence,
    new_code,
    possible,
    problems,
    read_code,
    reckoned,
    told,
)
from surveys.notices.codes import LETTERS
from surveys.notices.influence import Kind
from surveys.notices.templates import BadTemplate, GapKind, Template, filled, gaps_in
from surveys.notices.verifying import verified
from surveys.notices.webs import is_allowed, webs
from surveys.notices.words import CATEGORIES, DEEDS, KINDS, STATES, WHY_NOT

NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
WRITER = Hand("p-an", "Nguyễn Văn An", "29263-officer", "Cán bộ", NOW)


def a_notice(words: str = "Cảnh giác.", **more: object) -> Notice:
    draft = Draft(Category.SCAM, {"vi": Text.of(words)}, Audience(("29263",)))
    notice = Notice("id", "Q7-204", "29263", draft, State.DRAFT, 1, (WRITER,))
    own = {name: value for name, value in more.items() if hasattr(notice, name) and name not in FIELDS}
    of_draft = {name: value for name, value in more.items() if name in FIELDS}
    return replace(notice, draft=replace(draft, **of_draft), **own)  # type: ignore[arg-type]


FIELDS = {"texts", "audience", "image", "is_urgent", "send_at", "over", "expires_at"}


# ── Its life ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("deed", Deed)
def test_what_does_not_stand_in_the_table_does_not_happen(state: State, deed: Deed) -> None:
    if deed in possible(state):
        assert after(state, deed) is TRANSITIONS[state][deed]
    else:
        with pytest.raises(NotNow):
            after(state, deed)


def test_nothing_leaves_but_by_approval() -> None:
    """However one walks through the table: before sending lies an approval, and after a change lies another one."""
    leads_to = {(state, to) for state, deeds in TRANSITIONS.items() for to in deeds.values()}
    into_sending = {state for state, to in leads_to if to is State.SENDING}
    into_approved = {state for state, to in leads_to if to is State.APPROVED and state is not State.APPROVED}
    into_scheduled = {
        state for state, to in leads_to if to is State.SCHEDULED and state is not State.SCHEDULED
    }

    assert into_sending == {State.APPROVED, State.SCHEDULED}
    assert into_scheduled == {State.APPROVED}
    assert into_approved == {State.SUBMITTED}
    assert {TRANSITIONS[state][Deed.CHANGE] for state in State if Deed.CHANGE in possible(state)} == {
        State.DRAFT
    }
    assert not possible(State.ARCHIVED)


def test_everything_has_a_name_for_officers() -> None:
    assert STATES.keys() == set(State)
    assert DEEDS.keys() == set(Deed)
    assert CATEGORIES.keys() == set(Category)
    assert WHY_NOT.keys() == set(WhyNot)
    assert KINDS.keys() == set(Kind)


# ── Its code ─────────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.integers(0, 2**64 - 1), st.integers(1, 9))
def test_a_code_reads_back_however_it_is_typed(random: int, digits: int) -> None:
    code = new_code(random, digits=digits)

    assert not set(code) & set("ILOSZBPNFWJ")
    for typed in (code, code.lower(), code.replace("-", ""), code.replace("-", " "), f" {code}. "):
        assert read_code(typed) == code
    assert read_code(code.replace("0", "O").replace("1", "l")) == code


@pytest.mark.parametrize(
    "typed", ["", "Q7", "Q7-20", "Q7-204567", "77-204", "QQ-204", "I7-204", "Q1-204", "Q7-204 a"]
)
def test_what_is_no_code_is_none(typed: str) -> None:
    assert read_code(typed) is None


def test_no_letter_of_a_code_is_taken_for_another() -> None:
    assert len(set(LETTERS)) == len(LETTERS)
    assert not set(LETTERS) & set("ILOSZB0123456789")


# ── Its links ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "allowed",
    [
        "https://vinhlong.gov.vn/a?b=1",
        "congan.vinhlong.gov.vn",
        "dichvucong.gov.vn.",
        "HTTPS://GOV.VN",
        "a@vinhlong.gov.vn",
    ],
)
def test_links_to_the_state_may_stand(allowed: str) -> None:
    (web,) = webs(Text.of(f"Xem {allowed}, rồi làm theo"))

    assert is_allowed(web, ("gov.vn",))


@pytest.mark.parametrize(
    "foreign",
    [
        "https://vneid.gov.vn.evil.com",
        "https://evil.com/vneid.gov.vn",
        "https://vneid-gov.vn",
        "https://gov.vn@evil.com",
        "https://evil.com\\@gov.vn",
        "https://gоv.vn",  # a Cyrillic о
        "https://evil。com",
        "http://1.2.3.4/gov.vn",
        "https://gov.vn:8443/x",
        "javascript://gov.vn/%0aalert(1)",
        "ftp://gov.vn",
        "t.me/ai_do",
        "zalo.me/84912345678",
        "bit.ly/abc",
        "www.facebook.com",
        "vneid.xn--gov-abc.vn",
        "apk.vneid.top",
        "a@gmail.com",
    ],
)
def test_links_to_anywhere_else_may_not(foreign: str) -> None:
    found = webs(Text.of(f"Xem {foreign} ngay"))

    assert found
    assert not all(is_allowed(web, ("gov.vn", ".chinhphu.vn")) for web in found)


@pytest.mark.parametrize(
    "plain",
    [
        "TP.HCM và Q.Bình Thạnh",
        "lúc 7.30 ngày 30.11.2026",
        "v.v. và P.4",
        "đi.Tôi thấy",
        "1.904 người",
        "TT.BCA",
    ],
)
def test_what_only_looks_a_little_like_a_link_is_none(plain: str) -> None:
    assert webs(Text.of(plain)) == ()


def test_an_address_behind_words_counts() -> None:
    text = Text.of("Bấm vào đây", [Entity(Style.LINK, 8, 3, "https://evil.com")])

    assert [web.host for web in webs(text)] == ["evil.com"]


# ── What may sway a survey ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("Bà con HÃY CHỌN mức cao nhất", Kind.REQUEST, "HÃY CHỌN"),
        ("ba con hay chon muc cao nhat", Kind.REQUEST, "hay chon"),
        ("xin cho công an 5 sao nhé", Kind.REQUEST, "5 sao"),
        ("tich vao o rat hai long", Kind.SCALE, "rat hai long"),
        ("mức độ hài lòng", Kind.SCALE, "mức độ hài lòng"),
        ("Công an phường tận tụy vì dân", Kind.PRAISE, "tận tụy"),
        ("Cong an phuong duoc bieu duong", Kind.PRAISE, "bieu duong"),
        ("ai trả lời phiếu được tặng quà", Kind.SURVEY, "tặng quà"),
        ("Please choose very satisfied", Kind.SCALE, "very satisfied"),
    ],
)
def test_it_is_found_with_marks_and_without(text: str, kind: Kind, words: str) -> None:
    assert (kind, words) in [(each.kind, each.words) for each in influence(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Đang có người giả danh công an gọi điện yêu cầu cập nhật VNeID. Không làm theo.",
        "Từ 7 giờ ngày 30/11 cấm xe tải trên đường Điện Biên Phủ.",
        "hay chôn lấp rác",
        "Nộp hồ sơ tạm trú tại bộ phận một cửa.",
        "Tắt bếp gas trước khi ra khỏi nhà.",
    ],
)
def test_an_ordinary_notice_is_not_stopped(text: str) -> None:
    assert influence(text) == ()


def test_what_is_not_read_here_says_so() -> None:
    assert [each.kind for each in influence("ភាសាខ្មែរ", "km")] == [Kind.UNREAD]
    assert influence("  ", "km") == ()


def test_a_phrase_inside_a_longer_one_is_told_once() -> None:
    assert [each.words for each in influence("rất hài lòng")] == ["rất hài lòng"]


# ── What is wrong with it ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("more", "trouble"),
    [
        ({"texts": {}}, Trouble.NO_TEXT),
        ({"texts": {"vi": Text("a"), "km": Text("")}}, Trouble.NO_TEXT),
        ({"texts": {"vi": Text("a"), "fr": Text("b")}}, Trouble.UNKNOWN_LANGUAGE),
        ({"audience": Audience()}, Trouble.NO_AUDIENCE),
        ({"audience": Audience(("29263",), areas=("Khóm 1",))}, Trouble.NO_AREAS),
        ({"texts": {"vi": Text("a " * 940)}}, Trouble.TOO_LONG),
        ({"texts": {"vi": Text("a" * 1000)}, "image": "0" * 64}, Trouble.TOO_LONG),
        ({"texts": {"vi": Text("xem evil.com")}}, Trouble.FOREIGN_LINK),
        ({"send_at": NOW - timedelta(minutes=1)}, Trouble.IN_THE_PAST),
        ({"send_at": NOW + timedelta(days=100)}, Trouble.TOO_FAR_AHEAD),
        ({"expires_at": NOW - timedelta(minutes=1)}, Trouble.EXPIRES_TOO_SOON),
        ({"over": timedelta(days=2)}, Trouble.TOO_SLOW),
    ],
)
def test_everything_that_is_wrong_is_said(more: dict[str, object], trouble: Trouble) -> None:
    found = problems(a_notice(**more), Policies(), NOW, "phường Long Đức")

    assert trouble in {each.trouble for each in found}
    assert all(each.sentence.endswith(".") or "ký tự" in each.sentence for each in found)


def test_a_sound_notice_has_no_problem() -> None:
    assert problems(a_notice(), Policies(), NOW, "phường Long Đức") == ()


@pytest.mark.parametrize(("kind", "limit"), [("telegram", 4096), ("zalo", 1900), ("zalobot", 1900)])
def test_a_length_that_is_let_pass_fits(kind: str, limit: int) -> None:
    """Held to what is told, head and foot and all; one letter more is one too many."""
    policies = Policies(limits={kind: limit})
    for words in range(1, limit):
        notice = a_notice("ạ" * (limit - words))
        if not problems(notice, policies, NOW, "phường Long Đức"):
            break

    assert texts.length(told(notice, "vi", kind, office="phường Long Đức").text) == limit


# ── What is told ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_urgent_says_so_first() -> None:
    telling = told(a_notice(is_urgent=True), "vi", "telegram", office="phường Long Đức")

    assert telling.text.startswith("KHẨN · Công an phường Long Đức · Cảnh báo lừa đảo · mã Q7-204\n\n")
    assert [offer.act for offer in telling.offers] == ["l.seen.Q7-204", "l.notices"]


@pytest.mark.parametrize("kind", ["zalo", "zalobot"])
def test_where_buttons_may_be_missing_it_can_be_typed(kind: str) -> None:
    telling = told(a_notice(), "vi", kind, office="phường Long Đức")

    assert "gõ DAXEM Q7-204 · Thôi nhận: gõ DUNG" in telling.text


def test_who_reads_a_language_it_is_not_in_gets_it_in_vietnamese() -> None:
    telling = told(a_notice("Cảnh giác."), "km", "telegram", office="phường Long Đức")

    assert "Cảnh giác." in telling.text
    assert "នគរបាល" in telling.text


def test_a_correction_says_why() -> None:
    notice = replace(a_notice(), ended=replace(WRITER, reason="Sai ngày"), recalled_at=NOW)

    said = corrected(notice, "vi", office="phường Long Đức").text

    assert "thu hồi thông báo mã Q7-204. Lý do: Sai ngày" in said


def test_verifying_says_what_holds_now() -> None:
    sent = replace(a_notice(expires_at=NOW + timedelta(days=1)), state=State.SENT, begun_at=NOW)
    later = NOW + timedelta(days=2)

    assert "Có giá trị đến 08:30 ngày 23/11/2026" in verified("vi", sent, "phường Long Đức", NOW)
    assert "ĐÃ HẾT HIỆU LỰC" in verified("vi", sent, "phường Long Đức", later)
    archived = replace(sent, state=State.ARCHIVED, recalled_at=NOW)
    assert "ĐÃ THU HỒI" in verified("vi", archived, "phường Long Đức", NOW)
    assert "tự duyệt" in verified("vi", replace(sent, is_self_approved=True), "phường Long Đức", NOW)
    assert "KHÔNG" in verified("vi", replace(sent, begun_at=None), "phường Long Đức", NOW)


# ── Templates ────────────────────────────────────────────────────────────────────────────────────────────────────


def a_template(words: str, bold: str = "") -> Template:
    entities = [Entity(Style.BOLD, words.index(bold), len(bold))] if bold else []
    return Template("t", "29263", "Cắt điện", Category.OTHER, {"vi": Text.of(words, entities)})


WHOLE = "Từ {giờ:time} ngày {ngày:date} tại {nơi:place}: {số:number} hộ, hỏi {điện thoại:phone}, xem {trang:link}."
VALUES = {
    "giờ": "7h30",
    "ngày": "1/12/2026",
    "nơi": "khóm 4, {giờ:time}",
    "số": "1.904",
    "điện thoại": "0294 3 855 123",
    "trang": "https://vinhlong.gov.vn/dien",
}


def test_gaps_are_filled_with_what_belongs_there() -> None:
    made, misfits = filled(a_template(WHOLE, bold="{nơi:place}"), VALUES, ("gov.vn",))

    assert misfits == ()
    assert made["vi"].text == (
        "Từ 07:30 ngày 01/12/2026 tại khóm 4, {giờ:time}: 1.904 hộ, hỏi 0294 3 855 123, xem https://vinhlong.gov.vn/dien."
    )
    (bold,) = made["vi"].entities
    assert made["vi"].text[bold.offset : bold.end] == "khóm 4, {giờ:time}"


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (GapKind.DATE, ["31/2/2026", "hôm nay", "1/12", ""]),
        (GapKind.TIME, ["25:00", "7:61", "sáng"]),
        (GapKind.PLACE, ["", "a\nb", "evil.com", "x" * 200]),
        (GapKind.NUMBER, ["ba", "1.90", "1e9", "-"]),
        (GapKind.PHONE, ["12345", "099", "09123", "call me", "+1 555 0100"]),
        (GapKind.LINK, ["evil.com", "gov.vn evil.com", "xem gov.vn", "javascript:alert(1)"]),
    ],
)
def test_what_does_not_belong_there_is_named(kind: GapKind, wrong: list[str]) -> None:
    template = a_template(f"Xem {{a:{kind.value}}} nhé")
    for value in wrong:
        made, misfits = filled(template, {"a": value}, ("gov.vn",))

        assert made == {}
        assert [each.gap.kind for each in misfits] == [kind], value
        assert "“a” phải là" in misfits[0].sentence


@pytest.mark.parametrize(
    "bad", ["{a:color}", "{:date}", "{a}", "{a:date} {a:time}", "{", "a}", "{" + "a" * 50 + ":date}"]
)
def test_a_gap_nobody_could_fill_in_is_refused(bad: str) -> None:
    with pytest.raises(BadTemplate):
        gaps_in([Text.of(f"Xem {bad}")])


# ── How many it will reach ───────────────────────────────────────────────────────────────────────────────────────


def test_everybody_is_counted_once_with_one_reason() -> None:
    def ago(**by: float) -> datetime:
        return NOW - timedelta(**by)

    zalo = "zalo:1"
    people = [
        Subscriber("telegram", "vi"),
        Subscriber("telegram", "km"),
        Subscriber("telegram", "vi", recent=7),
        Subscriber("telegram", "vi", has_left=True, wants=False),
        Subscriber("telegram", "vi", wants=False),
        Subscriber(zalo, "vi", last=ago(hours=40)),
        Subscriber(zalo, "vi", last=ago(days=3)),
        Subscriber(zalo, "vi", last=ago(days=8)),
        Subscriber(zalo, "vi"),
        Subscriber("web", "vi"),
    ]

    found = reckoned(people, NOW, languages=("vi",), contact_cap=7, price=55)

    assert found.count == 3
    assert found.count + found.missed == len(people)
    assert found.why_not == {
        WhyNot.LANGUAGE: 1,
        WhyNot.TIRED: 1,
        WhyNot.OPTED_OUT: 1,
        WhyNot.NO_SUBSCRIPTION: 1,
        WhyNot.WINDOW: 2,
        WhyNot.NO_PUSH: 1,
    }
    assert (found.billed, found.cost) == (1, 55)
    assert Counter({kind: reach.count for kind, reach in found.channels.items()}) == Counter(
        telegram=1, zalo=2, web=0
    )
    assert reckoned(people, NOW, price=None).cost is None
    assert reckoned(people, NOW, contact_cap=None).why_not.get(WhyNot.TIRED) is None
