"""Personal traces in free text: each kind, what is none, and how many of each are found among two thousand comments."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.screening import Trace, findings, redacted
from tests.counting import counted
from tests.surveys.comment_corpus import KINDS, Planted, Sample, corpus


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
        ("không chín một hai ba bốn năm sáu bảy tám", Trace.PHONE),
        ("09 mười hai ba bốn năm sáu bảy tám", Trace.PHONE),
        ("0️⃣9️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣", Trace.PHONE),
        ("zalo0912345678nhé", Trace.PHONE),
        ("84912345678", Trace.PHONE),
        ("sđt 912 345 678", Trace.PHONE),
        ("cmnd 334.455.667", Trace.IDENTITY),
        ("xe biển đỏ TM-12-34", Trace.PLATE),
        ("80-792-NG-06", Trace.PLATE),
        ("80A-123.45", Trace.PLATE),
        ("biển số 71t-3318", Trace.PLATE),
        ("84MĐ1-234.56", Trace.PLATE),
        ("an a còng gmail chấm com", Trace.EMAIL),
        ("an (at) gmail (dot) com", Trace.EMAIL),
        ("thư về tuan1990 gmail.com", Trace.EMAIL),
        ("đồng chí Trần Văn Bình nóng tính", Trace.NAME),
        ("le van tam gây rối", Trace.NAME),
        ("gặp anh Tuấn", Trace.NAME),
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
        "1900 1234. Từ 23.9.2026 đến 25.9.2026",
        "phạt 500000000 đồng",
        "sáng 07.30 - 11.30, chiều 13.30 - 17.00",
        "Quyết định 125/QĐ-CAT, thông tư 79/2024/TT-BCA",
        "lớp 12A1 2025",
        "anh Công an rất nhiệt tình",
        "Ông Bà Anh Chị đều khen",
        "đường Nguyễn Đáng, chợ Trần Phú",
        "thành phố Hồ Chí Minh",
        "không năm nào là không có",
        "gia công hàng, a công an ơi",
        "@ 5000 một vé",
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


HOSTILE = {
    "lone digits": "1 ",
    "dotted": "0.",
    "letters for zeros": "1oooooooo",
    "half addresses": "a@",
    "half hosts": "a còng gmail chấm ",
    "half plates": "84B",
    "half phones": "0912345678 ",
    "spelled": "không chín ",
    "names": "Nguyễn Văn ",
    "titles": "anh Anh ",
    "brackets": "(0)",
    "marks": "a\u0301",
    "one word": "a",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_the_work_grows_with_the_length_and_no_faster(what: str) -> None:
    findings(HOSTILE[what])  # what is remembered of single letters is remembered now

    with counted() as short:
        findings(HOSTILE[what] * 500)
    with counted() as long:
        findings(HOSTILE[what] * 2000)

    assert long.calls < 4.1 * short.calls


@pytest.mark.parametrize(
    "length",
    [
        pytest.param(100_000, marks=pytest.mark.timeout(120)),
        # What only an expression does is no call: a square of this would take an hour, and this takes seconds.
        pytest.param(1_000_000, marks=[pytest.mark.long, pytest.mark.timeout(1200)]),
    ],
)
@pytest.mark.parametrize("what", HOSTILE)
def test_no_expression_goes_back_over_a_long_text(what: str, length: int) -> None:
    """A comment has two kilobytes at the most."""
    findings(HOSTILE[what] * (length // len(HOSTILE[what])))


@given(st.text(alphabet="0123456789 .-@aoAB84khôngchínmột\n/", max_size=300))
def test_taking_out_ends_and_leaves_nothing(text: str) -> None:
    assert findings(redacted(text, "(đã bỏ)")) == ()


# ── Two thousand comments ────────────────────────────────────────────────────────────────────────────────────────

SEEDS = (1, 20_261_122)
RECALL, PRECISION = 0.98, 0.95


@pytest.mark.parametrize("seed", SEEDS)
def test_of_two_thousand_comments_nearly_every_trace_is_found_and_little_else(
    seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    planted, found, right, wrong = (Counter[str]() for _ in range(4))
    for sample in corpus(seed):
        seen = findings(sample.text)
        covered = {place for each in seen for place in range(each.start, each.end)}
        for each in sample.planted:
            planted[each.kind] += 1
            found[each.kind] += covered.issuperset(telling(sample, each))
        for finding in seen:
            is_right = any(finding.start < each.end and each.start < finding.end for each in sample.planted)
            (right if is_right else wrong)[finding.trace.value] += 1

    with capsys.disabled():
        print(f"\nseed {seed}:", *(report(kind, planted, found, right, wrong) for kind in KINDS), sep="\n  ")  # noqa: T201
    for kind in KINDS:
        if kind != "name":  # names are found as best we can
            assert found[kind] / planted[kind] >= RECALL, kind
            assert right[kind] / (right[kind] + wrong[kind]) >= PRECISION, kind
    assert found["name"] / planted["name"] >= 0.75
    assert right["name"] / (right["name"] + wrong["name"]) >= 0.9


def report(
    kind: str, planted: Counter[str], found: Counter[str], right: Counter[str], wrong: Counter[str]
) -> str:
    return (
        f"{kind:9} recall {found[kind]}/{planted[kind]} = {found[kind] / planted[kind]:.3f}, "
        f"precision {right[kind]}/{right[kind] + wrong[kind]} = {right[kind] / (right[kind] + wrong[kind]):.3f}"
    )


def telling(sample: Sample, planted: Planted) -> set[int]:
    """The letters and digits that must not be left: all of them, but for the words that only introduce a number."""
    places = [place for place in range(planted.start, planted.end) if sample.text[place].isalnum()]
    if planted.kind in ("identity", "plate"):
        digits = [place for place in places if sample.text[place].isdigit()]
        if len(digits) < 4:  # spelled out: the last twelve words
            words = (
                sample.text[planted.start : planted.end]
                .replace("-", " ")
                .replace(", ", " ")
                .replace(". ", " ")
                .split()
            )
            return set(places[-len("".join(words[-12:])) + 1 :])
        if planted.kind == "identity":
            return set(digits)
        places = [place for place in places if place >= digits[0]]
    return set(places)


def test_half_of_the_corpus_carries_a_trace_and_the_same_seed_gives_the_same_comments() -> None:
    samples = corpus(1)

    assert len(samples) == 2000
    assert sum(bool(sample.planted) for sample in samples) == 1000
    assert samples == corpus(1)
