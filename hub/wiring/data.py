"""Quality and catalogue of a hub."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from hub.adapters import CertificateKeys, CertificateUses
from hub.wiring.base import Base

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog.ingest.service import Ingest
    from catalog.lookups import Lookups
    from catalog.model import Source
    from catalog.parts import PartCache
    from catalog.rows import Rows
    from catalog.service import Catalog
    from kernel.errors import TongbanError
    from quality.service import Standards


class DataParts(Base):
    """From deliveries to published versions."""

    @cached_property
    def standards(self) -> Standards:
        """Data elements, code tables, suites."""
        from quality.service import Standards

        synthetic = self.settings.environment != "production"
        return Standards.load(self.settings.root, clock=self.clock, synthetic=synthetic)

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """The deliveries of the departments, by name; a faulty file does not stop the others."""
        return self._sources[0]

    @cached_property
    def _sources(self) -> tuple[Mapping[str, Source], Mapping[str, TongbanError]]:
        from catalog.sources import load_each

        return load_each(self.settings.root)

    @cached_property
    def parts(self) -> PartCache:
        """Local copies of published parts."""
        from catalog.parts import PartCache

        return PartCache(self.objects, self.settings.root / "cache" / "parts")

    @cached_property
    def lookups(self) -> Lookups:
        """Indexes of published rows, blind under the hub's data key."""
        from catalog.lookups import Lookups

        return Lookups(
            transactions=self.database.transactions,
            objects=self.objects,
            cache=self.parts,
            key=self.vault.blind("catalog.lookup", "key").encode(),
            asked=CertificateKeys(self.typebook),
        )

    @cached_property
    def catalog(self) -> Catalog:
        """The catalogue as people and pages use it."""
        from catalog.service import Catalog

        return Catalog(
            transactions=self.database.transactions,
            objects=self.objects,
            cache=self.parts,
            standards=self.standards,
            clock=self.clock,
            uses=CertificateUses(self.typebook),
            lookups=self.lookups,
        )

    @cached_property
    def rows(self) -> Rows:
        """Rows of published versions, for certificates, intake and cross-resource rules."""
        return self.catalog.rows

    @cached_property
    def ingest(self) -> Ingest:
        """The pipeline of deliveries."""
        from catalog.ingest.service import Ingest
        from hub.gate import ChildGate

        root = self.settings.root
        synthetic = self.settings.environment != "production"
        return Ingest(
            sources=self.sources,
            faults=self._sources[1],
            inbox=self.settings.deliveries,
            work=root / "work",
            transactions=self.database.transactions,
            objects=self.objects,
            cache=self.parts,
            standards=self.standards,
            references=self.rows,
            gate=ChildGate(root, self.standards, synthetic=synthetic),
            clock=self.clock,
            probe=self.probe,
            lookups=self.lookups,
        )
