"""Double taps, redelivery, forgery, two things at once: one answer per question, and always a way on."""

import asyncio

from surveys import taps
from surveys.conversation import Address, Incoming
from surveys.entry import Stream
from tests.journeys.town import LONG_DUC, Resident, Town


async def test_a_message_delivered_twice_changes_nothing(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()
    await resident.agrees_at_the_counter()
    tap = resident.message(tap=resident.heard.token("Cư trú"))

    first = await resident.sends(tap)
    before = await town.sessions(wave)
    again = await resident.sends(tap)

    assert again == first
    assert await town.sessions(wave) == before


async def test_consent_delivered_twice_begins_one_session(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()
    await resident.starts(town.link(LONG_DUC, Stream.VISIT))
    token = resident.heard.token("Đồng ý, bắt đầu")
    agree = resident.message(tap=token)

    await resident.sends(agree)
    [before] = await town.sessions(wave)
    assert (await resident.sends(agree)).text.startswith("1/5")
    assert (await resident.taps_token(token)).text.startswith("1/5")

    [after] = await town.sessions(wave)
    assert after.receipt == before.receipt


async def test_a_late_copy_of_an_earlier_message_changes_nothing(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()
    start = resident.message(start=town.link(LONG_DUC, Stream.VISIT))
    await resident.sends(start)
    agree = resident.message(tap=resident.heard.token("Đồng ý, bắt đầu"))
    await resident.sends(agree)
    answer = resident.message(tap=resident.heard.token("Cư trú"))
    await resident.sends(answer)
    await resident.taps("Trước hạn")

    for late in (answer, agree, start):
        assert (await resident.sends(late)).text.startswith("3/5")

    assert await town.answers(wave) == [{"thu_tuc": "cu_tru", "thoi_han": "truoc_han"}]


async def test_two_quick_taps_leave_one_answer(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()
    await resident.agrees_at_the_counter()
    one, other = resident.heard.token("Cư trú"), resident.heard.token("Căn cước")

    await resident.taps_token(one)
    heard = await resident.taps_token(other)

    assert heard.text == "Ông/bà đang ở câu 2/5."
    assert heard.buttons == ["Tiếp tục câu 2", "Sửa câu 1"]
    assert await town.answers(wave) == [{"thu_tuc": "cu_tru"}]


async def test_two_taps_at_the_same_moment_leave_one_answer(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()
    await resident.agrees_at_the_counter()
    both = [resident.message(tap=resident.heard.token(label)) for label in ("Cư trú", "Căn cước")]

    await asyncio.gather(*(town.residents.receive(each) for each in both))

    [answers] = await town.answers(wave)
    assert answers in ({"thu_tuc": "cu_tru"}, {"thu_tuc": "can_cuoc"})


async def test_a_forged_tap_shows_the_question_again(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()
    await resident.agrees_at_the_counter()
    token = resident.heard.token("Cư trú")
    forger = Resident(town, "ke-gian")
    await forger.agrees_at_the_counter()
    stolen = forger.heard.token("Cư trú")

    for tap in (stolen, token[:-1], token + "1", "", "x" * 64, "s.1.answer.0.0", "ｓ" * 20, token.upper()):
        heard = await resident.taps_token(tap)
        assert heard.text.startswith("1/5"), tap

    assert await town.answers(wave) == [{}, {}]


async def test_a_tap_of_a_survey_that_was_withdrawn_is_stale(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()
    await resident.agrees_at_the_counter()
    token = resident.heard.token("Cư trú")
    await resident.says("dulieu")
    await resident.taps("Rút lại và xóa câu trả lời")
    await resident.taps("Xóa, tôi chắc chắn")

    heard = await resident.taps_token(token)

    assert heard.messages
    assert await town.sessions(wave) == []


async def test_signed_acts_that_mean_nothing_here_are_harmless(town: Town, resident: Resident) -> None:
    """An older version of ours may have offered what this one does not know."""
    wave = await town.opens_visits()
    await resident.agrees_at_the_counter()
    key, person = town.vault.tap_key, resident.address.person

    for act in (
        f"s.{wave}.answer.0.99",
        f"s.{wave}.answer.99.0",
        f"s.{wave}.answer.3.1",
        f"s.{wave}.pick.0.1",
        f"s.{wave}.picked.0",
        f"s.{wave}.redact.0",
        f"s.{wave}.whole.0",
        f"s.{wave}.calm",
        f"s.{wave}.review.77",
        f"s.{wave}.language.xx",
        f"s.{wave}.dance",
        "s.999.answer.0.0",
        "l.ward.nowhere",
        "l.consent.999.29263.visit",
        f"l.consent.{wave}.nowhere.visit",
        f"l.consent.{wave}.29263.royal",
        "l.province.86.9",
        "l.provinces.9",
        "l.withdrawn.999",
        "l.dance",
        "x.dance",
        "dance",
    ):
        heard = await resident.taps_token(taps.mint(act, key, person))
        assert heard.messages, act

    heard = await resident.taps_token(taps.mint(f"s.{wave}.continue", key, person))
    assert heard.messages


async def test_two_people_at_once_do_not_meet(town: Town) -> None:
    wave = await town.opens_visits()
    people = [Resident(town, f"nguoi-{number}") for number in range(8)]

    async def talks(resident: Resident, words: str) -> None:
        await resident.agrees_at_the_counter()
        for _ in range(4):
            await resident.says(words)
        await resident.says("bỏ qua")

    await asyncio.gather(*(talks(person, str(1 + place % 2)) for place, person in enumerate(people)))

    answers = await town.answers(wave)
    assert len(answers) == 8
    assert sorted(str(each["chung"]) for each in answers) == ["4"] * 4 + ["5"] * 4


async def test_accounts_are_people_of_their_own(town: Town) -> None:
    wave = await town.opens_visits()
    for account in ("telegram", "web"):
        resident = Resident(town, "42", account)
        await resident.agrees_at_the_counter()

    assert len(await town.sessions(wave)) == 2


async def test_a_ciphertext_nobody_can_open_does_not_lock_anybody_out(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()
    await resident.agrees_at_the_counter()
    nullifier = town.vault.nullifier(wave, resident.address.person)
    async with town.database.transaction() as tx:
        await tx.sessions.save(nullifier, wave, b"\0" * 600)

    heard = await resident.says("2")

    assert heard.messages
    heard = await resident.agrees_at_the_counter()
    assert heard.text.startswith("1/5")


async def test_an_empty_message_is_no_message(town: Town, resident: Resident) -> None:
    await town.opens_visits()

    for what in ("", "   ", "\n"):
        heard = Incoming(Address("telegram", "ba-sau"), f"k{len(what)}", what)
        assert (await town.residents.receive(heard)).messages
