"""One small run of the main job, shared by the tests of this folder."""

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


@dataclass(frozen=True)
class Done:
    home: Path
    code: int
    output: str

    @property
    def summary(self) -> dict[str, Any]:
        raw: dict[str, Any] = json.loads((self.home / "summary.json").read_text("utf-8"))
        return raw


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def run_demo(home: Path) -> Done:
    words = ["demo", "--home", str(home), "--residents", "400", "--certificates", "12"]
    words += ["--port", str(free_port()), "--once"]
    script = "from hub.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=420,
        check=False,
    )
    return Done(home, done.returncode, done.stdout + done.stderr)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Done:
    return run_demo(tmp_path_factory.mktemp("demo"))
