"""Named files that are replaced whole and survive a crash: the published side of the log."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

from kernel.ports import Probe
from storage.failures import of_files
from storage.probe import from_environment

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_STAGING = ".staging"


class FolderFiles:
    """Files below ``root`` by relative names; a name that could leave it raises ValueError."""

    def __init__(self, root: Path, probe: Probe | None = None) -> None:
        self._root = root
        self._probe = probe or from_environment()

    def read(self, name: str) -> bytes | None:
        """Return the file's bytes, or None when there is none."""
        try:
            return self._path(name).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def write(self, name: str, data: bytes) -> None:
        """Store durably, replacing at once or not at all. Raises ``disk-full``."""
        path = self._path(name)
        staged = self._root / _STAGING / f"{os.getpid()}-{secrets.token_hex(8)}"
        with self._probe.durable("files.write"), of_files("log"):
            fresh = _make(path.parent)
            staged.parent.mkdir(exist_ok=True)
            try:
                with staged.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                staged.replace(path)
            finally:
                staged.unlink(missing_ok=True)
            for folder in (path.parent, *fresh):
                _flush(folder)

    def remove(self, name: str) -> None:
        """Remove a file and its folder if that is then empty; one that is not there is none."""
        path = self._path(name)
        with of_files("log"):
            path.unlink(missing_ok=True)
            if (
                path.parent != self._root
                and path.parent.is_dir()
                and not any(path.parent.iterdir())
            ):
                path.parent.rmdir()

    def names(self, folder: str = "") -> Iterator[str]:
        """Name every file below ``folder``, in order of their paths."""
        base = self._path(folder) if folder else self._root
        for parent, folders, files in os.walk(base):
            folders[:] = sorted(one for one in folders if one != _STAGING)
            for file in sorted(files):
                yield (Path(parent) / file).relative_to(self._root).as_posix()

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(f"not a file name: {name!r}")
        return self._root / name


def _make(folder: Path) -> list[Path]:
    """Create missing folders and return those whose entries changed."""
    missing: list[Path] = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    if missing:
        missing[0].mkdir(parents=True, exist_ok=True)
    return [one.parent for one in missing]


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
