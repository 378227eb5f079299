"""The requester's side: asks the home hub, and gives its client only what is proven to be so."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from certificates.calls import body as canonical_body
from certificates.errors import Code
from certificates.exchange import proof, store, wire
from certificates.exchange.findings import foreign, mismatch
from certificates.exchange.message import Message
from certificates.exchange.model import Entry, Peer, Question, Received, Reply, State
from certificates.exchange.ports import ForeignJudge, Leaves, Line, MessageKey
from certificates.exchange.store import ExchangeRow
from certificates.gate import ground, may_repeat, wish_of
from certificates.matters import Matterbook, between_regions
from certificates.requests import ACTION
from certificates.requests_model import CertificateAsk, Copy
from certificates.tools import Tools
from kernel.actors import Actor, Scope, authorise
from kernel.errors import Refused, TongbanError
from kernel.ids import RequestId, new_id
from kernel.ports import Event, Json, Recorded, Tx

_OWN: Final = frozenset(str(code) for code in Code)
"""Refusals of a peer that are told in our own words."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """Asks other regions' hubs. ``find`` reads a peer anew: a changed file counts at once."""

    tools: Tools
    matters: Matterbook
    find: Callable[[str], Peer | None]
    key: MessageKey
    line: Line
    leaves: Leaves
    judge: ForeignJudge

    def fetch(self, actor: Actor, ask: CertificateAsk, region: str) -> Recorded[Received | Refused]:
        """Ask the hub of ``region`` and return its proven answer.

        Refusals carry ``origin``, the region that failed or refused: ``not-permitted``,
        ``idempotency-…`` and those of the own gate; ``peer-…``; and the home hub's own. Recorded
        before the question leaves, and when the answer came or failed to. Asking again under the
        same key never uses a grant twice: the home hub gives its first answer again.
        """
        peer = self._peer(region)
        found = self._ground(actor, ask)
        refused = found or (peer if isinstance(peer, Refused) else None)
        if refused or isinstance(peer, Refused):
            return self._refuse(actor, region, refused or Refused(Code.PEER_UNKNOWN))
        begun = self._begin(actor, ask, peer)
        if isinstance(begun.value, Refused):
            return Recorded(begun.value, begun.journal)
        exchange = begun.value
        entry = Entry(exchange, self.leaves.leaf(begun.journal[-1]))
        question = Question(
            exchange=exchange,
            asker=self.tools.division,
            home=region,
            org=actor.org,
            entry=entry,
            ask=ask,
            salt=secrets.token_urlsafe(18),
        )
        outcome = self._asked(peer, question)
        return self._end(actor, peer, question, outcome)

    def copy(self, actor: Actor, exchange: str, file_format: str) -> Recorded[bytes | Refused]:
        """Hand a copy to the organisation that asked for it, until it expires; recorded."""
        allowed = authorise(actor, ACTION, self._scope(actor))

        def work(tx: Tx) -> Copy | Refused:
            row = None if isinstance(allowed, Refused) else store.find(tx, exchange)
            now = self.tools.clock.now()
            held = row.copies if row and row.requester == actor.org else ()
            item = next((one for one in held if one.format == file_format), None)
            if item is None or now >= item.expires_at:
                code = Code.NOT_FOUND_OR_NOT_PERMITTED
                tx.record(Event("certificates.copy-refused", exchange, actor, {"code": code}))
                return Refused(code)
            data: dict[str, Json] = {"format": item.format, "digest": item.digest}
            tx.record(Event("certificates.copy-handed-out", exchange, actor, data))
            return item

        done = self.tools.transactions.write(work)
        if isinstance(done.value, Refused):
            return Recorded(done.value, done.journal)
        return Recorded(self.tools.objects.get(done.value.digest), done.journal)

    def _peer(self, region: str) -> Peer | Refused:
        """Return the peer, if anything may be exchanged with it now."""
        if region == self.tools.division:
            return Refused(Code.PEER_OWN_REGION, {"region": region})
        now = self.tools.clock.now()
        peer = self.find(region) if region.isdecimal() and len(region) == 6 else None
        if peer is None:
            return Refused(Code.PEER_UNKNOWN, {"region": region[:12]})
        cut = self.tools.transactions.read(lambda tx: store.is_cut(tx, region))
        if cut or (peer.cut_from and peer.cut_from <= now):
            return Refused(Code.PEER_CUT, {"region": region})
        lists = self.judge.lists(region, now)
        if not lists:
            code = Code.PEER_TRUST_MISSING if lists is None else Code.PEER_TRUST_EXPIRED
            return Refused(code, {"region": region})
        return peer

    def _ground(self, actor: Actor, ask: CertificateAsk) -> Refused | None:
        """Ask the own gate first: what this region forbids its bodies is not asked elsewhere."""
        allowed = authorise(actor, ACTION, self._scope(actor))
        if isinstance(allowed, Refused):
            return allowed
        if not may_repeat(ask):
            return Refused(Code.IDEMPOTENCY_MISSING)
        found = ground(between_regions(self.matters), self.tools.types, wish_of(actor.org, ask))
        return found if isinstance(found, Refused) else None

    def _begin(self, actor: Actor, ask: CertificateAsk, peer: Peer) -> Recorded[str | Refused]:
        """Keep and record the question before it leaves; a repeated key keeps its exchange."""
        text = f"{peer.region}\n{canonical_body(ask)}"
        body_ref = self.tools.vault.blind("exchange", text)

        def work(tx: Tx) -> str | Refused:
            now = self.tools.clock.now()
            earlier = store.by_key(tx, actor.org, ask.idempotency_key)
            data = _data(ask, peer.region)
            if earlier and earlier.body_ref != body_ref:
                code = Code.IDEMPOTENCY_CONFLICT
                data = {"region": peer.region, "code": code}
                tx.record(Event("certificates.exchange-refused", earlier.id, actor, data))
                return Refused(code)
            exchange = earlier.id if earlier else new_id("xch")
            if earlier is None:
                key = ask.idempotency_key
                row = (exchange, actor.org, key, body_ref, peer.region, State.ASKED, "", (), now)
                store.begin(tx, ExchangeRow(*row))
            data["again"] = earlier is not None
            tx.record(Event("certificates.exchange-asked", exchange, actor, data))
            return exchange

        with self.tools.probe.durable("certificates.exchange"):
            return self.tools.transactions.write(work)

    def _asked(self, peer: Peer, question: Question) -> tuple[Message | None, Reply | Refused]:
        """Send the question; return the answer as it came, and what it proves."""
        headers = {"content-type": "application/json"}
        plain = Message(headers, wire.write_question(question), method="POST", url=peer.url)
        clock = self.tools.clock
        try:
            signed = proof.sign(plain, self.key, f"{question.exchange}/question", clock.now())
        except TongbanError as error:
            own = {**error.params, "origin": self.tools.division}
            return None, Refused(error.code, own)
        try:
            came = replace(self.line.send(signed, peer.region), request=signed)
        except TongbanError as error:
            return None, Refused(error.code, {**error.params, "origin": peer.region})
        return came, self._proven(peer, question, came)

    def _proven(self, peer: Peer, question: Question, came: Message) -> Reply | Refused:
        blame = {"region": peer.region, "origin": peer.region}
        if "signature" not in came.headers and not 200 <= came.status < 300:
            return Refused(Code.PEER_FAILED, {**blame, "status": str(came.status)})
        now = self.tools.clock.now()
        proven = proof.prove(came, peer, now)
        if isinstance(proven, Refused):
            clock = proven.code == Code.PEER_CLOCK
            code = Code.PEER_CLOCK if clock else Code.PEER_ANSWER_NOT_GENUINE
            return Refused(code, {**proven.params, **blame})
        try:
            wire.is_json(came.headers)
            reply = wire.read_reply(came.body)
        except ValueError:
            return Refused(Code.PEER_ANSWER_MALFORMED, blame)
        part = mismatch(question, reply)
        if part:
            return Refused(Code.PEER_ANSWER_OTHER, {**blame, "part": part})
        return self._sealed(peer, question, reply, now) or reply

    def _sealed(
        self, peer: Peer, question: Question, reply: Reply, now: datetime
    ) -> Refused | None:
        """Judge the copies under the peer region's trust list, and see that they are the ones."""
        blame = {"region": peer.region, "origin": peer.region}
        for item in reply.files:
            name = f"copy.{item.format}"
            verdict = self.judge.judge(item.data, name, peer.region, now)
            shown = verdict.metadata or {}
            if not verdict.passed:
                reason = verdict.codes[0] if verdict.codes else verdict.indication
                return Refused(Code.PEER_ANSWER_UNSEALED, {**blame, "reason": reason})
            part = foreign(question.ask, reply, shown)
            if part:
                return Refused(Code.PEER_ANSWER_OTHER, {**blame, "part": part})
        return None

    def _end(
        self,
        actor: Actor,
        peer: Peer,
        question: Question,
        outcome: tuple[Message | None, Reply | Refused],
    ) -> Recorded[Received | Refused]:
        """Keep and record how it ended, with the other side's entry where it proved one."""
        came, result = outcome
        data: dict[str, Json] = {"region": peer.region, "asked": question.entry.leaf}
        if came is not None and isinstance(result, Reply):
            data |= {
                "peer_entry": result.entry.subject,
                "peer_leaf": result.entry.leaf,
                "answer": came.headers["content-digest"],
            }
        if isinstance(result, Refused):
            data["code"] = result.code
            return self._close(actor, question, State.FAILED, data, result)
        if result.refused or result.answer is None:
            refused = _told(result.refused or Refused(Code.PEER_ANSWER_MALFORMED), peer.region)
            data["code"] = refused.code
            return self._close(actor, question, State.REFUSED, data, refused)
        copies = tuple(
            Copy(form, self.tools.objects.put(item.data), len(item.data), item.usable_until)
            for form in question.ask.formats
            for item in result.files
            if item.format == form
        )
        data["certificate"] = result.answer.status.certificate
        data["copies"] = [{"format": one.format, "digest": one.digest} for one in copies]
        answer = replace(result.answer, request=RequestId(question.exchange), copies=copies)
        received = Received(answer, peer.region, result.entry, result.receipt)
        return self._close(actor, question, State.SERVED, data, received)

    def _close(
        self,
        actor: Actor,
        question: Question,
        state: State,
        data: dict[str, Json],
        value: Received | Refused,
    ) -> Recorded[Received | Refused]:
        code = value.code if isinstance(value, Refused) else ""
        copies = value.answer.copies if isinstance(value, Received) else ()
        event = Event(f"certificates.exchange-{state.value}", question.exchange, actor, data)

        def work(tx: Tx) -> Received | Refused:
            store.end(tx, question.exchange, state, code, copies)
            tx.record(event)
            return value

        with self.tools.probe.durable("certificates.exchange"):
            return self.tools.transactions.write(work)

    def _refuse(self, actor: Actor, region: str, refused: Refused) -> Recorded[Received | Refused]:
        data: dict[str, Json] = {"region": _shown(region), "code": refused.code}
        event = Event("certificates.exchange-refused", new_id("xch"), actor, data)
        done = self.tools.transactions.write(lambda tx: tx.record(event))
        origin = {**refused.params, "origin": self.tools.division}
        return Recorded(Refused(refused.code, origin), done.journal)

    def _scope(self, actor: Actor) -> Scope:
        return Scope(division=self.tools.division, org=actor.org)


def _told(refused: Refused, region: str) -> Refused:
    """Return a peer's refusal in our words; an unknown code is quoted."""
    params = {**refused.params, "origin": region}
    if refused.code in _OWN or refused.code == "not-permitted":
        return Refused(refused.code, params)
    return Refused(Code.PEER_REFUSED, {**params, "region": region, "code": refused.code})


def _shown(region: str) -> str:
    """A region somebody typed goes into the journal only if it can be one."""
    return region if region.isdecimal() and len(region) == 6 else "unknown"


def _data(ask: CertificateAsk, region: str) -> dict[str, Json]:
    return {
        "region": region,
        "matter": ask.matter,
        "case": ask.case_no,
        "purpose": ask.purpose,
        "type": ask.type,
        "basis": ask.basis,
        "grant": ask.grant or "",
        "fields": list(ask.fields),
        "formats": list(ask.formats),
    }
