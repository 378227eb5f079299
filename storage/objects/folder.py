"""Objects in a folder: ``sha256/ab/cdef…``, written under a temporary name, flushed, renamed."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from kernel.errors import TongbanError
from kernel.ports import Digest, Probe
from storage.errors import Code
from storage.failures import of_files
from storage.objects.names import BLOCK, hex_of, name_of, name_of_stream
from storage.objects.volume import Volume, flush
from storage.probe import from_environment

_MANY = 8
"""Objects from which on flushing the whole volume costs less than flushing each."""


class FolderObjects:
    """Implements ``kernel.ports.Objects``. A race of writers of one object ends in equal files."""

    def __init__(self, root: Path, probe: Probe | None = None) -> None:
        self._root = root
        self._staging = root / "staging"
        self._probe = probe or from_environment()
        with of_files("objects"):
            self._staging.mkdir(parents=True, exist_ok=True)

    def put(self, data: bytes) -> Digest:
        """Store durably and return the name. Raises ``disk-full`` with nothing left behind."""
        digest = name_of(data)
        if not self._kept(digest, len(data)):
            with self._staged() as (path, file):
                file.write(data)
                self._keep(path, file, digest)
        return digest

    def put_many(self, items: Sequence[bytes]) -> tuple[Digest, ...]:
        """Store several, durable together when it returns; two flushes for all of them.

        Raises ``disk-full`` with nothing left behind but whole objects. A few are stored one by
        one, so that they do not wait for what others write to the volume.
        """
        if len(items) < _MANY:
            return tuple(map(self.put, items))
        names = tuple(map(name_of, items))
        fresh = {
            digest: data
            for digest, data in zip(names, items, strict=True)
            if self._size(digest) != len(data)
        }
        with of_files("objects"), Volume(self._root) as volume:
            staged: dict[Path, Path] = {}
            try:
                self._keep_all(volume, fresh, staged)
            finally:
                for path in staged:
                    path.unlink(missing_ok=True)
            folders = {self._path(digest).parent for digest in names}
            volume.flush([*folders, self._root / "sha256", self._root] if folders else ())
        return names

    def _keep_all(
        self, volume: Volume, fresh: Mapping[Digest, bytes], staged: dict[Path, Path]
    ) -> None:
        with self._probe.durable("objects.keep"):
            for digest, data in fresh.items():
                path = self._staging / f"{os.getpid()}-{secrets.token_hex(8)}"
                staged[path] = self._path(digest)
                with path.open("xb") as file:
                    file.write(data)
            volume.flush(staged)
            for path, target in staged.items():
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)

    def put_file(self, path: Path) -> Digest:
        """Store a file of any size in bounded memory."""
        total = hashlib.sha256()
        with path.open("rb") as source, self._staged() as (staged, file):
            while block := source.read(BLOCK):
                total.update(block)
                file.write(block)
            digest = Digest("sha256:" + total.hexdigest())
            if not self._kept(digest, file.tell()):
                self._keep(staged, file, digest)
        return digest

    def get(self, digest: Digest) -> bytes:
        """Return the bytes after checking them against the name."""
        with self._stream(digest) as file:
            data = file.read()
        if name_of(data) != digest:
            raise TongbanError(Code.OBJECT_CORRUPT, digest=digest)
        return data

    def open(self, digest: Digest) -> BinaryIO:
        """Open for streaming after the bytes were checked once; caller closes."""
        file = self._stream(digest)
        if name_of_stream(file) != digest:
            file.close()
            raise TongbanError(Code.OBJECT_CORRUPT, digest=digest)
        file.seek(0)
        return file

    @contextmanager
    def local(self, digest: Digest) -> Iterator[Path]:
        """Give the checked file's own path, for reading only."""
        self.open(digest).close()
        yield self._path(digest)

    def has(self, digest: Digest) -> bool:
        """Tell whether the object exists."""
        return self._path(digest).is_file()

    def sweep(self, older_than_seconds: float = 86400.0) -> int:
        """Remove what killed processes left in staging; returns how many files."""
        removed = 0
        for path in self._staging.iterdir():
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > older_than_seconds:
                    path.unlink()
                    removed += 1
        return removed

    def _path(self, digest: Digest) -> Path:
        digits = hex_of(digest)
        return self._root / "sha256" / digits[:2] / digits[2:]

    def _stream(self, digest: Digest) -> BinaryIO:
        try:
            return self._path(digest).open("rb")
        except FileNotFoundError as error:
            raise TongbanError(Code.OBJECT_MISSING, digest=digest) from error

    def _kept(self, digest: Digest, size: int) -> bool:
        """Tell whether the object is there in full, and make sure its name survives a crash."""
        if self._size(digest) != size:
            return False
        with of_files("objects"):
            flush(self._path(digest).parent)
        return True

    def _size(self, digest: Digest) -> int | None:
        try:
            return self._path(digest).stat().st_size
        except FileNotFoundError:
            return None

    @contextmanager
    def _staged(self) -> Iterator[tuple[Path, BinaryIO]]:
        path = self._staging / f"{os.getpid()}-{secrets.token_hex(8)}"
        with of_files("objects"):
            try:
                with path.open("xb") as file:
                    yield path, file
            finally:
                path.unlink(missing_ok=True)

    def _keep(self, staged: Path, file: BinaryIO, digest: Digest) -> None:
        path = self._path(digest)
        with self._probe.durable("objects.keep"):
            file.flush()
            os.fsync(file.fileno())
            if not path.parent.is_dir():
                path.parent.mkdir(parents=True, exist_ok=True)
                flush(path.parent.parent)
                flush(self._root)
            staged.replace(path)
            flush(path.parent)
