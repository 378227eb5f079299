"""The use of a seal: declare a batch, get the material, sign.

One intent per batch (count, digest root) stands in the journal before its first signature; the
result of each is recorded by whoever stores the file. A signature without an intent is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from kernel.actors import Actor, Scope, authorise
from kernel.clock import Clock
from kernel.errors import Refused, TongbanError
from kernel.ids import new_id
from kernel.ports import Digest, Event, Objects, Recorded, Transactions, Tx
from signing import store
from signing.authority import RegionalCA, key_name, sign_with
from signing.model import SealMaterial
from signing.ports import Purpose, Signer, SignRequest
from signing.seal_model import Role, Seal, SealingBatch

USE = "signing.seal-use"
_PURPOSES = (Purpose.SEAL_OFD, Purpose.SEAL_PDF)


def digest_root(digests: Sequence[bytes]) -> str:
    """Return SHA-256 (hex) over the digests in their order: the commitment of a batch."""
    return hashlib.sha256(b"".join(digests)).hexdigest()


class Sealing:
    """Hands out what is needed to seal, to those who may seal."""

    def __init__(
        self,
        *,
        transactions: Transactions,
        objects: Objects,
        signer: Signer,
        authority: RegionalCA,
        clock: Clock,
    ) -> None:
        """Join the ports."""
        self._transactions = transactions
        self._objects = objects
        self._signer = signer
        self._authority = authority
        self._clock = clock
        self._drawn: tuple[Digest | None, bytes] = (None, b"")

    def find(self, org: str, certificate_type: str, user: str = "") -> Seal | None:
        """Return the authority's seal for a certificate type that ``user`` may use, if any.

        One made for this type goes before one for all types, then the newest counts. A person's
        name seal stands for the person, not for the authority.
        """
        now = self._clock.now()
        found = self._transactions.read(lambda tx: store.seals(tx, org=org))
        fit = [
            seal
            for seal in found
            if seal.usable_at(now)
            and seal.fits(certificate_type)
            and not seal.application.personal
            and not (user and seal.forbids(user))
        ]
        fit.sort(key=lambda seal: bool(seal.application.types))
        return fit[-1] if fit else None

    def declare(
        self, actor: Actor, seal_id: str, batch: SealingBatch, certificate_type: str = ""
    ) -> Recorded[str | Refused]:
        """Record what is about to be sealed; returns the approval id that every signature names."""

        def work(tx: Tx) -> str | Refused:
            seal = store.seal_by_id(tx, seal_id)
            refused = self._refuse(actor, seal, seal_id, certificate_type)
            if refused is None and (batch.purpose not in _PURPOSES or batch.count < 1):
                refused = Refused("purpose-unknown", {"purpose": batch.purpose})
            if refused:
                data = {"code": refused.code}
                tx.record(Event("signing.seal-declare-refused", seal_id, actor, {**data}))
                return refused
            approval = new_id("approval")
            store.add_intent(tx, approval, seal_id, batch, by=actor.id, at=self._clock.now())
            data = {"approval": approval, "purpose": str(batch.purpose), "root": batch.root}
            tx.record(
                Event("signing.seal-declared", seal_id, actor, {**data, "count": batch.count})
            )
            return approval

        return self._transactions.write(work)

    def material(self, actor: Actor, seal_id: str, algorithm: str) -> SealMaterial | Refused:
        """Return everything needed to place the seal, except the key.

        ``algorithm``: ``sm2_sm3`` for OFD, ``ecdsa_p256`` for PDF.
        """
        key = key_name(seal_id, algorithm)
        seal, held = self._transactions.read(
            lambda tx: (store.seal_by_id(tx, seal_id), store.certificates(tx, key=key))
        )
        refused = self._refuse(actor, seal, seal_id)
        if refused or seal is None or seal.picture is None:
            return refused or Refused("seal-not-usable", {"seal": seal_id, "state": "-"})
        held = tuple(item for item in held if item.revoked_at is None)
        if not held:
            return Refused("algorithm-unknown", {"algorithm": algorithm})
        size = float(seal.application.diameter_mm)
        return SealMaterial(
            seal_id=seal_id,
            name=seal.name,
            seal_der=seal.seal_der,
            certificate=held[-1].cert.der,
            chain=(self._authority.current(Role.CA, algorithm).cert.der,),
            algorithm=algorithm,
            picture_png=self._picture(seal.picture),
            width_mm=size,
            height_mm=size,
        )

    def _picture(self, digest: Digest) -> bytes:
        """Return a seal's picture; the last one is kept, as it is what its name says."""
        kept, data = self._drawn
        if kept != digest:
            data = self._objects.get(digest)
            self._drawn = (digest, data)
        return data

    def signature(
        self, actor: Actor, seal_id: str, algorithm: str, *, number: str, approval: str
    ) -> Callable[[bytes], bytes] | Refused:
        """Return the function that signs one certificate's digest with the seal's key.

        ``number`` names the certificate, version and format: one number gets one digest, so asking
        again after a crash gives the same signature. The function raises TongbanError
        ``number-signed-otherwise`` or ``signer-unreachable``.
        """
        seal, declared = self._transactions.read(
            lambda tx: (store.seal_by_id(tx, seal_id), store.intent(tx, approval))
        )
        refused = self._refuse(actor, seal, seal_id)
        if refused:
            return refused
        if declared is None or declared[0] != seal_id:
            return Refused("seal-approval-unknown", {"approval": approval})
        key, purpose = key_name(seal_id, algorithm), Purpose(declared[1].purpose)
        return sign_with(self._signer, key, purpose, number, seal=seal_id, approval=approval)

    def signatures(
        self,
        actor: Actor,
        seal_id: str,
        algorithm: str,
        wanted: Sequence[tuple[str, bytes]],
        *,
        approval: str,
    ) -> tuple[bytes, ...] | Refused:
        """Sign the digests of many certificates, given by number, with one durable write.

        As ``signature`` otherwise; raises TongbanError with the code of the first refusal.
        """
        seal, declared = self._transactions.read(
            lambda tx: (store.seal_by_id(tx, seal_id), store.intent(tx, approval))
        )
        refused = self._refuse(actor, seal, seal_id)
        if refused:
            return refused
        if declared is None or declared[0] != seal_id:
            return Refused("seal-approval-unknown", {"approval": approval})
        key, purpose = key_name(seal_id, algorithm), Purpose(declared[1].purpose)
        asked = [
            SignRequest(key, digest, purpose, number, seal_id, approval)
            for number, digest in wanted
        ]
        answers = self._signer.sign_many(asked)
        for answer in answers:
            if isinstance(answer, Refused):
                raise TongbanError(answer.code, **answer.params)
        return tuple(item.signature for item in answers if not isinstance(item, Refused))

    def _refuse(
        self, actor: Actor, seal: Seal | None, seal_id: str, certificate_type: str = ""
    ) -> Refused | None:
        if seal is None:
            return Refused("seal-unknown", {"seal": seal_id})
        allowed = authorise(actor, USE, scope_of(seal))
        if isinstance(allowed, Refused):
            return allowed
        if seal.forbids(actor.id):
            return Refused("seal-not-user", {"seal": seal_id})
        if not seal.usable_at(self._clock.now()):
            return Refused("seal-not-usable", {"seal": seal_id, "state": seal.state.value})
        if certificate_type and not seal.fits(certificate_type):
            return Refused("seal-not-for-type", {"seal": seal_id, "type": certificate_type})
        return None


def scope_of(seal: Seal) -> Scope:
    """Return what an action on the seal touches."""
    return Scope(division=seal.application.division, org=seal.application.org)
