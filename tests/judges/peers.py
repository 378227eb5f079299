"""Files that ofdrw makes of our faces and keys of the test, judged by our verifier."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from certificates import typebook
from certificates.fonts import Fonts
from certificates.press import FacePress
from signing import x509
from signing.checks.case import Trust
from signing.model import Evidence, Verdict
from signing.policies import load
from signing.verify import inspect, judge
from tests.certificates.samples import values
from tests.judges.jvm import Ofdrw
from tests.signing_formats.conftest import issue, picture

KINDS = {
    "v1": ("SES v1 (GM/T 0031-2014)", "ses-v1"),
    "v4": ("SES v4 (GB/T 38540-2020)", "ses-v4"),
    "gbt35275": ("GB/T 35275, the digest itself signed", "gbt35275"),
    "gbt35275-pkcs9": ("GB/T 35275, signed attributes", "gbt35275"),
}
"""What ``Seal.java`` is asked for, to its name on the page and the structure we must find."""


@dataclass(frozen=True, slots=True)
class PeerFile:
    """A file of ofdrw's, what we read in it and what we make of it."""

    kind: str
    data: bytes
    evidence: Evidence
    verdict: Verdict


def peer_files() -> dict[str, PeerFile]:
    """Seal one face in every way; raises MissingError without Java or Maven."""
    now = datetime.now(UTC).replace(microsecond=0)
    span = (now - timedelta(days=2), now + timedelta(days=90))
    root = issue("演示根 DEMO", "sm2_sm3", x509.ROOT, None, *span)
    maker, signer = (
        issue(name, "sm2_sm3", x509.SIGNER, root, *span)
        for name in ("演示制章 DEMO", "测试局 DEMO")
    )
    kind = typebook.load()["household-register"]
    with tempfile.TemporaryDirectory(prefix="peers-") as scratch:
        folder = Path(scratch)
        face = FacePress(Fonts.load([])).fill(kind, "ofd", values(kind))
        (folder / "unsealed.ofd").write_bytes(face)
        (folder / "picture.png").write_bytes(picture())
        for name, party in (("maker", maker), ("signer", signer)):
            (folder / f"{name}.der").write_bytes(party.cert)
            (folder / f"{name}.p8").write_bytes(party.private)
        paths = Ofdrw().seal(folder, tuple(KINDS))
        made = {path.stem: path.read_bytes() for path in paths}
    trust = Trust(anchors=(x509.parse(root.cert),), seal_makers=(x509.parse(maker.cert),))
    return {name: _judged(name, data, trust) for name, data in made.items()}


def _judged(name: str, data: bytes, trust: Trust) -> PeerFile:
    evidence = inspect(data, f"{name}.ofd")
    # ofdrw writes local time without a zone into v1; judged a day later it is past in any zone.
    at = datetime.now(UTC) + timedelta(days=1)
    return PeerFile(name, data, evidence, judge(evidence, load("certificate"), trust, at))
