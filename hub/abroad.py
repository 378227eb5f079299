"""The other regions as pages offer them: who can be asked, and why not."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from certificates.exchange import peers, store
from hub.exchanging import RegionJudge
from kernel import registry
from kernel.errors import Refused, TongbanError

if TYPE_CHECKING:
    from hub.wiring import Hub


@dataclass(frozen=True, slots=True)
class Region:
    """A registered region. ``why`` says in both languages why it cannot be asked; else empty."""

    code: str
    name: str
    why: tuple[str, str] = ("", "")


def regions(hub: Hub) -> tuple[Region, ...]:
    """Return the registered regions; one whose file is faulty is left out: nobody can ask it."""
    found = []
    for member in registry.load(
        "certificates", "peers", ".toml", hub.settings.root
    ).members.values():
        with contextlib.suppress(TongbanError):
            peer = peers.read(member)
            found.append(Region(peer.region, peer.name, _why(hub, peer.region)))
    return tuple(found)


def _why(hub: Hub, region: str) -> tuple[str, str]:
    now, peer = hub.clock.now(), hub.peer(region)
    past = peer is not None and peer.cut_from is not None and peer.cut_from <= now
    if past or hub.database.transactions.read(lambda tx: store.is_cut(tx, region)):
        return "已切断互认", "cut off"
    if not RegionJudge(hub).lists(region, now):
        return "没有有效的信任列表", "no trust list in force"
    return "", ""


def origin(hub: Hub, refused: Refused) -> tuple[str, str]:
    """Return in both languages which hub failed or refused; empty where no other was asked."""
    code = refused.params.get("origin", "")
    if not code:
        return "", ""
    if code == hub.settings.region:
        return "本地节点没有把请求发出", "this hub did not send the question"
    name = next((item.name for item in regions(hub) if item.code == code), "")
    return f"由{name} {code} 的节点给出", f"from the hub of {name} {code}".replace("  ", " ")
