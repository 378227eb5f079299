"""Lays a world into a hub's home: deliveries into the inbox, sources into the registry."""

from __future__ import annotations

import shutil
from datetime import date
from importlib import resources
from importlib.abc import Traversable
from pathlib import Path

from examples.world.generate import SEED, generate
from examples.world.model import Truth


def install(
    home: Path,
    *,
    residents: int = 2000,
    region: str = "410100",
    seed: int = SEED,
    as_of: date | None = None,
    edition: int = 1,
) -> Truth:
    """Write ``home/inbox/<source>/``, ``home/inbox/truth.json`` and ``home/registry/…``.

    Files of an earlier delivery in the inbox are replaced; the registry overlay is written once per
    call and changes no file that the hub added itself.
    """
    _lay(resources.files("examples.world") / "registry", home / "registry")
    return generate(home / "inbox", residents, region, seed, as_of=as_of, edition=edition)


def _lay(source: Traversable, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for entry in source.iterdir():
        if entry.is_dir():
            _lay(entry, target / entry.name)
        else:
            with entry.open("rb") as data, (target / entry.name).open("wb") as copy:
                shutil.copyfileobj(data, copy)
