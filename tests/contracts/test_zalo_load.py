"""Five seconds of three hundred events a second over real HTTP: everything counted, nothing twice. How fast it was is for
`make bench ARGS=zalo` to say: a busy machine proves nothing."""

import pytest

from benchmarks.zalo import ANSWERS_EACH, EVENTS_EACH, run


@pytest.mark.timeout(300)
async def test_three_hundred_events_a_second_are_counted_once_each():
    found = await run(seconds=5, a_second=300)

    assert found["people"] * EVENTS_EACH == 1500
    assert found["events"] > 1500, "some came twice"
    assert found["statuses"].keys() <= {200, 503}, "too busy at the worst, and then Zalo brings it again"
    assert (found["lost"], found["twice"]) == (0, 0), f"{ANSWERS_EACH} answers for everybody"
    assert found["replies"] >= 1500
    assert found["violations"] == []
