"""GM/T 0031-2025 (v5): written where asked for, as other software writes it, and read back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kernel.clock import to_iso
from kernel.errors import TongbanError
from signing.algorithms import by_name
from signing.formats.ofd.seal import seal
from signing.model import SealMaterial
from signing.policies import load
from signing.ses import build, der
from signing.ses.parse import parse_seal, parse_signature
from signing.verify import inspect, judge

from .conftest import AT, END, PLACE, START, Region

Shape = tuple[int, "tuple[Shape, ...]"]


def shape(data: bytes) -> Shape:
    """The tags of a structure, as deep as the standard's own parts go."""
    node = der.whole(data)
    inner = node.children() if node.tag in (der.SEQUENCE, 0xA0) else ()
    return node.tag, tuple(shape(child.raw) for child in inner)


def info(region: Region, version: int) -> bytes:
    return build.seal_info(
        es_id="41010000000005",
        kind=1,
        name="示例市测试局",
        certificates=(region.signer.cert,),
        created=START,
        valid_from=START,
        valid_to=END,
        picture=build.Picture("PNG", region.picture, 40, 40),
        vid="TONGBAN",
        version=version,
    )


def made(region: Region, timestamp: bytes | None = None, version: int = 5) -> bytes:
    data = info(region, version)
    method = by_name("sm2_sm3")
    value = region.maker.sign_message(data)
    return build.seal(data, region.maker.cert, method.oid, value, timestamp)


def material(region: Region) -> SealMaterial:
    return region.material(made(region))


def test_a_seal_is_read_back(sm2: Region) -> None:
    back = parse_seal(made(sm2))
    assert (back.version, back.header_version, back.list_type) == (5, 5, 1)
    assert (back.seal_id, back.name, back.vendor) == ("41010000000005", "示例市测试局", "TONGBAN")
    assert back.members == (sm2.signer.cert,)
    assert to_iso(back.valid_to) == to_iso(END)


@pytest.mark.parametrize("name", ["UserV5.esl", "UserV5_ts.esl"])
def test_a_seal_has_the_structure_that_other_software_writes(
    name: str, corpus: Path, sm2: Region
) -> None:
    other = (corpus / "ofd/blobs" / f"ofdrw-{name}").read_bytes()
    ours = made(sm2, b"\x01" if "_ts" in name else None)
    assert shape(ours) == _one_member(shape(other))


def test_a_signature_has_the_structure_that_other_software_writes(
    corpus: Path, unsealed: bytes, sm2: Region
) -> None:
    other = (corpus / "ofd/blobs/ofdrw-SignedValueV5.dat").read_bytes()
    tbs = build.to_be_signed(
        seal_der=made(sm2), at=AT, data_hash=bytes(32), property_info="/Signature.xml"
    )
    value = sm2.signer.sign_message(tbs)
    ours = build.signature(tbs, sm2.signer.cert, by_name("sm2_sm3").oid, value)
    assert parse_signature(ours).version == 5
    assert shape(ours) == _one_member(shape(other))


def _one_member(found: Shape) -> Shape:
    """A list of certificates of any length counts as a list of one."""
    tag, inner = found
    plain = tuple(_one_member(child) for child in inner)
    if len(plain) > 1 and set(plain) == {(der.OCTET_STRING, ())}:
        plain = plain[:1]
    return tag, plain


def test_a_file_sealed_with_it_passes(unsealed: bytes, sm2: Region) -> None:
    sealed = seal(unsealed, material(sm2), PLACE, AT, sm2.signer.sign)
    found = judge(inspect(sealed), load("certificate"), sm2.trust, AT)
    assert found.passed, found.to_json()
    assert found.signatures[0].structure == "ses-v5"


def test_version_4_stays_what_is_written_unasked(sealed: bytes) -> None:
    (row,) = inspect(sealed).signatures
    assert row.structure == "ses-v4"


@pytest.mark.parametrize("version", [3, 6, 99])
def test_a_version_that_nobody_knows_is_refused(version: int, sm2: Region) -> None:
    with pytest.raises(der.DerError):
        parse_seal(made(sm2, version=version))


def test_a_changed_version_is_found(unsealed: bytes, sm2: Region) -> None:
    four, five = info(sm2, 4), info(sm2, 5)
    value = sm2.maker.sign_message(four)
    forged = build.seal(five, sm2.maker.cert, by_name("sm2_sm3").oid, value)
    sealed = seal(unsealed, sm2.material(forged), PLACE, AT, sm2.signer.sign)
    found = judge(inspect(sealed), load("certificate"), sm2.trust, AT)
    assert "E_SEAL_SIGNATURE" in found.codes


def test_three_bytes_are_no_time_stamp_of_a_seal(unsealed: bytes, sm2: Region) -> None:
    stamped = sm2.material(made(sm2, b"\x01\x02\x03"))
    found = judge(
        inspect(seal(unsealed, stamped, PLACE, AT, sm2.signer.sign)),
        load("certificate"),
        sm2.trust,
        AT,
    )
    assert "E_TIMESTAMP" in found.codes


@pytest.mark.parametrize("seal_der", [b"", b"\x30\x00", b"no DER", b"\x30\x04\x30\x02\x30\x00"])
def test_what_is_no_seal_seals_nothing(seal_der: bytes, unsealed: bytes, sm2: Region) -> None:
    broken = replace(sm2.material(), seal_der=seal_der)
    with pytest.raises(TongbanError, match="seal-not-possible"):
        seal(unsealed, broken, PLACE, AT, sm2.signer.sign)
