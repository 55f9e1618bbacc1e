"""Pictures for chats and pages."""

from dataclasses import replace

import pytest

from bot.documents.charts import intervals
from tests.surveys.reporting import sources

PNG = b"\x89PNG"


def test_a_picture_of_a_wave():
    made = intervals(sources().released)

    assert made.startswith(PNG)
    assert made == intervals(tuple(reversed(sources().released))), "wards stand by their codes"


def test_a_vector_picture_has_a_mark_for_every_shown_figure():
    wards = sources().released
    shown = [ward for ward in wards if ward.index.figure]
    hidden = [ward for ward in wards if not ward.index.figure]

    assert shown
    assert hidden
    assert len(intervals(shown, format="svg")) > len(intervals(hidden, format="svg"))


def test_a_hostile_name_is_drawn_as_a_name():
    ward = sources().released[0]

    named = replace(ward, unit_name="#panic() </svg><script>")
    assert b"<script" not in intervals([named], format="svg")


def test_two_waves_are_no_picture():
    one = sources().released[0]
    other = replace(one, wave=replace(one.wave, slug="khac"))

    with pytest.raises(ValueError, match="one wave"):
        intervals([one, other])
    with pytest.raises(ValueError, match="one wave"):
        intervals([])
