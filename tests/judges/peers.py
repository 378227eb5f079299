"""Files that others make of our faces with keys of the test, judged by our verifier."""

from __future__ import annotations

import io
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from certificates import typebook
from certificates.fonts import Fonts
from certificates.model import Format
from certificates.press import FacePress
from signing import x509
from signing.checks.case import Trust
from signing.model import Evidence, Verdict
from signing.policies import load
from signing.verify import inspect, judge
from tests.certificates.samples import values
from tests.judges.jvm import Dss, Ofdrw
from tests.signing_formats.conftest import Party, issue, picture


@dataclass(frozen=True, slots=True)
class PeerKind:
    """A way in which another program seals: how the page calls it, what we must find in it."""

    title: str
    maker: str
    structure: str


KINDS = {
    "v1": PeerKind("OFD, SES v1 (GM/T 0031-2014)", "ofdrw", "ses-v1"),
    "v4": PeerKind("OFD, SES v4 (GB/T 38540-2020)", "ofdrw", "ses-v4"),
    "gbt35275": PeerKind("OFD, GB/T 35275, the digest itself signed", "ofdrw", "gbt35275"),
    "gbt35275-pkcs9": PeerKind("OFD, GB/T 35275, signed attributes", "ofdrw", "gbt35275"),
    "dss-certified": PeerKind("PDF, PAdES B-B, P-256, DocMDP 1", "EU DSS", "cms"),
    "dss-approval": PeerKind("PDF, PAdES B-B, P-256, no DocMDP", "EU DSS", "cms"),
    "pyhanko-certified": PeerKind("PDF, PAdES B-B, P-256, DocMDP 1", "pyHanko", "cms"),
}


@dataclass(frozen=True, slots=True)
class PeerFile:
    """A file of another's, what we read in it and what we make of it."""

    data: bytes
    evidence: Evidence
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Parties:
    """Whose keys the others use."""

    root: Party
    maker: Party
    signer: Party

    @property
    def trust(self) -> Trust:
        return Trust(
            anchors=(x509.parse(self.root.cert),), seal_makers=(x509.parse(self.maker.cert),)
        )


def peer_files() -> dict[str, PeerFile]:
    """Seal one face in every way; raises MissingError without Java or Maven."""
    with tempfile.TemporaryDirectory(prefix="peers-") as scratch:
        ofd = Path(scratch) / "ofd"
        sm2 = _lay(ofd, "ofd", "sm2_sm3")
        made = Ofdrw().seal(ofd, [name for name, kind in KINDS.items() if kind.maker == "ofdrw"])
        found = {path.stem: _judged(path.read_bytes(), path.name, sm2.trust) for path in made}
        pdf = Path(scratch) / "pdf"
        p256 = _lay(pdf, "pdf", "ecdsa_p256")
        made = Dss().seal(pdf, [name for name, kind in KINDS.items() if kind.maker == "EU DSS"])
        made.append(_by_pyhanko(pdf))
        found |= {path.stem: _judged(path.read_bytes(), path.name, p256.trust) for path in made}
    return found


def _lay(folder: Path, file_format: Format, algorithm: str) -> Parties:
    """Write the unsealed face, the picture, keys and certificates into a new folder."""
    now = datetime.now(UTC).replace(microsecond=0)
    span = (now - timedelta(days=2), now + timedelta(days=90))
    root = issue("演示根 DEMO", algorithm, x509.ROOT, None, *span)
    maker, signer = (
        issue(name, algorithm, x509.SIGNER, root, *span)
        for name in ("演示制章 DEMO", "测试局 DEMO")
    )
    folder.mkdir()
    kind = typebook.load()["household-register"]
    face = FacePress(Fonts.load([])).fill(kind, file_format, values(kind))
    (folder / f"unsealed.{file_format}").write_bytes(face)
    (folder / "picture.png").write_bytes(picture())
    for name, party in (("maker", maker), ("signer", signer)):
        (folder / f"{name}.der").write_bytes(party.cert)
        (folder / f"{name}.p8").write_bytes(party.private)
    return Parties(root, maker, signer)


def _by_pyhanko(folder: Path) -> Path:
    """Sign with stock pyHanko and nothing of ours."""
    from asn1crypto import keys
    from asn1crypto import x509 as asn1_x509
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import PdfSignatureMetadata, fields, sign_pdf, signers
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    signer = signers.SimpleSigner(
        signing_cert=asn1_x509.Certificate.load((folder / "signer.der").read_bytes()),
        signing_key=keys.PrivateKeyInfo.load((folder / "signer.p8").read_bytes()),
        cert_registry=SimpleCertificateStore(),
    )
    details = PdfSignatureMetadata(
        field_name="Seal",
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    writer = IncrementalPdfFileWriter(io.BytesIO((folder / "unsealed.pdf").read_bytes()))
    target = folder / "pyhanko-certified.pdf"
    target.write_bytes(sign_pdf(writer, details, signer).getvalue())
    return target


def _judged(data: bytes, name: str, trust: Trust) -> PeerFile:
    evidence = inspect(data, name)
    # ofdrw writes local time without a zone into v1; judged a day later it is past in any zone.
    at = datetime.now(UTC) + timedelta(days=1)
    return PeerFile(data, evidence, judge(evidence, load("certificate"), trust, at))
