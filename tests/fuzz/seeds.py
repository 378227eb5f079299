"""What a fuzzer starts from: good files and structures of a throw-away region, made anew."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path

from signing import ocsp_wire, x509
from signing.checks.case import Trust
from signing.formats.ofd import package
from signing.ocsp_model import CertStatus, Single
from signing.ses.signed_data import Form, build, to_be_signed
from signing.time import wire
from signing.time.model import StampRequest
from tests.signing_formats.conftest import AT, PLACE, make_region, unsealed_files
from tests.signing_formats.stamping import authority, token

SM3 = "1.2.156.10197.1.401"
LARGEST = 64 * 1024
"""Files of the corpus above this size teach a fuzzer little and slow every round."""


class Seeds:
    """Seeds by target, and what may pass."""

    def __init__(self) -> None:
        self.sm2, self.p256 = make_region("sm2_sm3"), make_region("ecdsa_p256")

    @property
    def trust(self) -> Trust:
        both = (self.sm2.trust, self.p256.trust)
        return Trust(
            anchors=tuple(item for trust in both for item in trust.anchors),
            cas=tuple(item for trust in both for item in trust.cas),
            seal_makers=tuple(item for trust in both for item in trust.seal_makers),
        )

    def of(self, target: str) -> Mapping[str, bytes]:
        """Return the seeds of a target by name."""
        made: Mapping[str, bytes] = getattr(self, target)()
        return made

    def zip(self) -> dict[str, bytes]:
        return self.ofd()

    def ofd(self) -> dict[str, bytes]:
        from signing.formats.ofd.seal import seal

        bare = package.write(unsealed_files())
        one = seal(bare, self.sm2.material(), PLACE, AT, self.sm2.signer.sign)
        return {"bare": bare, "sealed": one} | corpus("ofd/signed", ".ofd")

    def pdf(self) -> dict[str, bytes]:
        from signing.formats.pdf.seal import seal

        bare = blank()
        return {
            "bare": bare,
            "p256": seal(bare, self.p256.material(b"0"), PLACE, AT, self.p256.signer.sign),
            "sm2": seal(bare, self.sm2.material(b"0"), PLACE, AT, self.sm2.signer.sign),
        } | corpus("pdf", ".pdf")

    def der(self) -> dict[str, bytes]:
        asked = StampRequest(SM3, bytes(32), 7, "", certificates=True)
        stamp = token(authority(self.sm2), b"stamped", AT)
        return {
            **self._status(),
            "seal": self.sm2.seal_der(),
            "certificate": self.p256.signer.cert,
            "request": wire.request(asked),
            "answer": wire.granted(stamp),
            "token": stamp,
            **self._signatures(),
            **{f"gbt-{form}": self._gbt(form) for form in Form},
        } | corpus("ofd/blobs", "")

    def _status(self) -> dict[str, bytes]:
        """A request about a certificate and the issuer's own answer."""
        cert, issuer = x509.parse(self.sm2.signer.cert), x509.parse(self.sm2.ca.cert)
        asked = ocsp_wire.request(cert, issuer, b"nonce-of-16-octs")
        named = ocsp_wire.read_request(asked)
        told = ocsp_wire.answer(
            (Single(named.cert_ids[0], CertStatus.REVOKED, AT, AT, AT, 6),),
            produced_at=AT,
            responder=issuer,
            algorithm=self.sm2.algorithm,
            sign=lambda _: self.sm2.ca.sign,
            nonce=named.nonce,
            certificates=(issuer.der,),
        )
        return {"ocsp-request": asked, "ocsp-answer": told}

    def cms(self) -> dict[str, bytes]:
        from asn1crypto import cms

        found: dict[str, bytes] = {"token": token(authority(self.p256), b"stamped", AT)}
        for name, data in self.pdf().items():
            at = data.find(b"/Contents <")
            if at < 0:
                continue
            hexed = data[at + 11 : data.index(b">", at)]
            raw = bytes.fromhex(hexed.decode("ascii", "replace"))
            found[name] = cms.ContentInfo.load(raw).dump()
        return found

    def _signatures(self) -> dict[str, bytes]:
        found = package.read(self.ofd()["sealed"])
        return {
            f"value-{number}": data
            for number, (name, data) in enumerate(found.files.items())
            if name.endswith("SignedValue.dat")
        }

    def _gbt(self, form: Form) -> bytes:
        signed = to_be_signed(form, bytes(32), AT)
        certificate = x509.parse(self.sm2.signer.cert).der
        return build(form, signed, [certificate], self.sm2.signer.sign_message(signed))


def blank() -> bytes:
    """A PDF of one empty page."""
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

    writer = PdfFileWriter()
    content = writer.add_object(generic.StreamObject(stream_data=b"BT ET"))
    writer.insert_page(PageObject(contents=content, media_box=(0, 0, 595, 842)))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def corpus(folder: str, ending: str) -> dict[str, bytes]:
    """Small files made by other software, where this machine has them."""
    named = os.environ.get("TONGBAN_CORPUS")
    root = Path(named) if named else Path(__file__).parents[2].parent / "shared" / "corpus"
    found = sorted((root / folder).glob(f"*{ending}")) if (root / folder).is_dir() else []
    return {
        path.name: path.read_bytes()
        for path in found
        if path.is_file() and path.stat().st_size <= LARGEST
    }
