"""Looking for links, by somebody who wants it to fail: texts made to keep it busy for ever, and addresses made to be overlooked."""

import pytest

from surveys.notices import Text
from surveys.notices.webs import is_allowed, webs

LONGEST = 20_000  # characters; what a form takes of a text


@pytest.mark.parametrize("piece", ["-", ".", "+", "a.1.", "-.", "a@", "a+", "a://", "http:", "www.", "é.1"])
def test_no_text_keeps_the_house_busy(piece: str) -> None:
    """A line of two thousand “a.1.” once took half a minute, and everybody who was answering waited for it. Were it so again, this
    would not end."""
    webs(Text.of((piece * LONGEST)[:LONGEST]))


@pytest.mark.parametrize(
    "typed",
    [
        "xem evil.com",
        "xem ..evil.com",
        "xem @evil.com",
        "xem a@b@evil.com",
        "xem www.evil.com@x",
        "xem evil.com@x",
        "xem a1.a2.a3.a4.a5.a6.a7.a8.gov.vn.com",
        "xem a1.a2.a3.a4.a5.a6.a7.a8.a9.b1.b2.gov.vn.evil.com/x",
        f"xem {'a' * 70}@evil.com",
        "xem https://gov.vn.evil.com",
        "xem vneid.zip",
        "xem dichvucong.lat/capnhat",
        "xem cong-an.hair",
        "hỏi @cong_an_long_duc",
        "hỏi:@longduc",
        "xem https://evil.com/@gov.vn",
        "xem https://gov.vn@evil.com",
    ],
)
def test_no_way_of_writing_an_address_hides_it(typed: str) -> None:
    found = webs(Text.of(typed))
    assert found
    assert not all(is_allowed(web, ["gov.vn"]) for web in found)


@pytest.mark.parametrize(
    "typed",
    [
        "xem dichvucong.gov.vn",
        "thư tới phuong@congan.vinhlong.gov.vn",
        "https://a.b.c.d.e.f.g.h.i.j.k.gov.vn/x",
    ],
)
def test_what_leads_where_it_may_still_does(typed: str) -> None:
    found = webs(Text.of(typed))
    assert found
    assert all(is_allowed(web, ["gov.vn"]) for web in found)


@pytest.mark.parametrize("typed", ["TP.HCM", "đi.Tôi", "12.11.2026", "v.v…", "-----", "1.1. Mục", "Q.1"])
def test_what_is_no_address_is_none(typed: str) -> None:
    assert webs(Text.of(typed)) == ()
