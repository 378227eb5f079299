"""What a hub does by itself, in threads beside the web: the log's sequencer, unfinished work.

Every duty holds a lease or is safe to do twice, so that any number of web processes may run it.
No failure ends a duty: whatever it was, the hub goes on and the duty is tried again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from certificates import register_store
from hub.faults import where
from intake import store as case_store
from kernel.actors import system
from kernel.errors import TongbanError
from signing import store as seal_store
from signing.seal_model import SealState

if TYPE_CHECKING:
    from hub.wiring import Hub

RESUME_EVERY: Final = 60.0
"""Seconds between two looks for seals and issues that a crash left half done; the first is at the
start."""
COUNT_EVERY: Final = 60.0
"""Seconds between two entries that count public checks."""
LISTS_EVERY: Final = 60.0
"""Seconds between two looks whether a revocation list is due."""
_IDLE: Final = timedelta(minutes=2)
"""What somebody touched since is left alone: another process of the hub may be at it."""
_RETRY: Final = 2.0
_LOG = structlog.get_logger("tongban.worker")


class Worker:
    """Starts the duties of a hub and stops them.

    With ``shared`` False only those that every web process has for itself: what it counted would
    be lost with it. The others are then done by another process, ``tongban worker``.
    """

    def __init__(self, hub: Hub, *, shared: bool = True) -> None:
        self._hub = hub
        self._stop = threading.Event()
        duties = [(self._count, COUNT_EVERY)]
        if shared:
            duties += [
                (self._sequence, _RETRY),
                (self._seals, RESUME_EVERY),
                (self._issues, RESUME_EVERY),
                (self._results, RESUME_EVERY),
                (self._lists, LISTS_EVERY),
            ]
        self._threads = [
            threading.Thread(target=self._again, args=duty, name=duty[0].__name__, daemon=True)
            for duty in duties
        ]

    def start(self) -> None:
        """Start one thread for each duty."""
        for thread in self._threads:
            thread.start()

    @property
    def alive(self) -> bool:
        """Tell whether every duty's thread runs."""
        return all(thread.is_alive() for thread in self._threads)

    def stop(self) -> None:
        """Ask the duties to end and wait for them."""
        self._stop.set()
        for thread in self._threads:
            thread.join(10)

    def _again(self, duty: Callable[[], None], pause: float) -> None:
        """Run a duty, with ``pause`` seconds between two turns, until the stop.

        A failure is logged by its code or kind; the next turn tries again.
        """
        while not self._stop.is_set():
            try:
                duty()
            except TongbanError as error:
                _LOG.warning("duty-failed", duty=duty.__name__, code=error.code)
            except Exception as error:  # noqa: BLE001 - nobody would miss a duty that ended
                kind = type(error).__name__
                _LOG.error("duty-failed", duty=duty.__name__, kind=kind, where=where(error))
            self._stop.wait(pause)

    def _sequence(self) -> None:
        self._hub.log.sequencer().serve(self._stop)

    def _seals(self) -> None:
        """Make seals that were approved and left; only then is the signer asked."""
        left = self._hub.database.transactions.read(
            lambda tx: seal_store.seals(tx, state=SealState.APPROVED.value)
        )
        if left:
            self._hub.seals.finish(idle=_IDLE)

    def _issues(self) -> None:
        """Go on with issues that were left half done; only then are fonts and types loaded."""
        hub, before = self._hub, self._hub.clock.now() - _IDLE
        if hub.database.transactions.read(lambda tx: register_store.unfinished(tx, before, 1)):
            actor = system("worker", hub.settings.region, ("certificates.issue",))
            hub.issuer.resume(actor, idle=_IDLE)

    def _results(self) -> None:
        """Make what granted steps wait for, once the register has delivered; see ``Cases``."""
        hub = self._hub
        if hub.database.transactions.read(lambda tx: case_store.granted(tx, 1)):
            hub.cases.produce_all(system("worker", hub.settings.region, ("intake.fulfil",)))

    def _lists(self) -> None:
        """Publish the revocation lists that are due; only then is the signer asked."""
        self._hub.revocation.publish()

    def _count(self) -> None:
        """Record how many public checks and time stamps there were, if anybody asked."""
        if "checks" in vars(self._hub):
            self._hub.checks.flush(system("worker", self._hub.settings.region))
        desk = vars(self._hub).get("stamp_desk")
        if desk is not None:
            desk.flush(system("worker", self._hub.settings.region))
