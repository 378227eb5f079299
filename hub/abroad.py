"""The other regions as pages offer them: who can be asked, and why not."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from certificates.errors import Code
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


_NO_ANSWER: Final = frozenset(
    {
        Code.PEER_UNREACHABLE,
        Code.PEER_SLOW,
        Code.PEER_FAILED,
        Code.PEER_ANSWER_INCOMPLETE,
        Code.PEER_ANSWER_MALFORMED,
        Code.PEER_ANSWER_NOT_GENUINE,
        Code.PEER_ANSWER_OTHER,
        Code.PEER_ANSWER_UNSEALED,
    }
)
_AGAIN: Final = _NO_ANSWER | {Code.PEER_CLOCK, Code.PEER_RATE}


def origin(hub: Hub, refused: Refused) -> tuple[str, str]:
    """Return in both languages which hub failed or refused, and what was recorded where.

    Empty where no other hub was to be asked.
    """
    code = refused.params.get("origin", "")
    if not code:
        return "", ""
    if code == hub.settings.region:
        return (
            "请求没有发往外地，由本地节点拒绝，已记入本地日志。",
            "The question did not leave this hub; its refusal is in this log.",
        )
    name = next((item.name for item in regions(hub) if item.code == code), "")
    if refused.code in _NO_ANSWER:
        return (
            f"没有从{name} {code} 的节点得到可用的答复，已记入本地日志。",
            f"The hub of {name} {code} gave no answer that counts; this is in this log.",
        )
    return (
        f"由{name} {code} 的节点答复，两地日志都有记录。",
        f"The hub of {name} {code} said so; both logs have it.",
    )


def may_send_again(refused: Refused) -> bool:
    """Tell whether the same question may be sent again under its key, to be answered once."""
    return refused.code in _AGAIN
