"""Rehearsal lint: an unsealed file is read back and compared with what was to be written.

Run before a real key is used, on each template of a batch or on each single document. The
readers share no code with the writers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from certificates.faces.formats import reader
from certificates.faces.layout import Layout
from certificates.faces.marks import Glyphs, Mark
from certificates.faces.reading import Reading
from certificates.fonts import Fonts
from certificates.metadata import ANNOTATION, REQUIRED, of_file
from certificates.model import CertificateType, FaceValues


def lint(
    file_format: str, kind: CertificateType, fonts: Fonts, values: FaceValues, data: bytes
) -> tuple[str, ...]:
    """Return what is wrong with a filled, unsealed file; empty when it may be sealed.

    Checked are: it opens; as many pages as laid out; the text of each page, character by
    character; every run of text in one piece; fonts embedded; metadata complete and equal to the
    values; JZJ* entries exactly on annotated copies. Faults name fields, never values.
    """
    return against(Layout.of(kind, fonts), file_format, values, data)


def against(layout: Layout, file_format: str, values: FaceValues, data: bytes) -> tuple[str, ...]:
    """Return the same for a type that is laid out already."""
    return compare(layout, values, reader(file_format)(data))


def compare(layout: Layout, values: FaceValues, reading: Reading) -> tuple[str, ...]:
    """Return the differences between a reading and what ``layout`` makes of ``values``."""
    faults = list(reading.faults)
    sheets = layout.sheets(values)
    if len(reading.pages) != len(sheets):
        return (*faults, f"{len(reading.pages)} pages instead of {len(sheets)}")
    for number, (sheet, text) in enumerate(zip(sheets, reading.pages, strict=True), 1):
        fixed = layout.first if sheet.background == "first" else layout.continuation
        faults += [
            f"page {number}: {fault}" for fault in _text_faults((*fixed, *sheet.marks), text)
        ]
    return (*faults, *_metadata_faults(layout.kind, values, reading))


def _text_faults(marks: Sequence[Mark], text: str) -> list[str]:
    """Compare the characters of a page and their number.

    Of the watermark only the characters are compared: readers take equal lines for a bold print
    and drop them.
    """
    runs = [mark for mark in marks if isinstance(mark, Glyphs)]
    level, every = _bare(text), _count(runs)
    upright = [run for run in runs if not run.angle]
    wanted, found = _count(upright), Counter(level)
    lost = (wanted - found).keys() | (every.keys() - found.keys())
    faults = [f"U+{ord(c):04X} missing from the text" for c in sorted(lost)]
    faults += [f"U+{ord(c):04X} found but never written" for c in sorted(found - every)]
    torn = sum(_bare(run.text) not in level for run in upright)
    return [*faults, *([f"{torn} runs of text are torn apart"] if torn else [])]


def _count(runs: Sequence[Glyphs]) -> Counter[str]:
    return Counter("".join(_bare(run.text) for run in runs))


def _metadata_faults(kind: CertificateType, values: FaceValues, reading: Reading) -> list[str]:
    wanted = of_file(kind, values)
    faults = [f"metadata {name} is missing" for name in REQUIRED if not reading.metadata.get(name)]
    names = wanted.keys() | reading.metadata.keys()
    faults += [
        f"metadata {name} is not what was to be written"
        for name in sorted(names)
        if wanted.get(name) != reading.metadata.get(name)
    ]
    for name in ANNOTATION:
        if (name in reading.metadata) != (values.annotation is not None):
            faults.append(f"metadata {name} belongs to annotated copies and to them alone")
    if values.metadata.get("ZZBS") != values.identifier:
        faults.append("metadata ZZBS is not the identifier on the face")
    return faults


def _bare(text: str) -> str:
    """Return a text without blanks and line ends, which readers add where lines break."""
    return "".join(text.split())
