"""Who is let in, and how they leave."""

import pytest

from bot.channels.telegram_officers_people import MOST_TRIES
from bot.channels.telegram_officers_reception import ACCOUNT
from handlers.people import WrongCode
from surveys.conversation import Address
from surveys.rights import Role
from tests.officers.conftest import LONG_DUC, TRA_VINH

WRONG = "ABCD-ABCDE-ABCDE-ABCDE-ABCDE-ABCDE-A"
SENTENCE = "Đây là trợ lý nội bộ"


async def a_code(office, name="Nguyễn Văn An", role=Role.OFFICER, unit=LONG_DUC, title="Cán bộ"):
    return await office.people.appoint(None, name=name, role=role, unit=unit, title=title)


@pytest.mark.parametrize(
    "said", ["xin chào", "/start", "/thongbao", "/desk", "/toi", "/huy", "/start abc", "7h30 mai", "/khongco"]
)
async def test_a_stranger_reads_one_sentence_whatever_they_send(office, said):
    stranger = office.stranger()

    heard = await stranger.says(said)

    assert len(heard) == 1
    assert heard[0].startswith(SENTENCE)
    assert stranger.buttons == []
    assert stranger.phone.id not in office.server.world.commands


async def test_a_stranger_s_pictures_taps_and_files_too(office):
    stranger = office.stranger()
    stranger.phone.sends_photo()
    stranger.phone.sends_file("a.pdf", b"%PDF")
    await office.settled()
    heard = await stranger.forges("ap.x.1")

    assert {each[: len(SENTENCE)] for each in stranger.heard if each != "?"} == {SENTENCE}
    assert len(heard) == 1


async def test_a_flood_is_not_answered_word_by_word(office):
    stranger = office.stranger()
    for number in range(30):
        stranger.phone.says(f"{number}")
    await office.settled()

    assert 1 <= len(stranger.heard) <= 4


async def test_a_code_works_once_and_for_one_account(office):
    code = await a_code(office)
    an, other = office.stranger(), office.stranger()
    await an.says(code)

    assert (await other.says(code))[0].startswith(SENTENCE)
    assert "đã được đăng ký: Nguyễn Văn An" in (await an.says(code))[0]


async def test_a_code_is_read_as_people_type_it(office):
    code = await a_code(office)
    an = office.stranger()

    assert "Chào đồng chí" in (await an.says(code.lower().replace("-", " ")))[0]


async def test_guessing_is_slowed_and_then_not_looked_at(office):
    stranger = office.stranger()
    since = office.server.time()
    for _ in range(MOST_TRIES):
        assert (await stranger.says(WRONG))[0].startswith(SENTENCE)
    waited = office.server.time() - since

    code = await a_code(office)
    office.server.time.pass_by(60)
    assert (await stranger.says(code))[0].startswith(SENTENCE)  # the right one is not looked at any more
    assert waited > 1
    office.server.time.pass_by(3600)
    assert "Chào đồng chí" in (await stranger.says(code))[0]


async def test_a_right_code_gets_in_while_somebody_else_guesses(office):
    guesser, an = office.stranger(), office.stranger()
    code = await a_code(office)
    for _ in range(MOST_TRIES):
        await guesser.says(WRONG)

    assert "Chào đồng chí" in (await an.says(code))[0]


async def test_somebody_else_s_account_is_refused(office, an):
    code = await a_code(office, "Lê Văn Cường", Role.DUTY, title="Trực ban")

    assert "của một người khác" in (await an.says(f"/start {code}"))[0]


async def test_of_several_posts_one_is_chosen(office, an):
    code = await a_code(office, "Nguyễn Văn An", Role.DUTY, TRA_VINH, "Trực ban Công an phường Trà Vinh")
    await an.says(f"/start {code}")

    assert (await an.says("/danhsach"))[0].startswith("Đồng chí giữ nhiều chức vụ")
    await an.taps("Trực ban Công an phường Trà Vinh")
    assert "đang làm việc ở chức vụ: Trực ban" in an.last
    assert (await an.says("/danhsach"))[0].startswith("Đơn vị chưa có thông báo nào")
    [who] = await an.says("/toi")
    assert "● Trực ban Công an phường Trà Vinh" in who
    assert "○ Cán bộ Công an phường Long Đức" in who


async def test_a_post_of_somebody_else_is_not_chosen(office, an, binh):
    code = await a_code(office, "Nguyễn Văn An", Role.DUTY, TRA_VINH, "Trực ban")
    await an.says(f"/start {code}")
    await an.says("/danhsach")

    await an.forges(f"post.{LONG_DUC}-chief")

    assert (await an.says("/danhsach"))[0].startswith("Đồng chí giữ nhiều chức vụ")


async def test_the_way_to_the_web_desk_opens_once(office, an):
    [said] = await an.says("/desk")
    secret = said.rpartition("https://langnghe.test/desk/link/")[2].strip()

    token = await office.people.by_link(secret)

    assert (await office.people.session(token)).name == "Nguyễn Văn An"
    with pytest.raises(WrongCode):
        await office.people.by_link(secret)


async def test_a_later_link_shuts_an_earlier_one(office, an):
    first, second = [(await an.says("/desk"))[0].rpartition("/desk/link/")[2].strip() for _ in range(2)]

    with pytest.raises(WrongCode):
        await office.people.by_link(first)
    assert await office.people.by_link(second)


async def test_whoever_leaves_is_signed_out_everywhere(office, an):
    secret = (await an.says("/desk"))[0].rpartition("/desk/link/")[2].strip()
    token = await office.people.by_link(secret)
    [asked] = await an.says("/thoat")
    assert "Rời trợ lý này?" in asked

    await an.taps("Rời")

    assert "Đã rời" in an.last
    assert await office.people.session(token) is None
    assert await office.people.actor_of(Address(ACCOUNT, str(an.phone.id))) == ()
    assert (await an.says("/danhsach"))[0].startswith(SENTENCE)
    assert an.phone.id not in office.server.world.commands


async def test_whoever_stays_stays(office, an):
    await an.says("/thoat")
    await an.taps("Ở lại")

    assert len(await office.people.actor_of(Address(ACCOUNT, str(an.phone.id)))) == 1


async def test_a_post_that_ends_in_the_middle_ends_the_conversation(office, an):
    await an.says("/thongbao")
    await an.taps("Giao thông")
    await office.people.end(None, f"{LONG_DUC}-officer", "Nghỉ hưu")

    [told] = await an.says("Đường Phạm Ngũ Lão đang sửa.")

    assert "đã kết thúc hoặc đã bàn giao" in told
    async with office.people._db.reading() as tx:
        assert await tx.notices.of_units([LONG_DUC]) == []
    assert (await an.says("Còn ai không?"))[0].startswith(SENTENCE)


async def test_a_group_is_left_and_nothing_is_said_in_it(office, an):
    group = office.server.world.group(-100)
    group.adds_bot(an.phone)
    group.hears(an.phone, "/danhsach")
    await office.settled()

    assert not group.has_bot
    assert group.from_bot == []
