"""Starts a service of docker-compose.yml by hand: its own words, environment and health check.

Only what a container has for itself is put right: names of hosts, ports, and the places of volumes
and secrets. Whatever else the file says is what runs.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[1]
FILE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
CITIES = ("zhengzhou", "luoyang")
BY_SCRIPT = {"postgres"}
"""Services whose words lie in their image, not in the file."""
VARIABLE = re.compile(r"\$\{\w+:-([^}]*)\}")
"""What an operator may set in a file .env, with what counts without it."""


def ports() -> dict[str, str]:
    """Return a free port for each that a container has for itself."""
    given = {name: str(free_port()) for name in ("6379", "7070", "8600")}
    while True:
        first = free_port()
        with suppress(OSError, OverflowError):
            for port in range(first, first + 4):
                socket.create_server(("127.0.0.1", port)).close()
            return given | {str(18080 + more): str(first + more) for more in range(4)}


@dataclass
class Composed:
    """The services of one city, and those that all share, in a folder of a test's own."""

    city: str
    folder: Path
    programs: Mapping[str, str]
    """Where programs lie that a container has on its path."""
    ports: Mapping[str, str] = field(default_factory=ports)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("secrets", "hub", "objects", "redis"):
            (self.folder / name).mkdir(mode=0o700)

    @property
    def names(self) -> list[str]:
        """Return the names of the city's services and of the shared ones, in the order of the file."""
        others = [city for city in CITIES if city != self.city]
        return [name for name in SERVICES if not name.startswith(tuple(others))]

    def secret(self, target: str, value: str) -> None:
        """Write a secret as the container sees it."""
        path = self.folder / "secrets" / target
        path.write_text(value)
        path.chmod(0o600)

    def environment(self, name: str) -> dict[str, str]:
        """Return the environment of a service: what the file says, its places put right."""
        row = SERVICES[name].get("environment", {})
        given = {key: self._here(str(value)) for key, value in row.items()}
        bin_folder = str(Path(sys.executable).parent)
        given |= {"HOSTNAME": socket.gethostname(), "PYTHONPATH": str(ROOT)}
        if "AIRFLOW_HOME" in given:
            given |= {
                "AIRFLOW__API__PORT": self.ports["18080"],
                "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": self.ports["18081"],
                "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": self.ports["18082"],
                "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": self.ports["18083"],
            }
        kept = {key: os.environ[key] for key in ("HOME", "LANG") if key in os.environ}
        return kept | {"PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}"} | given

    def start(self, name: str) -> None:
        """Start a service with a group of its own; its output goes to a file of its name."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                self._words(SERVICES[name]["command"]),
                env=self.environment(name),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self, name: str) -> None:
        """Run a service that ends by itself, as those must that others wait for."""
        self.start(name)
        assert self.running.pop(name).wait(180) == 0, self.said(name)

    def await_health(self, name: str, seconds: float = 120.0) -> None:
        """Ask a service's own health check until it passes."""
        until = time.monotonic() + seconds
        while not self.healthy(name):
            assert self.running[name].poll() is None, f"{name} ended: {self.said(name)}"
            assert time.monotonic() < until, f"{name} is not healthy: {self.said(name)}"
            time.sleep(0.5)

    def healthy(self, name: str) -> bool:
        """Run the health check of a service once."""
        kind, *words = SERVICES[name]["healthcheck"]["test"]
        words = ["sh", "-c", *words] if kind == "CMD-SHELL" else words
        done = subprocess.run(
            self._words(words),
            env=self.environment(name),
            cwd=ROOT,
            check=False,
            capture_output=True,
            timeout=60,
        )
        return done.returncode == 0

    def said(self, name: str) -> str:
        """Return the end of a service's output."""
        return (self.folder / f"{name}.log").read_text("utf-8", "replace")[-3000:]

    def stop(self, name: str, seconds: float = 60.0) -> int:
        """End a service as an engine does: TERM, patience, KILL; returns its exit code."""
        child = self.running.pop(name)
        with suppress(ProcessLookupError):
            child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(seconds)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        return child.wait()

    def close(self) -> dict[str, int]:
        """End everything, the last one started first; returns the exit codes."""
        return {name: self.stop(name) for name in reversed(list(self.running))}

    def _words(self, words: Sequence[str]) -> list[str]:
        first, *rest = [self._here(word).replace("$$", "$") for word in words]
        return [self.programs.get(first, first), *rest]

    def _here(self, text: str) -> str:
        places = {
            "/run/secrets": str(self.folder / "secrets"),
            "/srv/objects": str(self.folder / "objects"),
            "/srv/hub": str(self.folder / "hub"),
            "/opt/tongban": str(ROOT),
            "0.0.0.0": "127.0.0.1",
            f"http://{self.city}-airflow-api-server": "http://127.0.0.1",
            f"https://{self.city}:": "https://127.0.0.1:",
        }
        text = VARIABLE.sub(r"\1", text)
        for old, new in (places | dict(self.ports)).items():
            text = text.replace(old, new)
        for name, program in self.programs.items():
            text = text.replace(f"exec {name} ", f"exec {program} ")
        return text
