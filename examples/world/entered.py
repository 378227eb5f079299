"""The police's next delivery after they entered newborns into their household (落户).

``python -m examples.world.entered --home HOME ID …`` lays it into the inbox of a hub.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from examples.world.model import POPULATION, Changes, Truth

_PENDING, _ENTERED = b"|0\r\n", b"|1\r\n"
_NARROW = str.maketrans("０１２３４５６７８９Ｘｘ", "0123456789XX")


def entered(home: Path, child_ids: Collection[str]) -> Truth:
    """Lay a delivery into ``home/inbox`` in which the named children are entered.

    Every other byte is that of the delivery lying there; files without such a child stay untouched.
    The relation to the head of the household (子, 女) was announced with the birth and stays.
    Children entered before count for nothing. Returns
    and writes the truth, whose changes are those against the delivery that lay there. Raises
    ValueError for an id that no newborn in the delivery has, before anything is written; OSError
    where there is no delivery.
    """
    inbox = home / "inbox"
    truth = Truth.read(inbox / "truth.json")
    folder = inbox / POPULATION
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.csv")):
        found |= _pending(path)
    wanted = set(child_ids)
    unknown = wanted - found.keys() - set(truth.plan.entered)
    if unknown:
        message = f"no newborn of this delivery has the id {', '.join(sorted(unknown))}"
        raise ValueError(message)
    now = wanted & found.keys()
    for path in sorted(folder.glob("*.csv")):
        _rewrite(path, now)
    return _told(truth, {child: found[child] for child in now}, inbox / "truth.json")


def _pending(path: Path) -> dict[str, str]:
    """Return the household of every newborn who waits to be entered, by id."""
    with path.open("rb") as file:
        fields = (_fields(line) for line in file if line.endswith(_PENDING))
        return {_id(row[0]): row[7] for row in fields}


def _rewrite(path: Path, now: Collection[str]) -> None:
    draft = path.with_suffix(".fresh")
    changed = False
    with path.open("rb") as file, draft.open("wb") as out:
        for line in file:
            written = line
            if line.endswith(_PENDING) and _id(_fields(line)[0]) in now:
                written, changed = line.removesuffix(_PENDING) + _ENTERED, True
            out.write(written)
    if changed:
        draft.replace(path)
    else:
        draft.unlink()


def _fields(line: bytes) -> list[str]:
    return line.decode("gb18030").split("|")


def _id(text: str) -> str:
    return text.translate(_NARROW).upper()


def _told(truth: Truth, entered: Mapping[str, str], path: Path) -> Truth:
    """Return the truth of the new delivery, written to ``path``; households by child."""
    households = list(entered.values())
    plan = replace(truth.plan, entered=tuple(sorted({*truth.plan.entered, *entered})))
    grown = tuple(
        replace(house, members=house.members + households.count(house.number))
        for house in truth.households
    )
    changes = {source: Changes() for source in {file.source for file in truth.files}}
    changes[POPULATION] = Changes(changed=len(households))
    later = replace(truth, plan=plan, households=grown, changes=dict(sorted(changes.items())))
    later.write(path)
    return later


def main(arguments: list[str]) -> int:
    """Lay the delivery and print what changed; returns 2 where it cannot be."""
    parser = argparse.ArgumentParser(prog="python -m examples.world.entered", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="home of a hub with a delivery")
    parser.add_argument("children", nargs="+", metavar="ID", help="id of a newborn to enter")
    options = parser.parse_args(arguments)
    try:
        truth = entered(options.home, options.children)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{POPULATION}: {truth.changes[POPULATION].changed} entered\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
