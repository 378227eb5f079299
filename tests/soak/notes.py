"""What a client was told, one JSON line each: written after the answer, read when all is over."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Notes:
    """A file of lines. A killed writer leaves whole lines: each is one write to the end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def add(self, kind: str, **values: Any) -> None:
        line = json.dumps({"kind": kind, "at": time.time(), **values}) + "\n"
        os.write(self._handle, line.encode())


def read(folder: Path) -> Iterator[dict[str, Any]]:
    """Return the notes of all files of a folder, file by file."""
    for path in sorted(folder.glob("*.notes")):
        for line in path.read_text("utf-8").splitlines():
            yield json.loads(line)


def until_input_ends() -> threading.Event:
    """Return an event that is set when whoever started this process closes its input or ends."""
    ended = threading.Event()

    def watch() -> None:
        while os.read(0, 4096):
            pass
        ended.set()

    threading.Thread(target=watch, daemon=True).start()
    return ended
