"""What a connector is that brings the bytes itself, and how it gets at a secret address.

An address with a password never stands in a source file, which people copy and keep in versions:
it is the first line of a file that only the hub's own user can read.
"""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from catalog.errors import Code
from catalog.model import DeliveredFile, Source
from kernel.clock import Clock
from kernel.errors import TongbanError
from kernel.ports import Objects, Probe
from storage.failures import of_files

SECRETS = ("address_file", "token_file")
"""Entries of ``[fetch]`` that name a file; a path that is not absolute lies in the hub's home."""
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a fetch works. One process at a time fetches for a source."""

    objects: Objects
    work: Path
    """A folder for this source's fetch alone; what lies there outlives a killed process."""
    clock: Clock
    probe: Probe
    mark: str = ""
    """Largest mark of the files (``DeliveredFile.mark``) of the version that is current."""

    def open(self) -> Path:
        """Make the folder, for this user alone: what is fetched is personal data."""
        with of_files("parts"):
            self.work.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.work.mkdir(mode=0o700, exist_ok=True)
        return self.work

    def clear(self) -> None:
        """Remove the folder with all that was fetched."""
        shutil.rmtree(self.work, ignore_errors=True)

    @contextmanager
    def cleared(self) -> Iterator[Path]:
        """Give an empty folder that is gone afterwards, also after a failure."""
        self.clear()
        try:
            yield self.open()
        finally:
            self.clear()


@runtime_checkable
class Fetcher(Protocol):
    """A connector (``catalog.blocks.Connector``) that does not wait for files in the inbox."""

    def problems(self, fetch: Mapping[str, Any]) -> Iterator[str]:
        """Yield what is wrong with the table ``[fetch]`` of a source file."""

    def fetch(self, source: Source, desk: Desk) -> tuple[DeliveredFile, ...]:
        """Bring the delivery and keep it by digest; raises TongbanError, nothing half-kept.

        Until all of it is there, what was fetched lies in ``desk.work`` and nowhere else.
        """


def secret(path: str) -> str:
    """Return the first line of a file of mode 0600; raises ``address-file`` with the reason."""
    if not Path(path).is_absolute():
        raise TongbanError(Code.ADDRESS_FILE, file=path, reason="a hub without a home")
    try:
        with Path(path).open("rb") as file:
            mode = stat.S_IMODE(Path(path).stat().st_mode)
            raw = file.read(_LONGEST)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise TongbanError(Code.ADDRESS_FILE, file=path, reason=reason) from error
    if mode & 0o077:
        raise TongbanError(Code.ADDRESS_FILE, file=path, reason=f"mode {mode:04o}")
    try:
        line = raw.decode("utf-8").partition("\n")[0].strip()
    except UnicodeDecodeError:
        line = ""
    if not line:
        raise TongbanError(Code.ADDRESS_FILE, file=path, reason="no address in the first line")
    return line


def entries(fetch: Mapping[str, Any], known: Mapping[str, type], *needed: str) -> Iterator[str]:
    """Yield entries that are unknown, of another type, or needed and missing."""
    yield from (f"unknown entry fetch.{key}" for key in sorted(set(fetch) - set(known)))
    for key, kind in known.items():
        value = fetch.get(key)
        if key in needed and not value:
            yield f"fetch.{key} is required"
        elif value is not None and type(value) is not kind:
            yield f"fetch.{key} must be {_KINDS[kind]}"


def secret_files(fetch: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the paths in ``fetch``; a file is judged when it is read."""
    for key in SECRETS:
        if isinstance(fetch.get(key), str) and ".." in Path(fetch[key]).parts:
            yield f"fetch.{key} must be an absolute path, or one below the hub's home"


def at_home(fetch: Mapping[str, Any], home: Path | None) -> Mapping[str, Any]:
    """Return ``fetch`` with its paths below the hub's home made absolute."""
    if home is None:
        return fetch
    found = {key: str(home.absolute() / fetch[key]) for key in SECRETS if key in fetch}
    return {**fetch, **found}


def numbers(fetch: Mapping[str, Any], most: Mapping[str, int]) -> Iterator[str]:
    """Yield whole numbers that are below 1 or above ``most``."""
    for key, limit in most.items():
        value = fetch.get(key, 1)
        if type(value) is int and not 1 <= value <= limit:
            yield f"fetch.{key} must be from 1 to {limit}"


_KINDS = {str: "a text", int: "a whole number", list: "a list", dict: "a table", bool: "a boolean"}
