"""The home hub's side: answers a peer's question by its own rules, and signs the answer."""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

from certificates.errors import Code
from certificates.exchange import peers, proof, store, wire
from certificates.exchange.message import Message
from certificates.exchange.model import Entry, File, Peer, Question, Reply
from certificates.exchange.ports import Leaves, MessageKey
from certificates.matters import Matterbook
from certificates.requests import ACTION, Requests
from certificates.requests_model import CertificateAnswer
from certificates.tools import Tools
from kernel.actors import Actor, ActorKind, Reach
from kernel.clock import Clock
from kernel.errors import Refused, TongbanError, load_messages
from kernel.ids import JournalNo, new_id
from kernel.ports import Event, Json, Recorded, Transactions, Tx

T = TypeVar("T")

_STRANGERS_A_MINUTE: Final = 30
"""Entries for questions that nobody proved to have sent: strangers must not fill the log."""
_JSON: Final = {"content-type": "application/json"}


@dataclass(slots=True)
class Admission:
    """``Transactions`` whose first write also admits one signed question: peer not cut off, rate
    kept, nonce fresh. So the admission and what it leads to stand or fall together.
    """

    inner: Transactions
    clock: Clock
    peer: Peer
    nonce: str
    event: Event
    _done: bool = False

    def write(self, work: Callable[[Tx], T]) -> Recorded[T]:
        """Admit and work; raises TongbanError ``peer-cut``, ``peer-rate``, ``peer-replayed``."""
        if self._done:
            return self.inner.write(work)
        done = self.inner.write(self._admitted(work))
        self._done = True
        return done

    def submit(self, work: Callable[[Tx], T]) -> Future[Recorded[T]]:
        """Like ``write``, at once; always admits."""
        return self.inner.submit(self._admitted(work))

    def read(self, query: Callable[[Tx], T]) -> T:
        """Read as ever."""
        return self.inner.read(query)

    def housekeep(self, work: Callable[[Tx], T]) -> T:
        """Keep house as ever."""
        return self.inner.housekeep(work)

    def _admitted(self, work: Callable[[Tx], T]) -> Callable[[Tx], T]:
        def admitted(tx: Tx) -> T:
            region, now = self.peer.region, self.clock.now()
            if store.is_cut(tx, region):
                raise TongbanError(Code.PEER_CUT, region=region)
            wait = store.full_for(tx, region, now, self.peer.per_minute)
            if wait:
                raise TongbanError(Code.PEER_RATE, region=region, seconds=str(wait))
            if not store.take_nonce(tx, region, self.nonce, now):
                raise TongbanError(Code.PEER_REPLAYED)
            tx.record(self.event)
            return work(tx)

        return admitted


