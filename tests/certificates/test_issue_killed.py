from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from certificates.store import METADATA
from storage.database import Database

ROOT = Path(__file__).resolve().parents[2]


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.certificates.killed", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_kill_9_at_each_durable_write_of_issue_loses_and_doubles_nothing(tmp_path: Path) -> None:
    process = start(str(tmp_path))
    out, _ = process.communicate(timeout=300)
    lines = [json.loads(line) for line in out.splitlines()]
    names = {line["point"].partition("#")[0] for line in lines}
    steps = {"reserve", "render", "intend", "signature", "object", "seal", "issue"}
    assert {f"certificates.{name}" for name in steps} <= names
    expected = {
        "issued": 2,
        "results": 1,
        "entries": 2,
        "files": 4,
        "whole": True,
        "open": 0,
        "signatures": 4,
    }
    for line in lines:
        assert line["signal"] == signal.SIGKILL, line["point"]
        assert {key: line[key] for key in expected} == expected, line["point"]


@pytest.mark.parametrize("serial", ["", "SAME0000000000000001"])
def test_two_processes_racing_have_one_winner_per_number(
    tmp_path: Path, make_database: Callable[..., Database], serial: str
) -> None:
    make_database(METADATA)
    racers = [start(str(tmp_path), serial or "-") for _ in range(2)]
    won = [int(racer.communicate(timeout=120)[0]) for racer in racers]
    assert sum(won) == (1 if serial else 2)
