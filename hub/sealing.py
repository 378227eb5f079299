"""Joins certificates to seals: implements ``Sealer`` over the seal register and the signer.

The sealer acts for the hub itself; who may issue was decided before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from certificates.model import Format
from certificates.ports import Rehearsal, Sealed, SealIntent, SealOrder
from hub.rehearsal import ALGORITHM, Understudy, apply_seal
from hub.stamping import Stamping
from kernel.actors import Actor, system
from kernel.clock import Clock
from kernel.errors import Refused, TongbanError
from kernel.ports import Tx
from signing.formats.batch import Laid, lay
from signing.ports import Purpose
from signing.seal_model import Seal, SealingBatch
from signing.sealing import USE, Ready, Sealing, Wanted

PURPOSE = {"ofd": Purpose.SEAL_OFD, "pdf": Purpose.SEAL_PDF}
_ORIGINAL = "certificate-"
"""How the purposes of originals begin; copies for one use live too short to be stamped."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HubSealer:
    """Implements ``certificates.ports.Sealer``; never holds a key of the hub."""

    sealing: Sealing
    clock: Clock
    understudy: Understudy
    stamping: Stamping | None = None
    actor: Actor = field(default_factory=lambda: system("sealer", rights=(USE,)))

    def intend(self, tx: Tx, intents: Sequence[SealIntent]) -> tuple[str, ...] | Refused:
        """Record intents under the issuing body's seal; an approval is ``seal/approval``."""
        one = intents[0]
        seal = self.sealing.chosen(tx, one.org, one.type, self.actor.id)
        if seal is None:
            raise TongbanError("seal-unavailable", org=one.org)
        batches = [SealingBatch(PURPOSE[item.format], item.count, item.root) for item in intents]
        done = self.sealing.declared(tx, self.actor, seal, batches, one.type)
        if isinstance(done, Refused):
            return done
        return tuple(f"{seal.seal_id}/{approval}" for approval in done)

    def declare(self, intent: SealIntent) -> str:
        """Record one intent under the issuing body's seal; returns ``seal/approval``."""
        seal = self._find(intent.org, intent.type)
        batch = SealingBatch(PURPOSE[intent.format], intent.count, intent.root)
        done = self.sealing.declare(self.actor, seal.seal_id, batch, intent.type)
        return f"{seal.seal_id}/{_or_raise(done.value)}"

    def seal(self, order: SealOrder, unsealed: bytes) -> bytes:
        """Seal with the real key; the same order again gives the same signature."""
        approval = order.approval or self._alone(order, unsealed)
        seal_id, _, approval_id = approval.partition("/")
        algorithm = ALGORITHM[order.format]
        ready = _or_raise(self.sealing.ready(self.actor, seal_id, [algorithm], [approval_id]))

        def sign(digest: bytes) -> bytes:
            wanted = Wanted(algorithm, approval_id, _number(order), digest)
            return self.sealing.signed(ready, [wanted])[0]

        material = ready.materials[algorithm]
        sealed = apply_seal(order, unsealed, material, sign)
        return self._stamped([order], [sealed], material.certificate)[0]

    def seal_many(self, orders: Sequence[SealOrder], unsealed: Sequence[bytes]) -> list[Sealed]:
        """Seal many files with the real key; a seal is asked once for all formats and approvals."""
        done: dict[int, Sealed] = {}
        seals: dict[str, list[int]] = {}
        for at, order in enumerate(orders):
            seals.setdefault(order.approval.partition("/")[0], []).append(at)
        for seal_id, members in seals.items():
            files = [(at, orders[at], unsealed[at]) for at in members]
            if seal_id:
                done |= self._seal_all(seal_id, files)
            for at, order, data in files:
                if at not in done:
                    done[at] = Sealed(self.seal(order, data), proven=False, form="")
        return [done[at] for at in range(len(orders))]

    def _seal_all(
        self, seal_id: str, files: Sequence[tuple[int, SealOrder, bytes]]
    ) -> dict[int, Sealed]:
        """Seal files of declared batches; left out are those that only a library can seal."""
        formats = {order.format for _, order, _ in files}
        approvals = {_approval(order) for _, order, _ in files}
        ready = _or_raise(
            self.sealing.ready(self.actor, seal_id, [ALGORITHM[n] for n in formats], approvals)
        )
        laid: list[tuple[int, SealOrder, Laid]] = []
        for at, order, data in files:
            material = ready.materials[ALGORITHM[order.format]]
            found = lay(order.format, data, material, order.placement, order.at)
            if found is not None:
                laid.append((at, order, found))
        wanted = [
            Wanted(ALGORITHM[order.format], _approval(order), _number(order), item.digest)
            for _, order, item in laid
        ]
        marks = self.sealing.signed(ready, wanted) if wanted else ()
        plain = {at: item.finish(mark) for (at, _, item), mark in zip(laid, marks, strict=True)}
        holds = {
            at: item.holds(plain[at], mark) for (at, _, item), mark in zip(laid, marks, strict=True)
        }
        final = self._raised(ready, [(at, order) for at, order, _ in laid], plain)
        return {
            at: Sealed(
                final[at],
                proven=holds[at] and final[at] is plain[at],
                form=self._form(order.format, ready.forms[ALGORITHM[order.format]]),
            )
            for at, order, _ in laid
        }

    def _raised(
        self, ready: Ready, orders: Sequence[tuple[int, SealOrder]], sealed: dict[int, bytes]
    ) -> dict[int, bytes]:
        """Return files sealed under one seal with their time stamps, format by format."""
        done: dict[int, bytes] = {}
        groups: dict[Format, list[tuple[int, SealOrder]]] = {}
        for at, order in orders:
            groups.setdefault(order.format, []).append((at, order))
        for name, members in groups.items():
            certificate = ready.materials[ALGORITHM[name]].certificate
            files = [sealed[at] for at, _ in members]
            stamped = self._stamped([order for _, order in members], files, certificate)
            done |= {at: data for (at, _), data in zip(members, stamped, strict=True)}
        return done

    def _stamped(
        self, orders: Sequence[SealOrder], sealed: Sequence[bytes], certificate: bytes
    ) -> list[bytes]:
        """Return sealed files of one seal and format with their time stamps: originals alone."""
        stamping = self.stamping
        if stamping is None or not all(item.purpose.startswith(_ORIGINAL) for item in orders):
            return list(sealed)
        files = [(order.number, data) for order, data in zip(orders, sealed, strict=True)]
        return stamping.applied(orders[0].format, files, certificate)

    def rehearse(self, order: SealOrder, unsealed: bytes) -> Rehearsal:
        """Seal with a throw-away key under the same picture; nothing reaches the signer."""
        seal, algorithm = self._find(order.org, order.type), ALGORITHM[order.format]
        ready = _or_raise(self.sealing.ready(self.actor, seal.seal_id, [algorithm]))
        form = self._form(order.format, ready.forms[algorithm])
        return self.understudy.perform(order, unsealed, ready.materials[algorithm], form)

    def _form(self, file_format: Format, seal: str) -> str:
        """Name what sealed files have in common: the seal, and how far they are raised."""
        level = self.stamping.level(file_format) if self.stamping else ""
        return f"{file_format}/{seal}/{level}"

    def _alone(self, order: SealOrder, unsealed: bytes) -> str:
        root = "sha256:" + hashlib.sha256(unsealed).hexdigest()
        return self.declare(SealIntent(order.format, order.org, order.seal, order.type, 1, root))

    def _find(self, org: str, certificate_type: str) -> Seal:
        found = self.sealing.find(org, certificate_type, self.actor.id)
        if found is None:
            raise TongbanError("seal-unavailable", org=org)
        return found


def _approval(order: SealOrder) -> str:
    return order.approval.partition("/")[2]


def _number(order: SealOrder) -> str:
    return f"{order.purpose}/{order.number}"


def _or_raise(answer: T | Refused) -> T:
    if isinstance(answer, Refused):
        raise TongbanError(answer.code, **answer.params)
    return answer
