"""What a city must hold for families that it shares with others: a window elsewhere asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from examples.world.model import Truth
    from hub.wiring import Hub


def papers(hub: Hub, truth: Truth) -> list[tuple[str, str]]:
    """Return type and key of the certificates that the window cases of all cities look for."""
    return list(dict.fromkeys((*_children(truth), *_mothers(hub, truth))))


def _children(truth: Truth) -> Iterator[tuple[str, str]]:
    """Yield the books that newborns of this city are going to be entered in."""
    seen: set[str] = set()
    for baby in truth.babies:
        if baby.mother_region != truth.plan.region and baby.mother_region not in seen:
            seen.add(baby.mother_region)
            yield "household-register", baby.household_number


def _mothers(hub: Hub, truth: Truth) -> Iterator[tuple[str, str]]:
    """Yield books and marriages of mothers who live here, their children elsewhere."""
    from examples.world.crossing import families

    plan = truth.plan
    for other in plan.neighbours:
        family = families(plan.seed, other, plan.region, plan.as_of)[0]
        rows = hub.rows.lookup("population", "id_number", [family.mother.id_number])
        for row in rows:
            yield "household-register", row.values["household_number"]
        yield "marriage", family.certificate_no
