"""The use of a seal: declare a batch, get the material, sign.

One intent per batch (count, digest root) stands in the journal before its first signature; the
result of each is recorded by whoever stores the file. A signature without an intent is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kernel.actors import Actor, Scope, authorise
from kernel.clock import Clock
from kernel.errors import Refused, TongbanError
from kernel.ids import new_id
from kernel.ports import Digest, Event, Objects, Recorded, Transactions, Tx
from signing import store
from signing.authority import RegionalCA, key_name
from signing.model import SealMaterial
from signing.ports import Purpose, Signer, SignRequest
from signing.seal_model import Role, Seal, SealingBatch

USE = "signing.seal-use"
_PURPOSES = (Purpose.SEAL_OFD, Purpose.SEAL_PDF)


@dataclass(frozen=True, slots=True)
class Dress:
    """What files sealed with one key of a seal have in common; the picture by its digest."""

    seal: Seal
    algorithm: str
    certificate: bytes
    chain: tuple[bytes, ...]

    @property
    def form(self) -> str:
        """Return a name (SHA-256, hex) that changes with anything a sealed file shows of it."""
        seal = self.seal
        told = (seal.seal_id, seal.name, seal.picture, seal.application.diameter_mm, self.algorithm)
        total = hashlib.sha256(repr(told).encode())
        for part in (seal.seal_der, self.certificate, *self.chain):
            total.update(hashlib.sha256(part).digest())
        return total.hexdigest()


@dataclass(frozen=True, slots=True)
class Ready:
    """A seal that may be used at this moment; whoever has it asks the key at once."""

    seal_id: str
    materials: Mapping[str, SealMaterial]
    """By algorithm: ``sm2_sm3`` for OFD, ``ecdsa_p256`` for PDF."""
    forms: Mapping[str, str]
    """``Dress.form`` by algorithm."""
    purposes: Mapping[str, str]
    """What each approval is for."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One signature that is wanted.

    ``number`` names the certificate, version and format: one number gets one digest, so asking
    again after a crash gives the same signature.
    """

    algorithm: str
    approval: str
    number: str
    digest: bytes


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
        return self._transactions.read(lambda tx: self.chosen(tx, org, certificate_type, user))

    def chosen(self, tx: Tx, org: str, certificate_type: str, user: str = "") -> Seal | None:
        """Return the same within an open transaction."""
        now = self._clock.now()
        fit = [
            seal
            for seal in store.seals(tx, org=org)
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
            done = self.declared(tx, actor, seal, [batch], certificate_type, seal_id=seal_id)
            return done if isinstance(done, Refused) else done[0]

        return self._transactions.write(work)

    def declared(
        self,
        tx: Tx,
        actor: Actor,
        seal: Seal | None,
        batches: Sequence[SealingBatch],
        certificate_type: str = "",
        *,
        seal_id: str = "",
    ) -> tuple[str, ...] | Refused:
        """Record several batches of one seal in an open transaction; an approval id for each."""
        name = seal.seal_id if seal else seal_id
        refused = self._refuse(actor, seal, name, certificate_type)
        for batch in batches:
            if refused is None and (batch.purpose not in _PURPOSES or batch.count < 1):
                refused = Refused("purpose-unknown", {"purpose": batch.purpose})
        if refused:
            data = {"code": refused.code}
            tx.record(Event("signing.seal-declare-refused", name, actor, {**data}))
            return refused
        approved = {new_id("approval"): batch for batch in batches}
        store.add_intents(tx, name, approved, by=actor.id, at=self._clock.now())
        for approval, batch in approved.items():
            data = {"approval": approval, "purpose": str(batch.purpose), "root": batch.root}
            tx.record(Event("signing.seal-declared", name, actor, {**data, "count": batch.count}))
        return tuple(approved)

    def dressed(
        self, tx: Tx, seal: Seal, algorithms: Collection[str]
    ) -> Mapping[str, Dress] | Refused:
        """Return what files sealed with a seal have in common, by algorithm.

        Refused: ``algorithm-unknown`` where it has no valid certificate of one. Raises TongbanError
        ``authority-not-established``.
        """
        keys = {
            key_name(subject, algorithm)
            for subject in (seal.seal_id, Role.CA.value)
            for algorithm in algorithms
        }
        issued = store.certificates_of(tx, keys)
        valid = {item.key: item for item in issued if item.revoked_at is None}
        found = {}
        for algorithm in algorithms:
            own = valid.get(key_name(seal.seal_id, algorithm))
            if own is None:
                return Refused("algorithm-unknown", {"algorithm": algorithm})
            issuer = valid.get(key_name(Role.CA.value, algorithm))
            issuer = issuer or self._authority.current(Role.CA, algorithm)
            found[algorithm] = Dress(seal, algorithm, own.cert.der, (issuer.cert.der,))
        return found

    def ready(
        self,
        actor: Actor,
        seal_id: str,
        algorithms: Collection[str],
        approvals: Collection[str] = (),
    ) -> Ready | Refused:
        """Return a seal as it stands now, read at one moment, for a question that follows at once.

        Refused a moment after it was suspended (``seal-not-usable``), for an algorithm of which it
        has no key (``algorithm-unknown``) and for an approval not its own
        (``seal-approval-unknown``).
        """

        def look(tx: Tx) -> tuple[Mapping[str, Dress], Mapping[str, str]] | Refused:
            seal = store.seal_by_id(tx, seal_id)
            refused = self._refuse(actor, seal, seal_id)
            if refused or seal is None or seal.picture is None:
                return refused or Refused("seal-not-usable", {"seal": seal_id, "state": "-"})
            held = store.intents(tx, approvals) if approvals else {}
            purposes = {
                name: batch.purpose for name, (own, batch) in held.items() if own == seal_id
            }
            for approval in approvals:
                if approval not in purposes:
                    return Refused("seal-approval-unknown", {"approval": approval})
            dresses = self.dressed(tx, seal, algorithms)
            return dresses if isinstance(dresses, Refused) else (dresses, purposes)

        found = self._transactions.read(look)
        if isinstance(found, Refused):
            return found
        dresses, purposes = found
        return Ready(
            seal_id,
            {name: self._material(dress) for name, dress in dresses.items()},
            {name: dress.form for name, dress in dresses.items()},
            purposes,
        )

    def signed(self, ready: Ready, wanted: Sequence[Wanted]) -> tuple[bytes, ...]:
        """Ask the key of a seal that is ready, once for all of ``wanted``, with one durable write.

        Raises TongbanError with the code of the first refusal, ``number-signed-otherwise`` for one,
        or ``signer-unreachable``.
        """
        asked = [
            SignRequest(
                key_name(ready.seal_id, item.algorithm),
                item.digest,
                Purpose(ready.purposes[item.approval]),
                item.number,
                ready.seal_id,
                item.approval,
            )
            for item in wanted
        ]
        answers = self._signer.sign_many(asked)
        for answer in answers:
            if isinstance(answer, Refused):
                raise TongbanError(answer.code, **answer.params)
        return tuple(item.signature for item in answers if not isinstance(item, Refused))

    def _material(self, dress: Dress) -> SealMaterial:
        seal, size = dress.seal, float(dress.seal.application.diameter_mm)
        return SealMaterial(
            seal_id=seal.seal_id,
            name=seal.name,
            seal_der=seal.seal_der,
            certificate=dress.certificate,
            chain=dress.chain,
            algorithm=dress.algorithm,
            picture_png=self._picture(seal.picture) if seal.picture else b"",
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
