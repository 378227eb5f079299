"""Makes a world: residents batch by batch, their files, and the truth about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from examples.world import departments, marriages, people, places, population
from examples.world.departments.rows import FAMILIES, City, Delivered
from examples.world.guests import Guests, guests
from examples.world.model import ENTERPRISES, MARRIAGE, POPULATION, Changes, Plan, Truth
from examples.world.notes import Notes
from examples.world.spelling import Speller
from kernel.clock import BEIJING

SEED = 20261124
_LEAST, _MOST = 20, 900_000
"""Enterprises: each kind of fault needs a row, and credit codes are few."""


def generate(
    out: Path,
    residents: int = 2000,
    region: str = "410100",
    seed: int = SEED,
    *,
    as_of: date | None = None,
    edition: int = 1,
    further: Sequence[str] = (),
    neighbours: Sequence[str] = (),
    enterprises: int = ENTERPRISES,
    entered: Sequence[str] = (),
) -> Truth:
    """Write ``out/ga-population/*.csv``, ``out/mz-marriage/*.xlsx`` and ``out/truth.json``.

    ``as_of`` is the day of the delivery (today in Beijing by default): babies are up to 60 days
    old. ``edition=2`` writes the next delivery of the same city: some moved, some came, some left,
    wrong check digits corrected. Memory stays bounded by a batch of 16,000 households. Raises
    ValueError for a region whose districts the division table does not list. ``further`` names
    departments of ``examples.world.departments`` that deliver, too. ``neighbours`` names cities
    that are generated apart with the same seed and this region among their neighbours: a few
    families then have a child here and a mother there (see ``examples.world.crossing``), beyond
    the residents asked for; order and day of the other call do not matter, its year does. With
    neighbours some 150,000 residents find room, without any several million. ``enterprises`` is how
    many the market regulator knows, where it delivers. ``entered`` are newborns no longer waiting.
    """
    departments.check(further)
    day = as_of or datetime.now(BEIJING).date()
    others = _neighbours(region, neighbours, day)
    plan = Plan(
        residents, region, seed, day, edition, others, _counted(enterprises), tuple(entered)
    )
    maker = people.make(plan)
    speller = Speller(maker.where)
    register = population.Writer(plan, maker, speller, _emptied(out / POPULATION))
    pairs = marriages.Writer(plan, maker.where, speller, _emptied(out / MARRIAGE))
    notes, shared = Notes(region, plan.entered), guests(maker)
    _write(register, pairs, notes, shared)
    more = _further(plan, maker, notes, further, out)
    changes = {POPULATION: register.changes, MARRIAGE: Changes()}
    changes |= {item.source: item.changes for item in more}
    truth = Truth(
        plan=plan,
        files=(*register.files, *pairs.files, *(file for item in more for file in item.files)),
        quarantined=(
            *register.expected,
            *pairs.expected,
            *(fault for item in more for fault in item.quarantined),
        ),
        repaired=dict(sorted(speller.repaired.items())),
        babies=tuple(notes.babies),
        households=tuple(notes.households),
        household_count=notes.household_count,
        couple_count=pairs.serial + (shared.marriages.height if shared else 0),
        changes=changes if edition > 1 else {},
        warned=_warned(shared) | {item.source: item.warned for item in more},
    )
    truth.write(out / "truth.json")
    return truth


def _write(
    register: population.Writer, pairs: marriages.Writer, notes: Notes, shared: Guests | None
) -> None:
    """Write the register and the marriages batch by batch."""
    if shared is not None:
        pairs.share(shared.marriages)
    for number, batch in enumerate(register.write(shared.batch if shared else None)):
        notes.add(batch.people, pairs.add(batch, number))
    pairs.close()
    if shared is not None:
        notes.babies += shared.babies


def _counted(enterprises: int) -> int:
    if not _LEAST <= enterprises <= _MOST:
        message = f"{enterprises} enterprises; from {_LEAST} to {_MOST} there can be"
        raise ValueError(message)
    return enterprises


def _neighbours(region: str, names: Sequence[str], day: date) -> tuple[str, ...]:
    """Return the other cities in order; raises ValueError for one that cannot be."""
    others = tuple(sorted(set(names)))
    if region in others:
        message = f"{region} is not a neighbour of itself"
        raise ValueError(message)
    for other in others:
        places.places(other, day)
    return others


def _emptied(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    return folder


def _warned(shared: Guests | None) -> dict[str, Mapping[str, int]]:
    """Return the rows about residents of other cities that the marriage register holds."""
    if shared is None:
        return {}
    return {MARRIAGE: {"husband-in-population": shared.marriages.height}}


def _further(
    plan: Plan, maker: people.Maker, notes: Notes, names: Sequence[str], out: Path
) -> list[Delivered]:
    """Let further departments deliver; faults of the register only strike people who live alone."""
    families = [house for house in notes.households if house.members > 1][:FAMILIES]
    if not names or not families:
        return []
    return departments.make(names, City(plan, maker.where, notes.babies, families), out)
