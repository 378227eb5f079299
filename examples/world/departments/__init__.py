"""Further departments of the made-up city, each delivering in its own way; none unless asked for.

``births``: JSON pages of the health commission. ``enterprises``: a live SQLite database of the
market regulator. ``real-estate``: zipped UTF-8-BOM text of the land registry. ``ALL``: all three.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from examples.world.departments import births, enterprises, estate
from examples.world.departments.rows import City, Delivered

Make = Callable[[City, Path], Delivered]
DEPARTMENTS: Mapping[str, tuple[str, Make]] = {
    "births": ("wj-births", births.make),
    "enterprises": ("sc-enterprises", enterprises.make),
    "real-estate": ("zr-real-estate", estate.make),
}
"""Resource, the source that delivers it, and what makes the delivery."""
ALL = tuple(DEPARTMENTS)
TYPES: Mapping[str, str] = {
    "births": "birth-certificate",
    "enterprises": "business-licence",
    "real-estate": "real-estate",
}
"""The certificate type that a department's resource feeds."""


def check(names: Sequence[str]) -> None:
    """Raise ValueError for a department that there is not."""
    unknown = sorted(set(names) - set(DEPARTMENTS))
    if unknown:
        message = f"unknown departments {', '.join(unknown)}; there are {', '.join(DEPARTMENTS)}"
        raise ValueError(message)


def make(names: Sequence[str], city: City, out: Path) -> list[Delivered]:
    """Write the deliveries of the named departments below ``out``, earlier ones replaced."""
    found: list[Delivered] = []
    for name, (source, maker) in DEPARTMENTS.items():
        if name in names:
            folder = out / source
            folder.mkdir(parents=True, exist_ok=True)
            for old in folder.iterdir():
                old.unlink()
            found.append(maker(city, folder))
    return found
