"""The life of seals: apply, approve by a second person, make, suspend, resume, renew, revoke.

Who applied may not approve, and neither may use (``signing.sealing``). Every step stands in the
seal's history and in the journal; refusals stand in the journal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from kernel.actors import Actor, Reach, authorise
from kernel.clock import Clock
from kernel.errors import Refused
from kernel.ids import SealId, new_id
from kernel.ports import Event, Objects, Recorded, Transactions, Tx, Vault
from signing import store
from signing.authority import FAMILIES, RegionalCA, key_name
from signing.drawing import Glyphs, strips
from signing.ports import Signer
from signing.seal_making import DPI, SealMaker, flaw
from signing.seal_model import NEXT, Seal, SealApplication, SealState, SealStep
from signing.sealing import scope_of

APPLY, APPROVE, READ = "signing.seal-apply", "signing.seal-approve", "signing.seal-read"
LONGEST_REASON = 200

_LISTED = frozenset({"suspend", "resume", "revoke"})
"""Steps that change what the revocation lists say."""
_REASONED = frozenset({"reject", "suspend", "revoke"})
_OPEN = frozenset({SealState.APPLIED, SealState.APPROVED, SealState.IN_USE, SealState.SUSPENDED})

Step = Callable[[Seal], Seal]


class SealService:
    """Keeps the register of seals. Every step and every refusal is journalled."""

    def __init__(
        self,
        *,
        transactions: Transactions,
        objects: Objects,
        signer: Signer,
        authority: RegionalCA,
        glyphs: Glyphs,
        clock: Clock,
        relist: Callable[[], object] = lambda: None,
        vault: Vault | None = None,
    ) -> None:
        """Join the ports; without a ``vault`` no seal that bears a person's name is made.

        ``relist`` is called after the commit of whatever changes the revocation lists; it must not
        raise for a signer that does not answer, because the step itself is done.
        """
        self._transactions = transactions
        self._objects = objects
        self._clock = clock
        self._relist = relist
        self._maker = SealMaker(
            objects=objects, signer=signer, authority=authority, glyphs=glyphs, vault=vault
        )
        self._self = self._maker.actor

    def apply(self, actor: Actor, wanted: SealApplication) -> Recorded[Seal | Refused]:
        """Ask for a seal. Refused: ``not-permitted``, ``seal-application-invalid``."""
        return self._apply(actor, Seal(*_fresh(), wanted, actor.id, self._clock.now()))

    def renew(
        self, actor: Actor, seal_id: str, valid_from: datetime, valid_to: datetime
    ) -> Recorded[Seal | Refused]:
        """Ask for a seal in place of one in use: new data, certificates and validity, as before.

        Once a second person has approved it and it is made, the old one is ``renewed``: it seals
        nothing more, and what it sealed stays good. Refused besides: ``seal-unknown``,
        ``seal-state``, ``seal-renewal-open`` while another renewal is under way.
        """
        held = self._transactions.read(lambda tx: store.seal_by_id(tx, seal_id))
        allowed = authorise(actor, APPLY, scope_of(held)) if held else _unknown(seal_id)
        if held is None or isinstance(allowed, Refused):
            refused = allowed if isinstance(allowed, Refused) else _unknown(seal_id)
            return self._transactions.write(
                lambda tx: _refuse(tx, actor, seal_id, "renew", refused)
            )
        again = replace(self._maker.reveal(held), valid_from=valid_from, valid_to=valid_to)
        new = Seal(*_fresh(), again, actor.id, self._clock.now(), replaces=held.seal_id)
        return self._apply(actor, new)

    def _apply(self, actor: Actor, new: Seal) -> Recorded[Seal | Refused]:
        wanted, verb = new.application, "renew" if new.replaces else "apply"
        wrong = flaw(wanted, actor.id)
        hidden = new if wrong else self._maker.hide(new)

        def work(tx: Tx) -> Seal | Refused:
            refused: Refused | None = None
            allowed = authorise(actor, APPLY, scope_of(new))
            if isinstance(allowed, Refused):
                refused = allowed
            elif wrong:
                refused = Refused("seal-application-invalid", {"reason": wrong})
            elif new.replaces:
                refused = _no_renewal(tx, new.replaces)
            if refused:
                return _refuse(tx, actor, new.replaces or new.seal_id, verb, refused)
            store.add_seal(tx, hidden)
            store.add_step(tx, new.seal_id, SealStep(new.state, new.applied_at, actor.id))
            data = {"org": wanted.org, "types": ",".join(wanted.types), "kind": wanted.kind.value}
            more = {"replaces": new.replaces} if new.replaces else {}
            tx.record(Event("signing.seal-applied", new.seal_id, actor, {**data, **more}))
            return hidden

        return self._transactions.write(work)

    def approve(self, actor: Actor, seal_id: str) -> Recorded[Seal | Refused]:
        """Approve as a second person and make the seal.

        Refused: ``not-permitted``, ``seal-unknown``, ``seal-state``, ``seal-same-person``. A crash
        after the approval leaves state ``approved``; ``complete`` goes on from there.
        """
        found = self._transactions.read(lambda tx: store.seal_by_id(tx, seal_id))
        picture = None
        if (
            found
            and found.state is SealState.APPLIED
            and not isinstance(authorise(actor, APPROVE, scope_of(found)), Refused)
        ):
            # Drawn before the transaction, so that a missing glyph stops here and not half-way.
            picture = self._objects.put(self.draw(self._maker.reveal(found)))
        now = self._clock.now().replace(microsecond=0)

        def step(seal: Seal) -> Seal:
            return replace(
                seal,
                state=SealState.APPROVED,
                approved_by=actor.id,
                approved_at=now,
                picture=picture,
            )

        approved = self._step(actor, seal_id, "approve", step, second_person=True)
        return approved if isinstance(approved.value, Refused) else self.complete(seal_id)

    def complete(self, seal_id: str) -> Recorded[Seal | Refused]:
        """Make keys, certificates and seal data of an approved seal and take it into use.

        Safe to repeat: the signer answers the same number with the same signature.
        """
        made = self._transactions.read(lambda tx: store.seal_by_id(tx, seal_id))
        data = b""
        if made and made.state is SealState.APPROVED:
            data = self._maker.make(made)
        return self._step(
            self._self,
            seal_id,
            "take-into-use",
            lambda seal: replace(seal, state=SealState.IN_USE, seal_der=data),
            before=SealState.APPROVED,
        )

    def finish(self, *, idle: timedelta = timedelta(0)) -> tuple[str, ...]:
        """Complete every seal that a crash left approved but unmade; returns their ids.

        Called when a hub starts. What was approved less than ``idle`` ago is left to whoever is
        about to make it.
        """
        before = self._clock.now() - idle
        found = self._transactions.read(lambda tx: store.seals(tx, state=SealState.APPROVED.value))
        stuck = (item for item in found if item.approved_at and item.approved_at <= before)
        done = (self.complete(item.seal_id).value for item in stuck)
        return tuple(item.seal_id for item in done if isinstance(item, Seal))

    def reject(self, actor: Actor, seal_id: str, reason: str) -> Recorded[Seal | Refused]:
        """Turn an application down."""
        return self._step(actor, seal_id, "reject", _to(SealState.REJECTED, reason))

    def suspend(self, actor: Actor, seal_id: str, reason: str) -> Recorded[Seal | Refused]:
        """Stop the use of a seal for a time (停用); its certificates are listed as on hold."""
        return self._step(actor, seal_id, "suspend", _to(SealState.SUSPENDED, reason))

    def resume(self, actor: Actor, seal_id: str) -> Recorded[Seal | Refused]:
        """Take a suspended seal into use again (启用)."""
        return self._step(
            actor, seal_id, "resume", _to(SealState.IN_USE, ""), before=SealState.SUSPENDED
        )

    def revoke(self, actor: Actor, seal_id: str, reason: str) -> Recorded[Seal | Refused]:
        """End a seal for ever (注销) and revoke the certificates of its keys."""
        return self._step(actor, seal_id, "revoke", _to(SealState.REVOKED, reason))

    def read(self, actor: Actor, seal_id: str) -> Seal | Refused:
        """Return one seal."""
        found = self._transactions.read(lambda tx: store.seal_by_id(tx, seal_id))
        if found is None:
            return _unknown(seal_id)
        allowed = authorise(actor, READ, scope_of(found))
        return allowed if isinstance(allowed, Refused) else found

    def list(self, actor: Actor) -> tuple[Seal, ...] | Refused:
        """Return the seals the actor may see, oldest first."""
        allowed = authorise(actor, READ)
        if isinstance(allowed, Refused):
            return allowed
        found = self._transactions.read(
            lambda tx: store.seals(tx, org=actor.org if allowed.reach is Reach.ORG else "")
        )
        return tuple(
            item
            for item in found
            if not isinstance(authorise(actor, READ, scope_of(item)), Refused)
        )

    def history(self, actor: Actor, seal_id: str) -> tuple[SealStep, ...] | Refused:
        """Return the history of a seal, oldest line first."""
        found = self.read(actor, seal_id)
        if isinstance(found, Refused):
            return found
        return self._transactions.read(lambda tx: store.steps(tx, (seal_id,)))[seal_id]

    def picture(self, actor: Actor, seal_id: str, sheets: int = 1) -> tuple[bytes, ...] | Refused:
        """Return the picture of a seal as PNG; of a seam seal (骑缝章), one strip for each sheet.

        What was applied for is drawn as it would be. Raises TongbanError ``seal-not-possible`` for
        more sheets than the picture has columns, ``seal-glyph-missing``.
        """
        found = self.read(actor, seal_id)
        if isinstance(found, Refused):
            return found
        whole = (
            self._objects.get(found.picture)
            if found.picture
            else self.draw(self._maker.reveal(found))
        )
        return (whole,) if sheets == 1 else strips(whole, sheets)

    def draw(self, wanted: SealApplication, dpi: int = DPI) -> bytes:
        """Return the picture of a seal as PNG; raises TongbanError ``seal-glyph-missing``."""
        return self._maker.draw(wanted, dpi)

    def _step(
        self,
        actor: Actor,
        seal_id: str,
        verb: str,
        step: Step,
        *,
        before: SealState | None = None,
        second_person: bool = False,
    ) -> Recorded[Seal | Refused]:
        def work(tx: Tx) -> Seal | Refused:
            held = store.seal_by_id(tx, seal_id)
            if held is None:
                return _refuse(tx, actor, seal_id, verb, _unknown(seal_id))
            changed = step(held)
            refused = self._forbid(actor, held, changed, before)
            if refused is None and verb in _REASONED and not _told(changed.reason):
                refused = Refused("seal-reason-missing", {"longest": str(LONGEST_REASON)})
            if refused is None and second_person and actor.id == held.applied_by:
                refused = Refused("seal-same-person")
            if refused is None and not store.save_seal(tx, changed, held.state):
                refused = _wrong_state(held)
            if refused:
                return _refuse(tx, actor, seal_id, verb, refused)
            data = {"from": held.state.value, "to": changed.state.value}
            self._list(tx, held, changed, data)
            line = SealStep(changed.state, self._clock.now(), actor.id, changed.reason)
            store.add_step(tx, seal_id, line)
            tx.record(Event(f"signing.seal-{_PAST[verb]}", seal_id, actor, {**data}))
            if changed.replaces and changed.state is SealState.IN_USE:
                self._replace(tx, changed)
            return changed

        done = self._transactions.write(work)
        if verb in _LISTED and isinstance(done.value, Seal):
            self._relist()
        return done

    def _replace(self, tx: Tx, new: Seal) -> None:
        """End the use of the seal whose place a new one takes, if it still is in use."""
        old = store.seal_by_id(tx, new.replaces)
        if old is None or old.state is not SealState.IN_USE:
            return
        ended = replace(old, state=SealState.RENEWED, replaced_by=new.seal_id)
        if store.save_seal(tx, ended, old.state):
            line = SealStep(ended.state, self._clock.now(), self._self.id)
            store.add_step(tx, old.seal_id, line)
            data = {"from": old.state.value, "to": ended.state.value, "by": new.seal_id}
            tx.record(Event("signing.seal-renewed", old.seal_id, self._self, {**data}))

    def _list(self, tx: Tx, held: Seal, changed: Seal, data: dict[str, str]) -> None:
        """Revoke, hold or release the certificates of a seal's keys with the seal."""
        keys = [key_name(held.seal_id, algorithm) for algorithm in FAMILIES]
        now = self._clock.now()
        if changed.state is SealState.REVOKED:
            serials = store.revoke_certificates(tx, keys, now, changed.reason)
            data["certificates"] = ",".join(serials)
        elif changed.state is SealState.SUSPENDED:
            store.hold_certificates(tx, keys, now)
        elif held.state is SealState.SUSPENDED:
            store.release_certificates(tx, keys)

    def _forbid(
        self, actor: Actor, held: Seal, changed: Seal, before: SealState | None
    ) -> Refused | None:
        if actor is not self._self:
            allowed = authorise(actor, APPROVE, scope_of(held))
            if isinstance(allowed, Refused):
                return allowed
        possible = changed.state in NEXT[held.state] and held.state is (before or held.state)
        unmade = changed.state is SealState.APPROVED and changed.picture is None
        unsigned = changed.state is SealState.IN_USE and not changed.seal_der
        return None if possible and not unmade and not unsigned else _wrong_state(held)


