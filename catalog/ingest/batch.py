"""One batch: a delivery under fixed rules. Its id is their digest, its folder its progress."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from catalog.model import DeliveredFile, Delivery, Source
from kernel.canonical import canonical
from kernel.ids import DeliveryId
from kernel.ports import Json

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch is made of. ``day`` (Beijing) is the day by which its facts are judged."""

    id: str
    source: str
    delivery: Delivery
    rules_digest: str
    day: date
    folder: Path

    def part(self, kind: str, name: str) -> Path:
        """Return the path of a Parquet part: ``good``, ``bad``, ``findings`` or ``final``."""
        return self.folder / kind / f"{name}.parquet"

    def record(self, name: str) -> Path:
        """Return the path of a progress record."""
        return self.folder / f"{name}.json"

    def to_json(self) -> dict[str, Any]:
        """Return what must be known to go on in another process."""
        return {
            "schema": SCHEMA,
            "id": self.id,
            "source": self.source,
            "delivery": self.delivery.id,
            "digest": self.delivery.digest,
            "files": [list(astuple(file)) for file in self.delivery.files],
            "rules": self.rules_digest,
            "day": self.day.isoformat(),
        }

    @classmethod
    def from_json(cls, raw: dict[str, Any], folder: Path) -> Batch:
        """Read what ``to_json`` gave."""
        files = tuple(DeliveredFile(*file) for file in raw["files"])
        delivery = Delivery(DeliveryId(raw["delivery"]), raw["source"], raw["digest"], files)
        day = date.fromisoformat(raw["day"])
        return cls(raw["id"], raw["source"], delivery, raw["rules"], day, folder)


def delivery_of(source: Source, files: Sequence[DeliveredFile]) -> Delivery:
    """Return the delivery; its digest covers names and bytes of all files in order of names."""
    ordered = tuple(sorted(files, key=lambda file: file.name))
    total = hashlib.sha256()
    for file in ordered:
        total.update(f"{file.name}\0{file.object}\n".encode())
    digest = total.hexdigest()
    return Delivery(DeliveryId(f"{source.name}:{digest[:32]}"), source.name, digest, ordered)


def rules_of(source: Source, standards: str, references: Sequence[str]) -> str:
    """Return the digest of all that decides what becomes of a row.

    Reading instructions of the source, the standards, and the versions its rules look into; not
    the entry's description, whose change must not make a version.
    """
    spec = source.delivery
    reading: list[Json] = [
        spec.encoding, spec.separator, spec.title_rows, spec.header_rows, spec.sheet,
        list(spec.optional), spec.block_bytes,
    ]  # fmt: skip
    value: dict[str, Json] = {
        "connector": source.connector,
        "suite": source.suite,
        "resource": str(source.resource),
        "key": list(source.key),
        "columns": [[title, column] for title, column in source.columns.items()],
        "reading": reading,
        "standards": standards,
        "references": list(references),
    }
    return hashlib.sha256(canonical(value)).hexdigest()


def id_of(source: Source, delivery: Delivery, rules: str) -> str:
    """Return the key of a batch: resource, delivery and rules."""
    text = f"{source.resource}\0{delivery.digest}\0{rules}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]
