"""One small run of the main job in two cities, shared by the tests of this folder."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
REGIONS = ("410100", "410300")
COMMAND = (sys.executable, "-c", "from hub.cli import main; main()")


@dataclass(frozen=True)
class Done:
    home: Path
    code: int
    output: str
    port: int = 0

    @property
    def summary(self) -> dict[str, Any]:
        raw: dict[str, Any] = json.loads((self.home / "summary.json").read_text("utf-8"))
        return raw

    @property
    def homes(self) -> list[Path]:
        return [self.home / region for region in REGIONS]

    @property
    def logs(self) -> str:
        """Return the ends of the cities' logs, for whoever reads why a test failed."""
        paths = [home / "run" / "city.log" for home in self.homes]
        return "\n".join(path.read_text("utf-8", "replace")[-1500:] for path in paths)


def free_ports() -> int:
    """Return the first of two ports in a row that are free."""
    for _ in range(50):
        with socket.socket() as first:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            with socket.socket() as second:
                try:
                    second.bind(("127.0.0.1", port + 1))
                except (OSError, OverflowError):
                    continue
                return port
    raise AssertionError("no two ports in a row")


def command(home: Path, port: int, *more: str) -> list[str]:
    words = ["demo", "--home", str(home), "--residents", "300", "--certificates", "16"]
    return [*COMMAND, *words, "--port", str(port), "--once", *more]


def run_demo(home: Path, port: int | None = None, *more: str) -> Done:
    port = port or free_ports()
    done = subprocess.run(
        command(home, port, *more),
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=480,
        check=False,
    )
    return Done(home, done.returncode, done.stdout + done.stderr, port)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Done:
    return run_demo(tmp_path_factory.mktemp("demo"))
