"""Sealing a PDF: PAdES B-B (ETSI EN 319 142-1), certification signature that permits no change.

Plain files, as the hub's own faces are, get their update from a form; pyHanko lays out all others
and all with time stamps. The key is reached only through ``sign``, which sees a digest.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from kernel.clock import BEIJING
from kernel.errors import TongbanError
from signing.algorithms import (
    Algorithm,
    by_name,
    ecdsa_p256,
    ecdsa_p384,
    rsa_pkcs1,
    rsa_pss,
    sm2_sm3,
)
from signing.formats.oids import register
from signing.formats.pdf import quick
from signing.formats.pdf.fields import PARSER_ERRORS
from signing.formats.pdf.quick import POINTS_PER_MM, Pending
from signing.formats.pdf.stamper import TOKEN_OCTETS, stamper
from signing.model import Placement, SealMaterial, SignDigest
from signing.time.ports import TimeStamps
from signing.x509 import parse
from signing.x509.key import longest_signature

if TYPE_CHECKING:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

T = TypeVar("T")

FIELD = quick.FIELD.decode()
_CMS_OVERHEAD = 1400
"""Octets of CMS around the certificates: attributes, signature value, wrappers, some slack."""
_MECHANISMS = frozenset(
    {
        ecdsa_p256.OID,
        ecdsa_p384.OID,
        rsa_pkcs1.OID,
        rsa_pss.OID,
        sm2_sm3.OID,
    }
)
"""What readers of PAdES know; Ed25519 is not among it."""
_CURVE_SIGNATURE = 72
"""Octets of the longest signature of a curve of 256 bits; ``_CMS_OVERHEAD`` has room for it."""


def seal(
    unsealed: bytes,
    material: SealMaterial,
    placements: Sequence[Placement],
    at: datetime,
    sign: SignDigest,
    *,
    timestamp: TimeStamps | None = None,
) -> bytes:
    """Return the sealed file: one more revision that covers the whole file.

    The seal's picture is drawn at the one placement. With ``timestamp`` the signature carries a
    time stamp (B-T). Raises TongbanError ``seal-not-possible``, and whatever ``sign`` and
    ``timestamp`` raise.
    """
    pending = None if timestamp else prepare(unsealed, material, placements, at)
    if pending is not None:
        return pending.finish(sign(pending.digest))
    return seal_by_library(unsealed, material, placements, at, sign, timestamp=timestamp)


def prepare(
    unsealed: bytes, material: SealMaterial, placements: Sequence[Placement], at: datetime
) -> Pending | None:
    """Lay out the sealed file and say what is to be signed, so that keys can be asked in batches.

    Returns None for a file that only ``seal_by_library`` can seal. Raises TongbanError
    ``seal-not-possible``.
    """
    _method(material.algorithm)
    return quick.prepare(unsealed, material, _only(placements), at)


def seal_by_library(
    unsealed: bytes,
    material: SealMaterial,
    placements: Sequence[Placement],
    at: datetime,
    sign: SignDigest,
    *,
    timestamp: TimeStamps | None = None,
) -> bytes:
    """Seal any PDF through pyHanko; as ``seal`` otherwise."""
    placement = _only(placements)
    method = _method(material.algorithm)
    register()
    try:
        session, reserved = _session(
            writer(unsealed),
            material,
            placement,
            at,
            sign,
            method=method,
            timestamp=timestamp,
        )
    except PARSER_ERRORS as error:
        reason = f"{type(error).__name__}: {error}"[:200]
        raise TongbanError("seal-not-possible", reason=reason) from error
    return _finish(session, reserved, at)


def _only(placements: Sequence[Placement]) -> Placement:
    if len(placements) != 1:
        raise TongbanError("seal-not-possible", reason="a PDF seal has exactly one place")
    return placements[0]


def _method(name: str) -> Algorithm:
    """Return the algorithm; raises TongbanError ``seal-not-possible`` where PAdES has none such."""
    try:
        method = by_name(name)
    except TongbanError:
        method = None
    if method is None or method.oid not in _MECHANISMS:
        reason = f"PDF seals cannot be made with {name}"
        raise TongbanError("seal-not-possible", reason=reason)
    return method


def _longest(certificate: bytes) -> bytes:
    """Return as many octets as the longest signature that the certified key can make."""
    cert = parse(certificate)
    return bytes(longest_signature(cert.key_algorithm, cert.spki))


def writer(unsealed: bytes) -> IncrementalPdfFileWriter:
    """Return a writer whose update depends on its input alone: sealing again asks the key for the
    same digest, which is what lets an interrupted issue go on.
    """
    from pyhanko.pdf_utils.generic import ArrayObject, ByteStringObject
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    class Repeatable(IncrementalPdfFileWriter):  # type: ignore[misc] # pyHanko is not type-checked
        """Leaves document information as it is and derives the file identifier from the file."""

        @classmethod
        def _handle_id(cls, prev: Any) -> ArrayObject:
            second = ByteStringObject(hashlib.sha256(unsealed).digest()[:16])
            try:
                first = prev.trailer["/ID"][0]
            except PARSER_ERRORS:
                first = second
            return ArrayObject([first, second])

        def _update_meta(self) -> None:
            """Change no date: the time of the seal is in the seal."""

    return Repeatable(io.BytesIO(unsealed), strict=False)


def _session(
    update: IncrementalPdfFileWriter,
    material: SealMaterial,
    placement: Placement,
    at: datetime,
    sign: SignDigest,
    *,
    method: Algorithm,
    timestamp: TimeStamps | None,
) -> tuple[Any, int]:
    """Return pyHanko's signing session and the octets to keep free for the CMS, in hex digits."""
    from pyhanko.sign import fields, signers

    signer = _signer(material, method, sign)
    box = _box(update, placement)
    maker = signers.PdfSigner(
        signers.PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm=method.digest_name,
            subfilter=fields.SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=fields.MDPPerm.NO_CHANGES,
            name=material.name,
        ),
        signer=signer,
        stamp_style=_style(material),
        timestamper=stamper(timestamp) if timestamp else None,
        new_field_spec=fields.SigFieldSpec(FIELD, on_page=placement.page, box=box),
    )
    session = maker.init_signing_session(update)
    session.system_time = at.astimezone(BEIJING).replace(microsecond=0)
    octets = len(material.certificate) + sum(map(len, material.chain)) + _CMS_OVERHEAD
    octets += max(0, len(_longest(material.certificate)) - _CURVE_SIGNATURE)
    return session, 2 * (octets + (TOKEN_OCTETS if timestamp else 0))


