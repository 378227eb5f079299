"""``python -m examples.world --out DIR --residents N --region 410100 --seed S``."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from examples.world.departments import DEPARTMENTS
from examples.world.generate import SEED, generate


def main(arguments: list[str]) -> int:
    """Generate a world and print what it holds; returns 2 for a region without districts."""
    parser = argparse.ArgumentParser(prog="python -m examples.world", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--residents", type=int, default=2000)
    parser.add_argument("--region", default="410100", help="division code of the city (GB/T 2260)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--as-of", type=date.fromisoformat, help="day of the delivery")
    parser.add_argument("--edition", type=int, default=1, help="2: the next delivery, with changes")
    parser.add_argument(
        "--departments",
        default="",
        help=f"further departments, parted by commas: {', '.join(DEPARTMENTS)}",
    )
    options = parser.parse_args(arguments)
    try:
        truth = generate(
            options.out,
            options.residents,
            options.region,
            options.seed,
            as_of=options.as_of,
            edition=options.edition,
            further=tuple(name for name in options.departments.split(",") if name),
        )
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for file in truth.files:
        sys.stdout.write(f"{file.source}/{file.name}: {file.rows} rows, {file.quarantined} bad\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
