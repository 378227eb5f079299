"""CMS signatures (RFC 5652; PAdES, adbe.*) and time-stamp tokens (RFC 3161, GB/T 20520).

The signed attributes are hashed as received; SM2 needs the signed bytes themselves, not a digest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kernel.clock import to_iso
from signing.formats.crypto import SM2_SIGN_OIDS, WEAK, digest_name, hash_bytes
from signing.formats.crypto import verify as verify_sm2
from signing.formats.errors import FormatError
from signing.formats.exact import SIGNED_DATA, is_exact
from signing.formats.oids import GM_SIGNED_DATA, register
from signing.formats.pool import Notes, Pool, read_certificate
from signing.formats.rawverify import Claim
from signing.formats.rawverify import verify as verify_classic
from signing.model import TimestampEvidence
from signing.ses import der
from signing.x509 import Cert

CONTENT_DATA, CONTENT_TST = "data", "tst_info"
_TOKEN_KINDS = (SIGNED_DATA, GM_SIGNED_DATA[0])
"""GB/T 20520 lets the GM/T 0006 OID stand for PKCS #7's."""


@dataclass(frozen=True, slots=True)
class CmsFacts:
    """What one CMS says about the bytes it protects; None where it could not be computed."""

    signature_valid: bool | None
    content_valid: bool | None
    signer: str
    certificates: tuple[str, ...]
    signature_algorithm: str
    digest_algorithm: str
    time: str
    timestamps: tuple[TimestampEvidence, ...]
    pades: bool


