"""What the catalogue needs from elsewhere, and the narrow views others have of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from catalog.model import DeliverySpec, Record, Resource


class Lookup(Protocol):
    """What certificates and intake see of published data: current values with their lineage."""

    def lookup(self, resource: str, column: str, values: Sequence[str]) -> list[Record]:
        """Return the rows of the current version whose ``column`` is one of ``values``."""

    def scan(self, resource: str) -> Iterator[Record]:
        """Yield every row of the current version in bounded memory."""


class Entries(Protocol):
    """What pages need to draw an entry."""

    def resource(self, resource: str) -> Resource:
        """Return one entry; raises TongbanError ``resource-unknown``."""


class RawBlock(Protocol):
    """A block as a connector yields it: see ``connectors.Block``."""

    no: int
    rows_in: int


class Connector(Protocol):
    """How bytes of one file become blocks of text columns. One module of ``connectors`` each."""

    def blocks(
        self, path: Path, name: str, spec: DeliverySpec, columns: Mapping[str, str]
    ) -> Iterator[RawBlock]:
        """Yield blocks in order; their boundaries depend on the bytes and the block size alone."""
