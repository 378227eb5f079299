"""A seal of the register, stamped and archived with the region's own authority."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from kernel.actors import Actor
from signing.algorithms import by_name
from signing.archiving import material
from signing.formats.pdf.augment import augment, renew_before
from signing.formats.pdf.seal import seal
from signing.model import Placement, SealMaterial
from signing.policies import load
from signing.ports import Purpose
from signing.seal_model import Role, SealingBatch
from signing.time.authority import TimeStampAuthority
from signing.trust import TrustStore
from signing.verify import inspect, judge
from tests.signing import using
from tests.signing.test_ocsp_responder import responder
from tests.signing.world import World, approver

ANN, BOB = approver("staff:ann"), approver("staff:bob")


def blank() -> bytes:
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

    writer = PdfFileWriter()
    content = writer.add_object(generic.StreamObject(stream_data=b"BT ET"))
    writer.insert_page(PageObject(contents=content, media_box=(0, 0, 595, 842)))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def given(world: World, actor: Actor, algorithm: str) -> tuple[SealMaterial, object]:
    applied = world.seals.apply(actor, world.wanted()).value
    held = world.seals.approve(BOB, applied.seal_id).value
    batch = SealingBatch(Purpose.SEAL_PDF, 1, "00")
    user = approver("staff:cat")
    approval = world.sealing.declare(user, held.seal_id, batch).value
    sign = using.signature(
        world, user, held.seal_id, algorithm, number="410100-1", approval=approval
    )
    return using.material(world, user, held.seal_id, algorithm), sign


@pytest.mark.parametrize("algorithm", ["ecdsa_p256", "sm2_sm3"])
def test_a_seal_is_kept_beyond_the_life_of_its_certificate(world: World, algorithm: str) -> None:
    used, sign = given(world, ANN, algorithm)
    assert by_name(used.algorithm).name == algorithm
    stamps = TimeStampAuthority(
        signer=world.signer, certificates=world.authority, clock=world.clock
    )
    place = (Placement(0, 120.0, 200.0, 40.0, 40.0),)
    stamped = seal(blank(), used, place, world.clock.now(), sign, timestamp=stamps)
    trust = TrustStore((world.authority.trust_list(1, days=3650),))
    world.clock.advance(minutes=1)
    kept = material(world.authority, responder(world), algorithm, used.certificate)
    assert (len(kept.ocsps), len(kept.crls)) == (2, 2), "seal and authority; CA's and root's"
    data = augment(stamped, "B-LTA", timestamps=stamps, algorithm=algorithm, material=kept)
    later = world.clock.now() + timedelta(days=4 * 365)
    for policy in ("certificate", "archive"):
        for at in (world.clock.now(), later):
            verdict = judge(inspect(data), load(policy), trust, at)
            assert verdict.passed, verdict.to_json()
            assert verdict.signatures[0].level == "B-LTA"
            assert verdict.signatures[0].time_source == "timestamp"
    end = world.authority.current(Role.TIME_STAMP, algorithm).cert.not_after
    assert renew_before(inspect(data)) == end
    assert not judge(inspect(data[: len(stamped) - 1]), load("archive"), trust, later).passed
