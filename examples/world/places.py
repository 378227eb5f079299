"""Districts of a region from the code table, and addresses in streets called 示例路."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from quality import loading

STREETS = ("示例路", "示例大道", "示例一街", "示例二街", "样本巷", "测试路", "演示街")
HOME = "410100"
"""Region of the packages' defaults, whose departments are simply called 示例市."""
SPLIT = "410112"
"""A division abolished in 1987 without a single successor: rows that name it are refused."""
UNKNOWN = "419999"
"""No division of any year."""


@dataclass(frozen=True, slots=True)
class Places:
    """Codes and names of a region's districts; ``former`` maps codes to those they replaced."""

    city: str
    codes: tuple[str, ...]
    names: tuple[str, ...]
    former: dict[str, str]

    def office(self, region: str) -> str:
        """Return what the city's departments are called before their own name."""
        return "示例市" if region == HOME else f"示例{self.city}"


def places(region: str, as_of: date) -> Places:
    """Read the districts of ``region`` (GB/T 2260, 6 digits); raises ValueError if it has none."""
    tables, _ = loading.tables(None, synthetic=False)
    rows = tables["division"].rows
    own = [
        row
        for row in rows.values()
        if row.parent == region and row.kind == "county" and row.valid_on(as_of)
    ]
    if region not in rows or not own:
        message = f"the division table lists no districts of {region}"
        raise ValueError(message)
    former = {
        row.successors[0]: row.code
        for row in rows.values()
        if len(row.successors) == 1 and row.successors[0] in {item.code for item in own}
    }
    codes = tuple(row.code for row in own)
    return Places(rows[region].name, codes, tuple(row.name for row in own), former)


def regions() -> tuple[str, ...]:
    """Return the prefectures of the packages' division table, in order."""
    tables, _ = loading.tables(None, synthetic=False)
    rows = tables["division"].rows.values()
    return tuple(sorted(row.code for row in rows if row.kind == "prefecture"))


def addresses(
    rng: np.random.Generator, where: Places, district: npt.NDArray[np.int64]
) -> npt.NDArray[np.object_]:
    """Return one address per household; ``district`` holds places in ``where.codes``."""
    count = len(district)
    streets = rng.integers(len(STREETS), size=count)
    house = rng.integers(1, 300, size=count)
    block, unit = rng.integers(1, 20, size=count), rng.integers(1, 5, size=count)
    flat = rng.integers(1, 31, size=count) * 100 + rng.integers(1, 5, size=count)
    return np.array(
        [
            f"{where.city}{where.names[d]}{STREETS[s]}{h}号院{b}号楼{u}单元{f}室"
            for d, s, h, b, u, f in zip(district, streets, house, block, unit, flat, strict=True)
        ],
        dtype=object,
    )
