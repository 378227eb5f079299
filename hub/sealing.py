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
from signing.formats.batch import Laid, lay
from signing.ports import Purpose
from signing.seal_model import Seal, SealingBatch
from signing.sealing import USE, Sealing

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
        material = _or_raise(self.sealing.material(self.actor, seal_id, algorithm))
        number = _number(order)
        sign = _or_raise(
            self.sealing.signature(
                self.actor, seal_id, algorithm, number=number, approval=approval_id
            )
        )
        sealed = apply_seal(order, unsealed, material, sign)
        return self._stamped([order], [sealed], material.certificate)[0]

    def seal_many(self, orders: Sequence[SealOrder], unsealed: Sequence[bytes]) -> list[Sealed]:
        """Seal many files with the real key, which is asked once for each format and approval."""
        done: dict[int, Sealed] = {}
        groups: dict[tuple[Format, str], list[int]] = {}
        for at, order in enumerate(orders):
            groups.setdefault((order.format, order.approval), []).append(at)
        for (file_format, approval), members in groups.items():
            files = [(at, orders[at], unsealed[at]) for at in members]
            done |= self._seal_group(file_format, approval, files)
        return [done[at] for at in range(len(orders))]

    def _seal_group(
        self, file_format: Format, approval: str, files: Sequence[tuple[int, SealOrder, bytes]]
    ) -> dict[int, Sealed]:
        """Seal files of one format under one approval; those without one are declared alone."""
        seal_id, _, approval_id = approval.partition("/")
        algorithm, done = ALGORITHM[file_format], {}
        laid: list[tuple[int, SealOrder, Laid]] = []
        if approval:
            material = _or_raise(self.sealing.material(self.actor, seal_id, algorithm))
            for at, order, data in files:
                found = lay(file_format, data, material, order.placement, order.at)
                if found is not None:
                    laid.append((at, order, found))
        asked = [(_number(order), item.digest) for _, order, item in laid]
        signed = _or_raise(
            self.sealing.signatures(self.actor, seal_id, algorithm, asked, approval=approval_id)
            if asked
            else ()
        )
        finished = [item.finish(mark) for (_, _, item), mark in zip(laid, signed, strict=True)]
        proven = [
            item.holds(data, mark)
            for (_, _, item), data, mark in zip(laid, finished, signed, strict=True)
        ]
        if laid:
            certificate = laid[0][2].material.certificate
            stamped = self._stamped([order for _, order, _ in laid], finished, certificate)
            for (at, _, _), data, plain, holds in zip(laid, stamped, finished, proven, strict=True):
                done[at] = Sealed(data, proven=holds and data is plain)
        for at, order, data in files:
            if at not in done:
                done[at] = Sealed(self.seal(order, data), proven=False)
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
        seal = self._find(order.org, order.type)
        picture = _or_raise(
            self.sealing.material(self.actor, seal.seal_id, ALGORITHM[order.format])
        )
        return self.understudy.perform(order, unsealed, picture)

    def _alone(self, order: SealOrder, unsealed: bytes) -> str:
        root = "sha256:" + hashlib.sha256(unsealed).hexdigest()
        return self.declare(SealIntent(order.format, order.org, order.seal, order.type, 1, root))

    def _find(self, org: str, certificate_type: str) -> Seal:
        found = self.sealing.find(org, certificate_type, self.actor.id)
        if found is None:
            raise TongbanError("seal-unavailable", org=org)
        return found


def _number(order: SealOrder) -> str:
    return f"{order.purpose}/{order.number}"


def _or_raise(answer: T | Refused) -> T:
    if isinstance(answer, Refused):
        raise TongbanError(answer.code, **answer.params)
    return answer
