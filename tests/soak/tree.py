"""The processes of a hub under a supervisor that starts again whatever ends."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hub.demo.children import Child

NAMES = {"signing.signer": "signer", "quality.gx.serve": "gate"}


@dataclass(frozen=True)
class Member:
    """A living process and what it is there for."""

    pid: int
    name: str


class Tree:
    """Top processes by name, and all that they start. Children of children come and go."""

    def __init__(
        self, programs: Mapping[str, list[str]], logs: Path, environment: Mapping[str, str]
    ) -> None:
        self._programs = programs
        self._logs = logs
        self._environment = {"TONGBAN_LOG_LEVEL": "warning", **environment}
        self._children: dict[str, Child] = {}
        self._wanted = set(programs)
        self._ended = threading.Event()
        self._watch = threading.Thread(target=self._again, daemon=True)
        self.restarts = 0

    def start(self, first: str = "") -> int:
        """Start all that is not there yet, or the one that is wanted first; returns its number."""
        for name in [first] if first else self._programs:
            if name not in self._children:
                self._launch(name)
        if not first:
            self._watch.start()
        return self._children[first or next(iter(self._programs))].pid

    def members(self) -> list[Member]:
        """Return every process of the tree that lives now."""
        top = {child.pid: name for name, child in self._children.items() if not child.ended}
        above = dict(parents())
        found = [Member(pid, name) for pid, name in top.items()]
        for pid in above:
            at, seen = pid, set()
            while at in above and at not in top and at not in seen:
                seen.add(at)
                at = above[at]
            if at in top and pid not in top:
                found.append(Member(pid, named(pid) or f"{top[at]}'s child"))
        return sorted(found, key=lambda member: (member.name, member.pid))

    def again(self, name: str, until: float) -> None:
        """Wait until a process of this name lives. Helpers need not come back."""
        lasting = {*self._programs, "signer"}
        while name in lasting and name not in {member.name for member in self.members()}:
            assert time.time() < until, f"no {name} lives"
            time.sleep(0.05)

    def stop(self, patience: float = 10.0) -> None:
        """Let the top processes end by themselves, in the opposite order of their start."""
        names, self._wanted = [name for name in self._programs if name in self._wanted], set()
        self._ended.set()
        if self._watch.is_alive():
            self._watch.join()
        for name in reversed(names):
            self._children[name].end(patience)

    def _launch(self, name: str) -> None:
        log = self._logs / f"{name}.log"
        self._children[name] = _Ending(self._programs[name], log, dict(self._environment))

    def _again(self) -> None:
        while not self._ended.wait(0.1):
            for name in tuple(self._wanted):
                if self._children[name].ended and name in self._wanted:
                    self.restarts += 1
                    self._launch(name)


class _Ending(Child):
    """A child that is given time to end by itself."""

    def end(self, seconds: float) -> None:
        with suppress(OSError):
            if self._process.stdin:
                self._process.stdin.close()
        until = time.monotonic() + seconds
        while not self.ended and time.monotonic() < until:
            time.sleep(0.05)
        self.stop()


def kill(member: Member) -> None:
    """End a process without asking it."""
    with suppress(ProcessLookupError):
        os.kill(member.pid, signal.SIGKILL)


def parents() -> list[tuple[int, int]]:
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            with suppress(OSError, ValueError):
                fields = (path / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
                if fields[0] != "Z":
                    found.append((int(path.name), int(fields[1])))
    return found


def named(pid: int) -> str:
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        return next((NAMES[word] for word in words if word in NAMES), "")
    return ""
