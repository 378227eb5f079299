"""The parent's side: start the drawing process, wait so long, read so much, believe nothing."""

from __future__ import annotations

import json
import math
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from certificates.previews.model import Pages, Picture

LARGEST_ANSWER = 12 * 1024 * 1024
LONGEST_PAGE = 5000.0
"""Millimetres; a picture that claims more is no answer."""
_MEDIA = frozenset({"image/png", "image/jpeg"})
_TURNS = frozenset({0, 90, 180, 270})


@dataclass(frozen=True, slots=True)
class Limits:
    """What the pictures of one file may cost: seconds, bytes of memory and of the file, pages."""

    wall_seconds: float = 20.0
    cpu_seconds: int = 15
    memory_bytes: int = 1024**3
    file_bytes: int = 32 * 1024**2
    pages: int = 3
    width: int = 900


@dataclass(frozen=True, slots=True)
class Previewer:
    """Draws pages of one file in a process made for it."""

    limits: Limits = field(default_factory=Limits)

    def pages(self, data: bytes, kind: str, wanted: Sequence[str] = ()) -> Pages:
        """Return pictures of the ``wanted`` pages, else of the first; ``kind`` is pdf or ofd.

        Never raises on what a file holds.
        """
        limits = self.limits
        if len(data) > limits.file_bytes:
            return Pages(failed="limit")
        asked = {
            "kind": kind,
            "pages": list(dict.fromkeys(wanted))[: limits.pages],
            "width": limits.width,
            "memory": limits.memory_bytes,
            "cpu": limits.cpu_seconds,
        }
        answer = _ask(json.dumps(asked).encode() + b"\n" + data, limits.wall_seconds)
        if answer is None:
            return Pages(failed="limit")
        try:
            return _checked(json.loads(answer), limits.pages)
        except (ValueError, KeyError, TypeError, RecursionError):
            return Pages(failed="unreadable")


def _ask(question: bytes, seconds: float) -> bytes | None:
    """Return what the child answers, or None where it died, took too long or told too much."""
    memory = os.memfd_create("tongban-preview")
    with os.fdopen(memory, "w+b") as given:
        given.write(question)
        given.flush()
        given.seek(0)
        child = subprocess.Popen(
            [sys.executable, "-m", "certificates.previews.child"],
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).resolve().parents[2],
        )
    try:
        answer = _read(child, time.monotonic() + seconds)
    finally:
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()
    return answer


def _read(child: subprocess.Popen[bytes], deadline: float) -> bytes | None:
    assert child.stdout is not None
    handle, parts = child.stdout.fileno(), bytearray()
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([handle], [], [], left)[0]:
            return None
        chunk = os.read(handle, 1 << 16)
        if not chunk:
            return bytes(parts) or None
        parts += chunk
        if len(parts) > LARGEST_ANSWER:
            return None


def _checked(raw: Any, most: int) -> Pages:
    """Take over an answer of a process that a hostile file may have taken over."""
    if raw["failed"]:
        return Pages(failed="unreadable" if raw["failed"] == "unreadable" else "limit")
    pictures = tuple(_picture(item) for item in raw["pictures"][:most])
    return Pages(pictures, max(0, int(raw["count"])))


def _picture(raw: Any) -> Picture:
    sizes = {name: float(raw[name]) for name in ("width", "height", "left", "top")}
    small = all(math.isfinite(size) and abs(size) <= LONGEST_PAGE for size in sizes.values())
    if not small or min(sizes["width"], sizes["height"]) <= 0:
        raise ValueError("no size of a page")
    if raw["media"] not in _MEDIA or raw["turn"] not in _TURNS or not _base64(raw["data"]):
        raise ValueError("no picture")
    return Picture(
        page=str(raw["page"])[:40],
        number=int(raw["number"]),
        media=raw["media"],
        data=raw["data"],
        turn=raw["turn"],
        whole=raw["whole"] is True,
        **sizes,
    )


def _base64(text: Any) -> bool:
    return isinstance(text, str) and text.isascii() and text.strip("=").translate(_SIGNS).isalnum()


_SIGNS = str.maketrans("+/", "00")
