"""Comments on their way to the ward, on both databases: read by the province first, ten at a time, after seven days, and never
one that names the ward's own leaders."""

import asyncio
import inspect
from dataclasses import fields
from datetime import timedelta

import pytest

from handlers.comments import BadLeaders, Comments, Decided, Handed, HeldBack, NoSuchComment, TooLate
from handlers.units import load_seed
from storage import rows
from storage.database import Database
from storage.vault import Vault
from surveys.comments import FEWEST_VOICES, TEN, Only
from surveys.forms.session import Mode
from tests.conftest import Clock
from tests.sealed_comments import HOA_THUAN, HUNG, LAN, LONG_DUC, VISIT, YEARLY, Town, remarks


@pytest.fixture
async def town(database: Database, vault: Vault, clock: Clock) -> Town:
    await load_seed(database)
    return Town(database, vault, clock)


# ── The province first ───────────────────────────────────────────────────────────────────────────────────────────


async def test_the_province_reads_each_comment_with_what_the_ward_would_see(town: Town) -> None:
    [id] = await town.seals(["Xe 84B1-123.45 đậu trước cổng"], whole=True)

    opened = await town.comments.read(id[:8])

    assert (opened.id, opened.wave, opened.unit, opened.week) == (id, "2026", LONG_DUC, "2026-W47")
    assert opened.question.startswith("Điều")
    assert opened.text == "Xe 84B1-123.45 đậu trước cổng"
    assert opened.for_ward == "Xe (đã bỏ) đậu trước cổng"
    assert opened.is_whole
    assert opened.only is None
    assert opened.state is None


async def test_a_ward_sees_nothing_that_nobody_has_passed(town: Town) -> None:
    await town.seals(remarks(30))
    town.clock.advance(days=30)

    assert await town.comments.hand_over() == {}
    assert await town.ward_sees() == []


async def test_reading_goes_through_all_that_is_unread_and_then_ends(town: Town) -> None:
    ids = await town.seals(remarks(4))
    read, after = [], ""
    while (opened := await town.comments.next_unread("2026", LONG_DUC, after)) is not None:
        read.append(opened.id)
        after = opened.id
        await town.comments.withhold(opened.id, by=LAN)

    assert sorted(read) == sorted(ids)


async def test_one_that_is_left_for_later_comes_again_after_the_others(town: Town) -> None:
    ids = sorted(await town.seals(remarks(3)))

    first = await town.comments.next_unread("2026", LONG_DUC)
    second = await town.comments.next_unread("2026", LONG_DUC, ids[0])
    around = await town.comments.next_unread("2026", LONG_DUC, ids[2])

    assert first is not None
    assert second is not None
    assert around is not None
    assert [first.id, second.id, around.id] == [ids[0], ids[1], ids[0]]


async def test_progress_is_counted_by_wave_and_ward(town: Town) -> None:
    ids = await town.seals(remarks(13))
    await town.passes(ids[:11])
    await town.comments.withhold(ids[11], by=LAN)
    town.clock.advance(days=7)
    await town.comments.hand_over()

    [heap] = await town.comments.heaps()

    assert (heap.wave, heap.unit, heap.unit_name) == ("2026", LONG_DUC, "Phường Long Đức")
    assert (heap.unread, heap.passed, heap.withheld, heap.handed, heap.total) == (1, 1, 1, 10, 13)


async def test_who_decided_and_on_which_day_is_kept_and_no_finer_time(town: Town) -> None:
    [id] = await town.seals(remarks(1))
    await town.comments.pass_on(id, by=f" {LAN} ")

    state = (await town.comments.read(id)).state

    assert state is not None
    assert (state.word, state.by, str(state.on), state.is_handed) == ("passed", LAN, "2026-11-22", False)


