from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from certificates.grants_model import Capacity, Grant, GrantState
from certificates.subjects import holder_ref
from kernel.clock import FixedClock
from kernel.errors import Refused
from kernel.ids import GrantId
from tests.certificates.doubles import BABY, FATHER, MOTHER, UNCLE, make_bench
from tests.certificates.test_requests import (
    CLERK,
    METADATA,
    OFFER,
    WINDOW,
    Room,
    code,
)


@pytest.fixture
def room(make_database: Any, objects: Any, vault: Any, clock: FixedClock, tmp_path: Path) -> Room:
    database = make_database(METADATA)
    return Room(make_bench(database.transactions, objects, vault, clock, tmp_path), database)


def test_a_guardian_grants_for_a_minor_where_the_data_prove_it(room: Room) -> None:
    grant = room.granted(MOTHER, minor=BABY)
    assert grant.capacity is Capacity.GUARDIAN
    assert grant.holder == holder_ref(room.bench.tools.vault, "111", BABY)
    assert grant.granted_by == room.person(MOTHER).holder
    for stranger in (UNCLE, BABY):
        refused = room.grants.give(room.person(stranger), replace(OFFER, minor=BABY)).value
        assert code(refused) == "guardianship-unproven"
    nobody = room.grants.give(room.person(MOTHER), replace(OFFER, minor="41019920000101001X"))
    assert code(nobody.value) == "guardianship-unproven"


def test_two_rows_that_disagree_about_guardians_prove_nothing(room: Room) -> None:
    rows = room.bench.source.rows["population"]
    rows.append(dict(rows[-1], guardian1_id=UNCLE))
    refused = room.grants.give(room.person(MOTHER), replace(OFFER, minor=BABY)).value
    assert code(refused) == "guardianship-unproven"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"lifetime": timedelta(hours=24, seconds=1)}, "grant-lifetime"),
        ({"lifetime": timedelta(0)}, "grant-lifetime"),
        ({"matter": "fishing"}, "matter-unknown"),
        ({"requester": "11410100MB0TE01184"}, "matter-not-handled"),
        ({"case_no": ""}, "case-missing"),
        ({"purpose": "curiosity"}, "purpose-not-registered"),
        ({"type": "passport"}, "type-not-needed"),
        ({"fields": ("blood_group",)}, "field-not-needed"),
        ({"fields": ()}, "fields-missing"),
        ({"formats": ("docx",)}, "format-not-allowed"),
    ],
)
def test_nobody_is_asked_to_agree_to_more_than_could_be_used(
    room: Room, changes: dict[str, Any], expected: str
) -> None:
    refused = room.grants.give(room.person(FATHER), replace(OFFER, **changes)).value
    assert code(refused) == expected
    assert room.events("grant-refused")[-1]["code"] == expected


def test_several_grants_are_given_in_one_act_or_not_at_all(room: Room) -> None:
    good = replace(OFFER, fields=("male_name",))
    bad = replace(OFFER, fields=("blood_group",))
    assert code(room.grants.give_all(room.person(FATHER), [good, bad]).value) == "field-not-needed"
    assert room.grants.own(room.person(FATHER)) == ()
    both = room.grants.give_all(room.person(FATHER), [good, good]).value
    assert isinstance(both, tuple)
    assert len(both) == 2


def test_only_the_giver_withdraws_and_only_while_it_is_open(room: Room, clock: FixedClock) -> None:
    grant = room.granted(FATHER)
    assert code(room.grants.withdraw(room.person(MOTHER), grant.id).value) == "grant-unknown"
    assert code(room.grants.withdraw(room.person(FATHER), GrantId("g")).value) == "grant-unknown"
    done = room.grants.withdraw(room.person(FATHER), grant.id).value
    assert isinstance(done, Grant)
    assert done.state(clock.now()) is GrantState.WITHDRAWN
    assert code(room.grants.withdraw(room.person(FATHER), grant.id).value) == "grant-not-open"
    late = room.granted(FATHER, lifetime=timedelta(minutes=1))
    clock.advance(minutes=1)
    assert code(room.grants.withdraw(room.person(FATHER), late.id).value) == "grant-not-open"


def test_who_is_no_holder_may_not_grant(room: Room) -> None:
    for actor in (CLERK, replace(room.person(FATHER), rights={}), replace(CLERK, org=WINDOW)):
        assert code(room.grants.give(actor, OFFER).value) == "not-permitted"
        assert code(room.grants.own(actor)) == "not-permitted"
        assert code(room.grants.withdraw(actor, GrantId("g")).value) == "not-permitted"


def test_a_person_sees_grants_given_and_grants_on_own_certificates(room: Room) -> None:
    room.granted(MOTHER, minor=BABY)
    own = room.grants.own(room.person(MOTHER))
    child = room.grants.own(room.person(BABY))
    assert not isinstance(own, Refused)
    assert not isinstance(child, Refused)
    assert own == child
    assert room.grants.own(room.person(UNCLE)) == ()