def load(contents: bytes, path: str) -> Any:
    """Return asn1crypto's SignedData; raises FormatError (E_FORMAT, E_ASN1_NOT_DER)."""
    from asn1crypto import cms, tsp

    register()
    assert tsp.TSTInfo  # importing it teaches asn1crypto the content type of time stamps
    try:
        info = cms.ContentInfo.load(contents)
        if info["content_type"].native != "signed_data":
            raise FormatError("E_FORMAT", "CMS is no SignedData", path)
        data = info["content"]
        signers = len(data["signer_infos"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FormatError("E_ASN1_NOT_DER", "CMS cannot be read", path) from error
    if signers != 1:
        raise FormatError("E_XML_AMBIGUOUS", f"CMS has {signers} signers", path)
    return data


def check(contents: bytes, covered: bytes, pool: Pool, notes: Notes, path: str) -> CmsFacts:
    """Check a detached or enveloping CMS over ``covered``, the bytes of the ByteRange."""
    try:
        facts = _check(load(contents, path), covered, pool, notes, path)
        cert = read_certificate(pool.ders[facts.signer], notes) if facts.signer else None
        if cert is not None and not is_exact(contents, cert):
            notes.add("W_CMS_ENCODING", path)
        return facts  # noqa: TRY300 - an else block would hide which call is guarded
    except FormatError as error:
        notes.add(error.code, error.path or path, error.detail)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        notes.add("E_ASN1_NOT_DER", path, f"CMS cannot be read: {type(error).__name__}")
    return CmsFacts(None, None, "", (), "", "", "", (), pades=False)


def _check(data: Any, covered: bytes, pool: Pool, notes: Notes, path: str) -> CmsFacts:
    info = data["signer_infos"][0]
    names, certs = _certificates(data, pool, notes, path)
    cert = _signer(info, certs)
    digest = digest_name(info["digest_algorithm"]["algorithm"].dotted)
    if digest is None or digest == "sm3-keyed":
        method = info["digest_algorithm"]["algorithm"].dotted
        raise FormatError("E_ALG_UNSUPPORTED", f"digest {method}", path)
    _note_weak(digest, notes, path)
    kind = data["encap_content_info"]["content_type"].native
    content = _content(data)
    attributes = _attributes(info)
    signed, content_valid = _signed(
        info, attributes, kind=kind, content=content, covered=covered, digest=digest
    )
    valid = None
    if cert is not None:
        valid = _verify(info, cert, signed, digest, notes, path=path)
        _check_signing_certificate(info, cert, notes, path)
        named = [name for name in attributes if name.startswith("signing_certificate")]
        if kind == CONTENT_TST and len(named) > 1:
            # Two ways to name the authority would let two verifiers trust two of them.
            notes.add("E_XML_AMBIGUOUS", path, "token names its authority twice")
        if attributes and signed != der.tlv(der.SET, info["signed_attrs"].contents):
            notes.add("W_CMS_ENCODING", path, "signed attributes are not in DER's order")
        if attributes and [item.native for item in attributes.get("content_type", [])] != [kind]:
            notes.add("W_CMS_ENCODING", path, "content type is not among the signed attributes")
    return CmsFacts(
        signature_valid=valid,
        content_valid=content_valid,
        signer=pool.add(cert.der) if cert else "",
        certificates=names,
        signature_algorithm=info["signature_algorithm"]["algorithm"].dotted,
        digest_algorithm=digest,
        time=_time(attributes),
        timestamps=_timestamps(info, pool, notes, path),
        pades="signing_certificate_v2" in attributes or "signing_certificate" in attributes,
    )


def _note_weak(digest: str, notes: Notes, path: str) -> None:
    if digest == "md5":
        notes.add("E_WEAK_DIGEST", path, digest)
    elif digest in WEAK:
        notes.add("W_WEAK_DIGEST", path, digest)


def _certificates(
    data: Any, pool: Pool, notes: Notes, path: str
) -> tuple[tuple[str, ...], list[Cert]]:
    names: list[str] = []
    found: list[Cert] = []
    for choice in data["certificates"] or ():
        if choice.name != "certificate":
            continue
        raw = choice.chosen.dump()
        cert = read_certificate(raw, notes, path)
        if cert is not None:
            names.append(pool.add(raw))
            found.append(cert)
    return tuple(names), found


def _signer(info: Any, certs: list[Cert]) -> Cert | None:
    sid = info["sid"]
    if sid.name == "subject_key_identifier":
        wanted = sid.chosen.native
        return next((cert for cert in certs if cert.subject_key_id == wanted), None)
    serial, issuer = sid.chosen["serial_number"].native, sid.chosen["issuer"].dump()
    same = [cert for cert in certs if cert.serial == serial]
    exact = [cert for cert in same if cert.issuer_raw == issuer]
    # Encodings of one name differ between CMS writers; the signature itself then decides.
    return next(iter(exact or same), None)


def _content(data: Any) -> bytes | None:
    content = data["encap_content_info"]["content"]
    if content is None or content.native is None:
        return None
    body: bytes = content.contents if content.method == 0 else content.native
    return body


def _attributes(info: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for attribute in info["signed_attrs"] or ():
        found.setdefault(attribute["type"].native, []).extend(attribute["values"])
    return found


def _signed(
    info: Any,
    attributes: dict[str, list[Any]],
    *,
    kind: str,
    content: bytes | None,
    covered: bytes,
    digest: str,
) -> tuple[bytes, bool | None]:
    """Return the bytes under the signature and whether the signed digest is the content's."""
    target, inner = covered, True
    if kind == CONTENT_TST and content is not None:
        target, inner = content, True
    elif content is not None:
        # adbe.pkcs7.sha1 envelops the SHA-1 of the range; others envelop the range itself.
        inner = content in (hash_bytes("sha1", covered), covered, hash_bytes(digest, covered))
        target = content
    if not attributes:
        return target, inner
    values = attributes.get("message_digest", [])
    if len(values) != 1:
        return _attribute_bytes(info), False
    return _attribute_bytes(info), inner and values[0].native == hash_bytes(digest, target)


def _attribute_bytes(info: Any) -> bytes:
    """Return the attributes as they are signed: a SET in DER's order (RFC 5652 clause 5.4)."""
    body: bytes = info["signed_attrs"].contents
    try:
        return der.tlv(der.SET, *sorted(part.raw for part in der.split(body)))
    except der.DerError:  # BER lengths inside: the order alone cannot mend it
        return der.tlv(der.SET, body)


def _verify(
    info: Any, cert: Cert, signed: bytes, digest: str, notes: Notes, *, path: str
) -> bool | None:
    algorithm = info["signature_algorithm"]
    oid = algorithm["algorithm"].dotted
    value = info["signature"].native
    if oid in SM2_SIGN_OIDS:
        if digest != "sm3":
            notes.add("E_ALG_UNSUPPORTED", path, "SM2 without SM3")
            return None
        return verify_sm2(cert, oid, signed, value, notes, path=path)
    return verify_classic(cert, Claim(algorithm, signed, digest, value), notes, path=path)


def _check_signing_certificate(info: Any, cert: Cert, notes: Notes, path: str) -> None:
    """ESS signing-certificate: at most one of each kind, and naming the signer (RFC 5035)."""
    for attribute in info["signed_attrs"] or ():
        name = attribute["type"].native
        if name not in ("signing_certificate", "signing_certificate_v2"):
            continue
        first = attribute["values"][0]["certs"][0]
        method = "sha1"
        if name.endswith("v2"):
            method = first["hash_algorithm"]["algorithm"].native
        name_ours = digest_name(method)
        if name_ours is None:
            notes.add("E_ALG_UNSUPPORTED", path, "signing certificate digest")
        elif hash_bytes(name_ours, cert.der) != first["cert_hash"].native:
            notes.add("E_SIGNATURE_SCOPE", path, "signing certificate attribute names another")
    kinds = [attribute["type"].native for attribute in info["signed_attrs"] or ()]
    for kind in ("signing_certificate", "signing_certificate_v2"):
        if kinds.count(kind) > 1:
            notes.add("E_XML_AMBIGUOUS", path, "two signing certificate attributes")


def _time(attributes: dict[str, list[Any]]) -> str:
    values = attributes.get("signing_time", [])
    if len(values) != 1:
        return ""
    moment = values[0].native
    if not isinstance(moment, datetime):
        return ""
    return to_iso(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _timestamps(info: Any, pool: Pool, notes: Notes, path: str) -> tuple[TimestampEvidence, ...]:
    found: list[TimestampEvidence] = []
    for attribute in info["unsigned_attrs"] or ():
        if attribute["type"].native != "signature_time_stamp_token":
            continue
        found += [
            read_token(value.dump(), info["signature"].native, pool, notes, path)
            for value in attribute["values"]
        ]
    return tuple(found)


def read_token(
    token: bytes, stamped: bytes, pool: Pool, notes: Notes, path: str
) -> TimestampEvidence:
    """Read an RFC 3161 token over ``stamped``; what is wrong with it stands in its detail.

    ``notes`` get W_CMS_ENCODING where the token has more than one spelling.
    """
    found = _token(token, lambda name: hash_bytes(name, stamped), pool, path)
    authority = read_certificate(pool.ders[found.signer], Notes()) if found.signer else None
    if authority is not None and not is_exact(token, authority, _TOKEN_KINDS):
        notes.add("W_CMS_ENCODING", path, "time stamp")
    return found


def read_digest_token(token: bytes, digest: bytes, pool: Pool) -> TimestampEvidence:
    """Read a token over ``digest``, whatever it is the digest of."""
    return _token(token, lambda _: digest, pool, "")


def _token(
    token: bytes, expected: Callable[[str], bytes], pool: Pool, path: str
) -> TimestampEvidence:
    notes = Notes()
    try:
        data = load(token, path)
        if data["encap_content_info"]["content_type"].native != CONTENT_TST:
            return TimestampEvidence("", None, None, "", "token holds no TSTInfo")
        facts = _check(data, b"", pool, notes, path)
        info = data["encap_content_info"]["content"].parsed
        imprint = info["message_imprint"]
        method = imprint["hash_algorithm"]["algorithm"].dotted
        name = digest_name(method)
        right = name is not None and expected(name) == imprint["hashed_message"].native
        moment = info["gen_time"].native
    except FormatError as error:
        return TimestampEvidence("", None, None, "", error.detail)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        return TimestampEvidence("", None, None, "", f"unreadable: {type(error).__name__}")
    # How weak a digest may be is the policy's question, not whether the token is sound.
    hard = [i for i in notes.items if i.code.startswith("E_") and i.code != "E_WEAK_DIGEST"]
    return TimestampEvidence(
        time=to_iso(moment),
        imprint_valid=right,
        signature_valid=bool(facts.signature_valid and facts.content_valid and not hard),
        signer=facts.signer,
        detail="; ".join(f"{item.code} {item.detail}".strip() for item in hard),
        certificates=facts.certificates,
        imprint_algorithm=name or method,
        digest_algorithm=facts.digest_algorithm,
    )