@dataclass
class HomeDesk:
    """Takes questions of peers. ``find`` reads a peer anew: a changed file counts at once."""

    tools: Tools
    matters: Matterbook
    code_types: frozenset[str]
    find: Callable[[str], Peer | None]
    key: MessageKey
    leaves: Leaves
    _strangers: deque[datetime] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, message: Message) -> Message | Refused:
        """Return the signed answer to a signed message, whatever it is.

        Status 200 with the certificate, or that of the refusal. Every answer has an entry of this
        hub's log behind it. Refused, unrecorded: ``peer-signature-invalid`` for a message without
        a signature to which an answer could be bound; ``peer-rate`` for strangers beyond 30 in a
        minute. Raises TongbanError of storage and signing, where nothing can be proven.
        """
        if not {"signature", "signature-input", "content-digest"} <= set(message.headers):
            return Refused(Code.PEER_SIGNATURE_INVALID, {"reason": "none"})
        found = self._known(message)
        if isinstance(found, Refused):
            return self._turned_away(message, found)
        peer, question, nonce = found
        try:
            return self._served(message, peer, question, nonce)
        except TongbanError as error:
            refused = Refused(error.code, error.params)
            entry = self._recorded(peer.region, question.exchange, refused, question)
            return self._reply(message, question.exchange, entry, refused=refused)

    def _known(self, message: Message) -> tuple[Peer, Question, str] | Refused:
        """Prove who asks, and read the question."""
        region, now = proof.claimed(message), self.tools.clock.now()
        peer = self.find(region) if region else None
        if peer is None:
            return Refused(Code.PEER_UNKNOWN, {"region": region or "?"})
        proven = proof.prove(message, peer, now)
        if isinstance(proven, Refused):
            return proven
        if peer.cut_from and peer.cut_from <= now:
            return Refused(Code.PEER_CUT, {"region": region})
        question = _read(message)
        if question is None:
            return Refused(Code.PEER_QUESTION_MALFORMED)
        if question.asker != region or question.home != self.tools.division:
            return Refused(Code.PEER_QUESTION_MALFORMED)
        return peer, question, proven.nonce

    def _served(self, message: Message, peer: Peer, question: Question, nonce: str) -> Message:
        actor = _actor(peer.region, question.org)
        data: dict[str, Json] = {
            "region": peer.region,
            "peer_entry": question.entry.subject,
            "peer_leaf": question.entry.leaf,
            "question": message.headers["content-digest"],
        }
        event = Event("certificates.exchange-admitted", question.exchange, actor, data)
        tools = self.tools
        admission = Admission(tools.transactions, tools.clock, peer, nonce, event)
        requests = Requests(
            replace(tools, transactions=admission),
            peers.widened(self.matters, peer),
            self.code_types,
        )
        key = f"peer-{peer.region}-{_short(question.ask.idempotency_key)}"
        done = requests.fetch(actor, replace(question.ask, idempotency_key=key))
        if isinstance(done.value, Refused):
            return self._reply(message, question.exchange, done.journal, refused=done.value)
        return self._reply(message, question.exchange, done.journal, answer=done.value)

    def _turned_away(self, message: Message, refused: Refused) -> Message | Refused:
        """Answer whoever could not be proven or read.

        The number that an unproven question bears is given back with the answer, but does not
        become the subject of an entry: anybody may write anything there.
        """
        proven = refused.code in {Code.PEER_CUT, Code.PEER_CLOCK, Code.PEER_QUESTION_MALFORMED}
        question = _read(message)
        named = fresh = new_id("xch")
        if question:
            named = question.exchange
        if not proven and not self._room_for_stranger():
            minute = {"region": proof.claimed(message) or "?", "seconds": "60"}
            return Refused(Code.PEER_RATE, minute)
        region = proof.claimed(message) if refused.code != Code.PEER_UNKNOWN else "unknown"
        if proven:
            entry = self._recorded(region, named, refused, question)
        else:
            entry = self._recorded(region, fresh, refused)
        return self._reply(message, named, entry, refused=refused)

    def _recorded(
        self, region: str, exchange: str, refused: Refused, question: Question | None = None
    ) -> tuple[JournalNo, ...]:
        """Record a refusal; with the asker's own entry where it is proven that the peer asked."""
        data: dict[str, Json] = {"region": region, "code": refused.code}
        if question:
            data |= {"peer_entry": question.entry.subject, "peer_leaf": question.entry.leaf}
        event = Event("certificates.exchange-refused", exchange, _actor(region, ""), data)
        return self.tools.transactions.write(lambda tx: tx.record(event)).journal

    def _reply(
        self,
        message: Message,
        exchange: str,
        journal: tuple[JournalNo, ...],
        *,
        refused: Refused | None = None,
        answer: CertificateAnswer | None = None,
    ) -> Message:
        get = self.tools.objects.get
        receipt = self.leaves.receipt(journal[-1])
        reply = Reply(
            exchange=exchange,
            region=self.tools.division,
            entry=Entry(answer.request if answer else exchange, self.leaves.leaf(journal[-1])),
            receipt=receipt if isinstance(receipt, dict) else {},
            refused=refused,
            answer=answer,
            files=tuple(
                File(copy.format, get(copy.digest), copy.expires_at)
                for copy in (answer.copies if answer else ())
            ),
        )
        fields = dict(_JSON)
        if refused and refused.code == Code.PEER_RATE:
            fields["retry-after"] = refused.params["seconds"]
        status = _status(refused) if refused else 200
        plain = Message(fields, wire.write_reply(reply), status=status, request=message)
        return proof.sign(plain, self.key, f"{exchange}/answer", self.tools.clock.now())

    def _room_for_stranger(self) -> bool:
        now = self.tools.clock.now()
        with self._lock:
            while self._strangers and now - self._strangers[0] > timedelta(minutes=1):
                self._strangers.popleft()
            room = len(self._strangers) < _STRANGERS_A_MINUTE
            if room:
                self._strangers.append(now)
            return room


def _read(message: Message) -> Question | None:
    try:
        wire.is_json(message.headers)
        return wire.read_question(message.body)
    except ValueError:
        return None


def _actor(region: str, org: str) -> Actor:
    return Actor(
        f"peer:{region or 'unknown'}",
        ActorKind.CLIENT,
        org=org,
        division=region,
        rights={ACTION: Reach.ALL},
    )


def _short(key: str) -> str:
    """Return the name of a peer's idempotency key: of fixed length, whatever the peer chose."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]


def _status(refused: Refused) -> int:
    found = load_messages("certificates").get(refused.code)
    return found.status if found else 403 if refused.code == "not-permitted" else 502
