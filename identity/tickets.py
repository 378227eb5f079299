"""Single-use tickets: a link that works once, for one actor, for a few minutes."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import timedelta
from typing import Final

from identity import store, tokens
from identity.errors import Code
from identity.model import Ticket
from kernel.actors import Actor
from kernel.clock import Clock
from kernel.errors import Refused
from kernel.ports import Event, Recorded, Transactions, Tx

LIFETIME: Final = timedelta(minutes=5)


class Tickets:
    """Gives and takes tickets. A ticket opens nothing by itself: the room behind still decides."""

    def __init__(self, transactions: Transactions, clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    def give(self, actor: Actor, subjects: tuple[str, ...]) -> Future[Recorded[tuple[Ticket, ...]]]:
        """Return one ticket for each subject, bound to the actor."""
        expires = self._clock.now() + LIFETIME
        made = tuple(Ticket(tokens.new_token(), subject, expires) for subject in subjects)

        def work(tx: Tx) -> tuple[Ticket, ...]:
            for ticket in made:
                digest = tokens.digest(ticket.token)
                store.add_ticket(tx, digest, actor.id, ticket.subject, expires)
                tx.record(Event("identity.ticket-given", ticket.subject, actor))
            return made

        return self._transactions.submit(work)

    def take(self, actor: Actor, token: str) -> Future[Recorded[str | Refused]]:
        """Use a ticket up and return its subject; ``ticket-invalid`` for all that is not its own,
        expired or used, which a stranger cannot tell apart.
        """
        digest = tokens.digest(token)

        def work(tx: Tx) -> str | Refused:
            subject = store.spend_ticket(tx, digest, actor.id, self._clock.now())
            if subject is None:
                refused = Refused(Code.TICKET_INVALID)
                data = {"code": str(refused.code)}
                tx.record(Event("identity.ticket-refused", "ticket", actor, data))
                return refused
            tx.record(Event("identity.ticket-used", subject, actor))
            return subject

        return self._transactions.submit(work)
