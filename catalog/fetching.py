"""What a connector is that brings the bytes itself, and how it gets at a secret address.

An address with a password never stands in a source file, which people copy and keep in versions:
it is the first line of a file that only the hub's own user can read.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from catalog.errors import Code
from catalog.model import DeliveredFile, Source
from kernel.errors import TongbanError
from kernel.ports import Objects

_LONGEST = 4096


@runtime_checkable
class Fetcher(Protocol):
    """A connector (``catalog.blocks.Connector``) that does not wait for files in the inbox."""

    def problems(self, fetch: Mapping[str, Any]) -> Iterator[str]:
        """Yield what is wrong with the table ``[fetch]`` of a source file."""

    def fetch(self, source: Source, objects: Objects) -> tuple[DeliveredFile, ...]:
        """Bring the delivery and keep it by digest; raises TongbanError, nothing half-kept."""


def secret(path: str) -> str:
    """Return the first line of a file of mode 0600; raises ``address-file`` with the reason."""
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


def address_file(fetch: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with ``fetch.address_file``; the file is judged when it is read."""
    path = fetch.get("address_file")
    if isinstance(path, str) and path and not Path(path).is_absolute():
        yield "fetch.address_file must be an absolute path"


_KINDS = {str: "a text", int: "a whole number", list: "a list", dict: "a table", bool: "a boolean"}
