"""The drawing process: one question on standard input, one answer on standard output, no files.

A line of JSON, then the file. It limits itself before it looks at the file, may write no file,
and ends after one answer.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
from dataclasses import asdict
from typing import Any

from certificates.previews.model import Pages

_DRAWERS = {"pdf": "certificates.previews.pdf", "ofd": "certificates.previews.ofd"}


def main() -> None:
    """Answer the question on standard input."""
    asked = json.loads(sys.stdin.buffer.readline())
    # Loaded before the limits: a library that cannot be loaded would look like a broken file.
    drawer = importlib.import_module(_DRAWERS[asked["kind"]])
    _limit(asked)
    pages = _draw(drawer, sys.stdin.buffer.read(), asked)
    sys.stdout.buffer.write(json.dumps(asdict(pages)).encode())


def _draw(drawer: Any, data: bytes, asked: dict[str, Any]) -> Pages:
    try:
        found = drawer.draw(data, tuple(asked["pages"]), int(asked["width"]))
    except (MemoryError, RecursionError):
        return Pages(failed="limit")
    except Exception:  # noqa: BLE001 - no exception of a parser may reach a user
        return Pages(failed="unreadable")
    assert isinstance(found, Pages)
    return found


def _limit(asked: dict[str, Any]) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + int(asked["cpu"]) + 1
    resource.setrlimit(resource.RLIMIT_AS, (asked["memory"], asked["memory"]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


if __name__ == "__main__":
    main()
