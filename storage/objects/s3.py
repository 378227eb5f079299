"""Objects in an S3 service through the ``minio`` SDK: ``sha256/ab/cdef…`` in one bucket.

Nothing rests on conditional writes: names are digests, so a race stores equal bytes twice.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import parse_qs, unquote, urlsplit

from minio import Minio
from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError

from kernel.errors import TongbanError
from kernel.ports import Digest, Probe
from storage.errors import Code
from storage.objects.names import BLOCK, hex_of, name_of, name_of_stream
from storage.probe import from_environment

_MISSING = frozenset({"NoSuchKey", "NoSuchObject", "NoSuchVersion"})


class S3Objects:
    """Implements ``kernel.ports.Objects``.

    The address is ``s3://key:secret@host:port/bucket[?region=…]``; ``s3+http`` goes without TLS.
    The bucket must exist: whether it locks and versions is decided by who creates it.
    """

    def __init__(self, address: str, probe: Probe | None = None) -> None:
        parts = urlsplit(address)
        bucket = parts.path.strip("/")
        known = parts.scheme in {"s3", "s3+http"}
        if not (known and parts.hostname and parts.username and parts.password and bucket):
            raise TongbanError(Code.OBJECTS_URL)
        host = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
        self._bucket = bucket
        self._probe = probe or from_environment()
        self._client: Any = Minio(
            host,
            access_key=unquote(parts.username),
            secret_key=unquote(parts.password),
            secure=parts.scheme == "s3",
            # Named always: it saves a call, and some servers do not answer that call.
            region=parse_qs(parts.query).get("region", ["us-east-1"])[0],
        )

    def put(self, data: bytes) -> Digest:
        """Store and return the name after the service has confirmed."""
        digest = name_of(data)
        if not self.has(digest):
            self._upload(digest, io.BytesIO(data), len(data))
        return digest

    def put_file(self, path: Path) -> Digest:
        """Store a file of any size in bounded memory; it is read twice."""
        with path.open("rb") as file:
            digest = name_of_stream(file)
            if not self.has(digest):
                size = file.tell()
                file.seek(0)
                self._upload(digest, file, size)
        return digest

    def get(self, digest: Digest) -> bytes:
        """Return the bytes after checking them against the name."""
        with self.open(digest) as file:
            return file.read()

    def open(self, digest: Digest) -> BinaryIO:
        """Download to an unnamed file (small ones to memory), checked; caller closes."""
        file = tempfile.SpooledTemporaryFile(max_size=8 * BLOCK)  # noqa: SIM115 - the caller's
        try:
            self._download(digest, cast("BinaryIO", file))
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return cast("BinaryIO", file)

    @contextmanager
    def local(self, digest: Digest) -> Iterator[Path]:
        """Download to a temporary path that lives as long as the context."""
        with tempfile.NamedTemporaryFile(prefix="tongban-object-") as file:
            self._download(digest, cast("BinaryIO", file))
            file.flush()
            yield Path(file.name)

    def has(self, digest: Digest) -> bool:
        """Tell whether the object exists."""
        try:
            with _failures(digest):
                self._client.stat_object(self._bucket, _key(digest))
        except TongbanError as error:
            if error.code == Code.OBJECT_MISSING:
                return False
            raise
        return True

    def _upload(self, digest: Digest, data: BinaryIO, size: int) -> None:
        with self._probe.durable("objects.keep"), _failures(digest):
            self._client.put_object(self._bucket, _key(digest), data, size)

    def _download(self, digest: Digest, into: BinaryIO) -> None:
        total = hashlib.sha256()
        with _failures(digest):
            answer = self._client.get_object(self._bucket, _key(digest))
            try:
                for block in answer.stream(BLOCK):
                    total.update(block)
                    into.write(block)
            finally:
                answer.close()
                answer.release_conn()
        if "sha256:" + total.hexdigest() != digest:
            raise TongbanError(Code.OBJECT_CORRUPT, digest=digest)


def _key(digest: Digest) -> str:
    digits = hex_of(digest)
    return f"sha256/{digits[:2]}/{digits[2:]}"


@contextmanager
def _failures(digest: Digest) -> Iterator[None]:
    try:
        yield
    except S3Error as error:
        if error.code in _MISSING:
            raise TongbanError(Code.OBJECT_MISSING, digest=digest) from error
        raise TongbanError(Code.OBJECTS_UNAVAILABLE, reason=error.code) from error
    except (MinioException, HTTPError) as error:
        raise TongbanError(Code.OBJECTS_UNAVAILABLE, reason=type(error).__name__) from error
