"""The judges that are Python libraries: stock pyHanko, and pdfium through pypdfium2."""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from tests.judges.opinions import Kind, Opinion, Trusted


class PyHanko:
    """Stock pyHanko: whole trust, revocation required, difference analysis."""

    name = "pyHanko"
    formats = "PDF: all but SM2, B-B to B-LTA"
    looks_at = (
        "CMS, chain and revocation, time stamps, DocMDP, coverage or nothing but updates of LTA"
    )

    def knows(self, kind: Kind) -> bool:
        return kind.group == "PDF"

    def version(self) -> str:
        return version("pyhanko")

    def judge(self, files: Sequence[Path], trusted: Trusted) -> list[Opinion]:
        return [self._one(path.read_bytes(), trusted) for path in files]

    def _one(self, data: bytes, trusted: Trusted) -> Opinion:
        from asn1crypto import crl, x509
        from pyhanko.pdf_utils.reader import PdfFileReader
        from pyhanko.sign.diff_analysis import ModificationLevel
        from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
        from pyhanko.sign.validation.dss import DocumentSecurityStore
        from pyhanko.sign.validation.status import SignatureCoverageLevel
        from pyhanko_certvalidator import ValidationContext

        known = {
            "trust_roots": [x509.Certificate.load(trusted.root["ecdsa_p256"].read_bytes())],
            "revocation_mode": "require",
            "allow_fetching": False,
        }
        lists = [crl.CertificateList.load(path.read_bytes()) for path in trusted.crls["ecdsa_p256"]]
        try:
            reader = PdfFileReader(io.BytesIO(data))
            # What is B-LT or above must bring what it needs; the others are helped with lists.
            context = (
                DocumentSecurityStore.read_dss(reader).as_validation_context(known)
                if b"/DSS" in data
                else ValidationContext(crls=lists, **known)
            )
            found = reader.embedded_regular_signatures
            if len(found) != 1:
                return Opinion(False, f"{len(found)} signatures")
            status = validate_pdf_signature(found[0], context, context)
            stamps = [
                validate_pdf_timestamp(item, context)
                for item in reader.embedded_timestamp_signatures
            ]
        except Exception as error:  # noqa: BLE001 - whatever it raises is its way to refuse
            return Opinion(False, f"{type(error).__name__}: {error}")
        whole = (
            status.coverage is SignatureCoverageLevel.ENTIRE_FILE
            or status.modification_level is ModificationLevel.LTA_UPDATES
        )
        own = status.timestamp_validity
        times = [*stamps, *([own] if own else [])]
        proven = all(item.valid and item.trusted for item in times)
        good = bool(status.bottom_line and status.docmdp_ok and whole and proven)
        return Opinion(good, "" if good else status.summary())


class Pdfium:
    """Whether a reader in wide use opens and draws the file and finds the seal."""

    name = "pdfium"
    formats = "PDF"
    looks_at = "opens, draws every page, finds the certification; no cryptography"

    def knows(self, kind: Kind) -> bool:
        return kind.format == "pdf"

    def version(self) -> str:
        return version("pypdfium2")

    def judge(self, files: Sequence[Path], trusted: Trusted) -> list[Opinion]:
        return [self._one(path) for path in files]

    def _one(self, path: Path) -> Opinion:
        import pypdfium2
        from pypdfium2 import raw

        try:
            document = pypdfium2.PdfDocument(path)
        except pypdfium2.PdfiumError as error:
            return Opinion(False, str(error))
        with document:
            for page in document:
                low, high = page.render(scale=0.5).to_pil().convert("L").getextrema()
                if low == high:
                    return Opinion(False, "a blank page")
            found = [
                raw.FPDFSignatureObj_GetDocMDPPermission(raw.FPDF_GetSignatureObject(document, at))
                for at in range(raw.FPDF_GetSignatureCount(document))
            ]
            good = found[:1] == [1] and not any(found[1:])  # document time stamps permit nothing
            return Opinion(good, "" if good else f"DocMDP {found}")
