"""Before the forum a resident sends a question: a tap and a line, on every channel."""

import pytest

from surveys.waves import Audience
from tests.journeys.test_pulling import in_ward
from tests.journeys.town import Resident, Town


@pytest.mark.parametrize("account", ["telegram", "zalo:579745863508352884", "zalobot"])
async def test_a_question_is_sent_by_a_number_and_a_line(town: Town, account: str) -> None:
    wave = await town.opens("hoi-2026", "hoi_dien_dan", Audience.FORUM)
    resident = Resident(town, "7", account=account)
    await in_ward(town, resident)
    await resident.says("phiếu đang mở")
    await resident.says("1")
    asked = await resident.says("1")
    assert "Ông/bà muốn hỏi hoặc góp ý về việc gì" in asked

    asked = await resident.says("2")
    assert "Câu hỏi hoặc góp ý của ông/bà?" in asked
    assert "không kèm tên" in asked
    done = await resident.says("Bao giờ lắp camera ở ngã tư chợ?")

    assert "Xin cảm ơn" in done
    [answers] = await town.answers(wave)
    assert answers == {"viec": "giao_thong", "cau_hoi": "Bao giờ lắp camera ở ngã tư chợ?"}
