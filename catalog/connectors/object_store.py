"""Deliveries that lie in an object store: by key below a prefix, or by digest.

By key, an object ``KEY.sha256`` beside the file says what its bytes must be; by digest, the store
is one of ours (``kernel.ports.Objects``) and the source file says which objects. Either way what
was read is kept in the hub's own store before anything looks at it.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from catalog import connectors
from catalog.errors import Code
from catalog.fetching import Desk, entries, secret, secret_files
from catalog.model import DeliveredFile, Source
from kernel.errors import TongbanError
from kernel.ports import Digest, Objects
from storage.failures import of_files

if TYPE_CHECKING:
    from catalog.blocks import Block, Layout, Position
    from storage.objects.bucket import Bucket

MOST_FILES = 1000
_READS = ("csv", "xlsx", "zip")
_KNOWN = {
    "address_file": str, "reads": str, "prefix": str, "checksums": str, "digests": dict,
}  # fmt: skip
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_SUM = re.compile(r"([0-9a-fA-F]{64})(\s.*)?", re.DOTALL)
_SUM_SUFFIX = ".sha256"
_SUM_BYTES = 4096


class ObjectStore:
    """Brings files from a store; another connector, ``fetch.reads``, reads them."""

    def problems(self, fetch: Mapping[str, Any]) -> Iterator[str]:
        """Yield what is wrong with ``[fetch]``."""
        yield from entries(fetch, _KNOWN, "address_file", "reads")
        yield from secret_files(fetch)
        if fetch.get("reads") not in _READS:
            yield f"fetch.reads must be one of {', '.join(_READS)}"
        if fetch.get("checksums", "optional") not in ("optional", "required"):
            yield "fetch.checksums must be optional or required"
        if "digests" in fetch and {"prefix", "checksums"} & set(fetch):
            yield "fetch.digests and fetch.prefix, fetch.checksums exclude each other"
        digests = fetch.get("digests", {})
        if not isinstance(digests, dict):
            return
        if "digests" in fetch and not digests:
            yield "fetch.digests names no object"
        for name, digest in digests.items():
            if "/" in name or not _DIGEST.fullmatch(str(digest)):
                yield "fetch.digests must map file names to sha256: and 64 lower-case digits"

    def fetch(self, source: Source, desk: Desk) -> tuple[DeliveredFile, ...]:
        """Bring every object of the delivery.

        Raises TongbanError ``address-file``, ``delivery-missing``, ``delivery-too-large``,
        ``delivery-empty``, ``delivery-names`` when two keys end in one name, ``checksum-differs``,
        ``checksum-missing``, ``object-missing``, ``object-corrupt`` or ``objects-unavailable``.
        """
        address = secret(source.fetch["address_file"])
        if "digests" in source.fetch:
            return _by_digest(address, source, desk.objects)
        return _by_key(address, source, desk.objects)

    def examine(self, path: Path, name: str, source: Source) -> Layout:
        """Look at one file as ``fetch.reads`` does; see ``catalog.blocks.Connector``."""
        return connectors.by_name(source.fetch["reads"]).examine(path, name, source)

    def blocks(
        self, path: Path, name: str, source: Source, layout: Layout, start: Position
    ) -> Iterator[Block]:
        """Yield blocks as ``fetch.reads`` does; see ``catalog.blocks.Connector``."""
        reader = connectors.by_name(source.fetch["reads"])
        return reader.blocks(path, name, source, layout, start)


CONNECTOR = ObjectStore()


def _by_digest(address: str, source: Source, objects: Objects) -> tuple[DeliveredFile, ...]:
    from storage.objects import open_objects

    theirs = open_objects(address)
    found = []
    for name, digest in sorted(source.fetch["digests"].items()):
        with theirs.local(Digest(digest)) as path:
            size = path.stat().st_size
            _check_size(name, size, source.delivery.max_bytes)
            kept = objects.put_file(path)
        if kept != digest:
            raise TongbanError(Code.CHECKSUM_DIFFERS, file=name)
        found.append(DeliveredFile(name, kept, size))
    return tuple(found)


def _by_key(address: str, source: Source, objects: Objects) -> tuple[DeliveredFile, ...]:
    from storage.objects.bucket import Bucket

    bucket = Bucket(address)
    keys, sums = _listed(bucket, source)
    files = [_bring(bucket, key, sums, source, objects) for key in keys]
    return tuple(sorted(files, key=lambda file: file.name))


def _listed(bucket: Bucket, source: Source) -> tuple[list[str], set[str]]:
    """Return the keys that match, and which checksums lie there; refuses names that collide."""
    keys: list[str] = []
    sums: set[str] = set()
    for key, size in bucket.keys(source.fetch.get("prefix", "")):
        name = PurePosixPath(key).name
        if name.endswith(_SUM_SUFFIX):
            sums.add(key)
        elif not key.endswith("/") and fnmatchcase(name, source.delivery.pattern):
            _check_size(name, size, source.delivery.max_bytes)
            keys.append(key)
        if len(keys) > MOST_FILES or len(sums) > 2 * MOST_FILES:
            raise TongbanError(Code.DELIVERY_NAMES, source=source.name, limit=MOST_FILES)
    if len({PurePosixPath(key).name for key in keys}) != len(keys):
        raise TongbanError(Code.DELIVERY_NAMES, source=source.name, limit=MOST_FILES)
    return keys, sums


def _check_size(name: str, size: int, limit: int) -> None:
    if size == 0:
        raise TongbanError(Code.DELIVERY_EMPTY, file=name)
    if size > limit:
        raise TongbanError(Code.DELIVERY_TOO_LARGE, file=name, size=size, limit=limit)


def _bring(
    bucket: Bucket, key: str, sums: set[str], source: Source, objects: Objects
) -> DeliveredFile:
    name = PurePosixPath(key).name
    wanted = None
    if key + _SUM_SUFFIX in sums:
        wanted = _sum(bucket, key + _SUM_SUFFIX)
    elif source.fetch.get("checksums") == "required":
        raise TongbanError(Code.CHECKSUM_MISSING, file=name)
    with tempfile.NamedTemporaryFile(prefix="tongban-fetch-") as file:
        size = _download(bucket, key, file, name, source.delivery.max_bytes)
        kept = objects.put_file(Path(file.name))
    if wanted is not None and kept != wanted:
        raise TongbanError(Code.CHECKSUM_DIFFERS, file=name)
    return DeliveredFile(name, kept, size)


def _download(bucket: Bucket, key: str, into: IO[bytes], name: str, limit: int) -> int:
    size = 0
    for data in bucket.stream(key):
        size += len(data)
        if size > limit:
            raise TongbanError(Code.DELIVERY_TOO_LARGE, file=name, size=size, limit=limit)
        with of_files("parts"):
            into.write(data)
    with of_files("parts"):
        into.flush()
    _check_size(name, size, limit)
    return size


def _sum(bucket: Bucket, key: str) -> str:
    """Read a checksum file in the form of ``sha256sum``."""
    text = b""
    for data in bucket.stream(key):
        text += data
        if len(text) > _SUM_BYTES:
            break
    found = _SUM.fullmatch(text.decode("ascii", "replace"))
    if found is None:
        raise TongbanError(Code.CHECKSUM_MISSING, file=PurePosixPath(key).name)
    return "sha256:" + found[1].lower()
