"""The life of seals: apply, approve by a second person, make, suspend, resume, revoke."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from kernel.actors import Actor, Reach, authorise, system
from kernel.clock import Clock
from kernel.errors import Refused, TongbanError
from kernel.ids import SealId, new_id
from kernel.ports import Event, Objects, Recorded, Transactions, Tx
from signing import store
from signing.algorithms import by_name
from signing.authority import ACTION, FAMILIES, RegionalCA, key_name, sign_with
from signing.drawing import (
    LONGEST_NAME,
    LONGEST_SECOND_LINE,
    SHORTEST_NAME,
    Glyphs,
    RoundSeal,
    png,
    round_seal,
)
from signing.ports import Purpose, Signer
from signing.seal_model import NEXT, Role, Seal, SealApplication, SealState
from signing.sealing import scope_of
from signing.ses.build import Picture, seal, seal_info

APPLY, APPROVE, READ = "signing.seal-apply", "signing.seal-approve", "signing.seal-read"
MAKER = "sm2_sm3"
"""Algorithm of seal data after GB/T 38540."""

_UNIT = 1
"""Type of a seal of an organisation (单位印章)."""
_VENDOR = "TONGBAN"
_DPI = 300
_LISTED = frozenset({"suspend", "resume", "revoke"})
"""Steps that change what the revocation lists say."""
_SMALLEST_MM, _LARGEST_MM = 20, 60
_LONGEST = timedelta(days=366 * 10)

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
    ) -> None:
        """Join the ports.

        ``relist`` is called after the commit of whatever changes the revocation lists; it must not
        raise for a signer that does not answer, because the step itself is done.
        """
        self._transactions = transactions
        self._objects = objects
        self._signer = signer
        self._authority = authority
        self._glyphs = glyphs
        self._clock = clock
        self._relist = relist
        self._self = system("seal-maker", rights=(ACTION,))

    def apply(self, actor: Actor, wanted: SealApplication) -> Recorded[Seal | Refused]:
        """Ask for a seal. Refused: ``not-permitted``, ``seal-application-invalid``."""
        new = Seal(SealId(new_id("seal")), SealState.APPLIED, wanted, actor.id, self._clock.now())

        def work(tx: Tx) -> Seal | Refused:
            allowed = authorise(actor, APPLY, scope_of(new))
            flaw = _flaw(wanted)
            if isinstance(allowed, Refused) or flaw:
                refused = (
                    allowed
                    if isinstance(allowed, Refused)
                    else Refused("seal-application-invalid", {"reason": flaw})
                )
                return _refuse(tx, actor, new.seal_id, "apply", refused)
            store.add_seal(tx, new)
            data = {"org": wanted.org, "types": ",".join(wanted.types)}
            tx.record(Event("signing.seal-applied", new.seal_id, actor, {**data}))
            return new

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
            picture = self._objects.put(self.draw(found.application))
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
            data = self._make(made)
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
            return Refused("seal-unknown", {"seal": seal_id})
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

    def draw(self, wanted: SealApplication, dpi: int = _DPI) -> bytes:
        """Return the picture of a seal as PNG; raises TongbanError ``seal-glyph-missing``."""
        second = wanted.second_line or ("演示专用章" if self._authority.region.demo else "")
        shape = RoundSeal(wanted.org_name, second, float(wanted.diameter_mm))
        return png(round_seal(shape, self._glyphs), dpi)

    def _make(self, approved: Seal) -> bytes:
        wanted, moment = approved.application, approved.approved_at
        if moment is None or approved.picture is None:
            raise TongbanError("seal-state", seal=approved.seal_id, state=approved.state)
        certificates: dict[str, bytes] = {}
        for algorithm in FAMILIES:
            given = self._authority.certify(
                self._self,
                subject=approved.seal_id,
                algorithm=algorithm,
                org=wanted.org,
                org_name=wanted.org_name,
            )
            if isinstance(given, Refused):
                raise TongbanError(given.code, **given.params)
            certificates[algorithm] = given[0].cert.der
        info = seal_info(
            es_id=approved.seal_id,
            kind=_UNIT,
            name=approved.name,
            certificates=(certificates[MAKER],),
            created=moment,
            valid_from=wanted.valid_from,
            valid_to=wanted.valid_to,
            picture=Picture(
                "PNG", self._objects.get(approved.picture), wanted.diameter_mm, wanted.diameter_mm
            ),
            vid=_VENDOR,
        )
        return self._signed(approved, info)

    def _signed(self, approved: Seal, info: bytes) -> bytes:
        maker = self._authority.current(Role.SEAL_MAKER, MAKER)
        method = by_name(MAKER)
        sign = sign_with(
            self._signer,
            maker.key,
            Purpose.MAKE_SEAL,
            f"seal-data.{approved.seal_id}",
            seal=approved.seal_id,
            approval=approved.approved_by,
        )
        digest = method.digest(info, maker.cert.spki)
        signature = sign(digest)
        if not method.verify_digest(maker.cert.spki, digest, signature):
            raise TongbanError("signature-failed", algorithm=MAKER)
        return seal(info, maker.cert.der, method.oid, signature)

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
                return _refuse(tx, actor, seal_id, verb, Refused("seal-unknown", {"seal": seal_id}))
            changed = step(held)
            refused = self._forbid(actor, held, changed, before)
            if refused is None and second_person and actor.id == held.applied_by:
                refused = Refused("seal-same-person")
            if refused is None and not store.save_seal(tx, changed, held.state):
                refused = _wrong_state(held)
            if refused:
                return _refuse(tx, actor, seal_id, verb, refused)
            data = {"from": held.state.value, "to": changed.state.value}
            self._list(tx, held, changed, data)
            tx.record(Event(f"signing.seal-{_PAST[verb]}", seal_id, actor, {**data}))
            return changed

        done = self._transactions.write(work)
        if verb in _LISTED and isinstance(done.value, Seal):
            self._relist()
        return done

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


def _flaw(wanted: SealApplication) -> str:
    """Return what is wrong with an application, or nothing."""
    length = wanted.valid_to - wanted.valid_from
    flaws = {
        "org": not wanted.org,
        "division": not wanted.division.isdigit(),
        "org_name": not SHORTEST_NAME <= len("".join(wanted.org_name.split())) <= LONGEST_NAME,
        "second_line": len("".join(wanted.second_line.split())) > LONGEST_SECOND_LINE,
        "validity": not timedelta(0) < length <= _LONGEST,
        "diameter": not _SMALLEST_MM <= wanted.diameter_mm <= _LARGEST_MM,
        "types": any("," in item or not item for item in wanted.types),
    }
    return ", ".join(name for name, wrong in flaws.items() if wrong)
