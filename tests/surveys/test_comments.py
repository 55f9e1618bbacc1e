"""Which comments a ward may read: never about its own leaders, however they are written; and ten at a time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.comments import (
    TEN,
    Candidate,
    Leader,
    Only,
    only_for_the_province,
    read_written,
    tens,
    told_to_the_ward,
)
from surveys.screening import findings

LEADERS = (
    Leader("Nguyễn Thanh Bình", "Trưởng Công an phường"),
    Leader("Thạch Sô Phia", "Phó trưởng Công an phường"),
    Leader("Lê Thị Hoa", "Phó Trưởng CAP phụ trách an ninh"),
)


@pytest.mark.parametrize(
    "text",
    [
        "Trưởng công an phường nói chuyện khó nghe",
        "truong cong an phuong hach dich",
        "TRƯỞNG CÔNG AN PHƯỜNG",
        "trưởng CA phường ít tiếp dân",
        "trưởng CAP không có mặt",
        "phó trưởng hứa rồi không làm",
        "pho truong cong an",
        "phó công an phường",
        "Cấp phó của đơn vị",
        "đồng chí trưởng rất tốt",
        "ông trưởng hay quát",
        "ong truong hay quat",
        "phó CAP hứa suông",
        "pho cong an phuong hua suong",
        "đ/c trưởng",
        "đ/c Phó trưởng",
        "sếp ở đó",
        "ông sếp lớn",
        "chỉ huy đơn vị",
        "ban chỉ huy công an phường",
        "thủ trưởng cơ quan",
        "lãnh đạo công an phường",
        "trưởng.công.an phường",
        "t.r.ư.ở.n.g c.ô.n.g a.n",
        "trưởng\u200b công\u200b an",
        "trưởngcônganphường",
        "Nguyễn Thanh Bình",
        "nguyen thanh binh lam an",
        "NGUYỄN THANH BÌNH",
        "nguyenthanhbinh",
        "N.T. Bình",
        "anh Bình",
        "anh binh noi nang",
        "trung tá Bình",
        "đồng chí Thanh Bình",
        "ông Nguyễn Bình",
        "chú Phia",
        "đại úy Sô Phia",
        "cô Hoa phụ trách an ninh",
        "\ufeffAnh   BÌNH!!!",
        "ａｎｈ Ｂｉｎｈ",
    ],
)
def test_what_names_a_leader_is_for_the_province_only(text: str) -> None:
    assert only_for_the_province(text, LEADERS) is Only.LEADER


@pytest.mark.parametrize(
    "text",
    [
        "cán bộ tiếp dân rất nhiệt tình",
        "mong có thêm ghế chờ",
        "cổng trường học hay kẹt xe",
        "thị trường, môi trường, công trường",
        "trường hợp của tôi",
        "trưởng khóm báo trễ",
        "cuộc sống thanh bình",
        "khu phố bình yên",
        "hoa kiểng lấn lề đường",
        "sắp xếp lại bàn ghế, đừng bắt dân xếp hàng lâu",
        "anh Tuấn ở quầy số 2",
        "phố đi bộ ồn ào",
        "ở trường học hay kẹt xe",
        "cổng trường cấp 2, trường cấp ba",
        "truong cap 2 hay ket xe",
        "nên phổ cập tin học",
        "khu phố công an ít xuống",
        "khu pho cong an it xuong",
        "có trường mầm non gần đó",
        "bà phó ban nhân dân ấp",
    ],
)
def test_the_rest_may_reach_the_ward(text: str) -> None:
    assert only_for_the_province(text, LEADERS) is None


def test_posts_are_known_before_anybody_has_listed_a_leader() -> None:
    assert only_for_the_province("trưởng công an phường", ()) is Only.LEADER
    assert only_for_the_province("anh Bình", ()) is None


@given(
    st.sampled_from(LEADERS),
    st.text(max_size=40),
    st.text(max_size=40),
    st.sampled_from([str.lower, str.upper, str.title]),
)
def test_a_whole_name_is_found_in_whatever_surrounds_it(
    leader: Leader, before: str, after: str, case: object
) -> None:
    written = case(leader.name)  # type: ignore[operator]

    assert only_for_the_province(f"{before} {written} {after}", LEADERS) is not None


@given(st.text(max_size=300))
def test_any_text_is_judged_and_told_without_traces(text: str) -> None:
    only_for_the_province(text, LEADERS)

    assert findings(told_to_the_ward(text)) == ()


@pytest.mark.timeout(120)
def test_a_long_text_is_judged_in_no_time() -> None:
    for piece in ("anh ", "truong ", "nguyen thanh ", "n t ", "a" * 50):
        only_for_the_province(piece * (100_000 // len(piece)), LEADERS)


def test_accusations_and_what_is_no_remark_stay_with_the_province() -> None:
    assert only_for_the_province("tôi tố cáo anh ấy nhận hối lộ", ()) is Only.DENUNCIATION
    assert only_for_the_province("9.93,106.34", (), is_remark=False) is Only.NO_REMARK


def test_a_comment_is_read_as_sealing_wrote_it() -> None:
    assert read_written('{"question":"gop_y","text":"ghế","whole":"yes"}').is_whole
    assert not read_written('{"question":"gop_y","text":"ghế","whole":""}').is_whole


@given(st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from("xy")), max_size=80))
def test_tens_are_of_one_ward_and_one_form_and_nobody_is_in_two(heap: list[tuple[str, str]]) -> None:
    waiting = [Candidate(str(number), unit, form) for number, (unit, form) in enumerate(heap)]
    of = {each.id: (each.unit, each.form) for each in waiting}

    found = tens(waiting)

    assert all(len(ten) == TEN and len({of[id] for id in ten}) == 1 for ten in found)
    gone = [id for ten in found for id in ten]
    assert len(gone) == len(set(gone))
    left = [of[each.id] for each in waiting if each.id not in gone]
    assert all(left.count(each) < TEN for each in left)
