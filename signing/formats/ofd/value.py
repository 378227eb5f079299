"""The signature value of an OFD signature: SES of any version, GB/T 35275, or bare numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from kernel.clock import to_iso
from kernel.errors import TongbanError
from signing.algorithms.sm2_sm3 import sm3, z
from signing.formats.cms import read_token
from signing.formats.crypto import WEAK, digest_name, hash_bytes, verify
from signing.formats.pool import Notes, Pool, read_certificate
from signing.model import SealEvidence, TimestampEvidence
from signing.ses import der, gbt35275
from signing.ses.model import Seal, SesSignature
from signing.ses.parse import parse_free_time, parse_signature
from signing.x509 import Cert


@dataclass(frozen=True, slots=True)
class Scope:
    """What a signature value is judged against."""

    signature_xml: bytes
    value: bytes
    value_path: str
    signature_path: str
    claimed_time: str
    method: str
    seal_file: bytes | None
    kind: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What was read out of a signature value; None where something could not be computed."""

    structure: str = "unknown"
    time: str = ""
    signer: str = ""
    algorithm: str = ""
    content_algorithm: str = ""
    signature_valid: bool | None = None
    content_valid: bool | None = None
    member: bool | None = None
    seal: SealEvidence | None = None
    timestamps: tuple[TimestampEvidence, ...] = ()
    certificates: tuple[str, ...] = ()
    z_public_key: bytes | None = None


def keyed_sm3(public_key: bytes, data: bytes) -> bytes | None:
    """Return SM3(Z || data) with the default signer id; None for a key that is no SM2 key."""
    try:
        return sm3(z(public_key) + data)
    except TongbanError:
        return None


def read(scope: Scope, pool: Pool, notes: Notes) -> Facts:
    """Read a signature value of any known structure; defects go to ``notes``."""
    if not scope.value:
        return Facts()
    try:
        facts = _structure(scope.value)(scope, pool, notes)
    except der.DerError as error:
        notes.add(error.code, scope.value_path, error.detail)
        return Facts()
    if scope.kind == "Seal" and not facts.structure.startswith("ses-"):
        # No seal, no maker and no list of members would be judged for what is called a seal.
        notes.add("E_SES_VERSION", scope.value_path, f"a seal whose value is {facts.structure}")
    return facts


def _structure(data: bytes) -> Callable[[Scope, Pool, Notes], Facts]:
    if len(data) == 64:
        return _raw
    node, _ = der.read(data)
    first = der.read(node.content)[0].tag if node.content else 0
    if first == der.OID:
        return _gbt35275
    return _raw if first == der.INTEGER else _ses


def _raw(scope: Scope, _pool: Pool, _notes: Notes) -> Facts:
    """Bare r and s over Signature.xml: nothing in the file says who signed."""
    moment = parse_free_time(scope.claimed_time)
    return Facts(structure="raw", time=_iso(moment), algorithm=scope.method)


def _iso(moment: datetime | None) -> str:
    return to_iso(moment) if moment else ""


def _content(digest: bytes, scope: Scope, name: str, cert: Cert | None, notes: Notes) -> bool:
    """Tell whether the signed digest is Signature.xml's, plain or keyed (some vendors)."""
    if hash_bytes(name, scope.signature_xml) == digest:
        return True
    if cert is not None and keyed_sm3(cert.spki, scope.signature_xml) == digest:
        notes.add("W_KEYED_DIGEST", scope.signature_path)
        return True
    return False


def _gbt35275(scope: Scope, pool: Pool, notes: Notes) -> Facts:
    data = gbt35275.parse(scope.value)
    if data.odd:
        notes.add("W_CMS_ENCODING", scope.value_path, data.odd)
    names = tuple(pool.add(item) for item in data.certificates)
    certs = [read_certificate(item, notes, scope.value_path) for item in data.certificates]
    cert = next(
        (
            item
            for item in certs
            if item and (item.issuer_raw, item.serial) == (data.issuer, data.serial)
        ),
        None,
    )
    digest = digest_name(data.digest_oid)
    if digest is None or digest == "sm3-keyed":
        notes.add("E_ALG_UNSUPPORTED", scope.value_path, f"digest {data.digest_oid}")
        digest = "sm3"
    if digest in ("md5", "sha1"):
        notes.add("E_WEAK_DIGEST", scope.value_path, f"digest {digest}")
    valid = None
    if cert is not None:
        valid = verify(
            cert, data.signature_oid, data.signed, data.signature, notes, path=scope.value_path
        )
    return Facts(
        structure="gbt35275",
        time=_iso(data.signing_time or parse_free_time(scope.claimed_time)),
        signer=hashlib.sha256(cert.der).hexdigest() if cert else "",
        algorithm=data.signature_oid,
        content_algorithm=digest,
        signature_valid=valid,
        content_valid=_content(data.attested, scope, digest, cert, notes),
        certificates=names,
        z_public_key=cert.spki if cert else None,
    )


