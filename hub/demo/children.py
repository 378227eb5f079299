"""The processes that a city's process starts: its pages, and the service of its hospital births."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx2

from hub.settings import Settings
from kernel.errors import TongbanError

READY_SECONDS = 30.0
_STOP_SECONDS = 15.0


class Child:
    """A process that ends when its standard input does, so that it never outlives this one."""

    def __init__(self, words: list[str], log: Path, environment: dict[str, str]) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, *words],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
                cwd=Path(__file__).resolve().parents[2],
            )

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Tell whether the process is gone."""
        return self._process.poll() is not None

    def wait(self) -> int:
        """Wait for the end of the process."""
        return self._process.wait()

    def stop(self) -> None:
        """Close its input and wait; kill it when it does not end."""
        with suppress(OSError):
            if self._process.stdin:
                self._process.stdin.close()
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def web(settings: Settings) -> Child:
    """Start the web process of a hub."""
    words = ["-m", "hub.serve", "--home", str(settings.root), "--port", str(settings.port)]
    log = settings.root / "run" / "web.log"
    return Child([*words, "--with-parent"], log, _environment(settings))


def births(home: Path) -> Child:
    """Start the health commission's service and wait until its address is known.

    Raises TongbanError ``demo-step-failed``.
    """
    secrets = home / "secrets"
    told = secrets / "wj-births.address"
    told.unlink(missing_ok=True)
    words = ["-m", "examples.world.service", "--pages", str(home / "inbox" / "wj-births")]
    words += ["--token-file", str(secrets / "wj-births.token"), "--port-file", str(told)]
    child = Child(words, home / "run" / "births.log", {})
    until = time.monotonic() + READY_SECONDS
    while not told.exists():
        if child.ended or time.monotonic() > until:
            child.stop()
            raise TongbanError("demo-step-failed", step="births")
        time.sleep(0.05)
    return child


def wait_ready(child: Child, settings: Settings) -> None:
    """Wait until the web answers; raises TongbanError ``web-not-started``."""
    until = time.monotonic() + READY_SECONDS
    with httpx2.Client(base_url=settings.address, timeout=2, trust_env=False) as client:
        while time.monotonic() < until and not child.ended:
            with suppress(httpx2.HTTPError):
                if client.get("/healthz").status_code == 200:
                    return
            time.sleep(0.1)
    log = settings.root / "run" / "web.log"
    raise TongbanError("web-not-started", port=settings.port, log=log)


def _environment(settings: Settings) -> dict[str, str]:
    return {
        "TONGBAN_HOME": str(settings.root),
        "TONGBAN_REGION": settings.region,
        "TONGBAN_CITY": settings.city,
        "TONGBAN_PORT": str(settings.port),
        "TONGBAN_ENVIRONMENT": settings.environment,
    }
