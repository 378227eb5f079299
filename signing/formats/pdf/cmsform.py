"""The CMS of a PAdES B-B signature (RFC 5652, ETSI EN 319 122-1) written from a form.

All but the digest of the file and the signature value is the same for every file that one key
seals: certificates, signer, algorithms and the attribute that names the signing certificate are
encoded once. The spelling is pyHanko's, octet for octet, as tests show.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from signing.algorithms import Algorithm
from signing.algorithms.sm2_sm3 import SM3_OID
from signing.formats.running import start
from signing.model import SealMaterial
from signing.ses import der
from signing.x509 import parse
from signing.x509.key import longest_signature

_DATA, _SIGNED_DATA = der.oid("1.2.840.113549.1.7.1"), der.oid("1.2.840.113549.1.7.2")
_CONTENT_TYPE = der.sequence(der.oid("1.2.840.113549.1.9.3"), der.tlv(der.SET, _DATA))
_MESSAGE_DIGEST = der.oid("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE_2 = der.oid("1.2.840.113549.1.9.16.2.47")
_DIGESTS = {
    "sm3": SM3_OID,
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
_EXPLICIT_0, _DIRECTORY_NAME = 0xA0, 0xA4


@dataclass(frozen=True, slots=True)
class CmsForm:
    """What one key's signatures have in common. ``size`` is that of the longest CMS, in octets."""

    method: Algorithm
    spki: bytes
    size: int
    _before: bytes
    """Version, digests, content type and certificates of SignedData."""
    _signer: bytes
    """Version, name of the certificate and digest of SignerInfo."""
    _certificate: bytes
    """The attribute that binds the signature to its certificate."""

    @classmethod
    def of(cls, material: SealMaterial, method: Algorithm) -> CmsForm:
        """Encode the form for a signer's certificate and chain."""
        chain = [item for item in material.chain if item != material.certificate]
        return cls.of_certificates([material.certificate, *chain], method)

    @classmethod
    def of_certificates(cls, certificates: Sequence[bytes], method: Algorithm) -> CmsForm:
        """Encode the form for certificates of which the signer's comes first."""
        cert = parse(certificates[0])
        # SM3 has no parameters in certificates and CMS of the field, SHA-2 has NULL (RFC 5754).
        absent = () if method.digest_name == "sm3" else (der.tlv(der.NULL),)
        digest = der.sequence(der.oid(_DIGESTS[method.digest_name]), *absent)
        before = der.integer(1) + der.tlv(der.SET, digest) + der.sequence(_DATA)
        before += der.tlv(_EXPLICIT_0, *certificates)
        serial = der.integer(cert.serial)
        signer = der.integer(1) + der.sequence(cert.issuer_raw, serial) + digest
        general = der.sequence(der.tlv(_DIRECTORY_NAME, cert.issuer_raw))
        # SHA-256 is what ESSCertIDv2 means where it names no algorithm (RFC 5035 §3).
        hashed = der.octets(hashlib.sha256(certificates[0]).digest())
        bound = der.sequence(hashed, der.sequence(general, serial))
        value = der.sequence(der.sequence(bound))
        attribute = der.sequence(_SIGNING_CERTIFICATE_2, der.tlv(der.SET, value))
        empty = cls(method, cert.spki, 0, before, signer, attribute)
        value_size = longest_signature(cert.key_algorithm, cert.spki)
        digest_size = len(start(method.digest_name).digest())
        longest = empty.whole(empty.attributes(bytes(digest_size)), bytes(value_size))
        return cls(method, cert.spki, len(longest), before, signer, attribute)

    def attributes(self, digest: bytes) -> bytes:
        """Return the signed attributes of a file with this digest, in DER's order."""
        message = der.sequence(_MESSAGE_DIGEST, der.tlv(der.SET, der.octets(digest)))
        return _CONTENT_TYPE + message + self._certificate

    def to_sign(self, attributes: bytes) -> bytes:
        """Return the digest that the key signs: of the attributes as a SET (RFC 5652 §5.4)."""
        return self.method.digest(der.tlv(der.SET, attributes), self.spki)

    def whole(self, attributes: bytes, signature: bytes) -> bytes:
        """Return the ContentInfo."""
        signer = der.sequence(
            self._signer,
            der.tlv(_EXPLICIT_0, attributes),
            self.method.identifier,
            der.octets(signature),
        )
        signed = der.sequence(self._before, der.tlv(der.SET, signer))
        return der.sequence(_SIGNED_DATA, der.tlv(_EXPLICIT_0, signed))
