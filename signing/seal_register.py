"""The public register of seals: what other regions may know of each, without people.

Whoever meets a seal looks its id up: whose it is, under which certificates it signs, what its
picture is, and since when it stands as it does. Applications that were not yet made into seals,
actors and reasons are not in it. ``docs/formats/seal-register.md`` describes the values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from kernel.clock import Clock, to_iso
from kernel.ports import Json, Transactions, Tx
from signing import store
from signing.authority import FAMILIES, key_name
from signing.seal_model import IssuedCertificate, Seal, SealState, SealStep
from signing.ses.parse import parse_seal

SCHEMA: Final = 1
MOST: Final = 100
"""Seals in one answer."""
PUBLIC: Final = (SealState.IN_USE, SealState.SUSPENDED, SealState.RENEWED, SealState.REVOKED)


class SealRegister:
    """Reads the register; writes nothing and asks nobody for a right."""

    def __init__(self, transactions: Transactions, clock: Clock) -> None:
        """Join the ports."""
        self._transactions = transactions
        self._clock = clock

    def page(self, after: str = "", limit: int = MOST) -> tuple[dict[str, Json], ...]:
        """Return entries in the order of ids, from the one that follows ``after``."""
        states = [item.value for item in PUBLIC]
        size = max(1, min(limit, MOST))
        return self._entries(
            self._transactions.read(lambda tx: _with(tx, store.page(tx, states, after, size)))
        )

    def one(self, seal_id: str) -> dict[str, Json] | None:
        """Return the entry of a seal, or None where it has none."""

        def look(tx: Tx) -> _Found:
            held = store.seal_by_id(tx, seal_id)
            return _with(tx, (held,) if held and held.state in PUBLIC else ())

        found = self._entries(self._transactions.read(look))
        return found[0] if found else None

    def _entries(self, found: _Found) -> tuple[dict[str, Json], ...]:
        now = self._clock.now()
        return tuple(entry(*item, now) for item in found if item[0].seal_der)


_Found = tuple[tuple[Seal, tuple[SealStep, ...], tuple[IssuedCertificate, ...]], ...]


def entry(
    seal: Seal,
    history: Sequence[SealStep],
    certificates: Sequence[IssuedCertificate],
    now: datetime,
) -> dict[str, Json]:
    """Return what the register says of a seal. A seal that was never made has no entry."""
    wanted, made = seal.application, parse_seal(seal.seal_der)
    lived = [step for step in history if step.state in PUBLIC]
    return {
        "seal": seal.seal_id,
        "name": seal.name,
        "kind": wanted.kind.value,
        "owner": {"code": wanted.org, "name": wanted.org_name, "division": wanted.division},
        "types": list(wanted.types),
        "valid_from": to_iso(wanted.valid_from),
        "valid_to": to_iso(wanted.valid_to),
        "state": seal.state.value,
        "usable": seal.usable_at(now),
        "since": to_iso(lived[-1].at) if lived else "",
        "history": [{"state": step.state.value, "at": to_iso(step.at)} for step in lived],
        "replaces": seal.replaces,
        "replaced_by": seal.replaced_by,
        "structure": {
            "version": made.version,
            "sha256": hashlib.sha256(seal.seal_der).hexdigest(),
        },
        "picture": {
            "type": made.picture.type,
            "sha256": hashlib.sha256(made.picture.data).hexdigest(),
            "bytes": len(made.picture.data),
            "width_mm": made.picture.width_mm,
            "height_mm": made.picture.height_mm,
        },
        "certificates": [_certificate(item) for item in certificates],
    }


def _certificate(issued: IssuedCertificate) -> Json:
    status = "on-hold" if issued.on_hold else "revoked" if issued.revoked_at else "good"
    cert = issued.cert
    return {
        "algorithm": issued.algorithm,
        "sha256": hashlib.sha256(cert.der).hexdigest(),
        "serial": f"{cert.serial:x}",
        "issuer": cert.issuer,
        "not_before": to_iso(cert.not_before),
        "not_after": to_iso(cert.not_after),
        "status": status,
        "revoked_at": to_iso(issued.revoked_at) if issued.revoked_at else "",
    }


def _with(tx: Tx, seals: Sequence[Seal]) -> _Found:
    """Join seals with their histories and certificates in three statements."""
    if not seals:
        return ()
    ids = [seal.seal_id for seal in seals]
    keys = {key_name(name, algorithm): name for name in ids for algorithm in FAMILIES}
    histories = store.steps(tx, ids)
    issued = store.certificates_of(tx, keys)
    return tuple(
        (
            seal,
            histories[seal.seal_id],
            tuple(item for item in issued if keys[item.key] == seal.seal_id),
        )
        for seal in seals
    )
