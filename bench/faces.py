"""Faces per second, against what the usual way spends on the font subset alone."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from certificates import numbering, typebook
from certificates.faces import compile_face
from certificates.fonts import Fonts
from certificates.fonts.book import packaged
from certificates.model import CertificateType, FaceValues

ROUNDS = 60
BAR = 10.0


def values(kind: CertificateType, number: int) -> FaceValues:
    identifier = numbering.make(kind.code, kind.issuing_code, f"TB2026{number:06d}", 1)
    fields = {spec.name: f"测试{spec.title}" for spec in kind.fields}
    row = {spec.name: f"测试{number % 7}" for table in kind.tables for spec in table.columns}
    return FaceValues(
        number=f"J410199-2026-{number:06d}",
        identifier=identifier,
        fields=fields,
        rows={table.name: [row] * 4 for table in kind.tables},
        qr=f"https://hub.example/v/{identifier}",
        metadata={"ZZBS": identifier},
        issued_at=datetime(2026, 3, 5, tzinfo=UTC),
    )


def per_second(work: Callable[[int], object], rounds: int) -> float:
    work(0)
    start = time.perf_counter()
    for number in range(rounds):
        work(number)
    return rounds / (time.perf_counter() - start)


def usual_subset(text: str) -> Callable[[int], object]:
    """Subset the same face with fontTools for each document, as common PDF libraries do."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    path = packaged("text")[0]

    def work(_: int) -> bytes:
        font = TTFont(path, lazy=True)
        subsetter = Subsetter(Options(layout_features=[], notdef_outline=False))
        subsetter.populate(text=text)
        subsetter.subset(font)
        out = io.BytesIO()
        font.save(out)
        return out.getvalue()

    return work


def run() -> list[dict[str, Any]]:
    fonts = Fonts.load()
    kind = typebook.load()["household-register"]
    peer = per_second(usual_subset("测试居民户口簿家庭成员登记0123456789年月日"), 4)
    rows: list[dict[str, Any]] = []
    for name in ("pdf", "ofd"):
        template = compile_face(name, kind, fonts)
        speed = per_second(lambda no, t=template: t.fill(values(kind, no)), ROUNDS)
        rows += [
            {
                "measure": f"{name} faces filled, font embedded",
                "value": round(speed, 1),
                "unit": "1/s",
                "bar": None,
                "holds": True,
            },
            {
                "measure": f"{name} faces against font subsets by fontTools alone",
                "value": round(speed / peer, 1),
                "unit": "times",
                "bar": BAR,
                "holds": speed / peer >= BAR,
            },
        ]
    return rows
