"""SM2 with SM3 (GB/T 32918.2-2016, GM/T 0009-2023) by the system's libcrypto, or by a faster
library where one is installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from cryptography.hazmat.primitives import hashes

from kernel.errors import TongbanError
from signing import der
from signing.algorithms import libcrypto, sm2_library
from signing.algorithms.port import DEFAULT_SIGNER_ID, Algorithm
from signing.algorithms.sm2_library import Sm2Library

NAME = "sm2_sm3"
OID = "1.2.156.10197.1.501"
OIDS = (OID,)
CURVE_OID = "1.2.156.10197.1.301"
EC_KEY_OID = "1.2.840.10045.2.1"
SM3_OID = "1.2.156.10197.1.401"

_DIGEST_SIZE = 32
_LONGEST_ID = 0xFFFF // 8
_POINT_SIZE = 65
_UNCOMPRESSED = 4
_CURVE = bytes.fromhex(  # a, b, Gx, Gy of GB/T 32918.5, as they enter Z
    "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC"
    "28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93"
    "32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7"
    "BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0"
)
_SPKI_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")


@dataclass(frozen=True, slots=True)
class Sm2Sm3:
    """SM2 signatures over SM3(Z || message); DER ``SEQUENCE {r, s}``."""

    name: str = NAME
    oid: str = OID
    identifier: bytes = der.sequence(der.oid(OID))
    digest_name: str = "sm3"

    def generate(self) -> bytes:
        """Return a new private key as PKCS#8 DER."""
        return libcrypto.private_der(libcrypto.generate())

    def public_key(self, private: bytes) -> bytes:
        """Return the SubjectPublicKeyInfo; raises TongbanError ``private-key-unreadable``."""
        return _SPKI_HEAD + point(libcrypto.public_der(_private(private)))

    def digest(
        self, message: bytes, public_key: bytes, signer_id: bytes = DEFAULT_SIGNER_ID
    ) -> bytes:
        """Return SM3(Z || message); raises TongbanError ``public-key-unreadable``."""
        return sm3(z(public_key, signer_id) + message)

    def sign_digest(self, private: bytes, digest: bytes) -> bytes:
        """Sign 32 bytes; errors as in ``Algorithm.sign_digest``."""
        if len(digest) != _DIGEST_SIZE:
            raise TongbanError("digest-length", algorithm=NAME, size=len(digest))
        key = _private(private)
        fast = _fast()
        return fast.sign(_scalar(private), digest) if fast else libcrypto.sign(key, digest)

    def verify_digest(self, public_key: bytes, digest: bytes, signature: bytes) -> bool:
        """Tell whether the signature fits; never raises on bad input."""
        if len(digest) != _DIGEST_SIZE:
            return False
        try:
            fast = _fast()
            if fast:
                return fast.verify(point(public_key)[1:], digest, signature)
            return libcrypto.verify(_public(public_key), digest, signature)
        except TongbanError:
            return False


def sm3(message: bytes) -> bytes:
    """Return the SM3 digest (GB/T 32905-2016)."""
    total = hashes.Hash(hashes.SM3())
    total.update(message)
    return total.finalize()


@lru_cache(maxsize=512)
def z(public_key: bytes, signer_id: bytes = DEFAULT_SIGNER_ID) -> bytes:
    """Return Z of GB/T 32918.2 §5.5: SM3(ENTL || id || a || b || G || public point)."""
    if len(signer_id) > _LONGEST_ID:
        raise TongbanError("signer-id-too-long", size=len(signer_id))
    length = (len(signer_id) * 8).to_bytes(2, "big")
    return sm3(length + signer_id + _CURVE + point(public_key)[1:])


@lru_cache(maxsize=512)
def point(public_key: bytes) -> bytes:
    """Return the 65-byte uncompressed point of a SubjectPublicKeyInfo on the SM2 curve.

    The key algorithm may be id-ecPublicKey with the curve as parameter, or the SM2 OID itself, with
    or without parameter, as GM/T 0015-2023 allows. Raises TongbanError ``public-key-unreadable``.
    """
    try:
        algorithm, key = der.whole(public_key).children()
        oids = tuple(der.dotted(item.content) for item in algorithm.children())
    except (der.DerError, ValueError) as error:
        raise TongbanError("public-key-unreadable", algorithm=NAME) from error
    known = {(EC_KEY_OID, CURVE_OID), (CURVE_OID, CURVE_OID), (CURVE_OID,)}
    octets = key.content
    sound = key.tag == der.BITS and len(octets) == _POINT_SIZE + 1
    if oids not in known or not sound or octets[:2] != bytes((0, _UNCOMPRESSED)):
        raise TongbanError("public-key-unreadable", algorithm=NAME)
    return octets[1:]


@lru_cache(maxsize=64)
def _private(private: bytes) -> libcrypto.Key:
    # Reading a key costs more than a tenth of a signature. The bytes are the keystore's own object.
    return libcrypto.load_private(private)


@lru_cache(maxsize=64)
def _scalar(private: bytes) -> bytes:
    return sm2_library.scalar_of(private)


def _fast() -> Sm2Library | None:
    """Return the faster library, if one is installed and this is the process that loaded it."""
    found = sm2_library.found(knows_the_example)
    return found if found and found.usable else None


def provider() -> str:
    """Return what computes SM2 in this process, with its version; errors as in ``algorithm``."""
    fast, base = _fast(), f"libcrypto {libcrypto.version()}"
    return f"{fast.name} + {base}" if fast else base


def knows_the_example(library: Sm2Library) -> bool:
    """Tell whether a library accepts the signature of GB/T 32918.5 annex A.2, and it alone."""
    place, digest = bytes.fromhex(_SAMPLE_POINT)[1:], bytes.fromhex(_SAMPLE_DIGEST)
    r, s = int(_SAMPLE_R, 16), int(_SAMPLE_S, 16)
    sound, turned = (
        der.sequence(der.integer(one), der.integer(other)) for one, other in ((r, s), (s, r))
    )
    return library.verify(place, digest, sound) and not library.verify(place, digest, turned)


@lru_cache(maxsize=512)
def _public(public_key: bytes) -> libcrypto.Key:
    return libcrypto.load_public(_SPKI_HEAD + point(public_key))


@cache
def algorithm() -> Algorithm:
    """Return the algorithm after its self-test.

    Raises TongbanError ``sm2-unavailable`` (no libcrypto 3 with SM2) or ``sm2-self-test-failed``.
    """
    made = Sm2Sm3()
    _self_test(made)
    return made


_SAMPLE_POINT = (
    "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
_SAMPLE_DIGEST = "F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640"
_SAMPLE_R = "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
_SAMPLE_S = "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"


def _self_test(made: Sm2Sm3) -> None:
    """Check the example of GB/T 32918.5 annex A.2 and one fresh signature."""
    public = _SPKI_HEAD + bytes.fromhex(_SAMPLE_POINT)
    digest = made.digest(b"message digest", public)
    signature = der.sequence(der.integer(int(_SAMPLE_R, 16)), der.integer(int(_SAMPLE_S, 16)))
    private = made.generate()
    fresh = made.sign_digest(private, digest)
    steps = {
        "digest": digest == bytes.fromhex(_SAMPLE_DIGEST),
        "verify": made.verify_digest(public, digest, signature),
        "reject": not made.verify_digest(public, sm3(digest), signature),
        "sign": made.verify_digest(made.public_key(private), digest, fresh),
    }
    for step, passed in steps.items():
        if not passed:
            raise TongbanError("sm2-self-test-failed", step=step)
