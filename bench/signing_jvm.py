"""The same work by ofdrw and EU DSS on a warmed JVM, where Java and Maven are."""

from __future__ import annotations

import subprocess
import tempfile
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from bench.parties import Faces, Family, picture
from bench.timing import cpu_of

Row = dict[str, Any]
WARM, BLOCK, BLOCKS = 300, 40, 7
"""Files before the first count, files of a count, counts."""


def rows(pdf: Faces, ofd: Faces, p256: Family, sm2: Family, costs: dict[str, float]) -> list[Row]:
    """Seal and verify side by side; one line that says what is missing otherwise."""
    from bench import signing
    from bench.signing import OFD_SM2, PDF_P256, row
    from tests.judges.opinions import MissingError
    from tests.judges.programs import jar

    try:
        programs = {name: jar(name) for name in ("ofdrw", "dss")}
    except MissingError as error:
        return [row(f"JVM judges: {error}", 0, "")]
    found: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="bench-jvm-") as scratch:
        cases = (("ofdrw", "v4", OFD_SM2, ofd, sm2), ("dss", "dss-certified", PDF_P256, pdf, p256))
        for name, kind, ours, faces, given in cases:
            folder = Path(scratch) / name
            folder.mkdir()
            one = faces.people(1)[0]
            _lay(folder, faces, faces.fill(one), given)
            target = folder / f"sealed.{faces.format}"
            target.write_bytes(signing.sealed(faces, one, given))
            count = WARM + BLOCK * BLOCKS
            seals = per_file(programs[name], "Seal", [str(folder), *[kind] * count])
            known = [str(folder / item) for item in ("root.der", "none.crl", "none.crl")]
            given_files = [*(known if name == "dss" else []), *[str(target)] * count]
            checks = per_file(programs[name], "Verify", given_files)
            found += [
                row(f"{name} seals, warmed JVM", 1 / seals, "1/s"),
                row(f"{ours} sealed : {name}", seals / costs[ours], "times", 8.0),
                row(f"{name} verifies, warmed JVM", 1 / checks, "1/s"),
                row(f"{ours} verdict : {name}", checks / costs[f"verify {ours}"], "times", 5.0),
            ]
    return found


def _lay(folder: Path, faces: Faces, unsealed: bytes, given: Family) -> None:
    """Write what the programs expect in a folder."""
    (folder / f"unsealed.{faces.format}").write_bytes(unsealed)
    (folder / "picture.png").write_bytes(picture())
    for name, party in (("maker", given.maker), ("signer", given.signer), ("root", given.root)):
        (folder / f"{name}.der").write_bytes(party.cert)
        (folder / f"{name}.p8").write_bytes(party.private)
    (folder / "none.crl").write_bytes(_empty_list(given))


def _empty_list(given: Family) -> bytes:
    """Return a revocation list of the CA that names nobody."""
    from datetime import timedelta

    from bench.parties import AT
    from signing import x509

    ca = given.ca
    return x509.build_crl(
        issuer_raw=x509.parse(ca.cert).subject_raw,
        issuer_spki=ca.spki,
        number=1,
        this_update=AT,
        next_update=AT + timedelta(days=300),
        revoked=(),
        algorithm=ca.method.name,
        sign=ca.sign,
    )


def per_file(program: Path, main: str, arguments: list[str]) -> float:
    """Return the CPU seconds that a warmed JVM needs for a file: the median of several counts.

    The program prints a line for each; garbage collector and compiler count, as they do in life.
    """
    with tempfile.TemporaryDirectory(prefix="judge-") as empty:
        options = [f"-Djava.io.tmpdir={empty}", "-Xmx512m", "-XX:+UseSerialGC"]
        command = ["java", *options, "-cp", str(program), f"judges.{main}", *arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
            assert child.stdout
            marks = []
            for number, _line in enumerate(child.stdout, 1):
                if number >= WARM and (number - WARM) % BLOCK == 0:
                    marks.append(cpu_of(child.pid))
    assert len(marks) > BLOCKS, f"{main} stopped after {len(marks)} counts"
    return median(later - sooner for sooner, later in pairwise(marks)) / BLOCK
