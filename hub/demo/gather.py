"""Puts what people and scripts look for first beside the cities' homes: samples and anchors."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from hub.demo.plan import Place


def gather(home: Path, cities: Sequence[Place]) -> None:
    """Fill ``home/samples`` with every city's sealed files and ``home/trust`` with all anchors.

    Samples are named ``<type>-<region>.<format>``. ``anchors.pem``, ``seal-makers.pem`` and
    ``revocation.crl`` hold what the cities' own files of that name hold.
    """
    samples, trust = home / "samples", home / "trust"
    for folder in (samples, trust):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    found: dict[str, list[bytes]] = {}
    for place in cities:
        for path in sorted((place.home / "samples").iterdir()):
            if not path.name.startswith("copy-"):
                shutil.copyfile(path, samples / f"{path.stem}-{place.region}{path.suffix}")
        for path in sorted((place.home / "trust").iterdir()):
            if path.suffix in {".pem", ".crl"}:
                found.setdefault(path.name, []).append(path.read_bytes())
    for name, parts in found.items():
        blocks = dict.fromkeys(block for part in parts for block in _blocks(part))
        (trust / name).write_bytes(b"".join(blocks))


def _blocks(pem: bytes) -> list[bytes]:
    """Return the PEM blocks of a file."""
    ends = b"-----\n"
    blocks, rest = [], pem
    while b"-----END" in rest:
        stop = rest.index(ends, rest.index(b"-----END")) + len(ends)
        blocks.append(rest[:stop])
        rest = rest[stop:]
    return blocks
