"""The directory of peers: who is registered, who is cut off; each change is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from certificates.errors import Code
from certificates.exchange import peers, store
from certificates.exchange.model import Peer
from kernel import registry
from kernel.actors import Actor, authorise
from kernel.clock import Clock
from kernel.errors import Refused
from kernel.ids import JournalNo
from kernel.ports import Event, Recorded, Transactions, Tx

ACTION = "certificates.peers"
_PLAIN = str.maketrans(dict.fromkeys('"\\\n\r\t'))


@dataclass(frozen=True, slots=True)
class Standing:
    """A peer, and whether somebody cut it off."""

    peer: Peer
    cut: bool


@dataclass(frozen=True, slots=True)
class Directory:
    """Shows and changes peers. Every verb wants the right ``certificates.peers``."""

    transactions: Transactions
    clock: Clock
    home: Path

    def show(self, actor: Actor) -> tuple[Standing, ...] | Refused:
        """Return all peers; raises TongbanError ``peer-file-invalid``."""
        allowed = authorise(actor, ACTION)
        if isinstance(allowed, Refused):
            return allowed
        found = peers.every(self.home)
        cut = self.transactions.read(
            lambda tx: {peer.region for peer in found if store.is_cut(tx, peer.region)}
        )
        return tuple(Standing(peer, peer.region in cut) for peer in found)

    def add(
        self,
        actor: Actor,
        region: str,
        *,
        name: str,
        address: str,
        key: str,
        handles: Mapping[str, tuple[str, ...]],
    ) -> Recorded[Peer | Refused]:
        """Register a peer or replace its file. ``key`` is a SubjectPublicKeyInfo in Base64.

        Raises TongbanError ``peer-file-invalid`` before anything is written. A peer that was cut
        off stays so.
        """
        allowed = authorise(actor, ACTION)
        if isinstance(allowed, Refused):
            return Recorded(allowed, self._refused(actor, "add", allowed))
        text = _text(region, name, address, key, handles)
        data = text.encode()
        peer = peers.read(registry.Member(region, "overlay", data, ""))
        folder = self.home / "registry" / "certificates" / "peers"
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f"{region}.fresh"
        fresh.write_bytes(data)
        fresh.replace(folder / f"{region}.toml")
        event = Event(
            "certificates.peer-registered",
            region,
            actor,
            {"keys": [item.id for item in peer.keys]},
        )

        def work(tx: Tx) -> Peer | Refused:
            tx.record(event)
            return peer

        return self.transactions.write(work)

    def cut(self, actor: Actor, region: str, reason: str) -> Recorded[bool | Refused]:
        """Cut a peer off, both ways, from the commit on; False where it was. ``reason`` is kept."""
        allowed = self._allowed(actor, region)
        if isinstance(allowed, Refused):
            return Recorded(allowed, self._refused(actor, "cut", allowed))

        def work(tx: Tx) -> bool | Refused:
            done = store.cut(tx, region, reason[:200], self.clock.now())
            tx.record(Event("certificates.peer-cut", region, actor, {"changed": done}))
            return done

        return self.transactions.write(work)

    def admit(self, actor: Actor, region: str) -> Recorded[bool | Refused]:
        """Take a peer back; False where it was not cut off."""
        allowed = self._allowed(actor, region)
        if isinstance(allowed, Refused):
            return Recorded(allowed, self._refused(actor, "admit", allowed))

        def work(tx: Tx) -> bool | Refused:
            done = store.admit(tx, region)
            tx.record(Event("certificates.peer-admitted", region, actor, {"changed": done}))
            return done

        return self.transactions.write(work)

    def _allowed(self, actor: Actor, region: str) -> Refused | None:
        allowed = authorise(actor, ACTION)
        if isinstance(allowed, Refused):
            return allowed
        # A faulty file must not keep anybody from cutting its peer off, hence only its name counts.
        known = registry.load("certificates", "peers", ".toml", self.home).members
        return None if region in known else Refused(Code.PEER_UNKNOWN, {"region": region[:12]})

    def _refused(self, actor: Actor, verb: str, refused: Refused) -> tuple[JournalNo, ...]:
        event = Event("certificates.peer-refused", verb, actor, {"code": refused.code})
        return self.transactions.write(lambda tx: tx.record(event)).journal


def _text(
    region: str, name: str, address: str, key: str, handles: Mapping[str, tuple[str, ...]]
) -> str:
    plain = [item.translate(_PLAIN) for item in (region, name, address, key)]
    rows = ["schema = 1", f'region = "{plain[0]}"', f'name = "{plain[1]}"']
    rows += [f'address = "{plain[2]}"', "[[keys]]", f'spki = "{plain[3]}"', "[handles]"]
    for matter, orgs in sorted(handles.items()):
        listed = ", ".join(f'"{org.translate(_PLAIN)}"' for org in orgs)
        rows.append(f'"{matter.translate(_PLAIN)}" = [{listed}]')
    return "\n".join(rows) + "\n"
