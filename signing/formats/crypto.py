"""Checking one signature with every way it can be malformed told apart."""

from __future__ import annotations

import hashlib

from kernel.errors import TongbanError
from signing.algorithms import Algorithm, by_oid
from signing.algorithms.sm2_sm3 import point, sm3
from signing.formats.pool import Notes
from signing.ses import der
from signing.x509 import Cert

SM2_SIGN_OIDS = frozenset({"1.2.156.10197.1.501", "1.2.156.10197.1.301.1"})
SM2_OID = "1.2.156.10197.1.501"
SM2_P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
SM2_B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
SM2_N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123

WEAK = frozenset({"md5", "sha1"})
_DIGEST_NAMES = {
    "sm3": "sm3",
    "1.2.156.10197.1.401": "sm3",
    "1.2.156.10197.1.401.1": "sm3",
    "1.2.156.10197.1.401.2": "sm3-keyed",
    "sha256": "sha256",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "sha384": "sha384",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "sha512": "sha512",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "md5": "md5",
    "1.2.840.113549.2.5": "md5",
    "sha1": "sha1",
    "1.3.14.3.2.26": "sha1",
}


def digest_name(method: str) -> str | None:
    """Return our name for a digest as written in files (OID or word), None for an unknown one."""
    return _DIGEST_NAMES.get(method.strip().lower().replace("-", ""))


def hash_bytes(name: str, data: bytes) -> bytes:
    """Return a digest by our name; weak ones too, because a report says whether they agree."""
    if name == "sm3":
        return sm3(data)
    return hashlib.new(name, data, usedforsecurity=False).digest()


def verify(
    cert: Cert, oid: str, message: bytes, signature: bytes, notes: Notes, *, path: str
) -> bool | None:
    """Tell whether ``signature`` fits; None when it cannot be computed. Reasons go to ``notes``."""
    method = _method(cert, oid, notes, path)
    if method is None:
        return None
    if oid in SM2_SIGN_OIDS:
        plain = _sm2_signature(signature, notes, path)
        if plain is None:
            return False
        signature = plain
        if not _sm2_key_sound(cert.spki):
            notes.add("E_KEY_INVALID", path)
            return False
    try:
        digest = method.digest(message, cert.spki)
    except TongbanError:
        notes.add("E_KEY_INVALID", path)
        return False
    return method.verify_digest(cert.spki, digest, signature)


def _method(cert: Cert, oid: str, notes: Notes, path: str) -> Algorithm | None:
    wanted = SM2_OID if oid in SM2_SIGN_OIDS else oid
    is_sm2 = "1.2.156.10197.1.301" in (cert.curve, cert.key_algorithm)
    try:
        method = by_oid(wanted)
    except TongbanError:
        notes.add("E_ALG_UNSUPPORTED", path, f"signature algorithm {oid}")
        return None
    if (wanted == SM2_OID) != is_sm2:
        notes.add("E_ALG_UNSUPPORTED", path, "certificate key and signature algorithm disagree")
        return None
    return method


def _sm2_signature(signature: bytes, notes: Notes, path: str) -> bytes | None:
    """Return DER SEQUENCE{r, s}; None when the numbers are out of range or the form is unknown."""
    if len(signature) == 64:
        notes.add("W_RAW_RS_SIGNATURE", path)
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    else:
        try:
            r, s = (part.integer() for part in der.whole(signature).expect(der.SEQUENCE).exactly(2))
        except der.DerError as error:
            notes.add(error.code, path, "signature value")
            return None
    if not (0 < r < SM2_N and 0 < s < SM2_N) or r + s == SM2_N:
        notes.add("E_SIG_RANGE", path)
        return None
    return der.sequence(der.integer(r), der.integer(s))


def _sm2_key_sound(spki: bytes) -> bool:
    """Tell whether the key is an uncompressed point on the curve (GB/T 32918.1 §6.2)."""
    try:
        octets = point(spki)
    except TongbanError:
        return False
    x, y = int.from_bytes(octets[1:33], "big"), int.from_bytes(octets[33:], "big")
    on_curve = (y * y - (x * x * x - 3 * x + SM2_B)) % SM2_P == 0
    return x < SM2_P and y < SM2_P and on_curve
