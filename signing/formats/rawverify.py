"""RSA, RSA-PSS and ECDSA signatures as CMS names them (RFC 3370, 4056, 5753, 5754)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from signing.formats.pool import Notes
from signing.x509 import Cert

SHORTEST_RSA = 1024
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(),  # noqa: S303 - old files are judged, and noted as weak
    "sha1": hashes.SHA1(),  # noqa: S303 - see above
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


@dataclass(frozen=True, slots=True)
class Claim:
    """What a CMS claims: ``value`` signs ``signed``; ``algorithm`` is asn1crypto's."""

    algorithm: Any
    signed: bytes
    digest: str
    value: bytes


def verify(cert: Cert, claim: Claim, notes: Notes, *, path: str) -> bool | None:
    """Tell whether the claim is true; None when the algorithm is unknown here.

    Digests that contradict each other are noted as E_ALG_UNSUPPORTED: which bytes were signed must
    not be a matter of interpretation.
    """
    try:
        kind = str(claim.algorithm.signature_algo)
    except ValueError:
        notes.add("E_ALG_UNSUPPORTED", path, f"signature {claim.algorithm['algorithm'].dotted}")
        return None
    named = _named_digest(claim.algorithm)
    if named is not None and named != claim.digest:
        notes.add("E_ALG_UNSUPPORTED", path, f"digests disagree: {claim.digest}, {named}")
        return None
    try:
        key = load_der_public_key(cert.spki)
    except (ValueError, UnsupportedAlgorithm):
        notes.add("E_KEY_INVALID", path)
        return False
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < SHORTEST_RSA:
        notes.add("E_KEY_INVALID", path, f"{key.key_size} bit RSA key")
        return False
    try:
        known = _check(key, kind, claim)
    except (InvalidSignature, ValueError, KeyError, UnsupportedAlgorithm):
        return False
    if not known:
        notes.add("E_ALG_UNSUPPORTED", path, f"{kind} with {claim.digest} and this key")
    return True if known else None


def _check(key: object, kind: str, claim: Claim) -> bool:
    """Raise InvalidSignature when false; return whether key and algorithm are known at all."""
    chosen = _HASHES.get(claim.digest)
    if isinstance(key, rsa.RSAPublicKey) and chosen and kind == "rsassa_pss":
        key.verify(claim.value, claim.signed, _pss(claim.algorithm), chosen)
    elif isinstance(key, rsa.RSAPublicKey) and chosen and kind == "rsassa_pkcs1v15":
        key.verify(claim.value, claim.signed, padding.PKCS1v15(), chosen)
    elif isinstance(key, ec.EllipticCurvePublicKey) and chosen and kind == "ecdsa":
        key.verify(claim.value, claim.signed, ec.ECDSA(chosen))
    elif isinstance(key, ed25519.Ed25519PublicKey) and kind == "ed25519":
        key.verify(claim.value, claim.signed)
    else:
        return False
    return True


def _named_digest(algorithm: Any) -> str | None:
    """Return the digest that the signature algorithm itself names, None when it names none."""
    if algorithm["algorithm"].native in ("rsassa_pkcs1v15", "ecdsa", "ed25519"):
        return None
    try:
        name: str = algorithm.hash_algo
    except ValueError:
        return None
    return name


def _pss(algorithm: Any) -> padding.PSS:
    parameters = algorithm["parameters"]
    mask = parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native
    salt = parameters["salt_length"].native
    return padding.PSS(padding.MGF1(_HASHES[mask]), salt)
