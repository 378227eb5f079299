"""A folder is a registry: package defaults, overlaid by the hub's own files.

Defaults lie in the room's folder (``certificates/types``); a hub lays its own over them in
``$TONGBAN_HOME/registry/<room>/<folder>``. The same file name replaces, a new name adds.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a registry: its name without suffix, its bytes and their SHA-256."""

    name: str
    origin: str
    """``default`` or ``overlay``."""
    data: bytes
    digest: str

    def toml(self) -> dict[str, Any]:
        """Parse as TOML; raises ``tomllib.TOMLDecodeError`` with line and column."""
        return tomllib.loads(self.data.decode("utf-8"))


@dataclass(frozen=True, slots=True)
class Registry:
    """All members of one folder and one digest over them, to be kept with the work they govern."""

    room: str
    folder: str
    members: Mapping[str, Member]
    digest: str


def load(room: str, folder: str, suffix: str, home: Path | None = None) -> Registry:
    """Read ``room/folder/*suffix`` and the overlay below ``home``.

    Files whose names start with ``_`` are no members.
    """
    members: dict[str, Member] = {}
    base = resources.files(room) / folder
    if base.is_dir():
        named = ((item.name, item.read_bytes()) for item in base.iterdir() if item.is_file())
        members.update(_members(named, suffix, "default"))
    overlay = home / "registry" / room / folder if home else None
    if overlay and overlay.is_dir():
        own = ((item.name, item.read_bytes()) for item in overlay.iterdir() if item.is_file())
        members.update(_members(own, suffix, "overlay"))
    ordered = dict(sorted(members.items()))
    total = hashlib.sha256()
    for member in ordered.values():
        total.update(f"{member.name}\0{member.digest}\n".encode())
    return Registry(room, folder, ordered, total.hexdigest())


def _members(files: Iterable[tuple[str, bytes]], suffix: str, origin: str) -> dict[str, Member]:
    return {
        name.removesuffix(suffix): Member(
            name.removesuffix(suffix), origin, data, hashlib.sha256(data).hexdigest()
        )
        for name, data in files
        if name.endswith(suffix) and not name.startswith("_")
    }
