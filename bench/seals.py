"""Certificates sealed per second against raw sign + verify of their algorithm, in one run."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from PIL import Image

from signing import x509
from signing.algorithms import by_name
from signing.checks.case import Trust
from signing.formats.ofd import package
from signing.formats.ofd.seal import seal as seal_ofd
from signing.formats.pdf.seal import seal as seal_pdf
from signing.model import Placement, SealMaterial
from signing.policies import load
from signing.ses import build
from signing.verify import inspect, judge

AT = datetime(2026, 3, 2, tzinfo=UTC)
PLACE = (Placement(0, 120.0, 200.0, 40.0, 40.0),)
NS = 'xmlns:ofd="http://www.ofdspec.org/2016"'
BARS = {"ofd": 0.25, "pdf": 0.002, "verify ofd": 0.1, "verify pdf": 0.005}
"""Shares of the limit that must hold on a busy machine; the limit is cryptography alone."""


def rate(work: Callable[[], object], seconds: float = 1.0) -> float:
    """Return calls per CPU second, the best of three rounds."""
    work()
    best = 0.0
    for _ in range(3):
        count, start = 0, time.process_time()
        while (used := time.process_time() - start) < seconds / 3:
            work()
            count += 1
        best = max(best, count / used)
    return best


class Signer:
    """A throw-away signer of one algorithm, certified by itself."""

    def __init__(self, algorithm: str) -> None:
        self.method = by_name(algorithm)
        self.private = self.method.generate()
        self.spki = self.method.public_key(self.private)
        self.cert = x509.build(
            subject=x509.Name("测速 DEMO"),
            issuer_raw=None,
            spki=self.spki,
            issuer_spki=self.spki,
            profile=x509.Profile(
                frozenset({*x509.SIGNER.key_usage, *x509.ROOT.key_usage}), ca=True
            ),
            not_before=AT - timedelta(days=1),
            not_after=AT + timedelta(days=1),
            algorithm=algorithm,
            sign=self.sign,
        )
        self.checked = True

    def sign(self, digest: bytes) -> bytes:
        return self.method.sign_digest(self.private, digest)

    def sign_and_verify(self, digest: bytes) -> bytes:
        signature = self.sign(digest)
        self.checked &= self.method.verify_digest(self.spki, digest, signature)
        return signature

    def material(self) -> SealMaterial:
        out = io.BytesIO()
        Image.new("RGBA", (240, 240), (200, 0, 0, 120)).save(out, "PNG")
        info = build.seal_info(
            es_id="41010000000001",
            kind=1,
            name="示例市测试局",
            certificates=(self.cert,),
            created=AT,
            valid_from=AT,
            valid_to=AT + timedelta(days=1),
            picture=build.Picture("PNG", out.getvalue(), 40, 40),
            vid="BENCH",
        )
        signature = self.sign(self.method.digest(info, self.spki))
        seal = build.seal(info, self.cert, self.method.oid, signature)
        name = self.method.name
        picture = out.getvalue()
        return SealMaterial("1", "测试", seal, self.cert, (), name, picture, 40.0, 40.0)


def ofd_face() -> bytes:
    """A certificate-like OFD: one page, one 40 KB font subset."""
    root = (
        f'<ofd:OFD {NS} Version="1.1" DocType="OFD"><ofd:DocBody><ofd:DocInfo><ofd:DocID>1'
        "</ofd:DocID></ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody>"
        "</ofd:OFD>"
    )
    document = (
        f"<ofd:Document {NS}><ofd:CommonData><ofd:PageArea><ofd:PhysicalBox>0 0 210 297"
        "</ofd:PhysicalBox></ofd:PageArea></ofd:CommonData><ofd:Pages>"
        '<ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages></ofd:Document>'
    )
    page = f"<ofd:Page {NS}>" + "<ofd:Content/>" * 300 + "</ofd:Page>"
    return package.write(
        [
            ("OFD.xml", root.encode()),
            ("Doc_0/Document.xml", document.encode()),
            ("Doc_0/Pages/Page_0/Content.xml", page.encode()),
            ("Doc_0/Res/font_0.ttf", bytes(range(256)) * 160),
        ]
    )


def pdf_face() -> bytes:
    """A one-page PDF of about 40 KB."""
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

    writer = PdfFileWriter()
    stream = generic.StreamObject(stream_data=b"% padding of a font\n" * 2000)
    writer.insert_page(PageObject(contents=writer.add_object(stream), media_box=(0, 0, 595, 842)))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def row(measure: str, value: float, unit: str, bar: float | None = None) -> dict[str, Any]:
    return {
        "measure": measure,
        "value": round(value, 4),
        "unit": unit,
        "bar": bar,
        "holds": bar is None or value >= bar,
    }


def run() -> list[dict[str, Any]]:
    """Measure both formats; every signature made is verified, and the last file is judged."""
    policy, rows = load("certificate"), []
    for kind, name, face, seal in (
        ("ofd", "sm2_sm3", ofd_face(), seal_ofd),
        ("pdf", "ecdsa_p256", pdf_face(), seal_pdf),
    ):
        signer = Signer(name)
        material, digest = signer.material(), bytes(32)
        raw = rate(lambda signer=signer, digest=digest: signer.sign_and_verify(digest))
        sealed = rate(
            lambda seal=seal, face=face, material=material, signer=signer: seal(
                face, material, PLACE, AT, signer.sign_and_verify
            )
        )
        data = seal(face, material, PLACE, AT, signer.sign_and_verify)
        trust = Trust(anchors=(x509.parse(signer.cert),))
        judged = judge(inspect(data), policy, trust, AT)
        assert signer.checked
        assert not {"E_SIGNATURE", "E_DIGEST_MISMATCH"} & set(judged.codes), judged.codes
        checks = rate(lambda data=data, trust=trust: judge(inspect(data), policy, trust, AT))
        rows += [
            row(f"{name}: raw sign + verify", raw, "1/s"),
            row(f"{kind} sealed, every signature verified", sealed, "1/s"),
            row(f"{kind} sealed : raw sign + verify", sealed / raw, "ratio", BARS[kind]),
            row(f"{kind} verified, full verdict, unfenced", checks, "1/s"),
            row(
                f"{kind} verified : raw sign + verify",
                checks / raw,
                "ratio",
                BARS[f"verify {kind}"],
            ),
        ]
    return rows
