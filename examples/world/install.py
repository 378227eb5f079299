"""Lays a world into a hub's home: deliveries into the inbox, sources into the registry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from importlib import resources
from importlib.abc import Traversable
from pathlib import Path

from examples.world import departments, places
from examples.world.delivering import deposited, open_doors, source_file, tell
from examples.world.departments import DEPARTMENTS
from examples.world.generate import SEED, generate
from examples.world.model import ENTERPRISES, Plan, Truth
from examples.world.places import HOME
from examples.world.region import FOLDERS, localise
from kernel.clock import BEIJING


def install(
    home: Path,
    *,
    residents: int = 2000,
    region: str = HOME,
    seed: int = SEED,
    as_of: date | None = None,
    edition: int = 1,
    further: Sequence[str] = (),
    neighbours: Sequence[str] = (),
    enterprises: int = ENTERPRISES,
    store: str = "",
) -> Truth:
    """Write ``home/inbox/<source>/``, ``home/inbox/truth.json`` and ``home/registry/…``.

    Files of an earlier delivery in the inbox are replaced; the registry overlay is written once per
    call and changes no file that the hub added itself. ``further`` names departments of
    ``examples.world.departments`` that deliver besides the police and the civil affairs;
    ``neighbours`` names cities with which this one shares families. How the hub comes for what
    further departments have is ``examples.world.delivering``'s, ``store`` included. Newborns whom
    the police entered since (``examples.world.entered``) stay entered.
    """
    departments.check(further)
    lay(home, region=region, as_of=as_of, further=further)
    plan = Plan(residents, region, seed, date.min, neighbours=tuple(sorted(set(neighbours))))
    truth = generate(
        home / "inbox",
        residents,
        region,
        seed,
        as_of=as_of,
        edition=edition,
        further=further,
        neighbours=neighbours,
        enterprises=enterprises,
        entered=_entered(home, plan),
    )
    open_doors(home, home / "inbox", store)
    return truth


def _entered(home: Path, plan: Plan) -> tuple[str, ...]:
    """Return the newborns whom the police of this city entered after an earlier delivery."""
    try:
        before = Truth.read(home / "inbox" / "truth.json").plan
    except (OSError, ValueError):
        return ()
    return before.entered if before.city == plan.city else ()


def lay(
    home: Path, *, region: str = HOME, as_of: date | None = None, further: Sequence[str] = ()
) -> None:
    """Write the registry overlay of a region: a hub must find it when it opens.

    Raises ValueError for a region whose districts the division table does not list.
    """
    day = as_of or datetime.now(BEIJING).date()
    city = places.places(region, day).city
    root = resources.files("examples.world")
    target = home / "registry"
    _lay(root / "registry", target, region, city)
    for name in further:
        source = DEPARTMENTS[name][0]
        there = source_file(home, source)
        line = deposited(there)
        file = root / "optional" / "catalog" / "sources" / there.name
        _copy(file, there.parent, region, city)
        if line:
            tell(there, line)
    if region != HOME:
        for room, folder in FOLDERS:
            _lay(resources.files(room) / folder, target / room / folder, region, city)


def _lay(source: Traversable, target: Path, region: str, city: str) -> None:
    for entry in source.iterdir():
        if entry.is_dir():
            _lay(entry, target / entry.name, region, city)
        elif entry.name.endswith((".toml", ".csv")):
            _copy(entry, target, region, city)


def _copy(entry: Traversable, folder: Path, region: str, city: str) -> None:
    data = entry.read_bytes()
    if region != HOME:
        data = localise(data.decode("utf-8"), region, city).encode()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / entry.name).write_bytes(data)
