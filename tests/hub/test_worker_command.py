"""A hub's duties in a process of their own: it beats while it works, and counting stays with the web."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from hub.settings import load
from hub.wiring import open_hub
from hub.worker import Worker

ROOT = Path(__file__).resolve().parents[2]
WORDS = [sys.executable, "-c", "from hub.cli import main; main()", "worker"]


def beats(home: Path) -> bool:
    return (
        subprocess.run([*WORDS, "--check", "--home", str(home)], cwd=ROOT, check=False).returncode
        == 0
    )


def test_a_worker_beats_until_it_is_told_to_stop(tmp_path: Path) -> None:
    home = tmp_path / "hub"
    assert not beats(home)
    child = subprocess.Popen(
        [*WORDS, "--home", str(home)], cwd=ROOT, env={**os.environ, "TONGBAN_ENVIRONMENT": "test"}
    )
    try:
        until = time.monotonic() + 60
        while not (home / "run" / "worker.beat").exists():
            assert child.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        assert beats(home)
        os.utime(home / "run" / "worker.beat", (0, 0))
    finally:
        child.terminate()
    assert child.wait(30) == 0
    assert not beats(home)


def test_a_web_process_beside_a_worker_still_counts_what_it_was_asked(tmp_path: Path) -> None:
    with open_hub(load(home=tmp_path / "hub", environment="test", worker=False)) as hub:
        duties = {thread.name for thread in Worker(hub, shared=False)._threads}
        assert duties == {"_count"}
        assert duties < {thread.name for thread in Worker(hub)._threads}
