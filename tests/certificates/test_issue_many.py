"""Thousands of certificates, the process killed again and again: all there, none twice, memory flat."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COUNT = int(os.environ.get("TONGBAN_MANY", "5000"))
KILLS = 6


def start(home: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.certificates.many", str(COUNT), str(home)]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def rows(home: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(f"file:{home / 'hub.db'}?mode=ro", uri=True) as database:
        return database.execute(query).fetchall()


@pytest.mark.soak
def test_thousands_killed_and_resumed_are_all_there_and_none_twice(tmp_path: Path) -> None:
    chance = random.Random(5)
    for _ in range(KILLS):
        child = start(tmp_path)
        time.sleep(chance.uniform(8, 20))
        child.send_signal(signal.SIGKILL)
        child.wait()
    child = start(tmp_path)
    out, _ = child.communicate(timeout=3600)
    last = json.loads(out.splitlines()[-1])
    assert last["failed"] == []
    issued = rows(tmp_path, "SELECT id FROM certificates_certificate WHERE step = 'ISSUED'")
    assert len(issued) == COUNT
    open_work = "SELECT count(*) FROM certificates_certificate WHERE step NOT IN ('ISSUED', 'VOID')"
    assert rows(tmp_path, open_work) == [(0,)]
    entries = rows(tmp_path, "SELECT subject FROM storage_journal WHERE kind='certificates.issued'")
    assert set(Counter(entries).values()) == {1}
    assert len(entries) == COUNT
    files = rows(tmp_path, "SELECT digest FROM certificates_file WHERE role = 'original'")
    assert len(files) == 2 * COUNT
    for (digest,) in files:
        digits = str(digest).removeprefix("sha256:")
        assert (tmp_path / "objects" / "sha256" / digits[:2] / digits[2:]).is_file()
    holders = rows(
        tmp_path, "SELECT slot, count(*) FROM certificates_slot GROUP BY slot HAVING count(*) > 1"
    )
    assert holders == []
    assert last["mebibytes"] < 1024
    sys.stdout.write(f"{COUNT} certificates, {KILLS} kills: {last}\n")
