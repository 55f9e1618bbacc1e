"""Personal numbers in free text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.screening import Trace, findings, redacted


@pytest.mark.parametrize(
    ("text", "trace"),
    [
        ("ghế chờ ít quá, 0912345678 gọi tôi", Trace.PHONE),
        ("+84 912 345 678", Trace.PHONE),
        ("0912.345.678", Trace.PHONE),
        ("o912345678", Trace.PHONE),
        ("(0294) 3 855 855", Trace.PHONE),
        ("០៩១២៣៤៥៦៧៨", Trace.PHONE),
        ("CCCD 084012345678", Trace.IDENTITY),
        ("084 012 345 678", Trace.IDENTITY),
        ("cmnd 334455667", Trace.IDENTITY),
        ("xe 84-B1 123.45", Trace.PLATE),
        ("84B1-12345", Trace.PLATE),
        ("biển 51F 12345 đậu", Trace.PLATE),
        ("29AB12345", Trace.PLATE),
        ("64H1 1234", Trace.PLATE),
        ("viết cho a.b@c.vn nhé", Trace.EMAIL),
        ("tên[at]gmail.com", Trace.EMAIL),
        ("stk 1903456789012", Trace.NUMBER),
    ],
)
def test_a_trace_is_found_and_taken_out(text: str, trace: Trace) -> None:
    found = findings(text)

    assert [each.trace for each in found] == [trace]
    assert not findings(redacted(text, "(đã bỏ)"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ghế chờ ít quá",
        "15.000.000 đồng",
        "phạt 200000 đồng",
        "năm 2026",
        "17h30",
        "từ 7h đến 11h",
        "20km 2025",
        "10 ha 5000",
        "số 12/3 đường 19/5",
        "hồ sơ 20/11/2026 đến 25/11/2026",
        "1 2 3 4 5",
        "gọi 113 hoặc 1900 1234",
    ],
)
def test_ordinary_numbers_are_left_alone(text: str) -> None:
    assert findings(text) == ()


def test_only_the_trace_is_taken_out() -> None:
    text = "xe 84B1-123.45 của chú 0912345678 đậu trước cổng"

    assert redacted(text, "…") == "xe … của chú … đậu trước cổng"


@given(st.text(alphabet=st.sampled_from("0123456789 .-+@abBđĐ/()០៩"), max_size=60))
def test_nothing_is_left_after_redaction(text: str) -> None:
    clean = redacted(text, "(đã bỏ)")

    assert findings(clean) == ()


@given(st.text(max_size=200))
def test_findings_lie_in_the_text_in_order(text: str) -> None:
    end = 0
    for each in findings(text):
        assert end <= each.start < each.end <= len(text)
        end = each.end


@pytest.mark.timeout(10)
@pytest.mark.parametrize("text", ["1 " * 2000, "a@" * 2000, "0" * 4000, "84B" * 1300, "(0)" * 1300])
def test_long_texts_are_read_in_no_time(text: str) -> None:
    redacted(text, "…")
