"""Instruments around durable writes, so that tests can stop the process at each of them."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

VARIABLE = "TONGBAN_KILL"
"""Environment variable read by ``from_environment``: ``name#n:before`` or ``name#n:after``."""


class NoProbe:
    """Measures nothing; what production uses."""

    def durable(self, name: str) -> AbstractContextManager[None]:  # noqa: ARG002 - the port's name
        """Return a context that does nothing."""
        return nullcontext()


class RecordingProbe:
    """Remembers the names of the durable writes in order; lets a test enumerate them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.names: list[str] = []

    @contextmanager
    def durable(self, name: str) -> Iterator[None]:
        """Note the name once the write has succeeded."""
        yield
        with self._lock:
            self.names.append(name)


class KillProbe:
    """Kills its own process, as a power cut would, around the n-th durable write of one name.

    ``name`` may be ``*``: then all writes are counted together.
    """

    def __init__(self, name: str, number: int, *, before: bool) -> None:
        self._name = name
        self._number = number
        self._before = before
        self._lock = threading.Lock()
        self._seen: Counter[str] = Counter()

    @contextmanager
    def durable(self, name: str) -> Iterator[None]:
        """Count the write; send SIGKILL before it begins or after it has ended."""
        with self._lock:
            self._seen.update((name, "*"))
            hit = self._name in {name, "*"} and self._seen[self._name] == self._number
        if hit and self._before:
            os.kill(os.getpid(), signal.SIGKILL)
        yield
        if hit:
            os.kill(os.getpid(), signal.SIGKILL)


def parse(text: str) -> KillProbe:
    """Read ``name#n:before`` or ``name#n:after``; anything else raises ValueError."""
    name, _, rest = text.rpartition("#")
    number, _, moment = rest.partition(":")
    if not name or not number.isdigit() or int(number) < 1 or moment not in {"before", "after"}:
        message = f"{VARIABLE} is name#n:before or name#n:after, not {text!r}"
        raise ValueError(message)
    return KillProbe(name, int(number), before=moment == "before")


def from_environment() -> NoProbe | KillProbe:
    """Return the probe that the environment asks for."""
    text = os.environ.get(VARIABLE, "")
    return parse(text) if text else NoProbe()
