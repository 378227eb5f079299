"""PDFs signed by stock pyHanko with the levels and locks asked for, and later revisions of them."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

from signing.algorithms import by_name
from signing.x509 import parse

from .conftest import AT, Region

Change = Callable[[IncrementalPdfFileWriter], None]
name, number, text = generic.pdf_name, generic.NumberObject, generic.TextStringObject


def dictionary(**entries: Any) -> generic.DictionaryObject:
    """Return a PDF dictionary; the names are given without their slash."""
    return generic.DictionaryObject({name(f"/{key}"): item for key, item in entries.items()})


def numbers(*items: int) -> generic.ArrayObject:
    """Return a PDF array of numbers."""
    return generic.ArrayObject(number(item) for item in items)


def drawing(writer: Any, content: bytes = b"BT (APPROVED) Tj ET") -> Any:
    """Return a reference to a form XObject that draws something."""
    kind = dictionary(Type=name("/XObject"), Subtype=name("/Form"), BBox=numbers(0, 0, 99, 99))
    return writer.add_object(generic.StreamObject(dict(kind), stream_data=content))


def widget(writer: Any, title: str, *box: int, kind: str = "/Sig", **more: Any) -> Any:
    """Return the dictionary of a field that is its own widget, drawn in ``box``."""
    return dictionary(
        Type=name("/Annot"),
        Subtype=name("/Widget"),
        FT=name(kind),
        T=text(title),
        Rect=numbers(*box),
        AP=dictionary(N=drawing(writer)),
        **more,
    )


def two_pages() -> bytes:
    """Return two pages with a font each, and a form of two filled fields."""
    writer = PdfFileWriter()
    for _ in range(2):
        font = dictionary(Type=name("/Font"), Subtype=name("/Type1"), BaseFont=name("/Helvetica"))
        drawn = writer.add_object(generic.StreamObject(stream_data=b"BT /F1 9 Tf (Pay 1) Tj ET"))
        fonts = dictionary(Font=dictionary(F1=writer.add_object(font)))
        writer.insert_page(PageObject(contents=drawn, media_box=(0, 0, 595, 842), resources=fonts))
    fields = [
        writer.add_object(widget(writer, title, 9, 9, 99, 29, kind="/Tx", V=text("old")))
        for title in ("name", "amount")
    ]
    first(writer)[name("/Annots")] = generic.ArrayObject(fields)
    fonts = dictionary(Font=dictionary(Helv=writer.add_object(dictionary(Type=name("/Font")))))
    form = dictionary(Fields=generic.ArrayObject(fields), DR=fonts)
    writer.root[name("/AcroForm")] = writer.add_object(form)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def first(writer: Any) -> Any:
    """Return the first page."""
    return writer.root["/Pages"]["/Kids"][0]


def signed(region: Region, level: int | None, locked: tuple[str, ...] = ()) -> bytes:
    """Return the pages signed: certified with a DocMDP level unless None, some fields locked."""
    from asn1crypto import algos
    from asn1crypto import x509 as asn1_x509
    from pyhanko.sign import fields, signers
    from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes, Signer
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    method, spki = by_name(region.algorithm), parse(region.signer.cert).spki

    class Delegate(Signer):  # type: ignore[misc] # pyHanko is not type-checked here
        async def async_sign_raw(
            self,
            data: bytes,
            digest_algorithm: str,
            dry_run: bool = False,
        ) -> bytes:
            return bytes(72) if dry_run else region.signer.sign(method.digest(data, spki))

    signer = Delegate(
        signing_cert=asn1_x509.Certificate.load(region.signer.cert),
        cert_registry=SimpleCertificateStore(),
        signature_mechanism=algos.SignedDigestAlgorithm.load(method.identifier),
    )
    lock = fields.FieldMDPSpec(fields.FieldMDPAction.INCLUDE, list(locked)) if locked else None
    maker = signers.PdfSigner(
        signers.PdfSignatureMetadata(
            field_name="Seal1",
            md_algorithm=method.digest_name,
            subfilter=fields.SigSeedSubFilter.PADES,
            certify=level is not None,
            docmdp_permissions=fields.MDPPerm(level or 2),
        ),
        signer=signer,
        new_field_spec=fields.SigFieldSpec("Seal1", box=(99, 99, 199, 199), field_mdp_spec=lock),
    )
    session = maker.init_signing_session(IncrementalPdfFileWriter(io.BytesIO(two_pages())))
    session.system_time = AT
    document = session.prepare_tbs_document(validation_info=None, bytes_reserved=8192)
    prepared, output = document.digest_tbs_document()
    attributes = PdfCMSSignedAttributes(signing_time=AT)
    done = asyncio.run(
        document.perform_signature(
            document_digest=prepared.document_digest, pdf_cms_signed_attrs=attributes
        )
    )
    asyncio.run(done.post_signature_processing(output))
    return bytes(output.getbuffer())


def later(data: bytes, change: Change) -> bytes:
    """Return the file with one more revision."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data), strict=False)
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
