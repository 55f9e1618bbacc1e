"""Who serves at which post, how they come in, and that nothing of it happens without a row of the audit trail."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from handlers.people import ABSOLUTE, IDLE, Problem, Refused, WrongCode
from handlers.units import load_seed
from handlers.ways_in import LOCKED_FOR, MOST_WRONG, STEP, WRONG_IN_A_ROW
from storage.database import Database
from storage.desk_rows import AuditRow
from storage.statements import insert
from storage.vault import Vault
from surveys.conversation import Address
from surveys.rights import Actor, NotAllowed, Role
from tests.conftest import Clock
from tests.offices import BINH, HUNG, LAN, LONG_DUC, MAI, PROVINCE, TRA_VINH, Office

WRONG = "000000"


@pytest.fixture
async def office(database: Database, vault: Vault, clock: Clock) -> Office:
    await load_seed(database)
    return Office(database, vault, clock)


@pytest.fixture
async def small_office(sqlite_database: Database, vault: Vault, clock: Clock) -> Office:
    """Where the database is not what the test is about."""
    await load_seed(sqlite_database)
    return Office(sqlite_database, vault, clock)


# ── From a code to a session ─────────────────────────────────────────────────────────────────────────────────────


async def test_from_a_code_to_a_session(office: Office) -> None:
    chief = await office.serves(HUNG, Role.CHIEF, LONG_DUC)

    token = await office.signs_in(HUNG)

    assert await office.people.session(token) == chief
    assert (chief.name, chief.role, chief.unit, chief.post) == (HUNG, Role.CHIEF, LONG_DUC, "29263-chief")
    assert await office.deeds() == ["people.appoint", "people.enrol", "people.sign_in"]
    assert await office.trail.verify() is None


async def test_a_code_works_once(office: Office) -> None:
    code = await office.code_for(HUNG, Role.CHIEF, LONG_DUC)
    await office.enrols(code)

    with pytest.raises(WrongCode):
        await office.people.opening(code)
    with pytest.raises(WrongCode):
        await office.people.enrol_by_bot(code, Address("telegram", "1"))


async def test_a_code_is_forgotten_after_a_day(small_office: Office) -> None:
    office = small_office
    code = await office.code_for(HUNG, Role.CHIEF, LONG_DUC)
    office.clock.advance(hours=24)

    with pytest.raises(WrongCode):
        await office.people.opening(code)


async def test_a_code_is_read_as_people_type_it(small_office: Office) -> None:
    office = small_office
    code = await office.code_for(HUNG, Role.CHIEF, LONG_DUC)

    typed = code.lower().replace("-", " ").replace("1", "l").replace("0", "o")

    assert (await office.people.opening(typed))[0].name == HUNG


async def test_a_code_tried_too_often_is_worth_nothing(office: Office) -> None:
    code = await office.code_for(HUNG, Role.CHIEF, LONG_DUC)
    almost = code[:-1] + ("2" if code[-1] != "2" else "3")
    for _ in range(MOST_WRONG):
        with pytest.raises(WrongCode):
            await office.people.opening(almost)

    with pytest.raises(WrongCode):
        await office.people.opening(code)


async def test_wrong_digits_count_against_the_code_too(small_office: Office) -> None:
    office = small_office
    code = await office.code_for(HUNG, Role.CHIEF, LONG_DUC)
    for _ in range(MOST_WRONG):
        with pytest.raises(WrongCode):
            await office.people.enrol(code, totp=WRONG)

    with pytest.raises(WrongCode):
        await office.enrols(code)


async def test_neither_code_nor_token_nor_secret_rests_anywhere(
    sqlite_url: str, vault: Vault, clock: Clock
) -> None:
    database = await Database.open(sqlite_url)
    await load_seed(database)
    office = Office(database, vault, clock)
    code = await office.code_for(HUNG, Role.CHIEF, LONG_DUC)
    _, secret = await office.people.opening(code)
    await office.enrols(code)
    token = await office.signs_in(HUNG)
    link = await office.people.link_for((await office.people.session(token)) or pytest.fail("nobody"))
    await office.serves_by_bot(LAN, Role.OFFICER, LONG_DUC, "998877665544")
    await database.close()

    from storage.sqlite import path_of

    at_rest = path_of(sqlite_url).read_bytes()
    told = (code, code.replace("-", ""), token, link, office.personal[HUNG], "998877665544")
    for each in (*(text.encode() for text in told), secret, *(text[5:].encode() for text in told)):
        assert each not in at_rest


# ── Time codes ───────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_time_code_is_used_once(office: Office) -> None:
    await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    digits = office.digits(HUNG)
    await office.people.sign_in(office.personal[HUNG], digits)

    with pytest.raises(WrongCode):
        await office.people.sign_in(office.personal[HUNG], digits)


@pytest.mark.parametrize(("off", "works"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
async def test_a_telephone_s_clock_may_be_half_a_minute_off(
    small_office: Office, off: int, works: bool
) -> None:
    office = small_office
    await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    office.clock.advance(minutes=5)
    shown = office.telephones[HUNG].at(office.clock() + timedelta(seconds=STEP * off))

    signing_in = office.people.sign_in(office.personal[HUNG], shown)

    if works:
        assert await office.people.session(await signing_in)
        return
    with pytest.raises(WrongCode):
        await signing_in


async def test_an_earlier_time_code_is_not_taken_after_a_later_one(small_office: Office) -> None:
    office = small_office
    await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    earlier = office.digits(HUNG)
    office.clock.advance(seconds=STEP)
    await office.people.sign_in(office.personal[HUNG], office.digits(HUNG))

    with pytest.raises(WrongCode):
        await office.people.sign_in(office.personal[HUNG], earlier)


async def test_whoever_guesses_time_codes_is_stopped_and_their_owner_comes_in_later(
    small_office: Office,
) -> None:
    office = small_office
    await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    for _ in range(WRONG_IN_A_ROW):
        with pytest.raises(WrongCode):
            await office.people.sign_in(office.personal[HUNG], WRONG)

    with pytest.raises(WrongCode):
        await office.signs_in(HUNG)

    office.clock.advance(seconds=LOCKED_FOR.total_seconds())
    assert await office.people.session(await office.signs_in(HUNG))


async def test_a_personal_code_alone_or_of_somebody_else_opens_nothing(small_office: Office) -> None:
    office = small_office
    await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    await office.serves(LAN, Role.OFFICER, LONG_DUC)

    for personal, digits in (
        (office.personal[HUNG], ""),
        (office.personal[HUNG], office.digits(LAN)),
        ("", office.digits(HUNG)),
        ("0000-0000-0000-0000", office.digits(HUNG)),
        (office.personal[HUNG], office.digits(HUNG) * 2),
    ):
        with pytest.raises(WrongCode):
            await office.people.sign_in(personal, digits)


# ── Sessions ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_session_ends_when_nobody_uses_it(office: Office) -> None:
    await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    token = await office.signs_in(HUNG)

    office.clock.advance(seconds=(IDLE - timedelta(seconds=1)).total_seconds())
    assert await office.people.session(token)
    office.clock.advance(seconds=(IDLE - timedelta(seconds=1)).total_seconds())
    assert await office.people.session(token), "it was used in between"
    office.clock.advance(seconds=IDLE.total_seconds())
    assert await office.people.session(token) is None


async def test_a_session_ends_after_twelve_hours_however_busy(small_office: Office) -> None:
    office = small_office
    await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    token = await office.signs_in(HUNG)
    quarters = int(ABSOLUTE / timedelta(minutes=15))

    for _ in range(quarters - 1):
        office.clock.advance(minutes=15)
        assert await office.people.session(token)
    office.clock.advance(minutes=15)

    assert await office.people.session(token) is None


async def test_signing_out_ends_it_here_and_nowhere_else(small_office: Office) -> None:
    office = small_office
    await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    here, there = await office.signs_in(HUNG), await office.signs_in(HUNG)

    await office.people.end_session(here)

    assert await office.people.session(here) is None
    assert await office.people.session(there)


async def test_a_forged_or_empty_token_is_nobody(small_office: Office) -> None:
    office = small_office
    for token in ("", "x", "a" * 43, "\x00", "\ud800".encode("utf-8", "replace").decode()):
        assert await office.people.session(token) is None


async def test_nobody_is_left_signed_in_after_a_hand_over(office: Office) -> None:
    await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    tokens = [await office.signs_in(HUNG) for _ in range(3)]

    code = await office.people.hand_over(None, "29263-chief", to_name=LAN, by=BINH)

    assert [await office.people.session(token) for token in tokens] == [None, None, None]
    with pytest.raises(WrongCode):
        await office.signs_in(HUNG)
    chief = await office.enrols(code)
    assert (chief.name, chief.post, chief.role) == (LAN, "29263-chief", Role.CHIEF)


async def test_whoever_keeps_another_post_stays_signed_in_at_that_one(office: Office) -> None:
    chief = await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    await office.people.assign(None, chief.person, role=Role.OFFICER, unit=TRA_VINH, title="Tăng cường")
    at_home, away = await office.signs_in(HUNG), await office.signs_in(HUNG)
    await office.people.choose(at_home, "29263-chief")
    await office.people.choose(away, "29242-officer")

    await office.people.end(None, "29263-chief", "chuyển công tác")

    assert await office.people.session(at_home) is None
    still = await office.people.session(away)
    assert still is not None
    assert still.unit == TRA_VINH


async def test_somebody_with_several_posts_is_nobody_until_they_choose(small_office: Office) -> None:
    office = small_office
    chief = await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    await office.people.assign(None, chief.person, role=Role.OFFICER, unit=TRA_VINH, title="Tăng cường")
    await office.serves(LAN, Role.CHIEF, TRA_VINH)
    token = await office.signs_in(HUNG)

    assert await office.people.session(token) is None
    assert await office.people.choose(token, "29242-chief") is None, "that is somebody else's"
    assert await office.people.choose(token, "29242-officer")

    seated = await office.people.session(token)
    assert seated is not None
    assert (seated.person, seated.role, seated.unit) == (chief.person, Role.OFFICER, TRA_VINH)


# ── The bot's link ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_link_opens_the_desk_once_within_five_minutes(office: Office) -> None:
    officer = await office.serves_by_bot(LAN, Role.OFFICER, LONG_DUC, "42")
    assert await office.people.actor_of(Address("telegram", "42")) == (officer,)
    used, late = await office.people.link_for(officer), ""
    assert not await office.people.link_needs_totp(used), "looking at it spends nothing"

    token = await office.people.by_link(used)

    assert await office.people.session(token) == officer
    with pytest.raises(WrongCode):
        await office.people.by_link(used)
    late = await office.people.link_for(officer)
    office.clock.advance(minutes=5)
    with pytest.raises(WrongCode):
        await office.people.by_link(late)


async def test_a_newer_link_closes_the_older_one(small_office: Office) -> None:
    office = small_office
    officer = await office.serves_by_bot(LAN, Role.OFFICER, LONG_DUC, "42")
    older, newer = await office.people.link_for(officer), await office.people.link_for(officer)

    with pytest.raises(WrongCode):
        await office.people.by_link(older)
    assert await office.people.by_link(newer)


async def test_a_chief_who_comes_by_link_may_do_nothing_before_a_telephone_is_set_up(
    small_office: Office,
) -> None:
    office = small_office
    chief = await office.serves_by_bot(HUNG, Role.CHIEF, LONG_DUC, "42")
    token = await office.people.by_link(await office.people.link_for(chief))
    assert await office.people.session(token) is None

    import pyotp

    from handlers.ways_in import typed_secret

    office.telephones[HUNG] = pyotp.TOTP(typed_secret(office.people.totp_secret(token)))
    with pytest.raises(WrongCode):
        await office.people.set_totp(token, WRONG)
    enrolled = await office.people.set_totp(token, office.digits(HUNG))

    assert await office.people.session(token) == chief
    office.personal[HUNG] = enrolled.personal
    assert await office.people.session(await office.signs_in(HUNG)) == chief


async def test_a_link_alone_does_not_let_a_chief_in_who_has_a_telephone(small_office: Office) -> None:
    office = small_office
    chief = await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    link = await office.people.link_for(chief)

    assert await office.people.link_needs_totp(link)
    with pytest.raises(WrongCode):
        await office.people.by_link(link)
    assert await office.people.session(await office.people.by_link(link, office.digits(HUNG))) == chief


async def test_no_link_is_made_for_whoever_lost_the_post(small_office: Office) -> None:
    office = small_office
    officer = await office.serves_by_bot(LAN, Role.OFFICER, LONG_DUC, "42")
    link = await office.people.link_for(officer)
    await office.people.end(None, officer.post, "nghỉ hưu")

    with pytest.raises(WrongCode):
        await office.people.by_link(link)
    with pytest.raises(WrongCode):
        await office.people.link_for(officer)
    assert await office.people.actor_of(Address("telegram", "42")) == ()


# ── Accounts at the bot ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("account", ["telegram", "telegram-officers", "telegram:can-bo"])
async def test_an_officer_s_account_has_no_voice_in_their_own_ward(office: Office, account: str) -> None:
    code = await office.code_for(LAN, Role.OFFICER, LONG_DUC)

    await office.people.enrol_by_bot(code, Address(account, "4711"))

    async with office.db.reading() as tx:
        as_a_resident = office.vault.fingerprint(Address("telegram", "4711"))
        assert await tx.officers.all() == {as_a_resident: LONG_DUC}


async def test_a_further_post_goes_with_the_account_there_is(small_office: Office) -> None:
    office = small_office
    officer = await office.serves_by_bot(LAN, Role.OFFICER, LONG_DUC, "42")
    code = await office.code_for(LAN, Role.DUTY, LONG_DUC)

    duty = await office.people.enrol_by_bot(code, Address("telegram", "42"))

    assert duty.person == officer.person
    assert {each.role for each in await office.people.actor_of(Address("telegram", "42"))} == {
        Role.OFFICER,
        Role.DUTY,
    }


async def test_an_account_is_one_person_s(small_office: Office) -> None:
    office = small_office
    await office.serves_by_bot(LAN, Role.OFFICER, LONG_DUC, "42")
    code = await office.code_for(HUNG, Role.CHIEF, LONG_DUC)

    with pytest.raises(Refused) as refused:
        await office.people.enrol_by_bot(code, Address("telegram", "42"))

    assert refused.value.problem is Problem.ACCOUNT_TAKEN
    assert (await office.enrols(code)).name == HUNG, "the code is not spent by that"


async def test_somebody_on_the_web_adds_the_bot_with_a_time_code(small_office: Office) -> None:
    office = small_office
    chief = await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    with pytest.raises(WrongCode):
        await office.people.account_code(chief, WRONG)

    code = await office.people.account_code(chief, office.digits(HUNG))
    await office.people.enrol_by_bot(code, Address("telegram", "42"))

    assert await office.people.actor_of(Address("telegram", "42")) == (chief,)
    assert await office.people.session(await office.signs_in(HUNG)) == chief, "the telephone still counts"


# ── Appointing ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def supervisor(small_office: Office) -> Actor:
    return await small_office.serves(BINH, Role.SUPERVISOR, PROVINCE)


@pytest.mark.parametrize(
    ("role", "unit"),
    [
        (Role.SUPERVISOR, PROVINCE),
        (Role.OPERATOR, PROVINCE),
        (Role.CHIEF, "79-nowhere"),
        (Role.CHIEF, "TV-P4"),
    ],
)
async def test_a_supervisor_appoints_no_equal_and_nobody_elsewhere(
    small_office: Office, supervisor: Actor, role: Role, unit: str
) -> None:
    with pytest.raises((NotAllowed, Refused)):
        await small_office.code_for(MAI, role, unit, supervisor)
    assert [each.held.name for each in await small_office.people.posts(None)] == [BINH]


@pytest.mark.parametrize("role", [Role.CHIEF, Role.OFFICER, Role.DUTY])
async def test_nobody_at_a_ward_appoints_anybody(small_office: Office, role: Role) -> None:
    office = small_office
    actor = await office.serves(HUNG, role, LONG_DUC)
    other = await office.serves(MAI, Role.OFFICER, TRA_VINH)

    for trying in (
        office.code_for(LAN, Role.OFFICER, LONG_DUC, actor),
        office.people.end(actor, other.post, "x"),
        office.people.hand_over(actor, actor.post, to_name=LAN),
        office.people.new_code(actor, other.post),
        office.people.assign(actor, other.person, role=Role.CHIEF, unit=LONG_DUC, title="Trưởng"),
    ):
        with pytest.raises(NotAllowed):
            await trying
    assert await office.people.session(await office.signs_in(MAI)) == other


async def test_a_post_that_does_not_exist_is_refused_like_one_out_of_reach(
    small_office: Office, supervisor: Actor
) -> None:
    with pytest.raises(NotAllowed):
        await small_office.people.end(supervisor, "29263-chief", "x")


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"name": "  "}, Problem.NO_NAME),
        ({"name": "\u200b\u200b"}, Problem.NO_NAME),
        ({"title": "\x00"}, Problem.NO_TITLE),
        ({"unit": "nowhere"}, Problem.NO_UNIT),
        ({"unit": "TV-P4"}, Problem.NO_UNIT),
        ({"unit": PROVINCE}, Problem.WRONG_LEVEL),
        ({"role": Role.AUDITOR}, Problem.WRONG_LEVEL),
    ],
)
async def test_what_cannot_be_appointed_is_named(
    small_office: Office, given: dict[str, str], problem: Problem
) -> None:
    asked = {"name": LAN, "role": Role.CHIEF, "unit": LONG_DUC, "title": "Trưởng"} | given

    with pytest.raises(Refused) as refused:
        await small_office.people.appoint(None, **asked)  # type: ignore[arg-type]

    assert refused.value.problem is problem
    assert await small_office.deeds() == []


async def test_a_post_is_held_by_one_person(office: Office) -> None:
    await office.serves(HUNG, Role.CHIEF, LONG_DUC)

    with pytest.raises(Refused) as refused:
        await office.code_for(LAN, Role.CHIEF, LONG_DUC)

    assert refused.value.problem is Problem.HELD


async def test_a_vacant_post_is_filled_again_and_officers_have_a_post_each(small_office: Office) -> None:
    office = small_office
    first = await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    await office.people.end(None, first.post, "nghỉ hưu")
    second = await office.serves(LAN, Role.CHIEF, LONG_DUC)
    officers = [await office.serves(name, Role.OFFICER, LONG_DUC) for name in (MAI, BINH)]

    assert second.post == first.post
    assert [each.post for each in officers] == ["29263-officer", "29263-officer-2"]
    held = [each.held for each in await office.people.posts(None) if each.held.post == first.post]
    assert [(each.name, each.until is None) for each in held] == [(LAN, True), (HUNG, False)]


async def test_a_post_is_not_handed_to_whoever_holds_it(small_office: Office) -> None:
    chief = await small_office.serves(HUNG, Role.CHIEF, LONG_DUC)

    with pytest.raises(Refused) as refused:
        await small_office.people.hand_over(None, chief.post, to_name=HUNG.upper() + " ")

    assert refused.value.problem is Problem.SAME_PERSON


async def test_a_new_code_closes_everything_old(office: Office) -> None:
    chief = await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    await office.people.enrol_by_bot(
        await office.people.account_code(chief, office.digits(HUNG)), Address("telegram", "42")
    )
    token, link = await office.signs_in(HUNG), await office.people.link_for(chief)

    code = await office.people.new_code(None, chief.post)

    assert await office.people.session(token) is None
    assert await office.people.actor_of(Address("telegram", "42")) == ()
    for trying in (office.people.by_link(link), office.signs_in(HUNG)):
        with pytest.raises(WrongCode):
            await trying
    assert await office.enrols(code) == chief


async def test_a_supervisor_opens_no_post_beyond_their_reach_with_a_new_code(
    small_office: Office, supervisor: Actor
) -> None:
    office = small_office
    chief = await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    await office.people.assign(None, chief.person, role=Role.OPERATOR, unit=PROVINCE, title="Vận hành")

    with pytest.raises(NotAllowed):
        await office.people.new_code(supervisor, chief.post)
    assert await office.people.signed_in(await office.signs_in(HUNG))


async def test_who_sees_whom(small_office: Office, supervisor: Actor) -> None:
    office = small_office
    chief = await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    await office.serves(MAI, Role.CHIEF, TRA_VINH)
    officer = await office.serves(LAN, Role.OFFICER, LONG_DUC)

    async def sees(actor: Actor) -> set[str]:
        return {seat.held.name for seat in await office.people.posts(actor)}

    assert await sees(supervisor) == {BINH, HUNG, MAI, LAN}
    assert await sees(chief) == {HUNG, LAN}
    with pytest.raises(NotAllowed):
        await sees(officer)


# ── The trail ────────────────────────────────────────────────────────────────────────────────────────────────────

Deed = Callable[[Office, Actor, Actor], Awaitable[object]]
DEEDS: dict[str, Deed] = {
    "people.appoint": lambda office, supervisor, _: office.code_for(MAI, Role.OFFICER, TRA_VINH, supervisor),
    "people.assign": lambda office, supervisor, chief: office.people.assign(
        supervisor, chief.person, role=Role.OFFICER, unit=TRA_VINH, title="Tăng cường"
    ),
    "people.hand_over": lambda office, supervisor, chief: office.people.hand_over(
        supervisor, chief.post, to_name=MAI
    ),
    "people.end": lambda office, supervisor, chief: office.people.end(supervisor, chief.post, "nghỉ"),
    "people.new_code": lambda office, supervisor, chief: office.people.new_code(supervisor, chief.post),
    "people.sign_in": lambda office, _, chief: office.signs_in(chief.name),
    "people.account_code": lambda office, _, chief: office.people.account_code(
        chief, office.digits(chief.name)
    ),
}


@pytest.mark.parametrize("action", DEEDS)
async def test_every_deed_is_one_row(small_office: Office, supervisor: Actor, action: str) -> None:
    office = small_office
    chief = await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    before = await office.deeds()

    await DEEDS[action](office, supervisor, chief)

    assert await office.deeds() == [*before, action]
    assert await office.trail.verify() is None


async def test_what_was_refused_leaves_no_row(small_office: Office, supervisor: Actor) -> None:
    office = small_office
    chief = await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    before = await office.deeds()

    for trying in (
        office.people.end(chief, supervisor.post, "x"),
        office.people.end(supervisor, chief.post, " "),
        office.people.sign_in(office.personal[HUNG], WRONG),
        office.code_for(MAI, Role.SUPERVISOR, PROVINCE, supervisor),
    ):
        with pytest.raises((NotAllowed, Refused, WrongCode)):
            await trying

    assert await office.deeds() == before


async def test_a_row_says_who_did_what_where_and_why(small_office: Office, supervisor: Actor) -> None:
    office = small_office
    chief = await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    await office.people.end(supervisor, chief.post, "nghỉ hưu\x00 \ntừ 1/12")

    row = (await office.rows())[-1]

    assert (row.name, row.role, row.post, row.person) == (
        BINH,
        "supervisor",
        supervisor.post,
        supervisor.person,
    )
    assert (row.action, row.object, row.unit, row.province) == (
        "people.end",
        "post:29263-chief",
        LONG_DUC,
        PROVINCE,
    )
    assert row.reason == f"{HUNG}: nghỉ hưu từ 1/12"


async def test_who_reads_which_rows(small_office: Office, supervisor: Actor) -> None:
    office = small_office
    chief = await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    officer = await office.serves(MAI, Role.OFFICER, TRA_VINH)
    auditor = await office.serves(LAN, Role.AUDITOR, PROVINCE)

    async def units(actor: Actor, unit: str | None = None) -> set[str | None]:
        return {row.unit for row in await office.trail.page(actor, unit=unit)}

    assert await units(chief) == {LONG_DUC}
    assert await units(supervisor) == await units(auditor) == {PROVINCE, LONG_DUC, TRA_VINH}
    assert await units(auditor, TRA_VINH) == {TRA_VINH}
    for actor, unit in ((chief, TRA_VINH), (officer, None), (chief, "nowhere")):
        with pytest.raises(NotAllowed):
            await units(actor, unit)


async def test_the_database_itself_changes_no_row(office: Office) -> None:
    await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    from sqlalchemy import delete, update

    from storage.statements import Prepared

    for statement in (Prepared(delete(AuditRow)), Prepared(update(AuditRow).values(name="Ai đó"))):
        with pytest.raises(Exception, match="append-only"):
            async with office.db.transaction() as tx:
                await tx._connection.run(statement)
    assert await office.trail.verify() is None


async def test_a_row_put_in_by_hand_breaks_the_chain(office: Office) -> None:
    await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    last = (await office.rows())[-1]
    values = {name: getattr(last, name) for name in type(last).__slots__}
    async with office.db.transaction() as tx:
        from storage import rows

        await tx._connection.run(
            insert(rows.table(AuditRow)), **values | {"number": last.number + 1, "previous": last.digest}
        )

    assert await office.trail.verify() == last.number + 1


async def test_many_at_once_make_one_chain(office: Office) -> None:
    import asyncio

    await asyncio.gather(
        *(office.code_for(f"Cán bộ {number}", Role.OFFICER, LONG_DUC) for number in range(12))
    )

    rows = await office.rows()
    assert [row.number for row in rows] == list(range(1, 13))
    assert len({row.object for row in rows}) == 12
    assert await office.trail.verify() is None
