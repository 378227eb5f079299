"""What ``tongban authority`` and ``tongban trust`` do: establish the region's authority, give out
its list, take in others', cut a region off.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from kernel.actors import Actor, system
from kernel.clock import to_iso
from kernel.errors import Refused, TongbanError
from kernel.ports import Event, Json, Tx
from signing import trust_exchange as exchange
from signing.authority import ACTION, ESTABLISHED, FAMILIES
from signing.trust import TrustList, TrustStore, save

if TYPE_CHECKING:
    from pathlib import Path

    from hub.wiring import Hub


def establish(hub: Hub) -> list[dict[str, str]]:
    """Make keys and certificates of the region's authority, once; returns them as ``authority``.

    Raises TongbanError of the signer.
    """
    made = hub.authority.establish(_operator(hub))
    if isinstance(made, Refused):
        raise TongbanError(made.code, **made.params)
    return authority(hub)


def authority(hub: Hub) -> list[dict[str, str]]:
    """Return role, algorithm, name, end and SHA-256 fingerprint of each of its certificates.

    Raises TongbanError ``authority-not-established``.
    """
    return [
        {
            "role": role.value,
            "algorithm": algorithm,
            "name": cert.common_name,
            "until": to_iso(cert.not_after),
            "fingerprint": exchange.fingerprint(cert),
        }
        for role in ESTABLISHED
        for algorithm in FAMILIES
        for cert in (hub.authority.current(role, algorithm).cert,)
    ]


def export(hub: Hub, days: int) -> tuple[TrustList, bytes]:
    """Number, sign and hold the region's own list; returns it and its file for others.

    Raises TongbanError ``authority-not-established`` and of the signer.
    """
    home, region = hub.settings.root, hub.settings.region
    own = exchange.held(home, region)
    number = max((own.version if own else 0, *exchange.history(home, region))) + 1
    made = hub.authority.signed_trust_list(_operator(hub), number, days)
    if isinstance(made, Refused):
        raise TongbanError(made.code, **made.params)
    listed, data = made
    exchange.keep(data, listed, home)
    save(replace(listed, cut=own.cut if own else None), home)
    _record(hub, "signing.trust-list-exported", region, {"version": number})
    return listed, data


def take(hub: Hub, data: bytes, anchor: str) -> exchange.Imported:
    """Import a list; a demo list is refused in production. Raises as ``import_list`` does."""
    allow = hub.settings.environment != "production"
    home, now = hub.settings.root, hub.clock.now()
    done = exchange.import_list(data, home, now, anchor=anchor, allow_demo=allow)
    if done.changed:
        told: dict[str, Json] = {"version": done.trust.version, "before": done.before}
        _record(hub, "signing.trust-list-imported", done.trust.region, told)
    return done


def cut(hub: Hub, region: str, since: datetime | None) -> TrustList:
    """Trust a region no more from ``since``, or from now; raises ``trust-region-unknown``."""
    ended = exchange.cut(hub.settings.root, region, since or hub.clock.now())
    assert ended.cut is not None
    _record(hub, "signing.trust-cut", region, {"since": f"{ended.cut:%Y-%m-%dT%H:%M:%SZ}"})
    return ended


def rows(home: Path, at: datetime) -> list[dict[str, Json]]:
    """Return what is held of each region: number, validity, anchors, cut, history."""
    return [
        {
            "region": item.region,
            "name": item.name,
            "version": item.version,
            "issued": f"{item.issued:%Y-%m-%dT%H:%M:%SZ}",
            "expires": f"{item.expires:%Y-%m-%dT%H:%M:%SZ}",
            "in_force": item.in_force(at),
            "cut": f"{item.cut:%Y-%m-%dT%H:%M:%SZ}" if item.cut else None,
            "demo": item.demo,
            "anchors": [exchange.fingerprint(cert) for cert in item.anchors],
            "history": list(exchange.history(home, item.region)),
        }
        for item in TrustStore.load(home).lists
    ]


def _operator(hub: Hub) -> Actor:
    return system("operator", hub.settings.region, (ACTION,))


def _record(hub: Hub, kind: str, region: str, data: dict[str, Json]) -> None:
    def work(tx: Tx) -> None:
        tx.record(Event(kind, region, _operator(hub), data))

    hub.database.transactions.write(work)
