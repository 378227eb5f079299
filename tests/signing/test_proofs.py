"""Until when a file is proven: read from its evidence, whatever is missing there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from signing.archiving import Material, Proof, below, joined, look
from signing.keystores.sdf_library import LibrarySession, _last
from signing.keystores.sdf_port import SdfError
from signing.model import Evidence, TimestampEvidence
from signing.verify import inspect
from tests.signing.test_archiving import ANN, blank, given
from tests.signing.world import World


@pytest.fixture
def evidence(world: World) -> Evidence:
    from signing.formats.pdf.seal import seal
    from signing.model import Placement

    used, sign = given(world, ANN, "ecdsa_p256")
    place = (Placement(0, 120.0, 200.0, 40.0, 40.0),)
    return inspect(seal(blank(), used, place, world.clock.now(), sign))  # type: ignore[arg-type] # a signing function


def test_without_a_time_stamp_the_seals_own_certificate_decides(evidence: Evidence) -> None:
    found = look(evidence)
    assert isinstance(found, Proof)
    assert (found.level, found.keys) == ("B-B", ("p256",))
    assert len(found.signers) == 1


def test_stamps_that_are_not_sound_prove_nothing(evidence: Evidence) -> None:
    (seal,) = evidence.signatures
    plain = look(evidence)
    for sound, time in ((False, "2026-03-02T04:00:00.000Z"), (True, "")):
        stamp = TimestampEvidence(time, imprint_valid=sound, signature_valid=True, signer="0" * 64)
        assert look(replace(evidence, signatures=(replace(seal, timestamps=(stamp,)),))) == plain


def test_what_cannot_be_believed_has_no_proof(evidence: Evidence) -> None:
    (seal,) = evidence.signatures
    for changed in (
        replace(evidence, signatures=()),
        replace(evidence, signatures=(replace(seal, signature_valid=False),)),
        replace(evidence, signatures=(replace(seal, content_valid=None),)),
        replace(evidence, certificates={}),
    ):
        assert look(changed) is None


def test_levels_have_an_order() -> None:
    assert below("B-B", "B-T")
    assert below("B-LT", "B-LTA")
    assert below("", "B-T")
    assert not below("B-LTA", "B-LTA")


def test_materials_are_joined_without_repeating() -> None:
    one, two = Material((b"a", b"b"), (b"l",)), Material((b"b", b"c"), (b"l", b"m"))
    assert joined(one, two) == Material((b"a", b"b", b"c"), (b"l", b"m"))


def test_a_device_that_answers_out_of_range_is_refused() -> None:
    assert _last(bytes(32) + b"\1" * 32) == b"\1" * 32
    with pytest.raises(SdfError):
        _last(b"\1" + bytes(63))
    with pytest.raises(SdfError):
        LibrarySession(None, None).internal_sign(1, b"short")  # type: ignore[arg-type] # never used
