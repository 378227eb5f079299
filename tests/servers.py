"""Real servers for tests, started and stopped by ``tests/services/NAME.sh``; the scripts say how."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import proven

SCRIPTS = Path(__file__).parent / "services"
UNAVAILABLE = 77
BUILD_SECONDS = 1000
"""What a script may take that builds its server first."""


class CannotBeHadError(Exception):
    """The server is not here and cannot be had; the text names the reason."""


@dataclass(frozen=True)
class Running:
    """A running server: what its script wrote for clients, and its folder."""

    name: str
    folder: Path
    given: Mapping[str, str]

    @property
    def url(self) -> str:
        """Return the address, secrets and all."""
        return self.given["url"]


def version(name: str) -> str:
    """Return the version; raises CannotBeHadError. Installs nothing."""
    return _call(name, "version").strip()


def install(name: str) -> str:
    """Make a server available where that is possible, and return its version."""
    return _call(name, "install").strip()


def program(name: str) -> Path:
    """Return the binary of a server that is installed."""
    return Path(_call(name, "program").strip())


@contextmanager
def running(name: str, **environment: str) -> Iterator[Running]:
    """Start a server on an empty folder; whatever happens, it is stopped and the folder removed."""
    folder = Path(tempfile.mkdtemp(prefix=f"tongban-{name}-", dir="/tmp"))
    try:
        _call(name, "start", folder, **environment)
        lines = (folder / "server.env").read_text("utf-8").splitlines()
        given = dict(line.split("=", 1) for line in lines)
        proven.used(name, given["version"])
        yield Running(name, folder, given)
    finally:
        _call(name, "stop", folder)
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _call(name: str, verb: str, *words: Path, **environment: str) -> str:
    done = subprocess.run(
        [str(SCRIPTS / f"{name}.sh"), verb, *map(str, words)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=BUILD_SECONDS,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode == UNAVAILABLE:
        raise CannotBeHadError(done.stdout.strip())
    assert done.returncode == 0, f"{name}.sh {verb}: {done.stderr[-1000:]}"
    return done.stdout
