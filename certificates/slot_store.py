"""Statements on what one certificate alone may have: slots, printed numbers, identifiers."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import bindparam, delete, select, update

from certificates.store import CERTIFICATE, SLOT, in_parts
from kernel.ids import CertificateId
from kernel.ports import Tx
from storage.transactions import rows

_SLOT_OWNERS = select(SLOT.c.slot, SLOT.c.certificate_id).where(
    SLOT.c.type == bindparam("kind"), SLOT.c.slot.in_(bindparam("slots", expanding=True))
)
_IDENTIFIERS = select(CERTIFICATE.c.identifier).where(
    CERTIFICATE.c.identifier.in_(bindparam("identifiers", expanding=True))
)


def slot_owners(tx: Tx, kind: str, slots: Collection[str]) -> dict[str, CertificateId]:
    """Return which of the slots are taken, and by which certificate."""
    found: dict[str, CertificateId] = {}
    for part in in_parts(slots):
        done = rows(tx).execute(_SLOT_OWNERS, {"kind": kind, "slots": part})
        found.update((row.slot, CertificateId(row.certificate_id)) for row in done)
    return found


def identifiers_taken(tx: Tx, identifiers: Collection[str]) -> set[str]:
    """Return those of the identifiers that exist."""
    found: set[str] = set()
    for part in in_parts(identifiers):
        found.update(rows(tx).execute(_IDENTIFIERS, {"identifiers": part}).scalars())
    return found


def move_slots(tx: Tx, old: CertificateId, new: CertificateId, keep: Collection[str]) -> None:
    """Give the slots of a superseded certificate to its successor; free those it does not need."""
    connection = rows(tx)
    connection.execute(
        delete(SLOT).where(SLOT.c.certificate_id == old, SLOT.c.slot.not_in(tuple(keep)))
    )
    connection.execute(update(SLOT).where(SLOT.c.certificate_id == old).values(certificate_id=new))


def free_slots(tx: Tx, certificate: CertificateId) -> None:
    """Free everything a certificate occupied."""
    rows(tx).execute(delete(SLOT).where(SLOT.c.certificate_id == certificate))
