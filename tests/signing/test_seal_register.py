"""The public register: what others may know of a seal, and that no person is in it."""

from __future__ import annotations

import hashlib
import json

from kernel.errors import Refused
from signing import store
from signing.authority import key_name
from signing.seal_model import Seal
from signing.seal_register import SealRegister
from tests.signing.test_seal_life import ANN, BOB, CAT, made, renewed
from tests.signing.world import World


def register(world: World) -> SealRegister:
    return SealRegister(world.transactions, world.clock)


def test_an_entry_names_owner_certificates_picture_and_dated_state(world: World) -> None:
    seal = made(world, world.wanted(second_line="户籍专用章"))
    world.clock.advance(days=1)
    world.seals.suspend(BOB, seal.seal_id, "lost card of 测试某")
    found = register(world).one(seal.seal_id)
    assert found is not None
    assert found["owner"] == {
        "code": seal.application.org, "name": "示例市公安局", "division": "410100",
    }  # fmt: skip
    assert (found["kind"], found["state"], found["usable"]) == ("special", "suspended", False)
    assert [step["state"] for step in found["history"]] == ["in-use", "suspended"]
    assert found["since"] == found["history"][-1]["at"]
    (picture,) = world.seals.picture(CAT, seal.seal_id)  # type: ignore[misc] # not refused
    assert found["picture"] == {
        "type": "PNG", "sha256": hashlib.sha256(picture).hexdigest(), "bytes": len(picture),
        "width_mm": 40, "height_mm": 40,
    }  # fmt: skip
    for item in found["certificates"]:
        key = key_name(seal.seal_id, item["algorithm"])
        (issued,) = world.transactions.read(lambda tx, key=key: store.certificates(tx, key=key))
        assert item["sha256"] == hashlib.sha256(issued.cert.der).hexdigest()
        assert (item["serial"], item["status"]) == (f"{issued.cert.serial:x}", "on-hold")
    assert {item["algorithm"] for item in found["certificates"]} == {"sm2_sm3", "ecdsa_p256"}


def test_no_person_no_actor_and_no_reason_is_in_it(world: World) -> None:
    wanted = world.wanted(personal=True, person="测试丁", diameter_mm=20)
    seal = made(world, wanted)
    world.seals.revoke(BOB, seal.seal_id, "left the office")
    text = json.dumps(register(world).page(), ensure_ascii=False)
    assert seal.seal_id in text
    for hidden in ("测试丁", "staff:", "left the office"):
        assert hidden not in text


def test_what_was_never_made_is_not_in_it(world: World) -> None:
    applied = world.seals.apply(ANN, world.wanted()).value
    assert isinstance(applied, Seal)
    assert register(world).one(applied.seal_id) is None
    world.seals.reject(BOB, applied.seal_id, "no need")
    assert register(world).one(applied.seal_id) is None
    assert register(world).page() == ()
    assert register(world).one("seal-none") is None


def test_a_renewed_seal_and_its_successor_point_at_each_other(world: World) -> None:
    old = made(world, world.wanted())
    new = renewed(world, old)
    first, second = register(world).one(old.seal_id), register(world).one(new.seal_id)
    assert first is not None
    assert second is not None
    assert (first["state"], first["replaced_by"]) == ("renewed", new.seal_id)
    assert second["replaces"] == old.seal_id
    assert all(item["status"] == "good" for item in first["certificates"])


def test_pages_follow_each_other_without_gap_or_double(world: World) -> None:
    ids = sorted(made(world, world.wanted()).seal_id for _ in range(3))
    found: list[object] = []
    after = ""
    while page := register(world).page(after, 2):
        found += [item["seal"] for item in page]
        after = str(page[-1]["seal"])
    assert found == ids
    assert not isinstance(world.seals.list(CAT), Refused)
