"""``python -m examples.world --out DIR | --home HOME --residents N --region 410100 --seed S``."""

from __future__ import annotations

import argparse
import shlex
import sys
from datetime import date
from pathlib import Path

from examples.world import places
from examples.world.departments import ALL, DEPARTMENTS
from examples.world.generate import SEED, generate
from examples.world.install import install
from examples.world.model import ENTERPRISES, Truth


def main(arguments: list[str]) -> int:
    """Generate a world and print what it holds; returns 2 for a region without districts."""
    parser = argparse.ArgumentParser(prog="python -m examples.world", description=__doc__)
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--out", type=Path, help="folder to write the deliveries to")
    target.add_argument("--home", type=Path, help="home of a hub: deliveries and registry overlay")
    parser.add_argument("--residents", type=int, default=2000)
    parser.add_argument("--region", default="410100", help="division code of the city (GB/T 2260)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--as-of", type=date.fromisoformat, help="day of the delivery")
    parser.add_argument("--edition", type=int, default=1, help="2: the next delivery, with changes")
    parser.add_argument(
        "--departments",
        default="",
        help=f"further departments, parted by commas, or all: {', '.join(DEPARTMENTS)}",
    )
    parser.add_argument(
        "--neighbours",
        default="",
        help="division codes of cities that share families with this one, parted by commas",
    )
    parser.add_argument("--enterprises", type=int, default=ENTERPRISES)
    parser.add_argument(
        "--store", default="", help="object store of the land registry: a folder, or s3://…"
    )
    options = parser.parse_args(arguments)
    try:
        truth = _make(options)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for file in truth.files:
        sys.stdout.write(f"{file.source}/{file.name}: {file.rows} rows, {file.quarantined} bad\n")
    return 0


def _make(options: argparse.Namespace) -> Truth:
    settings = {
        "residents": options.residents,
        "region": options.region,
        "seed": options.seed,
        "as_of": options.as_of,
        "edition": options.edition,
        "further": ALL if options.departments == "all" else _listed(options.departments),
        "neighbours": _listed(options.neighbours),
        "enterprises": options.enterprises,
    }
    if options.home:
        truth = install(options.home, **settings, store=options.store)
        _keep_environment(options.home, truth)
        return truth
    return generate(options.out, **settings)


def _keep_environment(home: Path, truth: Truth) -> None:
    """Write ``home/hub.env``: the settings with which a hub of this city is started."""
    city = places.places(truth.plan.region, truth.plan.as_of).city
    lines = (
        f"TONGBAN_HOME={shlex.quote(str(home.absolute()))}",
        f"TONGBAN_REGION={truth.plan.region}",
        f"TONGBAN_CITY={city}",
        "TONGBAN_ENVIRONMENT=demo",
    )
    (home / "hub.env").write_text("\n".join(lines) + "\n", "utf-8")


def _listed(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
