"""The judges that run in a JVM: ofdrw for OFD, DSS and Bouncy Castle for PDF."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.judges.opinions import Kind, Opinion, Trusted
from tests.judges.programs import jar, lines, pinned


class Ofdrw:
    """Whether an OFD is well formed and signed; it knows no trust, no dates, no coverage."""

    name = "ofdrw"
    formats = "OFD: SES v1, v4, v5, GB/T 35275, several signatures"
    looks_at = "digests of the listed files, seal file, data hash, signature value"

    def knows(self, kind: Kind) -> bool:
        return kind.format == "ofd"

    def version(self) -> str:
        jar("ofdrw")
        return pinned("ofdrw", "ofdrw-sign")

    def judge(self, files: Sequence[Path], trusted: Trusted) -> list[Opinion]:
        return _opinions(lines(jar("ofdrw"), "Verify", *files), files)

    def seal(self, folder: Path, kinds: Sequence[str]) -> list[Path]:
        """Let it seal ``unsealed.ofd`` of a folder in each way; see ``Seal.java``."""
        made = lines(jar("ofdrw"), "Seal", folder, *kinds)
        return [folder / str(line["file"]) for line in made]


class Dss:
    """A whole verdict after EN 319 102-1 under the library's default policy."""

    name = "EU DSS"
    formats = "PDF: all but SM2, B-B to B-LTA"
    looks_at = "PAdES level, chain and revocation, time stamps, DocMDP, every undefined change"

    def knows(self, kind: Kind) -> bool:
        return kind.group == "PDF"

    def version(self) -> str:
        jar("dss")
        return pinned("dss", "dss-bom")

    def judge(self, files: Sequence[Path], trusted: Trusted) -> list[Opinion]:
        known = (trusted.root["ecdsa_p256"], *trusted.crls["ecdsa_p256"])
        return _opinions(lines(jar("dss"), "Verify", *known, *files), files)

    def seal(self, folder: Path, kinds: Sequence[str]) -> list[Path]:
        """Let it sign ``unsealed.pdf`` of a folder in each way; see ``Seal.java``."""
        made = lines(jar("dss"), "Seal", folder, *kinds)
        return [folder / str(line["file"]) for line in made]


class BouncyCastle:
    """The CMS of a PDF by the library alone: DSS cannot judge SM2, the library below it can."""

    name = "Bouncy Castle"
    formats = "PDF: all algorithms, B-B, B-T, B-LTA"
    looks_at = "CMS over the whole file, signature values, time stamps, chains; no revocation"

    def knows(self, kind: Kind) -> bool:
        # After B-LT the file goes on beyond its last signature: what follows is no CMS.
        return kind.format == "pdf" and kind.form != "B-LT"

    def version(self) -> str:
        (found,) = (jar("dss").parent / "lib").glob("bcpkix-*.jar")
        return found.stem.rpartition("-")[2]

    def judge(self, files: Sequence[Path], trusted: Trusted) -> list[Opinion]:
        anchors = tuple(trusted.root.values())
        found = lines(jar("dss"), "Cms", str(len(anchors)), *anchors, *files)
        return _opinions(found, files)


def _opinions(found: list[dict[str, object]], files: Sequence[Path]) -> list[Opinion]:
    assert [line["file"] for line in found] == [path.name for path in files]
    return [
        Opinion(line["accepted"] is True, str(line["reason"]), tuple(map(str, _list(line))))
        for line in found
    ]


def _list(line: dict[str, object]) -> list[object]:
    found = line["structures"]
    assert isinstance(found, list)
    return found
