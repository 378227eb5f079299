"""What we seal, we verify; and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from signing import evidence as codec
from signing.formats.ofd import package
from signing.formats.ofd.seal import finish, prepare, seal
from signing.model import Indication, SubIndication
from signing.policies import load
from signing.verify import inspect, judge

from .conftest import AT, PLACE, Region

CERTIFICATE = load("certificate")


def test_a_sealed_file_passes_with_the_regions_trust(sealed: bytes, sm2: Region) -> None:
    verdict = judge(inspect(sealed, "a.ofd"), CERTIFICATE, sm2.trust, AT)
    assert verdict.indication is Indication.TOTAL_PASSED, verdict.to_json()
    (signature,) = verdict.signatures
    assert signature.structure == "ses-v4"
    assert "测试局" in signature.signer
    assert signature.seal_name == "示例市测试局"
    assert verdict.metadata["ZZBS"].startswith("1.2.156.3005.2")


def test_without_anchors_the_verdict_is_indeterminate_not_passed(sealed: bytes) -> None:
    from signing.checks.case import Trust

    verdict = judge(inspect(sealed), CERTIFICATE, Trust(), AT)
    assert verdict.indication is Indication.INDETERMINATE
    assert verdict.sub_indications == (SubIndication.NO_CERTIFICATE_CHAIN_FOUND,)


def test_two_steps_give_what_one_call_gives(unsealed: bytes, sm2: Region) -> None:
    pending = prepare(unsealed, sm2.material(), PLACE, AT)
    assert len(pending.digest) == 32
    whole = finish(pending, sm2.signer.sign(pending.digest))
    assert judge(inspect(whole), CERTIFICATE, sm2.trust, AT).passed


def test_preparing_twice_asks_for_the_same_digest(unsealed: bytes, sm2: Region) -> None:
    material = sm2.material()
    assert prepare(unsealed, material, PLACE, AT) == prepare(unsealed, material, PLACE, AT)


@pytest.mark.parametrize("step", range(97))
def test_one_changed_byte_never_passes(sealed: bytes, sm2: Region, step: int) -> None:
    for offset in range(step * 3, len(sealed), 97 * 3):
        changed = bytearray(sealed)
        changed[offset] ^= 1 << step % 8
        verdict = judge(inspect(bytes(changed)), CERTIFICATE, sm2.trust, AT)
        assert not verdict.passed, offset
        assert verdict.codes, offset


def test_evidence_survives_saving_and_gives_the_same_verdict(sealed: bytes, sm2: Region) -> None:
    found = inspect(sealed, "a.ofd")
    again = codec.load(codec.dump(found))
    assert again == found
    assert codec.dump(again) == codec.dump(found)
    assert judge(again, CERTIFICATE, sm2.trust, AT) == judge(found, CERTIFICATE, sm2.trust, AT)


def test_sealing_twice_is_refused(sealed: bytes, sm2: Region) -> None:
    from kernel.errors import TongbanError

    with pytest.raises(TongbanError, match="seal-not-possible"):
        seal(sealed, sm2.material(), PLACE, AT, sm2.signer.sign)


def test_a_repacked_file_fails_strictly_and_warns_in_archives(sealed: bytes, sm2: Region) -> None:
    files = list(package.read(sealed).files.items())
    moved = package.write([files[-1], *files[:-1]])
    assert judge(inspect(moved), CERTIFICATE, sm2.trust, AT).passed, "order is free"
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    repacked = inspect(out.getvalue())
    assert "W_CONTAINER_REWRITTEN" in judge(repacked, CERTIFICATE, sm2.trust, AT).codes
    assert not judge(repacked, CERTIFICATE, sm2.trust, AT).passed
    assert judge(repacked, load("archive"), sm2.trust, AT).passed


def test_a_year_later_an_ended_certificate_needs_proof_of_time(sealed: bytes, sm2: Region) -> None:
    verdict = judge(inspect(sealed), CERTIFICATE, sm2.trust, AT + timedelta(days=800))
    assert verdict.indication is Indication.INDETERMINATE
    assert "INDETERMINATE_NO_POE" in verdict.codes