async def test_a_decision_can_be_taken_back_until_the_ward_has_it(town: Town) -> None:
    ids = await town.seals(remarks(TEN))
    await town.passes(ids)
    await town.comments.take_back(ids[0])
    town.clock.advance(days=7)

    assert await town.comments.hand_over() == {}
    await town.comments.pass_on(ids[0], by=HUNG)
    assert await town.comments.hand_over() == {LONG_DUC: TEN}
    with pytest.raises(TooLate):
        await town.comments.take_back(ids[0])


async def test_what_was_decided_and_can_be_taken_back_is_listed(town: Town) -> None:
    ids = await town.seals(remarks(3))
    await town.passes(ids[:1])
    await town.comments.withhold(ids[1], by=LAN)

    listed = await town.comments.decided("2026", LONG_DUC)

    assert {each.id for each in listed} == set(ids[:2])


# ── Twice, and two at once ───────────────────────────────────────────────────────────────────────────────────────


async def test_the_second_tap_of_one_hand_changes_nothing(town: Town) -> None:
    [id] = await town.seals(remarks(1))

    assert await town.comments.pass_on(id, by=LAN) == await town.comments.pass_on(id, by=LAN) == id


async def test_two_who_decide_differently_learn_of_each_other(town: Town) -> None:
    [id] = await town.seals(remarks(1))
    await town.comments.withhold(id, by=LAN)

    with pytest.raises(Decided) as problem:
        await town.comments.pass_on(id, by=HUNG)

    assert (problem.value.state, problem.value.by) == ("withheld", LAN)
    state = (await town.comments.read(id)).state
    assert state is not None
    assert state.word == "withheld"


async def test_of_two_at_the_same_moment_one_decides(town: Town) -> None:
    [id] = await town.seals(remarks(1))

    ends = await asyncio.gather(
        *(town.comments.pass_on(id, by=f"Cán bộ {n}") for n in range(4)),
        *(town.comments.withhold(id, by=f"Cán bộ {n}") for n in range(4, 8)),
        return_exceptions=True,
    )

    assert sum(end == id for end in ends) == 1
    assert sum(isinstance(end, Decided) for end in ends) == 7


async def test_handing_over_twice_at_once_gives_each_comment_once(town: Town) -> None:
    ids = await town.seals(remarks(25))
    await town.passes(ids)
    town.clock.advance(days=7)

    went = await asyncio.gather(*(town.comments.hand_over() for _ in range(4)))

    assert sum(each.get(LONG_DUC, 0) for each in went) == 20
    seen = await town.ward_sees()
    assert [len(ten) for ten in seen] == [TEN, TEN]
    assert len({text for ten in seen for text in ten}) == 20


async def test_taking_back_while_it_is_handed_over_leaves_a_whole_ten_or_none(town: Town) -> None:
    ids = await town.seals(remarks(TEN))
    await town.passes(ids)
    town.clock.advance(days=7)

    went, back = await asyncio.gather(
        town.comments.hand_over(), town.comments.take_back(ids[3]), return_exceptions=True
    )

    assert (went == {LONG_DUC: TEN}) == isinstance(back, TooLate)
    assert len(await town.ward_sees()) == (1 if isinstance(back, TooLate) else 0)


