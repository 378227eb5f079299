"""The web process as a whole: what it leaves behind when it is told to end."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.services

LEASE = "SELECT owner FROM storage_lease WHERE name = 'audit.sequencer'"


def owner(database: Path) -> str:
    try:
        with sqlite3.connect(database) as connection:
            found = connection.execute(LEASE).fetchone()
    except sqlite3.OperationalError:
        return ""
    return str(found[0]) if found else ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_told_web_process_ends_well_and_gives_the_logs_lease_back(
    tmp_path: Path, number: signal.Signals
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "hub.serve", "--home", str(tmp_path), "--port", str(port)]
    environment = {**os.environ, "TONGBAN_ENVIRONMENT": "test"}
    with subprocess.Popen(words, env=environment, stderr=subprocess.DEVNULL) as web:
        try:
            until = time.monotonic() + 60
            while not owner(tmp_path / "hub.db"):
                assert web.poll() is None
                assert time.monotonic() < until
                time.sleep(0.1)
            web.send_signal(number)
            assert web.wait(60) == 0
        finally:
            web.kill()
    assert owner(tmp_path / "hub.db") == ""
