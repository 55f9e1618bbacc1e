"""What stands out in a text, filled in by somebody who wants it to be too much."""

from bot.web.notice_marks import MOST_STRETCHES, Link, marked

LONGEST = 20_000  # characters; what a form takes of a field


def test_a_letter_that_stands_everywhere_is_not_marked_everywhere() -> None:
    """Ten thousand lines of “a” in a text of “a” once were two hundred million stretches. Were it so again, this would not end."""
    found = marked("a" * LONGEST, "a\n" * (LONGEST // 2))
    assert found.text.entities == ()
    assert found.lost == ("a",)


def test_many_different_lines_are_not_looked_for_for_ever() -> None:
    lines = "\n".join("a" * length for length in range(1, 190))
    found = marked("a " * (LONGEST // 2), lines, lines, [Link("a", "gov.vn")])
    assert len(found.text.entities) <= MOST_STRETCHES
    assert "aa" in found.lost


def test_as_many_as_telegram_shows_are_marked() -> None:
    found = marked("VNeID " * MOST_STRETCHES, "VNeID")
    assert len(found.text.entities) == MOST_STRETCHES
    assert found.lost == ()
    assert marked("VNeID " * (MOST_STRETCHES + 1), "VNeID").lost == ("VNeID",)
