"""Inspection of untrusted files in processes of their own, with limits of time and memory.

Parent and child exchange length-prefixed JSON and raw bytes only: a child that was taken over by
a hostile file can lie about that file, and nothing else. The child starts fresh (never forked),
may write no file, and is killed when it overruns.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import os
import queue
import resource
import select
import struct
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from signing import evidence as codec
from signing.model import Evidence
from signing.verify import failure

_LENGTH = struct.Struct(">Q")
_ANSWER_LIMIT = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class FenceLimits:
    """What one file may cost: seconds of wall and CPU time, bytes of memory and of the file."""

    wall_seconds: float = 60.0
    cpu_seconds: int = 45
    memory_bytes: int = 2 * 1024**3
    file_bytes: int = 128 * 1024**2
    files_per_worker: int = 500


class _OverrunError(Exception):
    """The child died or took too long."""


@dataclass(slots=True)
class _Worker:
    """One child process."""

    limits: FenceLimits
    process: subprocess.Popen[bytes] | None = None
    served: int = 0

    def ask(self, data: bytes, name: str) -> bytes:
        """Return the child's answer; raises _OverrunError after killing it."""
        process = self._alive()
        deadline = time.monotonic() + self.limits.wall_seconds
        header = json.dumps({"name": name, "cpu": self.limits.cpu_seconds}).encode()
        try:
            assert process.stdin is not None
            for part in (header, data):
                process.stdin.write(_LENGTH.pack(len(part)))
                process.stdin.write(part)
            process.stdin.flush()
            size = _LENGTH.unpack(self._read(process, _LENGTH.size, deadline))[0]
            answer = self._read(process, size, deadline)
        except (OSError, _OverrunError) as error:
            self.stop()
            raise _OverrunError(str(error)) from error
        self.served += 1
        if self.served >= self.limits.files_per_worker:
            self.stop()
        return answer

    def _alive(self) -> subprocess.Popen[bytes]:
        if self.process is None or self.process.poll() is not None:
            command = [sys.executable, "-m", "signing.fence", str(self.limits.memory_bytes)]
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=Path(__file__).resolve().parent.parent,
            )
            self.served = 0
        return self.process

    def _read(self, process: subprocess.Popen[bytes], size: int, deadline: float) -> bytes:
        assert process.stdout is not None
        if size > _ANSWER_LIMIT:
            raise _OverrunError("answer is too long")
        handle = process.stdout.fileno()
        parts = bytearray()
        while len(parts) < size:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([handle], [], [], left)[0]:
                raise _OverrunError("time limit")
            chunk = os.read(handle, min(1 << 20, size - len(parts)))
            if not chunk:
                raise _OverrunError("memory or CPU limit")
            parts += chunk
        return bytes(parts)

    def stop(self) -> None:
        """End the child and collect it."""
        if self.process is not None:
            self.process.kill()
            with contextlib.suppress(OSError):
                self.process.communicate(timeout=5)
            self.process = None


@dataclass(slots=True)
class Fence:
    """A pool of inspecting processes; share one per application, close it at the end."""

    workers: int = 1
    limits: FenceLimits = field(default_factory=FenceLimits)
    _idle: queue.SimpleQueue[_Worker] = field(default_factory=queue.SimpleQueue)

    def __post_init__(self) -> None:
        """Lay out the workers; processes start with their first file."""
        for _ in range(self.workers):
            self._idle.put(_Worker(self.limits))

    def __enter__(self) -> Self:
        """Return self."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """End all idle workers."""
        for _ in range(self.workers):
            worker = self._idle.get()
            worker.stop()
            self._idle.put(worker)

    def inspect(self, source: Path | bytes, name: str = "") -> Evidence:
        """Return the evidence of a file; overruns and oversize files become evidence, too.

        Blocks while all workers are busy. Raises OSError only when ``source`` cannot be read.
        """
        if isinstance(source, Path):
            size = source.stat().st_size
            if size > self.limits.file_bytes:
                return failure("E_RESOURCE_LIMIT", "file is too large", name=name, size=size)
            data = source.read_bytes()
        else:
            data = source
        if len(data) > self.limits.file_bytes:
            return failure("E_RESOURCE_LIMIT", "file is too large", name=name, size=len(data))
        worker = self._idle.get()
        digest = hashlib.sha256(data).hexdigest()
        try:
            found = codec.load(worker.ask(data, name))
            return replace(found, name=name, size=len(data), sha256=digest)
        except (_OverrunError, codec.EvidenceError) as error:
            detail = str(error)
            return failure("E_RESOURCE_LIMIT", detail, name=name, size=len(data), digest=digest)
        finally:
            self._idle.put(worker)


def inspect_fenced(source: Path | bytes, name: str = "") -> Evidence:
    """Inspect one file in a process made for it; for many files keep a ``Fence``."""
    with Fence() as fence:
        return fence.inspect(source, name)


def _take(stream: IO[bytes]) -> bytes | None:
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    return stream.read(_LENGTH.unpack(head)[0])


def _limit_process(memory: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_cpu(seconds: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _answer(data: bytes, name: str) -> Evidence:
    from signing.verify import inspect

    digest = hashlib.sha256(data).hexdigest()
    try:
        return inspect(data, name)
    except (MemoryError, RecursionError) as error:
        reason = type(error).__name__
        return failure("E_RESOURCE_LIMIT", reason, name=name, size=len(data), digest=digest)
    except Exception as error:  # noqa: BLE001 - no exception of a parser may reach a user
        reason = f"inspector failed: {type(error).__name__}"
        return failure("E_FORMAT", reason, name=name, size=len(data), digest=digest)


def serve() -> None:
    """Run as the child: one answer per file until the parent closes the pipe."""
    # Loaded before the limits: a library that cannot be loaded would look like a broken file.
    importlib.import_module("signing.formats.ofd.inspect")
    _limit_process(int(sys.argv[1]))
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while (header := _take(source)) is not None:
        data = _take(source)
        if data is None:
            return
        asked = json.loads(header)
        _limit_cpu(int(asked["cpu"]))
        body = codec.dump(_answer(data, str(asked["name"])))
        sink.write(_LENGTH.pack(len(body)) + body)
        sink.flush()


if __name__ == "__main__":
    serve()
