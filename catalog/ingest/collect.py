"""Takes what a department left, keeps the bytes by digest, and looks at head and tail."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from catalog import connectors
from catalog.errors import Code
from catalog.fetching import Desk, Fetcher
from catalog.ingest.batch import delivery_of
from catalog.model import DeliveredFile, Delivery, Source
from kernel.errors import TongbanError
from kernel.ports import Digest, Objects


def gather(source: Source, inbox: Path, desk: Desk) -> Delivery:
    """Store what the connector fetches, or the files of ``inbox/NAME`` that match.

    Raises TongbanError ``delivery-missing``, ``delivery-empty``, ``delivery-too-large``,
    ``delivery-changing`` for a file that is still being written, or what the connector's
    ``fetch`` and ``examine`` raise.
    """
    connector = connectors.by_name(source.connector)
    files: Sequence[DeliveredFile]
    if isinstance(connector, Fetcher):
        files = connector.fetch(source, desk)
    else:
        files = [
            _keep(path, source, desk.objects) for path in _matching(inbox / source.name, source)
        ]
    if not files:
        raise TongbanError(
            Code.DELIVERY_MISSING, source=source.name, pattern=source.delivery.pattern
        )
    delivery = delivery_of(source, files)
    for file in delivery.files:
        with desk.objects.local(Digest(file.object)) as path:
            connector.examine(path, file.name, source)
    return delivery


def _matching(folder: Path, source: Source) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if not path.name.startswith((".", "~$"))
        and fnmatchcase(path.name, source.delivery.pattern)
        and path.is_file()
    )


def _keep(path: Path, source: Source, objects: Objects) -> DeliveredFile:
    before = path.stat()
    limit = source.delivery.max_bytes
    if before.st_size == 0:
        raise TongbanError(Code.DELIVERY_EMPTY, file=path.name)
    if before.st_size > limit:
        raise TongbanError(
            Code.DELIVERY_TOO_LARGE, file=path.name, size=before.st_size, limit=limit
        )
    digest = objects.put_file(path)
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise TongbanError(Code.DELIVERY_CHANGING, file=path.name)
    return DeliveredFile(path.name, digest, after.st_size)
