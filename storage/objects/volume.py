"""Flushing many files at once: one ``syncfs`` where Linux reports its errors, else file by file."""

from __future__ import annotations

import ctypes
import errno
import os
import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Self

_REPORTS_ERRORS = (5, 8)
"""Kernel since which ``syncfs`` tells of failed writes; before, a lost file would go unnoticed."""


class Volume:
    """The file system of a folder, opened before what is to be flushed is written.

    The order matters: an open descriptor learns of every write that failed since it was opened.
    """

    def __init__(self, folder: Path) -> None:
        """Open the folder; raises OSError."""
        self._handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)

    def __enter__(self) -> Self:
        """Return self."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the folder."""
        os.close(self._handle)

    def flush(self, paths: Iterable[Path]) -> None:
        """Make files and folders durable; raises OSError when one of them may be lost."""
        call = _syncfs()
        if call is None:
            for path in paths:
                flush(path)
            return
        while call(self._handle) != 0:
            code = ctypes.get_errno()
            if code != errno.EINTR:
                raise OSError(code, os.strerror(code))


def flush(path: Path) -> None:
    """Make one file or folder durable; raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@cache
def _syncfs() -> Callable[[int], int] | None:
    release = re.match(r"(\d+)\.(\d+)", os.uname().release)
    if os.uname().sysname != "Linux" or release is None:
        return None
    if (int(release[1]), int(release[2])) < _REPORTS_ERRORS:
        return None
    try:
        call = ctypes.CDLL(None, use_errno=True).syncfs
    except (OSError, AttributeError):
        return None
    call.argtypes, call.restype = (ctypes.c_int,), ctypes.c_int
    found: Callable[[int], int] = call
    return found