async def test_a_crash_between_leaves_no_half_of_a_ten(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = await town.seals(remarks(TEN))
    await town.passes(ids)
    town.clock.advance(days=7)
    from storage.comments import Comments as Room

    handed = 0
    real = Room.hand

    async def dies_in_the_middle(self: Room, id: str, batch: int) -> bool:
        nonlocal handed
        handed += 1
        if handed == 6:
            raise ConnectionError("the power went")
        return await real(self, id, batch)

    with monkeypatch.context() as patched:
        patched.setattr(Room, "hand", dies_in_the_middle)
        with pytest.raises(ConnectionError):
            await town.comments.hand_over()

    assert await town.ward_sees() == []
    assert await town.comments.hand_over() == {LONG_DUC: TEN}


# ── To the ward: ten at a time, after seven days, in no order ────────────────────────────────────────────────────


@pytest.mark.parametrize(("passed", "tens"), [(9, 0), (10, 1), (19, 1), (20, 2), (23, 2)])
async def test_only_full_tens_reach_the_ward(town: Town, passed: int, tens: int) -> None:
    await town.passes(await town.seals(remarks(passed)))
    town.clock.advance(days=7)

    await town.comments.hand_over()

    assert [len(ten) for ten in await town.ward_sees()] == [TEN] * tens


async def test_nothing_reaches_the_ward_before_seven_days_have_passed(town: Town) -> None:
    await town.passes(await town.seals(remarks(TEN)))

    town.clock.advance(days=7, seconds=-1)
    assert await town.comments.hand_over() == {}
    town.clock.advance(seconds=1)
    assert await town.comments.hand_over() == {LONG_DUC: TEN}


async def test_one_ward_never_completes_the_ten_of_another(town: Town) -> None:
    await town.passes(await town.seals(remarks(6)))
    await town.passes(await town.seals(remarks(6, 6), slug="khac", unit=HOA_THUAN))
    town.clock.advance(days=7)

    assert await town.comments.hand_over() == {}


async def test_what_remains_goes_with_a_later_wave_of_the_same_form(town: Town) -> None:
    await town.passes(await town.seals(remarks(12)))
    town.clock.advance(days=7)
    await town.comments.hand_over()
    await town.passes(await town.seals(remarks(8, 12), slug="2027"))

    assert await town.comments.hand_over() == {}
    town.clock.advance(days=7)
    assert await town.comments.hand_over() == {LONG_DUC: TEN}
    assert len({text for ten in await town.ward_sees() for text in ten}) == 20


async def test_forms_do_not_mix_because_their_questions_would_tell_them_apart(town: Town) -> None:
    await town.passes(await town.seals(remarks(6)))
    await town.passes(await town.seals(remarks(6, 6), slug="tham-2026-11", form=VISIT))
    town.clock.advance(days=7)

    assert await town.comments.hand_over() == {}


async def test_a_wave_in_which_few_answered_adds_nothing(town: Town) -> None:
    """Else a ten that arrives after a month with one visitor says that this visitor wrote."""
    await town.passes(await town.seals(remarks(9)))
    await town.passes(await town.seals(remarks(1, 9), slug="2027", voices=FEWEST_VOICES - 1))
    town.clock.advance(days=7)

    assert await town.comments.hand_over() == {}


async def test_the_ward_gets_words_and_questions_and_nothing_else(town: Town) -> None:
    await town.passes(await town.seals(remarks(TEN)))
    town.clock.advance(days=7)
    await town.comments.hand_over()

    [ten] = await town.comments.handed(LONG_DUC)

    assert {each.name for each in fields(Handed)} == {"question", "text", "is_rating"}
    assert not any(each.is_rating for each in ten)
    assert {each.question for each in ten} == {YEARLY.question("gop_y").label["vi"]}
    assert await town.comments.handed(HOA_THUAN) == ()


async def test_what_came_by_a_rating_template_never_fills_a_ten_of_others(town: Town) -> None:
    # Whoever sent the template reads in Zalo who wrote what: nine of those would give the tenth away.
    await town.passes(await town.seals(remarks(5)))
    await town.passes(await town.seals(remarks(5, 5), slug="rated", mode=Mode.ZBS))
    town.clock.advance(days=7)

    assert await town.comments.hand_over() == {}

    await town.passes(await town.seals(remarks(5, 10), slug="rated-2", mode=Mode.ZBS))
    town.clock.advance(days=7)
    assert await town.comments.hand_over() == {LONG_DUC: TEN}

    [ten] = await town.comments.handed(LONG_DUC)
    assert all(each.is_rating for each in ten)
    assert {each.text for each in ten} == set(remarks(TEN, 5))


async def test_ratings_lend_no_voice_to_anonymous_comments_nor_the_other_way_round(town: Town) -> None:
    # Nine who answered anonymously and many who rated are nine: a comment would say that one of them wrote.
    await town.passes(await town.seals(remarks(TEN), voices=FEWEST_VOICES - 1))
    await town.votes("2026", FEWEST_VOICES, Mode.ZBS)
    await town.passes(
        await town.seals(remarks(TEN, 20), slug="rated", mode=Mode.ZBS, voices=FEWEST_VOICES - 1)
    )
    await town.votes("rated", FEWEST_VOICES, Mode.SELF)
    town.clock.advance(days=7)

    assert await town.comments.hand_over() == {}


async def test_the_province_is_told_which_comment_is_not_anonymous(town: Town) -> None:
    [rated] = await town.seals(["Nên có thêm ghế chờ"], mode=Mode.ZBS)
    [other] = await town.seals(["Nên có thêm quạt"])

    assert (await town.comments.read(rated[:8])).is_rating
    assert not (await town.comments.read(other[:8])).is_rating


async def test_ratings_are_not_among_the_number_of_comments(town: Town) -> None:
    await town.seals(remarks(3))
    await town.seals(remarks(4, 3), mode=Mode.ZBS)

    async with town.db.reading() as tx:
        wave = await tx.waves.by_slug("2026")
        assert await tx.comments.numbers(wave.id) == {LONG_DUC: 3}


async def test_which_ten_and_in_what_order_does_not_follow_from_when_they_were_sealed_or_read(
    town: Town,
) -> None:
    """Twenty went in one after another; of the first ten about half are in the first batch, and in no order."""
    both = 0
    for round in range(6):
        texts = remarks(20, 100 * round)
        await town.passes(await town.seals(texts, slug=f"w{round}", unit=LONG_DUC))
        town.clock.advance(days=7)
        await town.comments.hand_over()
        second, first, *_ = await town.ward_sees()
        assert first + second != texts
        assert first != sorted(first)
        both += len(set(first) & set(texts[:10]))

    assert 18 <= both <= 42  # of 60: about 30, and six standard deviations are more than 9


async def test_no_row_of_a_comment_leads_to_a_ballot(town: Town) -> None:
    await town.passes(await town.seals(remarks(TEN)))

    linking = {"nullifier", "receipt", "position", "commitment", "salt", "stream", "mode"}

    assert not linking & set(rows.table(rows.Comment).c.keys() + rows.table(rows.CommentReview).c.keys())


async def test_what_was_withheld_cannot_lie_in_a_batch_even_by_mistake(town: Town) -> None:
    [id] = await town.seals(remarks(1))
    await town.comments.withhold(id, by=LAN)

    async with town.db.transaction() as tx:
        assert not await tx.comments.hand(id, 1)


# ── Whole, and only for the province ─────────────────────────────────────────────────────────────────────────────


async def test_a_comment_kept_whole_reaches_the_ward_without_its_traces(town: Town) -> None:
    texts = [f"Gọi tôi 09{n:02d}345678 nhé" for n in range(TEN)]
    await town.passes(await town.seals(texts, whole=True))
    town.clock.advance(days=7)
    await town.comments.hand_over()

    [ten] = await town.ward_sees()

    assert ten == ["Gọi tôi (đã bỏ) nhé"] * TEN


async def test_an_accusation_is_for_the_province_only(town: Town) -> None:
    [id] = await town.seals(["Tôi tố cáo cán bộ A nhận hối lộ"], whole=True)

    with pytest.raises(HeldBack) as problem:
        await town.comments.pass_on(id, by=LAN)

    assert problem.value.only is Only.DENUNCIATION
    await town.comments.withhold(id, by=LAN)


async def test_what_is_no_remark_is_for_the_province_only(town: Town) -> None:
    [id] = await town.seals(["9.93,106.34"], question="chung")

    with pytest.raises(HeldBack) as problem:
        await town.comments.pass_on(id, by=LAN)

    assert problem.value.only is Only.NO_REMARK


# ── Never to the ward: its leaders ───────────────────────────────────────────────────────────────────────────────


async def test_nobody_can_pass_what_names_the_chief(town: Town) -> None:
    [id] = await town.seals(["Trưởng công an phường nói chuyện khó nghe"])

    for somebody in (LAN, HUNG, "Giám đốc"):
        with pytest.raises(HeldBack) as problem:
            await town.comments.pass_on(id, by=somebody)

    assert problem.value.only is Only.LEADER
    assert (await town.comments.read(id)).text.startswith("Trưởng công an")


async def test_a_leader_named_later_is_found_before_handing_over(town: Town) -> None:
    ids = await town.seals([*remarks(TEN - 1), "anh Bình nóng tính"])
    await town.passes(ids)
    await town.comments.add_leader(LONG_DUC, "Lê Thanh Bình", "Phó trưởng Công an phường")
    town.clock.advance(days=7)

    assert await town.comments.hand_over() == {}
    assert (await town.comments.read(ids[-1])).only is Only.LEADER
    await town.passes(await town.seals(remarks(1, 50)))
    assert await town.comments.hand_over() == {LONG_DUC: TEN}
    assert "anh Bình nóng tính" not in (await town.ward_sees())[0]


async def test_another_wards_leader_has_no_say_here(town: Town) -> None:
    await town.comments.add_leader(HOA_THUAN, "Lê Thanh Bình", "Trưởng Công an phường Hòa Thuận")
    [id] = await town.seals(["anh Bình vui tính"])

    assert await town.comments.pass_on(id, by=LAN) == id


async def test_leaders_come_from_a_table_all_or_none(town: Town) -> None:
    good = "unit,name,post\n29263,Lê Thanh Bình,Trưởng Công an phường\n29398,Trần Thị Hoa,Phó trưởng Công an phường\n"

    assert await town.comments.import_leaders("\ufeff" + good) == 2
    with pytest.raises(BadLeaders, match="Row 3: no unit"):
        await town.comments.import_leaders("unit,name,post\n29263,A,B\n00000,C,D\n")
    with pytest.raises(BadLeaders, match="Row 2: a leader has a name"):
        await town.comments.import_leaders("unit,name,post\n29263,,Trưởng\n")
    with pytest.raises(BadLeaders, match="unit,name,post"):
        await town.comments.import_leaders("ward;chief\n1;2\n")
    assert [(each.unit, each.name) for each in await town.comments.leaders()] == [
        ("29263", "Lê Thanh Bình"),
        ("29398", "Trần Thị Hoa"),
    ]
    assert await town.comments.remove_leader("29263", "Lê Thanh Bình")
    assert not await town.comments.remove_leader("29263", "Lê Thanh Bình")


# ── Ids, and how long ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("id", ["", "abc", "zzzzzzzz", "%%%%%%%%", "0" * 32])
async def test_an_id_that_is_none_opens_nothing(town: Town, id: str) -> None:
    await town.seals(remarks(2))

    with pytest.raises(NoSuchComment):
        await town.comments.read(id)


async def test_comments_go_for_good_when_their_time_is_over(town: Town) -> None:
    ids = await town.seals(remarks(TEN + 2))
    kept = await town.seals(remarks(1, 20), slug="khac")
    await town.passes(ids[:TEN])
    town.clock.advance(days=7)
    await town.comments.hand_over()
    async with town.db.transaction() as tx:
        wave = await tx.waves.by_slug("2026")
        assert wave is not None
        assert wave.id is not None
        await tx.waves.set_key_destroyed(wave.id, town.clock()) if hasattr(
            tx.waves, "set_key_destroyed"
        ) else None
        await tx.waves.set_state(wave.id, "released", town.clock())
    released = town.clock()

    assert await town.comments.purge(released) == 0
    assert await town.comments.purge(released + timedelta(seconds=1)) == TEN + 2
    assert await town.ward_sees() == []
    assert (await town.comments.read(kept[0])).id == kept[0]


def test_a_decision_takes_no_reason_and_no_free_words_about_the_writer() -> None:
    assert list(inspect.signature(Comments.withhold).parameters) == ["self", "id", "by"]
