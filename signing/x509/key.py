"""What a certificate's public key is, in the words of policies: ``sm2``, ``p384``, ``rsa-3072``."""

from __future__ import annotations

from signing import der

RSA_OIDS = frozenset({"1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10"})
_NAMES = {
    "1.2.156.10197.1.301": "sm2",
    "1.2.840.10045.3.1.7": "p256",
    "1.3.132.0.34": "p384",
    "1.3.132.0.35": "p521",
    "1.3.101.112": "ed25519",
}


def kind(algorithm: str, curve: str, spki: bytes) -> str:
    """Return the kind of a key from the OIDs of its algorithm and curve.

    RSA keys carry their size in bits (``rsa-2048``; ``rsa-0`` where it cannot be read); a curve or
    algorithm without a name here is its dotted OID.
    """
    if algorithm in RSA_OIDS:
        return f"rsa-{rsa_bits(spki)}"
    oid = curve or algorithm
    return _NAMES.get(oid, oid)


def rsa_bits(spki: bytes) -> int:
    """Return the size of an RSA key's modulus in bits, 0 where the key cannot be read."""
    try:
        modulus, _ = der.whole(_key(spki)).children()
    except (der.DerError, ValueError):
        return 0
    return int.from_bytes(modulus.content, "big").bit_length()


def longest_signature(algorithm: str, spki: bytes) -> int:
    """Return the octets of the longest signature of a key.

    RSA: the modulus; elliptic curves: DER ``SEQUENCE {r, s}``. Raises DerError on what is no
    SubjectPublicKeyInfo.
    """
    if algorithm in RSA_OIDS:
        return (rsa_bits(spki) + 7) // 8
    coordinate = len(_key(spki)) // 2
    return len(der.sequence(*2 * (der.encode(der.INTEGER, bytes(coordinate + 1)),)))


def _key(spki: bytes) -> bytes:
    """Return the key inside a SubjectPublicKeyInfo, without the count of unused bits."""
    _, key = der.whole(spki).children()
    return key.content[1:]
