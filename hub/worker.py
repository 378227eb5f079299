"""What a hub does by itself, in threads beside the web: the log's sequencer, unfinished issues.

Every duty holds a lease or is safe to do twice, so that any number of web processes may run it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from kernel.actors import system
from kernel.errors import TongbanError

if TYPE_CHECKING:
    from hub.wiring import Hub

RESUME_EVERY: Final = 60.0
"""Seconds between two looks for issues that a crash left half done."""
COUNT_EVERY: Final = 60.0
"""Seconds between two entries that count public checks."""
_IDLE: Final = timedelta(minutes=2)
_RETRY: Final = 2.0
_LOG = structlog.get_logger("tongban.worker")


class Worker:
    """Starts the duties of a hub and stops them."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._again, args=(duty,), name=duty.__name__, daemon=True)
            for duty in (self._sequence, self._resume, self._count)
        ]

    def start(self) -> None:
        """Start one thread for each duty."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask the duties to end and wait for them."""
        self._stop.set()
        for thread in self._threads:
            thread.join(10)

    def _again(self, duty: Callable[[], None]) -> None:
        """Run a duty until the stop; a failure is logged by its code and tried again."""
        while not self._stop.is_set():
            try:
                duty()
            except TongbanError as error:
                _LOG.warning("duty-failed", duty=duty.__name__, code=error.code)
                self._stop.wait(_RETRY)

    def _sequence(self) -> None:
        self._hub.log.sequencer().serve(self._stop)

    def _count(self) -> None:
        """Record once a minute how many public checks there were."""
        self._stop.wait(COUNT_EVERY)
        self._hub.checks.flush(system("worker", self._hub.settings.region))

    def _resume(self) -> None:
        self._stop.wait(RESUME_EVERY)
        if not self._stop.is_set():
            actor = system("worker", self._hub.settings.region, ("certificates.issue",))
            self._hub.issuer.resume(actor, idle=_IDLE)