_PAST = {
    "approve": "approved",
    "take-into-use": "taken-into-use",
    "reject": "rejected",
    "suspend": "suspended",
    "resume": "resumed",
    "revoke": "revoked",
}


def _to(state: SealState, reason: str) -> Step:
    return lambda seal: replace(seal, state=state, reason=reason)


def _wrong_state(held: Seal) -> Refused:
    return Refused("seal-state", {"seal": held.seal_id, "state": held.state.value})


def _refuse(tx: Tx, actor: Actor, seal_id: str, verb: str, refused: Refused) -> Refused:
    tx.record(Event(f"signing.seal-{verb}-refused", seal_id, actor, {"code": refused.code}))
    return refused


def _no_renewal(tx: Tx, seal_id: str) -> Refused | None:
    """Return why a seal may not be renewed now, or None."""
    held = store.seal_by_id(tx, seal_id)
    if held is None:
        return _unknown(seal_id)
    if SealState.RENEWED not in NEXT[held.state]:
        return _wrong_state(held)
    under_way = [item for item in store.successors(tx, seal_id) if item.state in _OPEN]
    return Refused("seal-renewal-open", {"seal": under_way[0].seal_id}) if under_way else None


def _fresh() -> tuple[SealId, SealState]:
    return SealId(new_id("seal")), SealState.APPLIED


def _unknown(seal_id: str) -> Refused:
    return Refused("seal-unknown", {"seal": seal_id})


def _told(reason: str) -> bool:
    return bool(reason.strip()) and len(reason) <= LONGEST_REASON
