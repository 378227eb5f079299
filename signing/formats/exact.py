"""Does a CMS have exactly one spelling? What no signature covers must follow from what one does.

Versions, digest lists and wrappers of a CMS lie outside the signature. RFC 5652 fixes them all, so
that a CMS can be rebuilt from its signed parts and compared.
"""

from __future__ import annotations

from signing.ses import der
from signing.ses.der import DerError, Node
from signing.x509 import Cert

SIGNED_DATA, DATA, TST_INFO = (
    "1.2.840.113549.1.7.2",
    "1.2.840.113549.1.7.1",
    "1.2.840.113549.1.9.16.1.4",
)
STAMP = "1.2.840.113549.1.9.16.2.14"
PSS = "1.2.840.113549.1.1.10"
EXPLICIT_0, IMPLICIT_1 = 0xA0, 0xA1
_NULL = der.tlv(der.NULL)


def is_exact(body: bytes, cert: Cert, kinds: tuple[str, ...] = (SIGNED_DATA,)) -> bool:
    """Tell whether ``body`` is the one DER spelling of its signed content by ``cert``.

    ``kinds`` are the OIDs that may stand for SignedData outside.
    """
    try:
        node = der.whole(body)
        der.check_depth(node)
        return node.first().oid() in kinds and _rebuilt(node, cert) == body
    except DerError:
        return False


def _rebuilt(node: Node, cert: Cert) -> bytes:
    kind_given, wrapper = node.expect(der.SEQUENCE).exactly(2)
    parts = list(wrapper.expect(EXPLICIT_0).exactly(1)[0].children())
    content = parts[2].expect(der.SEQUENCE)
    kind = content.first().oid()
    certificates = [part for part in parts[3:-1] if part.tag == EXPLICIT_0]
    info = list(parts[-1].expect(der.SET).exactly(1)[0].expect(der.SEQUENCE).children())
    by_serial = info[1].tag == der.SEQUENCE
    digest = _algorithm(info[2])
    attributes = [part for part in info if part.tag == EXPLICIT_0]
    rest = info[4 if attributes else 3 :]
    signer = der.sequence(
        der.integer(1 if by_serial else 3),
        _signer_id(info[1], cert),
        digest,
        *(part.raw for part in attributes[:1]),
        _algorithm(rest[0]),
        der.octets(rest[1].octets()),
        *(_unsigned(part) for part in rest[2:] if part.tag == IMPLICIT_1),
    )
    version = 1 if kind == DATA and by_serial else 3
    signed = der.sequence(
        der.integer(version),
        der.tlv(der.SET, digest),
        content.raw if kind == TST_INFO else der.sequence(der.oid(kind)),
        *(part.raw for part in certificates[:1]),
        der.tlv(der.SET, signer),
    )
    return der.sequence(der.oid(kind_given.oid()), der.tlv(EXPLICIT_0, signed))


def _unsigned(node: Node) -> bytes:
    """Return unsigned attributes: time stamps, which prove themselves, and nothing else."""
    stamps = [part.raw for part in node.children() if part.first().oid() == STAMP]
    return der.tlv(IMPLICIT_1, *stamps)


def _signer_id(node: Node, cert: Cert) -> bytes:
    if node.tag != der.SEQUENCE:
        return node.raw
    return der.sequence(cert.issuer_raw, der.integer(cert.serial))


def _algorithm(node: Node) -> bytes:
    """Return an AlgorithmIdentifier with its parameters left out or NULL, as it has them."""
    parts = node.expect(der.SEQUENCE).children()
    oid = parts[0].oid()
    if oid == PSS:
        return node.raw
    return der.sequence(der.oid(oid), *((_NULL,) if len(parts) > 1 else ()))