def _finish(session: Any, reserved: int, at: datetime) -> bytes:
    from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes

    document = session.prepare_tbs_document(validation_info=None, bytes_reserved=reserved)
    prepared, output = document.digest_tbs_document()
    attributes = PdfCMSSignedAttributes(signing_time=at)
    signed = document.perform_signature(
        document_digest=prepared.document_digest, pdf_cms_signed_attrs=attributes
    )
    run(run(signed).post_signature_processing(output))
    return bytes(output.getbuffer())


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run pyHanko's coroutine to its end, whether or not an event loop runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as beside:
        return beside.submit(asyncio.run, work).result()


def _box(update: IncrementalPdfFileWriter, placement: Placement) -> tuple[int, int, int, int]:
    """Return the placement as a PDF rectangle in points, origin at the page's bottom left."""
    page = update.find_page_for_modification(placement.page)[0].get_object()
    while "/MediaBox" not in page:
        page = page["/Parent"]
    left, _, _, top = (float(value) for value in page["/MediaBox"])
    x1 = left + placement.x_mm * POINTS_PER_MM
    y2 = top - placement.y_mm * POINTS_PER_MM
    x2 = x1 + placement.width_mm * POINTS_PER_MM
    y1 = y2 - placement.height_mm * POINTS_PER_MM
    return round(x1), round(y1), round(x2), round(y2)


def _style(material: SealMaterial) -> Any:
    from PIL import Image
    from pyhanko.pdf_utils.images import PdfImage
    from pyhanko.pdf_utils.layout import AxisAlignment, InnerScaling, Margins, SimpleBoxLayoutRule
    from pyhanko.stamp import StaticStampStyle

    whole = SimpleBoxLayoutRule(
        x_align=AxisAlignment.ALIGN_MID,
        y_align=AxisAlignment.ALIGN_MID,
        margins=Margins.uniform(0),
        inner_content_scaling=InnerScaling.STRETCH_TO_FIT,
    )
    with Image.open(io.BytesIO(material.picture_png)) as picture:
        picture.load()
        return StaticStampStyle(
            border_width=0,
            background=PdfImage(picture.convert("RGBA"), name="Seal"),
            background_layout=whole,
            background_opacity=1.0,
        )


def _signer(material: SealMaterial, method: Algorithm, sign: SignDigest) -> Any:
    """Return a pyHanko signer whose raw signature is made elsewhere."""
    from asn1crypto import algos
    from asn1crypto import x509 as asn1_x509
    from pyhanko.sign.signers.pdf_cms import Signer
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    spki = parse(material.certificate).spki
    placeholder = _longest(material.certificate)

    class Delegate(Signer):  # type: ignore[misc] # pyHanko is not type-checked here
        """Hands the digest of the signed attributes to ``sign``."""

        async def async_sign_raw(
            self,
            data: bytes,
            digest_algorithm: str,
            dry_run: bool = False,  # noqa: FBT001, FBT002 - pyHanko's signature
        ) -> bytes:
            """Return the signature over ``data``; a dry run gets as many octets."""
            assert digest_algorithm == method.digest_name
            return placeholder if dry_run else sign(method.digest(data, spki))

    store = SimpleCertificateStore()
    for der in material.chain:  # pyHanko adds the signer's own; here it would stand twice
        store.register(asn1_x509.Certificate.load(der))
    return Delegate(
        signing_cert=asn1_x509.Certificate.load(material.certificate),
        cert_registry=store,
        signature_mechanism=algos.SignedDigestAlgorithm.load(method.identifier),
        embed_roots=False,
    )
