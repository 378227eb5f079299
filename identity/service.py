"""Turns a sign-in, a session or a client assertion into an ``Actor``.

Verbs that write return a future of the committed result, so that the event loop can wait for many
of them in one commit; scripts call ``.result()``.
"""

from __future__ import annotations

from concurrent.futures import Future
from datetime import timedelta
from typing import Final, TypeVar

from identity import assertions, store, tokens
from identity.directory import Directory
from identity.errors import Code
from identity.model import (
    AccessToken,
    Assertion,
    Client,
    ClientStatus,
    Persona,
    Session,
    SignedIn,
)
from identity.ports import holder_ref
from identity.tally import Tally
from identity.tickets import Tickets
from kernel.actors import Actor, ActorKind, authorise
from kernel.clock import Clock
from kernel.errors import Refused
from kernel.ports import Event, Recorded, Transactions, Tx, Vault

SESSION_LIFETIME: Final = timedelta(hours=8)
"""One working day at a window."""
TOKEN_LIFETIME: Final = timedelta(minutes=10)
PRODUCTION: Final = "production"
_Answer = TypeVar("_Answer")


class Identity:
    """Who is asking. ``audiences`` are the names a client may put into ``aud``, preferred first."""

    def __init__(
        self,
        *,
        transactions: Transactions,
        clock: Clock,
        vault: Vault,
        directory: Directory,
        environment: str,
        audiences: tuple[str, ...],
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._vault = vault
        self.directory = directory
        self._production = environment == PRODUCTION
        self._audiences = audiences
        self._tally = Tally()
        self._clients: dict[str, Actor] = {}
        self.tickets = Tickets(transactions, clock)
        self._public = Actor(
            "public",
            ActorKind.PUBLIC,
            roles=frozenset({"public"}),
            rights=directory.rights(("public",)),
        )

    def public(self) -> Actor:
        """Return the actor for a visitor who proved nothing."""
        return self._public

    def ping(self) -> None:
        """Read from the database; raises when it does not answer."""
        self._transactions.read(lambda tx: store.find_session(tx, ""))

    def personas(self) -> tuple[Persona, ...]:
        """Return the demo personas in display order; none in production."""
        if self._production:
            return ()
        return tuple(sorted(self.directory.personas.values(), key=lambda item: item.order))

    def sign_in_persona(self, name: str) -> Future[Recorded[SignedIn | Refused]]:
        """Start a session as a demo persona; refused in production and for unknown names."""
        persona = self.directory.personas.get(name)
        if self._production:
            return self._refuse_stranger("sign-in", "persona", Refused(Code.PERSONA_REFUSED))
        if persona is None:
            refused = Refused(Code.PERSONA_UNKNOWN, {"persona": name[:32]})
            return self._refuse_stranger("sign-in", "persona", refused)
        actor = self.actor_of_persona(persona)
        token, now = tokens.new_token(), self._clock.now()
        session = Session(tokens.digest(token), persona.name, now, now + SESSION_LIFETIME)

        def work(tx: Tx) -> SignedIn | Refused:
            store.forget_expired(tx, now)
            store.add_session(tx, session)
            tx.record(Event("identity.signed-in", session.digest[:16], actor))
            return SignedIn(token, actor, session.expires)

        return self._transactions.submit(work)

    def sign_out(self, token: str) -> Future[Recorded[bool]]:
        """End a session at once; the value tells whether there was one."""
        actor = self.actor_of_session(token)
        digest = tokens.digest(token)

        def work(tx: Tx) -> bool:
            ended = store.end_session(tx, digest)
            by = self._public if isinstance(actor, Refused) else actor
            tx.record(Event("identity.signed-out", digest[:16], by))
            return ended

        return self._transactions.submit(work)

    def persona_of_session(self, token: str) -> Persona | Refused:
        """Return the persona whom a live session plays, or ``session-ended``."""
        if not token:
            return Refused(Code.SESSION_ENDED)
        if self._production:
            return Refused(Code.PERSONA_REFUSED)
        digest = tokens.digest(token)
        session = self._transactions.read(lambda tx: store.find_session(tx, digest))
        if session is None or session.expires <= self._clock.now():
            return Refused(Code.SESSION_ENDED)
        persona = self.directory.personas.get(session.persona)
        return persona or Refused(Code.SESSION_ENDED)

    def actor_of_session(self, token: str) -> Actor | Refused:
        """Return who acts in a live session, or ``session-ended``."""
        persona = self.persona_of_session(token)
        return persona if isinstance(persona, Refused) else self.actor_of_persona(persona)

    def actor_of_persona(self, persona: Persona) -> Actor:
        """Return the actor whom a persona plays; a holder is known by reference, never by name."""
        org = self.directory.org(persona.org) if persona.org else None
        holder = None
        if persona.holder_code:
            holder = holder_ref(self._vault, persona.holder_code)
        return Actor(
            id=f"persona:{persona.name}",
            kind=persona.kind,
            name=persona.title if persona.kind is ActorKind.HOLDER else persona.person,
            org=org.code if org else "",
            division=org.division if org else "",
            window=persona.window,
            roles=frozenset(persona.roles),
            rights=self.directory.rights(persona.roles),
            holder=holder,
        )

    def issue_token(
        self, assertion: str, *, client_id: str = ""
    ) -> Future[Recorded[AccessToken | Refused]]:
        """Answer a client-credentials request: check the assertion, use up its id, give a token."""
        now = self._clock.now()
        checked = assertions.check(
            assertion,
            clients=self.directory.clients,
            audiences=self._audiences,
            now=now,
            client_id=client_id,
        )
        if isinstance(checked, Refused):
            return self._refuse_stranger("token", checked.params.get("client", "unknown"), checked)
        token = tokens.new_token()
        return self._transactions.submit(lambda tx: self._grant(tx, checked, token))

    def _grant(self, tx: Tx, checked: Assertion, token: str) -> AccessToken | Refused:
        client, now = checked.client, self._clock.now()
        actor = self.actor_of_client(client)
        store.forget_expired(tx, now - assertions.LONGEST)
        refused: Refused | None = None
        if not store.spend_assertion(tx, client.id, checked.jti, checked.expires):
            refused = Refused(Code.ASSERTION_REPLAYED)
        elif (store.client_status(tx, client.id) or client.status) is not ClientStatus.ACTIVE:
            refused = Refused(Code.CLIENT_SUSPENDED)
        if refused:
            tx.record(Event("identity.token-refused", client.id, actor, {"code": refused.code}))
            return refused
        store.add_token(tx, tokens.digest(token), client.id, now + TOKEN_LIFETIME)
        tx.record(Event("identity.token-issued", client.id, actor))
        seconds = int(TOKEN_LIFETIME.total_seconds())
        return AccessToken(token, client.id, seconds, " ".join(sorted(actor.rights)))

    def actor_of_token(self, token: str) -> Actor | Refused:
        """Return the client behind a bearer token; suspension takes effect at once."""
        digest = tokens.digest(token)
        found = self._transactions.read(lambda tx: store.find_token(tx, digest))
        if found is None or found[1] <= self._clock.now():
            return Refused(Code.TOKEN_INVALID)
        client = self.directory.clients.get(found[0])
        if client is None:
            return Refused(Code.TOKEN_INVALID)
        if (found[2] or client.status) is not ClientStatus.ACTIVE:
            return Refused(Code.CLIENT_SUSPENDED)
        return self.actor_of_client(client)

    def actor_of_client(self, client: Client) -> Actor:
        """Return the actor for a registered client: the same each time, as the registry is."""
        known = self._clients.get(client.id)
        if known is None:
            known = self._clients[client.id] = self._client_actor(client)
        return known

    def _client_actor(self, client: Client) -> Actor:
        org = self.directory.org(client.org)
        return Actor(
            id=f"client:{client.id}",
            kind=ActorKind.CLIENT,
            name=client.name,
            org=org.code if org else "",
            division=client.division,
            roles=frozenset(client.roles),
            rights=self.directory.rights(client.roles),
        )

    def set_client_status(
        self, actor: Actor, client_id: str, status: ClientStatus
    ) -> Future[Recorded[ClientStatus | Refused]]:
        """Suspend or reactivate a client; its tokens follow at once."""
        decision = authorise(actor, "identity.manage")
        known = client_id in self.directory.clients
        refused = decision if isinstance(decision, Refused) else None
        if refused is None and not known:
            refused = Refused(Code.CLIENT_UNKNOWN)
        subject = client_id if known else "unknown"
        now = self._clock.now()

        def work(tx: Tx) -> ClientStatus | Refused:
            if refused:
                kind, code = "identity.client-status-refused", refused.code
                tx.record(Event(kind, subject, actor, {"code": code}))
                return refused
            store.set_client_status(tx, client_id, status, now)
            tx.record(Event(f"identity.client-{status.value}", client_id, actor))
            return status

        return self._transactions.submit(work)

    def _refuse_stranger(
        self, verb: str, subject: str, refused: Refused
    ) -> Future[Recorded[_Answer | Refused]]:
        """Record a refusal of someone unproven; repetitions within a minute become one number."""
        count = self._tally.note((f"{verb}:{refused.code}", subject), self._clock.now())
        if count is None:
            held: Future[Recorded[_Answer | Refused]] = Future()
            held.set_result(Recorded(refused, ()))
            return held
        event = Event(
            f"identity.{verb}-refused",
            subject,
            self._public,
            {"code": refused.code, "count": count},
        )

        def work(tx: Tx) -> _Answer | Refused:
            tx.record(event)
            return refused

        return self._transactions.submit(work)
