"""The public time-stamp service: answers requests by the hub's own authority, within limits.

Every token costs a durable write at the signer, so that a stranger gets only so many a minute.
What was asked is counted by the minute in the journal; what was stamped stands nowhere.
"""

from __future__ import annotations

from threading import Lock
from typing import Final

from kernel.actors import Actor
from kernel.clock import Clock, to_iso
from kernel.ports import Event, Json, Transactions, Tx
from signing.time import wire
from signing.time.authority import TimeStampAuthority

LARGEST: Final = 4096
"""Octets of a request; a usual one has sixty."""
PER_MINUTE: Final = 600
_KINDS: Final = ("granted", "refused", "over")


class StampDesk:
    """Answers and counts; threads may share it."""

    def __init__(
        self,
        authority: TimeStampAuthority,
        transactions: Transactions,
        clock: Clock,
        *,
        per_minute: int = PER_MINUTE,
    ) -> None:
        """Join the ports; ``per_minute`` is how many requests a process answers in a minute."""
        self._authority = authority
        self._transactions = transactions
        self._clock = clock
        self._most = per_minute
        self._lock = Lock()
        self._counts: dict[str, dict[str, int]] = {}

    def answer(self, request: bytes) -> bytes | None:
        """Return DER ``TimeStampResp``, or None for a request over the minute's limit."""
        minute = to_iso(self._clock.now().replace(second=0, microsecond=0))
        with self._lock:
            count = self._counts.setdefault(minute, dict.fromkeys(_KINDS, 0))
            if sum(count.values()) - count["over"] >= self._most:
                count["over"] += 1
                return None
            count["refused"] += 1  # until it is granted
        answer = self._authority.answer(request)
        if wire.read_answer(answer)[2]:
            with self._lock:
                count["refused"] -= 1
                count["granted"] += 1
        return answer

    def flush(self, actor: Actor) -> int:
        """Record the minutes that are over; returns how many. Call it once a minute and at the end.

        Counts of a process that dies before are lost: they prove nothing about anybody.
        """
        now = to_iso(self._clock.now().replace(second=0, microsecond=0))
        with self._lock:
            over = {name: self._counts.pop(name) for name in list(self._counts) if name < now}
        if not over:
            return 0

        def work(tx: Tx) -> None:
            for minute, count in over.items():
                tx.record(_event(minute, count, actor))

        self._transactions.write(work)
        return len(over)


def _event(minute: str, count: dict[str, int], actor: Actor) -> Event:
    data: dict[str, Json] = {"minute": minute, **count}
    return Event("signing.time-stamps-given", minute, actor, data)
