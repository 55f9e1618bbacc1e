"""In the officers' bot, one schedule whose row cannot be read keeps nobody from the list."""

from tests.officers.test_schedules import reminding, schedules


async def test_it_stands_in_the_list_and_says_what_to_do(office, dung, sqlite_database):
    broken = await reminding(office, dung, title="Lịch hỏng")
    await reminding(office, dung)
    async with sqlite_database.transaction() as tx:
        broken.row.calendar = broken.row.subject = "{"
        assert await tx.schedules.change(broken.row)

    [heard] = await dung.says("/lich")

    assert "Lịch hỏng\nKhông đọc được lịch này" in heard
    assert "▪️ Báo cáo năm\nThứ Hai hằng tuần, 08:00\nLần tới: thứ Hai, 23/11/2026, 08:00" in heard
    [card] = await dung.taps("Lịch hỏng")
    assert "xin đặt lại ngày giờ, hoặc kết thúc lịch" in card
    assert len(await schedules(office)) == 2
