"""Write a file for every row of the list of failures: ``python -m tests.taxonomy OUT``.

OUT becomes a corpus that ``python -m bench.corpus OUT`` judges: a folder for each format with
``index.tsv``, and beside the files the certificates and lists that some rows are judged with. Keys
and people are made up and thrown away.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from pathlib import Path

from kernel.clock import to_iso
from signing.checks.case import Trust
from signing.policies import code_texts
from tests.signing_formats.conftest import Region, make_region
from tests.taxonomy import encodings, packages, pdf, seals
from tests.taxonomy.exhibit import POLICIES, Exhibit

ALL: tuple[Exhibit, ...] = tuple(
    sorted(
        (*seals.EXHIBITS, *encodings.EXHIBITS, *packages.EXHIBITS, *pdf.EXHIBITS),
        key=lambda exhibit: (exhibit.format, exhibit.row),
    )
)
FAMILIES = {"ofd": "sm2_sm3", "pdf": "ecdsa_p256"}
COLUMNS = ("file", *POLICIES, "code", "row", "note", "at", "anchors", "cas", "makers", "crls")


def write(out: Path) -> int:
    """Write all files and their indexes into ``out``; return how many files."""
    for file_format, family in FAMILIES.items():
        folder = out / file_format
        folder.mkdir(parents=True)
        region = make_region(family)
        own = [exhibit for exhibit in ALL if exhibit.format == file_format]
        with (folder / "index.tsv").open("w", encoding="utf-8", newline="") as target:
            rows = csv.DictWriter(target, COLUMNS, delimiter="\t", lineterminator="\n")
            rows.writeheader()
            rows.writerows(_row(folder, exhibit, region) for exhibit in own)
    return len(ALL)


def _row(folder: Path, exhibit: Exhibit, region: Region) -> dict[str, str]:
    """Write one file; return its row of the index."""
    made = exhibit.made(region)
    (folder / exhibit.file).write_bytes(made.data)
    text = code_texts().get(exhibit.code)
    row = {
        "file": exhibit.file,
        **{policy: exhibit.expected(policy) for policy in POLICIES},
        "code": exhibit.code,
        "row": str(exhibit.row),
        "note": text.zh if text else "",
        "at": to_iso(made.at),
    }
    return row | _believed(folder, made.trust, exhibit.file) if made.trust else row


def _believed(folder: Path, trust: Trust, name: str) -> dict[str, str]:
    """Write what a row is judged with; return its columns."""
    columns: dict[str, Iterable[bytes]] = {
        "anchors": [cert.der for cert in trust.anchors],
        "cas": [cert.der for cert in trust.cas],
        "makers": [cert.der for cert in trust.seal_makers],
        "crls": trust.crls,
    }
    found = {}
    for column, items in columns.items():
        paths = []
        for number, data in enumerate(items):
            path = Path("trust") / f"{name}.{column}-{number}.der"
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_bytes(data)
            paths.append(path.as_posix())
        found[column] = "|".join(paths)
    return found


def main() -> int:
    """Write into the folder named on the command line, which must be new or empty."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m tests.taxonomy OUT (a folder that is new or empty)\n")
        return 2
    out = Path(sys.argv[1])
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        sys.stderr.write(f"Not empty: '{out}'. Next: name a new folder.\n")
        return 2
    print(f"{write(out)} files in {out}")  # noqa: T201 - a command
    return 0


if __name__ == "__main__":
    sys.exit(main())
