"""Small adapters between rooms: each implements one port of a lower room over a higher one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from certificates.ports import (
    Rehearsal,
    Sealed,
    SealIntent,
    SealOrder,
    SourceRecord,
)
from kernel.errors import Refused
from kernel.ports import Json, Tx

if TYPE_CHECKING:
    from catalog.ports import Use
    from certificates.typebook import Typebook
    from hub.wiring import Hub


@dataclass(frozen=True, slots=True)
class PublishedRows:
    """``certificates.ports.Source`` over the catalogue, opened at the first look-up."""

    hub: Hub

    def lookup(self, resource: str, column: str, values: Sequence[str]) -> Sequence[SourceRecord]:
        """Return the rows of the current version whose column equals one of the values."""
        return self.hub.rows.lookup(resource, column, values)

    def scan(self, resource: str) -> Iterator[SourceRecord]:
        """Iterate over all rows of the current version."""
        yield from self.hub.rows.scan(resource)


@dataclass(frozen=True, slots=True)
class DeferredSealer:
    """``certificates.ports.Sealer`` that starts the signer at its first use, not at start-up."""

    hub: Hub

    def intend(self, tx: Tx, intents: Sequence[SealIntent]) -> tuple[str, ...] | Refused:
        """Record intents in an open transaction."""
        return self.hub.sealer.intend(tx, intents)

    def seal(self, order: SealOrder, unsealed: bytes) -> bytes:
        """Return the sealed file."""
        return self.hub.sealer.seal(order, unsealed)

    def seal_many(self, orders: Sequence[SealOrder], unsealed: Sequence[bytes]) -> list[Sealed]:
        """Return the sealed files."""
        return self.hub.sealer.seal_many(orders, unsealed)

    def rehearse(self, order: SealOrder, unsealed: bytes) -> Rehearsal:
        """Seal with a throw-away key."""
        return self.hub.sealer.rehearse(order, unsealed)


@dataclass(frozen=True, slots=True)
class LogProofs:
    """``certificates.ports.Proofs`` over the log."""

    hub: Hub

    def receipt(self, journal_no: int) -> Json:
        """Return the receipt of a journal row."""
        return self.hub.log.receipt(journal_no)


@dataclass(frozen=True, slots=True)
class CertificateUses:
    """``catalog.ports.Uses``: lineage goes on into the fields of certificate types."""

    typebook: Typebook

    def uses_of(self, resource: str) -> Sequence[Use]:
        """Return the certificate fields filled from the resource."""
        from catalog.ports import Use

        return tuple(
            Use(column, kind.code, field.name, f"{kind.title} · {field.title}")
            for kind in self.typebook
            for field in (*kind.fields, *(item for table in kind.tables for item in table.columns))
            for owner, _, column in [field.source.partition(".")]
            if owner == resource
        )


@dataclass(frozen=True, slots=True)
class CertificateKeys:
    """``catalog.ports.Asked``: rows are asked for by the keys of certificate types."""

    typebook: Typebook

    def columns(self, resource: str) -> Sequence[str]:
        """Return the columns whose values make a certificate, or a row of its tables."""
        found: list[tuple[str, str]] = []
        for kind in self.typebook:
            found.append((kind.resource, kind.key))
            found.extend((table.resource, table.key) for table in kind.tables)
        return tuple(dict.fromkeys(column for owner, column in found if owner == resource))
