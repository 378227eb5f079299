"""Renewal, kinds, people and history of seals: what goes on after a seal is in use."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from PIL import Image

from kernel.actors import Actor
from kernel.errors import Refused, TongbanError
from signing import store
from signing.ports import Purpose
from signing.seal_model import Seal, SealApplication, SealingBatch, SealKind, SealState
from signing.sealing import Wanted
from signing.ses.parse import parse_seal
from tests.signing import using
from tests.signing.world import World, approver

ANN, BOB, CAT, DAN = (approver(f"staff:{name}") for name in ("ann", "bob", "cat", "dan"))
BATCH = SealingBatch(Purpose.SEAL_OFD, 1, "00")


def made(world: World, wanted: SealApplication) -> Seal:
    applied = world.seals.apply(ANN, wanted).value
    assert isinstance(applied, Seal), applied
    seal = world.seals.approve(BOB, applied.seal_id).value
    assert isinstance(seal, Seal), seal
    return seal


def renewed(world: World, seal: Seal, years: int = 2) -> Seal:
    start = world.clock.now()
    asked = world.seals.renew(ANN, seal.seal_id, start, start + timedelta(days=365 * years)).value
    assert isinstance(asked, Seal), asked
    done = world.seals.approve(BOB, asked.seal_id).value
    assert isinstance(done, Seal), done
    return done


def code(value: object) -> str:
    assert isinstance(value, Refused), value
    return value.code


def states(world: World, seal_id: str) -> list[str]:
    found = world.seals.history(CAT, seal_id)
    assert not isinstance(found, Refused)
    return [step.state.value for step in found]


def test_a_renewed_seal_has_new_data_and_the_old_one_seals_nothing_more(world: World) -> None:
    old = made(world, world.wanted())
    world.clock.advance(days=300)
    new = renewed(world, old)
    assert new.state is SealState.IN_USE
    assert new.replaces == old.seal_id
    assert new.application.org == old.application.org
    assert parse_seal(new.seal_der).members != parse_seal(old.seal_der).members
    ended = world.seals.read(CAT, old.seal_id)
    assert isinstance(ended, Seal)
    assert (ended.state, ended.replaced_by) == (SealState.RENEWED, new.seal_id)
    assert ended.seal_der == old.seal_der
    assert code(world.sealing.declare(CAT, old.seal_id, BATCH).value) == "seal-not-usable"
    assert world.sealing.find(old.application.org, "household-register") == new
    assert states(world, old.seal_id) == ["applied", "approved", "in-use", "renewed"]
    kinds = [
        row.kind for row in world.transactions.read(lambda tx: world.journal.about(tx, old.seal_id))
    ]
    assert kinds[-2:] == ["signing.seal-renewed", "signing.seal-declare-refused"]


def test_what_the_old_seal_sealed_stays_good_because_its_certificates_do(world: World) -> None:
    old = made(world, world.wanted())
    renewed(world, old)
    assert world.transactions.read(lambda tx: store.certificates(tx, listed=True)) == ()
    world.seals.revoke(BOB, old.seal_id, "key lost after all")
    assert len(world.transactions.read(lambda tx: store.certificates(tx, listed=True))) == 2
    assert states(world, old.seal_id)[-2:] == ["renewed", "revoked"]


def test_until_the_renewal_is_approved_the_old_seal_goes_on(world: World) -> None:
    old = made(world, world.wanted())
    start = world.clock.now()
    asked = world.seals.renew(ANN, old.seal_id, start, start + timedelta(days=9)).value
    assert isinstance(asked, Seal)
    assert not isinstance(world.sealing.declare(CAT, old.seal_id, BATCH).value, Refused)
    twice = world.seals.renew(DAN, old.seal_id, start, start + timedelta(days=9)).value
    assert code(twice) == "seal-renewal-open"
    assert code(world.seals.approve(ANN, asked.seal_id).value) == "seal-same-person"
    world.seals.reject(BOB, asked.seal_id, "too early")
    assert isinstance(
        world.seals.renew(DAN, old.seal_id, start, start + timedelta(days=9)).value, Seal
    )


def test_only_a_seal_in_use_is_renewed_and_only_by_its_own_authority(world: World) -> None:
    old = made(world, world.wanted())
    start = world.clock.now()
    end = start + timedelta(days=9)
    stranger = approver("staff:eve", org="11410100MB0TE00621")
    assert code(world.seals.renew(stranger, old.seal_id, start, end).value) == "not-permitted"
    assert code(world.seals.renew(ANN, "seal-none", start, end).value) == "seal-unknown"
    assert code(world.seals.renew(ANN, old.seal_id, end, start).value) == "seal-application-invalid"
    world.seals.suspend(BOB, old.seal_id, "lost card")
    assert code(world.seals.renew(ANN, old.seal_id, start, end).value) == "seal-state"
    rows = world.transactions.read(lambda tx: world.journal.about(tx, old.seal_id))
    assert [row.kind for row in rows].count("signing.seal-renew-refused") == 3


def test_a_seal_revoked_while_its_renewal_waits_stays_revoked(world: World) -> None:
    old = made(world, world.wanted())
    start = world.clock.now()
    asked = world.seals.renew(ANN, old.seal_id, start, start + timedelta(days=9)).value
    assert isinstance(asked, Seal)
    world.seals.revoke(BOB, old.seal_id, "lost")
    assert world.seals.approve(BOB, asked.seal_id).value.state is SealState.IN_USE  # type: ignore[union-attr] # not refused
    assert states(world, old.seal_id)[-1] == "revoked"


@pytest.mark.parametrize("actor", [ANN, BOB])
def test_who_applied_or_approved_may_not_use(world: World, actor: Actor) -> None:
    seal = made(world, world.wanted())
    assert code(world.sealing.declare(actor, seal.seal_id, BATCH).value) == "seal-not-user"
    assert code(using.material(world, actor, seal.seal_id, "sm2_sm3")) == "seal-not-user"
    rows = world.transactions.read(lambda tx: world.journal.about(tx, seal.seal_id))
    assert rows[-1].kind == "signing.seal-declare-refused"


def test_named_users_alone_may_use(world: World) -> None:
    seal = made(world, world.wanted(users=("staff:dan",)))
    assert code(world.sealing.declare(CAT, seal.seal_id, BATCH).value) == "seal-not-user"
    assert not isinstance(world.sealing.declare(DAN, seal.seal_id, BATCH).value, Refused)
    refused = world.seals.apply(ANN, world.wanted(users=("staff:ann",))).value
    assert refused == Refused("seal-application-invalid", {"reason": "users"})


def test_the_seal_for_a_type_is_the_bodys_own_and_one_its_user_may_use(world: World) -> None:
    org = world.wanted().org
    general = made(world, world.wanted(types=()))
    made(world, world.wanted(types=(), personal=True, person="测试丁", diameter_mm=20))
    assert world.sealing.find(org, "marriage") == general
    own = made(world, world.wanted(types=("marriage",)))
    world.clock.advance(hours=1)
    later = made(world, world.wanted(types=()))
    assert world.sealing.find(org, "marriage") == own
    assert world.sealing.find(org, "household-register") == later
    made(world, world.wanted(types=("marriage",), users=("staff:dan",)))
    assert world.sealing.find(org, "marriage", CAT.id) == own
    assert world.sealing.find(org, "marriage", ANN.id) is None


def test_one_intent_stands_for_a_batch_with_its_count_and_root(world: World) -> None:
    seal = made(world, world.wanted())
    batch = SealingBatch(Purpose.SEAL_OFD, 3, "ab" * 32)
    approval = world.sealing.declare(CAT, seal.seal_id, batch).value
    assert isinstance(approval, str)
    ready = world.sealing.ready(CAT, seal.seal_id, ["sm2_sm3"], [approval])
    assert not isinstance(ready, Refused)
    asked = [Wanted("sm2_sm3", approval, f"C{at}", bytes([at]) * 32) for at in range(3)]
    assert len(set(world.sealing.signed(ready, asked))) == 3
    rows = world.transactions.read(lambda tx: world.journal.about(tx, seal.seal_id))
    declared = [json.loads(row.body) for row in rows if row.kind == "signing.seal-declared"]
    assert len(declared) == 1
    assert "ab" * 32 in json.dumps(declared)


def test_special_and_official_seals_are_told_apart_by_the_second_line(world: World) -> None:
    assert world.wanted().kind is SealKind.OFFICIAL
    seal = made(world, world.wanted(second_line="户籍专用章"))
    assert seal.application.kind is SealKind.SPECIAL
    assert parse_seal(seal.seal_der).name == "示例市公安局户籍专用章"


def test_a_persons_name_is_in_the_picture_and_nowhere_else(world: World) -> None:
    name = "测试丁"
    wanted = world.wanted(personal=True, person=name, diameter_mm=20, second_line="法定代表人")
    seal = made(world, wanted)
    assert seal.application.kind is SealKind.PERSONAL
    assert seal.application.person == ""
    parsed = parse_seal(seal.seal_der)
    assert parsed.name == "示例市公安局法定代表人名章"
    assert name.encode() not in seal.seal_der
    assert name not in repr(seal)
    (picture,) = world.seals.picture(CAT, seal.seal_id)  # type: ignore[misc] # not refused
    assert picture == world.seals.draw(wanted)
    assert Image.open(io.BytesIO(picture)).size == (236, 236)
    rows = world.transactions.read(lambda tx: world.journal.about(tx, seal.seal_id))
    assert all(name not in json.dumps(json.loads(r.body), ensure_ascii=False) for r in rows)
    assert parse_seal(renewed(world, seal).seal_der).name == parsed.name


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"personal": True, "diameter_mm": 20}, "person"),
        ({"personal": True, "person": "测试丁", "diameter_mm": 40}, "diameter"),
        ({"person": "测试丁"}, "person"),
    ],
)
def test_a_persons_seal_needs_a_name_and_a_fitting_size(
    world: World, changes: dict[str, object], wrong: str
) -> None:
    refused = world.seals.apply(ANN, world.wanted(**changes)).value
    assert refused == Refused("seal-application-invalid", {"reason": wrong})


def test_a_seam_seal_is_given_in_strips(world: World) -> None:
    seal = made(world, world.wanted())
    whole, parts = world.seals.picture(CAT, seal.seal_id), world.seals.picture(CAT, seal.seal_id, 3)
    assert not isinstance(whole, Refused)
    assert not isinstance(parts, Refused)
    widths = [Image.open(io.BytesIO(part)).width for part in parts]
    assert sum(widths) == Image.open(io.BytesIO(whole[0])).width
    with pytest.raises(TongbanError, match="seal-not-possible"):
        world.seals.picture(CAT, seal.seal_id, 10**6)
    assert code(world.seals.picture(CAT, "seal-none")) == "seal-unknown"


def test_what_is_applied_for_can_be_looked_at_before_it_is_approved(world: World) -> None:
    applied = world.seals.apply(ANN, world.wanted()).value
    assert isinstance(applied, Seal)
    (picture,) = world.seals.picture(BOB, applied.seal_id)  # type: ignore[misc] # not refused
    assert picture.startswith(b"\x89PNG")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201])
@pytest.mark.parametrize("verb", ["suspend", "revoke"])
def test_a_seal_is_stopped_with_a_reason_only(world: World, verb: str, reason: str) -> None:
    seal = made(world, world.wanted())
    assert (
        code(getattr(world.seals, verb)(BOB, seal.seal_id, reason).value) == "seal-reason-missing"
    )
    assert states(world, seal.seal_id)[-1] == "in-use"


def test_the_history_tells_when_who_and_why(world: World) -> None:
    seal = made(world, world.wanted())
    world.clock.advance(days=2)
    world.seals.suspend(BOB, seal.seal_id, "lost card")
    world.clock.advance(days=1)
    world.seals.resume(BOB, seal.seal_id)
    history = world.seals.history(CAT, seal.seal_id)
    assert not isinstance(history, Refused)
    assert [(step.state.value, step.by, step.reason) for step in history] == [
        ("applied", "staff:ann", ""),
        ("approved", "staff:bob", ""),
        ("in-use", "system:seal-maker", ""),
        ("suspended", "staff:bob", "lost card"),
        ("in-use", "staff:bob", ""),
    ]
    assert history[4].at - history[3].at == timedelta(days=1)
    assert code(world.seals.history(CAT, "seal-none")) == "seal-unknown"