def _ses(scope: Scope, pool: Pool, notes: Notes) -> Facts:
    signature = parse_signature(scope.value)
    signer = pool.add(signature.certificate)
    cert = read_certificate(signature.certificate, notes, scope.value_path)
    if scope.method and scope.method != signature.algorithm:
        notes.add("E_ALG_UNSUPPORTED", scope.signature_path, "SignatureMethod and SES disagree")
    if scope.seal_file is not None and scope.seal_file != signature.seal.raw:
        notes.add("E_SEAL_FILE_MISMATCH", scope.signature_path)
    if signature.property_info.lstrip("/") != scope.signature_path:
        notes.add("W_PROPERTYINFO_MISMATCH", scope.signature_path)
    valid = None
    if cert is not None:
        valid = verify(
            cert,
            signature.algorithm,
            signature.tbs,
            signature.signature,
            notes,
            path=scope.value_path,
        )
        if valid is False and _other_scope(signature, scope, cert):
            notes.add("E_SIGNATURE_SCOPE", scope.value_path)
    seal = read_seal(signature.seal, pool, notes, scope.value_path)
    tokens = _timestamps(signature, pool, notes, scope.value_path)
    return Facts(
        structure=f"ses-v{signature.version}",
        time=_iso(signature.time) or (tokens[0].time if tokens else ""),
        signer=signer,
        algorithm=signature.algorithm,
        content_algorithm="sm3",
        signature_valid=valid,
        content_valid=_content(signature.data_hash, scope, "sm3", cert, notes),
        member=_member(signature.seal, signature.certificate),
        seal=seal,
        timestamps=tokens,
        certificates=(signer, seal.maker, *(name for name in seal.members if ":" not in name)),
        z_public_key=cert.spki if cert else None,
    )


def _other_scope(signature: SesSignature, scope: Scope, cert: Cert) -> bool:
    """Tell whether the value signs something else: the seal, the digest or the description."""
    others = (
        scope.signature_xml,
        signature.data_hash,
        signature.seal.raw,
        signature.seal.signed,
        der.whole(signature.tbs).content,
    )
    return any(
        verify(cert, signature.algorithm, item, signature.signature, Notes(), path="")
        for item in others
    )


def _member(seal: Seal, certificate: bytes) -> bool | None:
    if seal.list_type == 1:
        return certificate in seal.members
    known = [(digest_name(entry.method), entry.value) for entry in seal.digests]
    if any(
        name and name != "sm3-keyed" and hash_bytes(name, certificate) == value
        for name, value in known
    ):
        return True
    return None if any(name is None for name, _ in known) else False


def _timestamps(
    signature: SesSignature, pool: Pool, notes: Notes, path: str
) -> tuple[TimestampEvidence, ...]:
    if signature.timestamp is not None:
        return (read_token(signature.timestamp, signature.signature, pool, notes, path),)
    if signature.timestamp_in_tbs is not None:
        return (read_token(signature.timestamp_in_tbs, signature.data_hash, pool, notes, path),)
    return ()


def read_seal(seal: Seal, pool: Pool, notes: Notes, path: str) -> SealEvidence:
    """Return what is to be known about a seal, its maker's signature checked."""
    maker = pool.add(seal.maker)
    cert = read_certificate(seal.maker, notes, path)
    own = Notes()
    valid = None
    if cert is not None:
        valid = verify(cert, seal.algorithm, seal.signed, seal.signature, own, path=path)
    for item in own.items:
        notes.add(item.code, item.path, f"seal: {item.detail}".rstrip(": "))
    if seal.timestamp is not None:
        stamp = read_token(seal.timestamp, seal.signature, pool, notes, path)
        if not (stamp.imprint_valid and stamp.signature_valid):
            notes.add("E_TIMESTAMP", path, f"seal: {stamp.detail}".rstrip(": "))
        weak = WEAK & {stamp.imprint_algorithm, stamp.digest_algorithm}
        if weak:
            notes.add("W_TIMESTAMP_WEAK", path, f"seal: {', '.join(sorted(weak))}")
    _check_picture(seal, notes, path)
    members = tuple(pool.add(item) for item in seal.members) or tuple(
        f"{entry.method}:{entry.value.hex()}" for entry in seal.digests
    )
    return SealEvidence(
        version=seal.version,
        seal_id=seal.seal_id,
        name=seal.name,
        vendor=seal.vendor,
        list_type=seal.list_type,
        members=members,
        maker=maker,
        signature_algorithm=seal.algorithm,
        signature_valid=valid,
        created=to_iso(seal.created),
        valid_from=to_iso(seal.valid_from),
        valid_to=to_iso(seal.valid_to),
        picture_type=seal.picture.type,
        picture_sha256=hashlib.sha256(seal.picture.data).hexdigest(),
        width_mm=seal.picture.width_mm,
        height_mm=seal.picture.height_mm,
        der_sha256=hashlib.sha256(seal.raw).hexdigest(),
    )


_MAGIC = {
    "png": b"\x89PNG\r\n",
    "gif": b"GIF8",
    "jpg": b"\xff\xd8\xff",
    "jpeg": b"\xff\xd8\xff",
    "bmp": b"BM",
    "ofd": b"PK\x03\x04",
}


def _check_picture(seal: Seal, notes: Notes, path: str) -> None:
    """Compare the picture's declared type with its first bytes; a nested OFD gets all defences."""
    from signing.formats.errors import FormatError
    from signing.formats.ofd import package

    picture = seal.picture
    magic = _MAGIC.get(picture.type.lower())
    if magic is not None and not picture.data.startswith(magic):
        notes.add("E_STAMP_PLACEMENT", path, "seal picture is not of the type it claims")
    if picture.type.lower() == "ofd":
        small = package.Limits(entries=256, total_bytes=32 * 1024 * 1024)
        try:
            package.read(picture.data, small)
        except FormatError as error:
            notes.add(error.code, path, f"seal picture: {error.detail}")
