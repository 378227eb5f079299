"""Durable files of a batch: written under another name, flushed, then renamed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage.failures import of_files

if TYPE_CHECKING:
    import polars as pl

    from kernel.ports import Probe

ROW_GROUP = 2048
"""Rows that are read together: few, because a look-up wants one of them."""


def write_parquet(frame: pl.DataFrame, path: Path, probe: Probe) -> None:
    """Write one part; the bytes depend on the rows alone. Raises ``disk-full``."""
    staged = path.with_name(path.name + ".tmp")
    with of_files("parts"):
        frame.write_parquet(staged, compression="zstd", statistics=True, row_group_size=ROW_GROUP)
        _settle(staged, path, probe, "catalog.part")


def write_json(value: Any, path: Path, probe: Probe) -> None:
    """Write a record of progress. Raises ``disk-full``."""
    staged = path.with_name(path.name + ".tmp")
    with of_files("parts"):
        staged.write_text(json.dumps(value, ensure_ascii=False, sort_keys=True), "utf-8")
        _settle(staged, path, probe, "catalog.record")


def write_bytes(data: bytes, path: Path, probe: Probe) -> None:
    """Write what was fetched, as it came. Raises ``disk-full``."""
    staged = path.with_name(path.name + ".tmp")
    with of_files("parts"):
        staged.write_bytes(data)
        _settle(staged, path, probe, "catalog.page")


def read_json(path: Path) -> Any:
    """Read what ``write_json`` wrote; None where there is nothing yet."""
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None


def make_folder(path: Path) -> None:
    """Make a folder for this user alone: parts hold personal data."""
    with of_files("parts"):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)


def _settle(staged: Path, path: Path, probe: Probe, name: str) -> None:
    with probe.durable(name):
        handle = os.open(staged, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        staged.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
