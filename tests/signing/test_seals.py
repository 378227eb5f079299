"""The life of a seal: two persons, no forbidden step, every step and refusal in the journal."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from kernel.actors import Actor, ActorKind
from kernel.errors import Refused, TongbanError
from signing import store
from signing.algorithms import by_name
from signing.ports import Purpose
from signing.seal_model import NEXT, Seal, SealingBatch, SealState
from signing.ses.parse import parse_seal
from tests.signing import using
from tests.signing.world import World, approver

ANN, BOB, CAT = (approver(f"staff:{name}") for name in ("ann", "bob", "cat"))
STRANGER = approver("staff:eve", org="11410100MB0TE00621")
NOBODY = Actor("public", ActorKind.PUBLIC)


def in_use(world: World, **changes: object) -> Seal:
    applied = world.seals.apply(ANN, world.wanted(**changes)).value
    assert isinstance(applied, Seal)
    made = world.seals.approve(BOB, applied.seal_id).value
    assert isinstance(made, Seal)
    return made


def code(value: object) -> str:
    assert isinstance(value, Refused), value
    return value.code


def test_applied_approved_and_made(world: World) -> None:
    seal = in_use(world)
    assert seal.state is SealState.IN_USE
    assert (seal.applied_by, seal.approved_by) == ("staff:ann", "staff:bob")
    assert world.seals.read(ANN, seal.seal_id) == seal
    assert world.seals.list(ANN) == (seal,)
    assert world.sealing.find(seal.application.org, "household-register") == seal
    assert world.sealing.find(seal.application.org, "marriage") is None


def test_the_seal_data_is_signed_by_the_maker_and_names_its_signer(world: World) -> None:
    seal = in_use(world)
    parsed = parse_seal(seal.seal_der)
    assert parsed.seal_id == seal.seal_id
    assert parsed.name == "示例市公安局"
    maker = world.authority.trust_list(1).seal_makers[0]
    assert parsed.maker == maker.der
    method = by_name("sm2_sm3")
    digest = method.digest(parsed.signed, maker.spki)
    assert method.verify_digest(maker.spki, digest, parsed.signature)
    material = using.material(world, CAT, seal.seal_id, "sm2_sm3")
    assert material.certificate in parsed.members
    assert material.picture_png == world.objects.get(seal.picture)
    assert material.width_mm == 40
    assert using.material(world, CAT, seal.seal_id, "ecdsa_p256").algorithm == "ecdsa_p256"
    assert code(using.material(world, CAT, seal.seal_id, "rsa_pss")) == "algorithm-unknown"


def test_who_applied_may_not_approve(world: World) -> None:
    applied = world.seals.apply(ANN, world.wanted()).value
    assert code(world.seals.approve(ANN, applied.seal_id).value) == "seal-same-person"
    assert world.seals.read(ANN, applied.seal_id).state is SealState.APPLIED


@pytest.mark.parametrize("actor", [STRANGER, NOBODY])
def test_other_authorities_and_the_public_may_do_nothing(world: World, actor: Actor) -> None:
    seal = in_use(world)
    batch = SealingBatch(Purpose.SEAL_OFD, 1, "00")
    for refused in (
        world.seals.apply(actor, world.wanted()).value,
        world.seals.approve(actor, seal.seal_id).value,
        world.seals.suspend(actor, seal.seal_id, "x").value,
        world.seals.revoke(actor, seal.seal_id, "x").value,
        world.seals.read(actor, seal.seal_id),
        using.material(world, actor, seal.seal_id, "sm2_sm3"),
        world.sealing.declare(actor, seal.seal_id, batch).value,
        using.signature(world, actor, seal.seal_id, "sm2_sm3", number="1", approval="x"),
    ):
        assert code(refused) == "not-permitted"
    assert world.seals.list(actor) in (
        (),
        Refused("not-permitted", {"action": "signing.seal-read"}),
    )


STEPS = {
    SealState.APPROVED: lambda world, seal: world.seals.approve(BOB, seal),
    SealState.REJECTED: lambda world, seal: world.seals.reject(BOB, seal, "no need"),
    SealState.SUSPENDED: lambda world, seal: world.seals.suspend(BOB, seal, "lost card"),
    SealState.REVOKED: lambda world, seal: world.seals.revoke(BOB, seal, "closed"),
    SealState.IN_USE: lambda world, seal: world.seals.resume(BOB, seal),
}
REACH = {
    SealState.APPLIED: (),
    SealState.REJECTED: (SealState.REJECTED,),
    SealState.IN_USE: (SealState.APPROVED,),
    SealState.SUSPENDED: (SealState.APPROVED, SealState.SUSPENDED),
    SealState.REVOKED: (SealState.APPROVED, SealState.REVOKED),
}


@pytest.mark.parametrize("state", REACH)
def test_forbidden_steps_are_refused_and_change_nothing(world: World, state: SealState) -> None:
    seal_id = world.seals.apply(ANN, world.wanted()).value.seal_id
    for step in REACH[state]:
        assert isinstance(STEPS[step](world, seal_id).value, Seal)
    held = world.seals.read(ANN, seal_id)
    assert held.state is state
    for target, step in STEPS.items():
        if target not in NEXT[state]:
            assert code(step(world, seal_id).value) == "seal-state"
            assert world.seals.read(ANN, seal_id) == held
    assert code(world.seals.complete(seal_id).value) == "seal-state"


def test_steps_on_a_seal_that_is_none_are_refused(world: World) -> None:
    for step in STEPS.values():
        assert code(step(world, "seal-none").value) == "seal-unknown"
    assert code(world.seals.complete("seal-none").value) == "seal-unknown"
    assert code(world.seals.read(ANN, "seal-none")) == "seal-unknown"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("org", ""),
        ("org_name", "局"),
        ("org_name", "名" * 41),
        ("second_line", "专" * 13),
        ("division", "41O100"),
        ("diameter_mm", 5),
        ("types", ("a,b",)),
        ("types", ("",)),
    ],
)
def test_incomplete_applications_name_the_field(world: World, field: str, value: object) -> None:
    actor = replace(ANN, org="" if field == "org" else ANN.org)
    refused = world.seals.apply(actor, world.wanted(**{field: value})).value
    if field != "org":
        assert refused == Refused(
            "seal-application-invalid", {"reason": "diameter" if field == "diameter_mm" else field}
        )
    assert code(refused) in {"seal-application-invalid", "not-permitted"}


def test_a_validity_that_ends_before_it_starts_is_refused(world: World) -> None:
    start = world.clock.now()
    for end in (start, start - timedelta(days=1), start + timedelta(days=5000)):
        refused = world.seals.apply(ANN, world.wanted(valid_to=end)).value
        assert refused == Refused("seal-application-invalid", {"reason": "validity"})


def test_a_name_the_font_cannot_draw_stops_before_approval(world: World) -> None:
    applied = world.seals.apply(ANN, world.wanted(org_name="示例\U0001fbff局")).value
    with pytest.raises(TongbanError, match=r"seal-glyph-missing.*U\+1FBFF"):
        world.seals.approve(BOB, applied.seal_id)
    assert world.seals.read(ANN, applied.seal_id).state is SealState.APPLIED


def test_a_crash_after_the_approval_is_completed_with_the_same_signature(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied = world.seals.apply(ANN, world.wanted()).value
    step = world.seals._step

    def dies(actor: Actor, seal_id: str, verb: str, *rest: object, **more: object) -> object:
        if verb == "take-into-use":
            raise KeyboardInterrupt
        return step(actor, seal_id, verb, *rest, **more)

    monkeypatch.setattr(world.seals, "_step", dies)
    with pytest.raises(KeyboardInterrupt):
        world.seals.approve(BOB, applied.seal_id)
    monkeypatch.undo()
    stuck = world.seals.read(ANN, applied.seal_id)
    assert stuck.state is SealState.APPROVED
    first = world.seals._maker.make(stuck)
    assert world.seals.finish(idle=timedelta(minutes=2)) == ()  # somebody may be at it
    world.clock.advance(days=2)
    assert world.seals.finish(idle=timedelta(minutes=2)) == (applied.seal_id,)
    assert world.seals.finish() == ()
    made = world.seals.read(ANN, applied.seal_id)
    assert made.state is SealState.IN_USE
    assert made.seal_der == first


def test_revoking_a_seal_revokes_its_certificates_and_lists_them(world: World) -> None:
    seal = in_use(world)
    serial = world.transactions.read(
        lambda tx: store.certificates(tx, key=f"{seal.seal_id.lower()}.sm2")
    )[0].cert.serial
    world.clock.advance(hours=1)
    world.seals.revoke(BOB, seal.seal_id, "closed")
    assert serial.to_bytes(16, "big").lstrip(b"\0") in world.authority.crl("sm2_sm3")
    assert serial.to_bytes(16, "big").lstrip(b"\0") not in world.authority.crl("ecdsa_p256")
    assert code(using.material(world, CAT, seal.seal_id, "sm2_sm3")) == "seal-not-usable"


def test_sealing_needs_a_declared_batch_and_signs_a_number_once(world: World) -> None:
    seal = in_use(world)
    use = world.sealing
    digests = [b"\1" * 32, b"\2" * 32]
    batch = SealingBatch(Purpose.SEAL_OFD, 2, "ab" * 32)
    approval = use.declare(CAT, seal.seal_id, batch, "household-register").value
    sign = using.signature(world, CAT, seal.seal_id, "sm2_sm3", number="C1", approval=approval)
    spki = world.signer.key(f"{seal.seal_id.lower()}.sm2").spki
    assert by_name("sm2_sm3").verify_digest(spki, digests[0], sign(digests[0]))
    assert sign(digests[0]) == sign(digests[0])
    with pytest.raises(TongbanError, match=r"number-signed-otherwise.*C1"):
        sign(digests[1])
    missing = using.signature(
        world, CAT, seal.seal_id, "sm2_sm3", number="C1", approval="approval-x"
    )
    assert code(missing) == "seal-approval-unknown"
    other = in_use(world, second_line="户籍专用章")
    foreign = using.signature(world, CAT, other.seal_id, "sm2_sm3", number="C1", approval=approval)
    assert code(foreign) == "seal-approval-unknown"


def test_batches_for_other_types_purposes_or_times_are_refused(world: World) -> None:
    seal = in_use(world)
    batch = SealingBatch(Purpose.SEAL_OFD, 1, "00")
    declare = world.sealing.declare
    assert code(declare(CAT, seal.seal_id, batch, "marriage").value) == "seal-not-for-type"
    for bad in (replace(batch, purpose="make-seal"), replace(batch, count=0)):
        assert code(declare(CAT, seal.seal_id, bad).value) == "purpose-unknown"
    assert code(declare(CAT, "seal-none", batch).value) == "seal-unknown"
    world.clock.advance(days=365)
    assert code(declare(CAT, seal.seal_id, batch).value) == "seal-not-usable"
    assert world.sealing.find(seal.application.org, "household-register") is None


def test_every_step_and_refusal_is_journalled_without_names(world: World) -> None:
    seal = in_use(world)
    world.seals.approve(ANN, seal.seal_id)
    world.seals.suspend(BOB, seal.seal_id, "lost card")
    world.seals.resume(BOB, seal.seal_id)
    batch = SealingBatch(Purpose.SEAL_PDF, 1, "00")
    world.sealing.declare(CAT, seal.seal_id, batch)
    world.seals.revoke(BOB, seal.seal_id, "closed")
    rows = world.transactions.read(lambda tx: world.journal.about(tx, seal.seal_id))
    assert [row.kind for row in rows] == [
        "signing.seal-applied",
        "signing.seal-approved",
        "signing.seal-taken-into-use",
        "signing.seal-approve-refused",
        "signing.seal-suspended",
        "signing.seal-resumed",
        "signing.seal-declared",
        "signing.seal-revoked",
    ]
    assert all("公安" not in json.dumps(json.loads(row.body), ensure_ascii=False) for row in rows)


def test_a_race_for_one_step_is_lost_by_value(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal = in_use(world)
    monkeypatch.setattr(store, "save_seal", lambda *_: False)
    assert code(world.seals.suspend(BOB, seal.seal_id, "x").value) == "seal-state"


def test_what_cannot_be_made_stays_approved(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    applied = world.seals.apply(ANN, world.wanted()).value
    monkeypatch.setattr(world.authority, "certify", lambda *_, **__: Refused("not-permitted"))
    with pytest.raises(TongbanError, match="not-permitted"):
        world.seals.approve(BOB, applied.seal_id)
    monkeypatch.undo()
    stuck = world.seals.read(ANN, applied.seal_id)
    assert stuck.state is SealState.APPROVED
    with pytest.raises(TongbanError, match="seal-state"):
        world.seals._maker.make(replace(stuck, picture=None))
    monkeypatch.setattr(type(by_name("sm2_sm3")), "verify_digest", lambda *_: False)
    with pytest.raises(TongbanError, match="signature-failed"):
        world.seals._maker._signed(stuck, b"data")
    monkeypatch.undo()
    assert world.seals.finish() == (stuck.seal_id,)
