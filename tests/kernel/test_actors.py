"""Who may do what: the whole truth table of reach, and divisions that only look alike."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.actors import Actor, ActorKind, Allowed, Reach, Scope, authorise, covers, system
from kernel.errors import Refused
from kernel.ids import HolderRef

ME, OTHER = HolderRef("ref-me"), HolderRef("ref-other")
POLICE, CIVIL = "11410100MB0TE0038G", "11410100MB0TE00200"
ACTION = "certificates.read"
REFUSED = Refused("not-permitted", {"action": ACTION})


def _actor(reach: Reach | None, *, known: bool = True) -> Actor:
    rights = {} if reach is None else {ACTION: reach}
    if not known:
        return Actor("a", ActorKind.STAFF, rights=rights)
    return Actor("a", ActorKind.STAFF, org=POLICE, division="410100", rights=rights, holder=ME)


SCOPES = {
    (division, org, holder): Scope(
        division="410105" if division else "410200",
        org=POLICE if org else CIVIL,
        holders=frozenset({ME, OTHER} if holder else {OTHER}),
    )
    for division, org, holder in product((True, False), repeat=3)
}


@pytest.mark.parametrize("inside", SCOPES)
def test_a_reach_looks_at_its_own_side_of_the_object_only(inside: tuple[bool, bool, bool]) -> None:
    division, org, holder = inside
    expected = {Reach.ALL: True, Reach.DIVISION: division, Reach.ORG: org, Reach.SELF: holder}
    for reach, allowed in expected.items():
        found = authorise(_actor(reach), ACTION, SCOPES[inside])
        assert found == (Allowed(reach) if allowed else REFUSED)


@pytest.mark.parametrize("scope", [None, Scope(), *SCOPES.values()])
def test_without_the_right_nothing_is_allowed(scope: Scope | None) -> None:
    assert authorise(_actor(None), ACTION, scope) == REFUSED
    elsewhere = Actor("a", ActorKind.STAFF, rights={"certificates.revoke": Reach.ALL})
    assert authorise(elsewhere, ACTION, scope) == REFUSED


@pytest.mark.parametrize("reach", [Reach.DIVISION, Reach.ORG, Reach.SELF])
def test_an_object_of_nobody_is_in_nobodys_reach(reach: Reach) -> None:
    assert authorise(_actor(reach), ACTION, Scope()) == REFUSED


@pytest.mark.parametrize("reach", [Reach.DIVISION, Reach.ORG, Reach.SELF])
@pytest.mark.parametrize("scope", [Scope(), *SCOPES.values()])
def test_an_actor_without_place_organisation_or_holder_reaches_nothing(
    reach: Reach, scope: Scope
) -> None:
    assert authorise(_actor(reach, known=False), ACTION, scope) == REFUSED


@pytest.mark.parametrize("reach", list(Reach))
def test_without_a_scope_the_answer_tells_how_to_narrow(reach: Reach) -> None:
    assert authorise(_actor(reach), ACTION) == Allowed(reach)


@pytest.mark.parametrize(
    ("division", "other", "inside"),
    [
        ("410100", "410100", True),
        ("410100", "410105", True),
        ("410100", "410105001000", True),
        ("410000", "410105", True),
        ("410105", "410105001000", True),
        ("410105001000", "410105001002", True),
        ("410100", "410200", False),
        ("410100", "410000", False),
        ("410105", "410100", False),
        ("410105", "410106001000", False),
        ("410105001000", "410105002000", False),
        ("410000", "420000", False),
        ("410100", "", False),
    ],
)
def test_divisions_cover_what_lies_below_them(division: str, other: str, inside: bool) -> None:
    assert covers(division, other) is inside


@given(st.from_regex(r"[1-8][1-9]([0-9]{4}|[0-9]{10})", fullmatch=True))
def test_a_division_covers_itself_and_a_province_does_not_cover_another(code: str) -> None:
    assert covers(code, code)
    assert not covers("900000", code)


def test_a_system_actor_has_the_named_rights_and_no_other() -> None:
    worker = system("sweep", "410100", ("catalog.ingest",))
    assert worker.id == "system:sweep"
    assert worker.kind is ActorKind.SYSTEM
    assert authorise(worker, "catalog.ingest", Scope()) == Allowed(Reach.ALL)
    assert authorise(worker, "catalog.publish", Scope()) == Refused(
        "not-permitted", {"action": "catalog.publish"}
    )
    assert not system("idle").rights
