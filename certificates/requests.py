"""用证: the one way by which an agency or a window gets anything of a certificate.

Checks, record and answer share one transaction: what was not recorded was not given, and refusals
are recorded too. Fields are opened from the vault after the commit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from certificates import register_store, requests_store
from certificates.calls import Call, body, data_of, row_of
from certificates.contents import open_contents
from certificates.copies import copies, formats_of
from certificates.decide import ABSENT, Decision, decide, in_force
from certificates.disclose import disclosed, status_served
from certificates.errors import Code
from certificates.gate import Ground, ground, may_repeat, wish_of
from certificates.matters import Matterbook
from certificates.register_store import Draft
from certificates.requests_model import CertificateAnswer, CertificateAsk, Copy, Use
from certificates.requests_store import RequestRow
from certificates.subjects import holder_ref
from certificates.tools import Tools
from kernel.actors import Actor, Scope, authorise
from kernel.errors import Refused
from kernel.ids import RequestId, new_id
from kernel.ports import Event, Json, Recorded, Tx

ACTION = "certificates.request"

REPEAT_FOR = timedelta(hours=24)
"""How long an idempotency key gives the same answer again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a transaction decided and recorded; values are still sealed. See ``Requests.open``."""

    request: RequestId
    refused: Refused | None
    ask: CertificateAsk
    at: datetime
    """When it was first decided."""
    checked_at: datetime
    """When the status was read: anew for each repetition."""
    draft: Draft | None = None
    found: Ground | None = None
    copies: tuple[Copy, ...] = ()
    repeated: bool = False


class Requests:
    """Serves certificate requests. ``code_types`` are the 持证主体代码类型 of GB/T 36903."""

    def __init__(self, tools: Tools, matters: Matterbook, code_types: frozenset[str]) -> None:
        self._tools = tools
        self._matters = matters
        self._code_types = code_types

    def fetch(self, actor: Actor, ask: CertificateAsk) -> Recorded[CertificateAnswer | Refused]:
        """Answer one request, with annotated copies where asked for.

        Refusals: ``not-permitted``; ``idempotency-…``; those of the gate (matter, case, purpose,
        type, fields, formats, basis); ``consent-…``; ``holder-…``; ``several-matches``;
        ``certificate-<status>``; ``not-found-or-not-permitted`` for all else. Raises TongbanError
        where a copy cannot be drawn or sealed; then nothing was given and no grant was used up.
        """
        call = self._call(actor, ask)
        if formats_of(ask) and isinstance(call.found, Ground):
            call = self._with_copies(call, call.found)
        with self._tools.probe.durable("certificates.request"):
            return self.open(self._tools.transactions.write(self._work(call)))

    def submit(self, actor: Actor, ask: CertificateAsk) -> Future[Recorded[Outcome]]:
        """Begin a request for fields without holding a thread; ``open`` makes the answer of it.

        For the event loop: many answers share one commit. Copies need ``fetch``: asked for here,
        they are refused as ``format-not-allowed``.
        """
        call = self._call(actor, ask)
        if formats_of(ask) and isinstance(call.found, Ground):
            params = {"matter": call.found.matter.title, "format": formats_of(ask)[0]}
            call = replace(call, found=Refused(Code.FORMAT_NOT_ALLOWED, params))
        return self._tools.transactions.submit(self._work(call))

    def open(self, done: Recorded[Outcome]) -> Recorded[CertificateAnswer | Refused]:
        """Open the values of a recorded outcome; raises TongbanError ``cell-corrupt``."""
        outcome = done.value
        if outcome.refused or outcome.draft is None or outcome.found is None:
            return Recorded(
                outcome.refused or Refused(Code.NOT_FOUND_OR_NOT_PERMITTED), done.journal
            )
        draft, matter = outcome.draft, outcome.found.matter
        fields: Mapping[str, str] = {}
        rows: Mapping[str, Sequence[Mapping[str, str]]] = {}
        if "data" in outcome.ask.formats:
            contents = open_contents(self._tools.vault, draft.certificate.id, draft.contents)
            fields, rows = disclosed(outcome.found.kind, contents, outcome.ask.fields)
        answer = CertificateAnswer(
            request=outcome.request,
            status=status_served(draft, outcome.checked_at),
            fields=fields,
            rows=rows,
            copies=outcome.copies,
            retention_days=matter.retention_days,
            retention=matter.retention,
            served_at=outcome.at,
            repeated=outcome.repeated,
        )
        return Recorded(answer, done.journal)

    def uses(self, actor: Actor) -> tuple[Use, ...] | Refused:
        """Return who used the actor's own certificates, refused attempts included."""
        person = actor.holder
        scope = Scope(holders=frozenset({person}) if person else frozenset())
        allowed = authorise(actor, "certificates.read", scope)
        if isinstance(allowed, Refused) or person is None:
            return Refused("not-permitted", {"action": "certificates.read"})
        read = self._tools.transactions.read
        return tuple(read(lambda tx: requests_store.uses_of_holder(tx, person)))

    def copy(self, actor: Actor, request: RequestId, file_format: str) -> Recorded[bytes | Refused]:
        """Hand a copy to the organisation that asked for it, until it expires; each is recorded.

        The certificate must still be in force: ``certificate-<status>`` otherwise.
        """
        allowed = authorise(actor, ACTION, self._scope(actor))

        def work(tx: Tx) -> Copy | Refused:
            found = allowed if isinstance(allowed, Refused) else self._copy(tx, actor, request)
            items = () if isinstance(found, Refused) else found
            item = next((one for one in items if one.format == file_format), None)
            if item is None:
                refused = found if isinstance(found, Refused) else ABSENT
                data: dict[str, Json] = {"code": refused.code}
                tx.record(Event("certificates.copy-refused", request, actor, data))
                return refused
            data = {"format": item.format, "digest": item.digest}
            tx.record(Event("certificates.copy-handed-out", request, actor, data))
            return item

        done = self._tools.transactions.write(work)
        if isinstance(done.value, Refused):
            return Recorded(done.value, done.journal)
        return Recorded(self._tools.objects.get(done.value.digest), done.journal)

    def _copy(self, tx: Tx, actor: Actor, request: RequestId) -> tuple[Copy, ...] | Refused:
        row = requests_store.request(tx, request)
        if row is None or row.use.requester != actor.org or row.use.certificate is None:
            return ABSENT
        now = self._tools.clock.now()
        decision = in_force(register_store.find(tx, [row.use.certificate]), None, now)
        if decision.refused:
            return decision.refused
        return tuple(item for item in row.copies if now < item.expires_at)

    def _call(self, actor: Actor, ask: CertificateAsk) -> Call:
        tools = self._tools
        holder = None
        if ask.holder_code:
            holder = holder_ref(tools.vault, ask.holder_code_type, ask.holder_code)
        return Call(
            actor=actor,
            ask=ask,
            request=RequestId(new_id("req")),
            found=self._ground(actor, ask),
            holder=holder,
            body_ref=tools.vault.blind("request", body(ask)),
        )

    def _ground(self, actor: Actor, ask: CertificateAsk) -> Ground | Refused:
        allowed = authorise(actor, ACTION, self._scope(actor))
        if isinstance(allowed, Refused):
            return allowed
        if not may_repeat(ask):
            return Refused(Code.IDEMPOTENCY_MISSING)
        if ask.holder_code and ask.holder_code_type not in self._code_types:
            return Refused(Code.HOLDER_CODE_TYPE, {"type": ask.holder_code_type[:10]})
        return ground(self._matters, self._tools.types, wish_of(actor.org, ask))

    def _scope(self, actor: Actor) -> Scope:
        return Scope(division=self._tools.division, org=actor.org)

    def _with_copies(self, call: Call, found: Ground) -> Call:
        """Make the copies beforehand, where the request would be served as things stand."""

        def look(tx: Tx) -> Decision:
            key = call.ask.idempotency_key
            if requests_store.request_by_key(tx, call.actor.org, key):
                return Decision(Refused(Code.IDEMPOTENCY_CONFLICT))
            return self._decide(tx, call, found, self._tools.clock.now())

        draft = self._tools.transactions.read(look)
        if draft.refused or draft.draft is None:
            return call
        made = copies(
            self._tools,
            call.actor,
            request=call.request,
            ask=call.ask,
            found=found,
            draft=draft.draft,
        )
        return replace(call, copies=made, copied=draft.draft.certificate.id)

    def _decide(self, tx: Tx, call: Call, found: Ground, now: datetime) -> Decision:
        requester, holder = call.actor.org, call.holder
        return decide(tx, call.ask, found, requester=requester, holder=holder, now=now)

    def _work(self, call: Call) -> Callable[[Tx], Outcome]:
        def work(tx: Tx) -> Outcome:
            now = self._tools.clock.now()
            keyed = may_repeat(call.ask)
            authorised = not (
                isinstance(call.found, Refused) and call.found.code == "not-permitted"
            )
            if keyed and authorised:
                key = call.ask.idempotency_key
                earlier = requests_store.request_by_key(tx, call.actor.org, key)
                if earlier:
                    return self._again(tx, call, earlier, now)
            if isinstance(call.found, Refused):
                return self._refused(tx, call, Decision(call.found), now, keep=keyed and authorised)
            decision = self._decide(tx, call, call.found, now)
            overtaken = bool(formats_of(call.ask)) and (
                decision.draft is None or decision.draft.certificate.id != call.copied
            )
            if decision.refused is None and overtaken:
                decision = replace(decision, refused=Refused(Code.CERTIFICATE_SUPERSEDED))
            if decision.refused or decision.draft is None:
                return self._refused(tx, call, decision, now, keep=True)
            return self._served(tx, call, call.found, decision, now)

        return work

    def _served(
        self,
        tx: Tx,
        call: Call,
        found: Ground,
        decision: Decision,
        now: datetime,
    ) -> Outcome:
        draft = decision.draft
        if decision.grant:
            requests_store.use_grant(tx, decision.grant.id, call.request, now)
        row = row_of(call, "served", {}, draft, now)
        requests_store.insert_request(tx, row)
        data = data_of(row, decision)
        data["copies"] = [{"format": item.format, "digest": item.digest} for item in call.copies]
        tx.record(Event("certificates.request-served", call.request, call.actor, data))
        return Outcome(call.request, None, call.ask, now, now, draft, found, call.copies)

    def _refused(
        self, tx: Tx, call: Call, decision: Decision, now: datetime, *, keep: bool
    ) -> Outcome:
        refused = decision.refused or Refused(Code.NOT_FOUND_OR_NOT_PERMITTED)
        row = row_of(call, refused.code, refused.params, decision.draft, now)
        if keep:
            requests_store.insert_request(tx, row)
        data = data_of(row, decision) | {"code": refused.code}
        tx.record(Event("certificates.request-refused", call.request, call.actor, data))
        return Outcome(call.request, refused, call.ask, now, now)

    def _again(self, tx: Tx, call: Call, earlier: RequestRow, now: datetime) -> Outcome:
        """Give the earlier answer again; no second disclosure is recorded, for there is none.

        What has ended since is not given again, though the key still stands for the earlier answer.
        """
        use = earlier.use
        draft: Draft | None = None
        refused: Refused | None = None
        if earlier.body_ref != call.body_ref:
            refused = Refused(Code.IDEMPOTENCY_CONFLICT)
        elif now - use.at > REPEAT_FOR:
            refused = Refused(Code.IDEMPOTENCY_EXPIRED)
        elif isinstance(call.found, Refused):
            refused = call.found
        elif use.outcome != "served" or use.certificate is None:
            refused = Refused(use.outcome, use.details)
        else:
            decision = in_force(register_store.find(tx, [use.certificate]), None, now)
            refused, draft = decision.refused, decision.draft
        data: dict[str, Json] = {"code": refused.code if refused else "served"}
        tx.record(Event("certificates.request-repeated", use.request, call.actor, data))
        if refused or isinstance(call.found, Refused):
            return Outcome(use.request, refused, call.ask, use.at, now, repeated=True)
        shown = (draft, call.found, earlier.copies)
        return Outcome(use.request, None, call.ask, use.at, now, *shown, repeated=True)
