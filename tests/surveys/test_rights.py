"""The table of rights, held beside what it was meant to say; and how far a post reaches."""

import pytest

from surveys.rights import (
    APPOINTS,
    MATRIX,
    PROVES_TWICE,
    PROVINCIAL,
    Action,
    Actor,
    NotAllowed,
    Reach,
    Role,
    is_within,
    may,
    reach,
    require,
)
from surveys.units import Gazetteer, Unit, UnitKind, tra_vinh

PROVINCE, LONG_DUC, TRA_VINH, AWAY, AWAY_PROVINCE = "86", "29263", "29242", "00004", "01"


@pytest.fixture(scope="module")
def known() -> Gazetteer:
    data = tra_vinh()
    day = data.units[0].valid_from
    away = [
        Unit(AWAY_PROVINCE, "Thành phố Hà Nội", UnitKind.CITY, None, day, None, "test"),
        Unit(AWAY, "Phường Ba Đình", UnitKind.WARD, AWAY_PROVINCE, day, None, "test"),
    ]
    return Gazetteer([*data.units, *away], data.successions)


@pytest.mark.parametrize(
    ("own", "unit", "where"),
    [
        (LONG_DUC, LONG_DUC, Reach.OWN),
        (LONG_DUC, TRA_VINH, Reach.OTHER),
        (LONG_DUC, PROVINCE, Reach.OTHER),
        (LONG_DUC, AWAY, Reach.ELSEWHERE),
        (LONG_DUC, AWAY_PROVINCE, Reach.ELSEWHERE),
        (PROVINCE, PROVINCE, Reach.OWN),
        (PROVINCE, LONG_DUC, Reach.BELOW),
        (PROVINCE, AWAY, Reach.ELSEWHERE),
        (PROVINCE, AWAY_PROVINCE, Reach.ELSEWHERE),
        # What is no more lies where it went.
        (LONG_DUC, "TV-P4", Reach.OWN),
        (TRA_VINH, "TV-P4", Reach.OTHER),
        (PROVINCE, "TV-P4", Reach.BELOW),
        (AWAY_PROVINCE, "TV-P4", Reach.ELSEWHERE),
    ],
)
def test_how_far_it_is(known: Gazetteer, own: str, unit: str, where: Reach) -> None:
    assert reach(own, unit, known) is where


def actor(role: Role) -> Actor:
    return Actor("p", "N", "post", role, PROVINCE if role in PROVINCIAL else LONG_DUC, "T")


@pytest.mark.parametrize("role", Role)
def test_nobody_reaches_into_another_province(known: Gazetteer, role: Role) -> None:
    assert not any(may(role, action, Reach.ELSEWHERE) for action in Action)
    assert not any(is_within(actor(role), action, AWAY, known) for action in Action)


@pytest.mark.parametrize("role", [role for role in Role if role not in PROVINCIAL])
def test_nobody_at_a_ward_reaches_beyond_it(role: Role) -> None:
    assert all(MATRIX[role][action] == {Reach.OWN} for action in MATRIX[role])


def test_nobody_approves_what_they_wrote_but_whoever_is_on_duty() -> None:
    assert {role for role in Role if Action.NOTICE_APPROVE_OWN in MATRIX[role]} == {Role.DUTY}
    assert not any(Action.NOTICE_APPROVE in MATRIX[role] for role in (Role.OFFICER, Role.DUTY))


def test_whoever_watches_does_nothing() -> None:
    reads = {Action.RESULTS_READ, Action.SCORECARD_READ, Action.REPORT_READ, Action.AUDIT_READ}
    assert MATRIX[Role.AUDITOR].keys() == reads


def test_whoever_keeps_the_machines_reads_nobody_s_words() -> None:
    words = {Action.COMMENTS_READ, Action.COMMENTS_RECEIVE, Action.OPINION_ANSWER, Action.RESULTS_READ}
    assert not words & MATRIX[Role.OPERATOR].keys()


def test_comments_are_read_first_by_moderators_alone() -> None:
    assert {role for role in Role if Action.COMMENTS_READ in MATRIX[role]} == {Role.MODERATOR}


def test_nobody_appoints_their_own_like() -> None:
    for role, filled in APPOINTS.items():
        assert role not in filled
        assert Action.PEOPLE_APPOINT in MATRIX[role]
        assert not any(APPOINTS.get(each) for each in filled), "nor somebody who could"
    assert {role for role in Role if Action.PEOPLE_APPOINT in MATRIX[role]} == APPOINTS.keys()


def test_who_shows_a_time_code_at_the_desk() -> None:
    assert {Role.CHIEF, Role.SUPERVISOR} <= PROVES_TWICE
    approving = {role for role in Role if Action.NOTICE_APPROVE in MATRIX[role]}
    assert approving <= PROVES_TWICE


def test_every_action_is_somebody_s() -> None:
    assert {action for rights in MATRIX.values() for action in rights} == set(Action)


def test_nothing_at_all_is_never_allowed(known: Gazetteer) -> None:
    with pytest.raises(NotAllowed):
        require(actor(Role.SUPERVISOR), Action.NOTICE_SEE, [], known)


def test_one_unit_out_of_reach_is_enough(known: Gazetteer) -> None:
    require(actor(Role.SUPERVISOR), Action.NOTICE_SEE, [PROVINCE, LONG_DUC, TRA_VINH], known)
    for beyond in (AWAY, "nowhere", ""):
        with pytest.raises(NotAllowed):
            require(actor(Role.SUPERVISOR), Action.NOTICE_SEE, [LONG_DUC, beyond], known)
