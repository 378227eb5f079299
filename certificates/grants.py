"""授权: a holder or a minor's guardian allows one use; and may take it back before it is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from certificates import requests_store as store
from certificates.errors import Code
from certificates.gate import Wish, ground
from certificates.grants_model import LONGEST_GRANT, Capacity, Grant, GrantOffer, GrantState
from certificates.matters import Matterbook
from certificates.ports import Guardianship
from certificates.requests_model import CONSENT
from certificates.subjects import holder_ref
from certificates.tools import Tools
from kernel.actors import Actor, Scope, authorise
from kernel.errors import Refused
from kernel.ids import GrantId, HolderRef, new_id
from kernel.ports import Event, Json, Recorded, Tx

ACTION = "certificates.grant"

CODE_TYPE = "111"
"""Grants are given by natural persons: 公民身份号码."""


class Grants:
    """Gives, shows and withdraws grants. Every verb wants the right ``certificates.grant``."""

    def __init__(self, tools: Tools, matters: Matterbook, guardianship: Guardianship) -> None:
        self._tools = tools
        self._matters = matters
        self._guardianship = guardianship

    def give(self, actor: Actor, offer: GrantOffer) -> Recorded[Grant | Refused]:
        """Give one grant; refusals as for ``give_all``."""
        done = self.give_all(actor, [offer])
        if isinstance(done.value, Refused):
            return Recorded(done.value, done.journal)
        return Recorded(done.value[0], done.journal)

    def give_all(
        self, actor: Actor, offers: Sequence[GrantOffer]
    ) -> Recorded[tuple[Grant, ...] | Refused]:
        """Give several grants in one act: all or none.

        Refusals: ``not-permitted``, ``grant-lifetime``, ``guardianship-unproven`` and, where an
        offer goes beyond its matter, the codes of a request that would.
        """
        person = actor.holder
        scope = Scope(holders=frozenset({person}) if person else frozenset())
        allowed = authorise(actor, ACTION, scope)
        if isinstance(allowed, Refused) or person is None:
            return self._refuse(actor, Refused("not-permitted", {"action": ACTION}))
        grants: list[Grant] = []
        for offer in offers:
            made = self._grant(actor, person, offer)
            if isinstance(made, Refused):
                return self._refuse(actor, made)
            grants.append(made)

        def work(tx: Tx) -> tuple[Grant, ...] | Refused:
            store.insert_grants(tx, grants)
            for item in grants:
                tx.record(Event("certificates.grant-given", item.id, actor, _data(item)))
            return tuple(grants)

        with self._tools.probe.durable("certificates.grant"):
            return self._tools.transactions.write(work)

    def withdraw(self, actor: Actor, key: GrantId) -> Recorded[Grant | Refused]:
        """Withdraw a grant (撤回) that the actor gave and that nobody used yet.

        From the commit on no request can use it. Refusals: ``not-permitted``, ``grant-unknown``
        (also for the grants of others), ``grant-not-open``.
        """
        allowed = authorise(actor, ACTION)

        def work(tx: Tx) -> Grant | Refused:
            now = self._tools.clock.now()
            found = store.grant(tx, key)
            answer: Grant | Refused
            if isinstance(allowed, Refused):
                answer = allowed
            elif found is None or found.granted_by != actor.holder:
                answer = Refused(Code.GRANT_UNKNOWN)
            elif found.state(now) is not GrantState.OPEN:
                answer = Refused(Code.GRANT_NOT_OPEN)
            else:
                store.withdraw_grant(tx, key, now)
                tx.record(Event("certificates.grant-withdrawn", key, actor))
                return replace(found, withdrawn_at=now)
            data: dict[str, Json] = {"code": answer.code}
            tx.record(Event("certificates.grant-refused", "withdraw", actor, data))
            return answer

        with self._tools.probe.durable("certificates.grant"):
            return self._tools.transactions.write(work)

    def own(self, actor: Actor) -> tuple[Grant, ...] | Refused:
        """Return grants the actor gave and grants on its certificates, latest first."""
        person = actor.holder
        scope = Scope(holders=frozenset({person}) if person else frozenset())
        allowed = authorise(actor, ACTION, scope)
        if isinstance(allowed, Refused) or person is None:
            return Refused("not-permitted", {"action": ACTION})
        return tuple(self._tools.transactions.read(lambda tx: store.grants_of(tx, person)))

    def _grant(self, actor: Actor, person: HolderRef, offer: GrantOffer) -> Grant | Refused:
        wish = Wish(
            requester=offer.requester,
            matter=offer.matter,
            case_no=offer.case_no,
            purpose=offer.purpose,
            type=offer.type,
            fields=offer.fields,
            formats=offer.formats,
            basis=CONSENT,
        )
        found = ground(self._matters, self._tools.types, wish)
        if isinstance(found, Refused):
            return found
        if not timedelta(0) < offer.lifetime <= LONGEST_GRANT:
            return Refused(Code.GRANT_LIFETIME)
        holder, capacity = person, Capacity.HOLDER
        if offer.minor:
            if not self._guards(actor, offer.minor):
                return Refused(Code.GUARDIANSHIP_UNPROVEN)
            holder = holder_ref(self._tools.vault, CODE_TYPE, offer.minor)
            capacity = Capacity.GUARDIAN
        now = self._tools.clock.now()
        return Grant(
            id=GrantId(new_id("grant")),
            holder=holder,
            granted_by=person,
            capacity=capacity,
            requester=offer.requester,
            matter=found.matter.name,
            case_no=offer.case_no,
            purpose=offer.purpose,
            type=offer.type,
            fields=offer.fields,
            formats=offer.formats,
            created_at=now,
            expires_at=now + offer.lifetime,
        )

    def _guards(self, actor: Actor, minor: str) -> bool:
        codes = self._guardianship.guardians(minor)
        return actor.holder in {holder_ref(self._tools.vault, CODE_TYPE, code) for code in codes}

    def _refuse(self, actor: Actor, refused: Refused) -> Recorded[tuple[Grant, ...] | Refused]:
        event = Event("certificates.grant-refused", "give", actor, {"code": refused.code})
        done = self._tools.transactions.write(lambda tx: tx.record(event))
        return Recorded(refused, done.journal)


def _data(item: Grant) -> dict[str, Json]:
    return {
        "capacity": item.capacity.value,
        "requester": item.requester,
        "matter": item.matter,
        "case": item.case_no,
        "purpose": item.purpose,
        "type": item.type,
        "fields": list(item.fields),
        "formats": list(item.formats),
    }
