"""What is to be shown: which cities, where each has its home and its pages, how much of what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hub.errors import Code
from hub.settings import Settings, load
from kernel.errors import TongbanError

REGIONS = ("410100", "410300")
"""Cities of the demo unless told otherwise: 郑州市 and 洛阳市."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for. ``residents`` live in each city."""

    home: Path
    residents: int
    certificates: int
    """In all cities together."""
    port: int
    """Of the first city; each further city has the next one."""
    once: bool
    regions: tuple[str, ...] = REGIONS


@dataclass(frozen=True, slots=True)
class Place:
    """One city of the run."""

    region: str
    name: str
    home: Path
    port: int
    residents: int
    certificates: int
    neighbours: tuple[str, ...]

    @property
    def title(self) -> str:
        """What lines for people call it."""
        return f"{self.name} {self.region}"

    def settings(self) -> Settings:
        """Return the settings of its hub."""
        return load(
            home=self.home,
            region=self.region,
            city=self.name,
            port=self.port,
            environment="demo",
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values, for its process."""
        return {**asdict(self), "home": str(self.home)}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Place:
        """Read what ``to_json`` wrote."""
        home, others = Path(raw["home"]), tuple(raw["neighbours"])
        return cls(**{**raw, "home": home, "neighbours": others})


def places(options: Options) -> tuple[Place, ...]:
    """Return the cities in order; raises TongbanError ``demo-region-unknown``."""
    regions = tuple(dict.fromkeys(options.regions))
    share, more = divmod(options.certificates, len(regions))
    home = options.home.absolute()
    return tuple(
        Place(
            region=region,
            name=_name(region),
            home=home / region,
            port=options.port + number,
            residents=options.residents,
            certificates=share + (number < more),
            neighbours=tuple(other for other in regions if other != region),
        )
        for number, region in enumerate(regions)
    )


def _name(region: str) -> str:
    from datetime import datetime

    from examples.world.places import places as districts
    from kernel.clock import BEIJING

    try:
        return districts(region, datetime.now(BEIJING).date()).city
    except ValueError:
        raise TongbanError(Code.DEMO_REGION_UNKNOWN, region=region) from None
