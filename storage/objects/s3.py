"""Objects in an S3 service through the ``minio`` SDK: ``sha256/ab/cdef…`` in one bucket.

Nothing rests on conditional writes: names are digests, so a race stores equal bytes twice.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import parse_qs, unquote, urlsplit

from minio import Minio
from minio.error import MinioException, S3Error
from minio.helpers import check_bucket_name
from urllib3 import PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError

from kernel.errors import TongbanError
from kernel.ports import Digest, Probe
from storage.errors import Code
from storage.objects.names import BLOCK, hex_of, name_of, name_of_stream
from storage.probe import from_environment

_UPLOADS = 8
"""Uploads of one ``put_many`` under way at a time."""
_NO_BUCKET = "NoSuchBucket"
_MADE = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})
_MISSING = frozenset({"NoSuchKey", "NoSuchObject", "NoSuchVersion"})


class S3Objects:
    """Implements ``kernel.ports.Objects``.

    The address is ``s3://key:secret@host:port/bucket[?region=…&create=yes]``; ``s3+http`` goes
    without TLS. A missing bucket is ``objects-unavailable``: whether it locks and versions is
    decided by who creates it. With ``create=yes`` a plain one is made at the first write.
    """

    def __init__(self, address: str, probe: Probe | None = None) -> None:
        self._client, self._bucket = connect(address)
        self._create = parse_qs(urlsplit(address).query).get("create") == ["yes"]
        self._bucket_seen = False
        self._probe = probe or from_environment()

    def put(self, data: bytes) -> Digest:
        """Store and return the name after the service has confirmed."""
        digest = name_of(data)
        if not self._kept(digest, len(data)):
            self._upload(digest, io.BytesIO(data), len(data))
        return digest

    def put_many(self, items: Sequence[bytes]) -> tuple[Digest, ...]:
        """Store several side by side: the service confirms each."""
        with ThreadPoolExecutor(_UPLOADS, "objects") as pool:
            return tuple(pool.map(self.put, items))

    def put_file(self, path: Path) -> Digest:
        """Store a file of any size in bounded memory; it is read twice."""
        with path.open("rb") as file:
            digest = name_of_stream(file)
            size = file.tell()
            if not self._kept(digest, size):
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
        return self._size(digest) is not None

    def _kept(self, digest: Digest, size: int) -> bool:
        """Tell whether the object is there in full; makes the bucket where the address allows."""
        try:
            return self._size(digest) == size
        except TongbanError as error:
            if not self._create or error.params.get("reason") != _NO_BUCKET:
                raise
        with failures(digest):
            self._make_bucket()
        return False

    def _make_bucket(self) -> None:
        try:
            self._client.make_bucket(self._bucket)
        except S3Error as error:
            if error.code not in _MADE:
                raise

    def _size(self, digest: Digest) -> int | None:
        """Return the stored size, None where there is no such object."""
        with failures(digest):
            try:
                found = self._client.stat_object(self._bucket, _key(digest))
            except S3Error as error:
                if error.code not in _MISSING:
                    raise
                # The answer to a HEAD has no body, so the SDK cannot tell which of both is missing.
                self._bucket_seen = self._bucket_seen or self._client.bucket_exists(self._bucket)
                if not self._bucket_seen:
                    raise TongbanError(Code.OBJECTS_UNAVAILABLE, reason=_NO_BUCKET) from error
                return None
        size: int = found.size
        return size

    def _upload(self, digest: Digest, data: BinaryIO, size: int) -> None:
        with self._probe.durable("objects.keep"), failures(digest):
            self._client.put_object(self._bucket, _key(digest), data, size)

    def _download(self, digest: Digest, into: BinaryIO) -> None:
        total = hashlib.sha256()
        with failures(digest):
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


def _connections() -> PoolManager:
    """Return bounded waits: the SDK's own would hold a request for five minutes."""
    busy = Retry(total=4, backoff_factor=0.1, status_forcelist=(500, 502, 503, 504))
    return PoolManager(timeout=Timeout(connect=5, read=60), maxsize=32, retries=busy)


def connect(address: str) -> tuple[Any, str]:
    """Return a client and the bucket of an address; raises ``objects-url``."""
    parts = urlsplit(address)
    bucket = parts.path.strip("/")
    known = parts.scheme in {"s3", "s3+http"}
    if not (known and parts.hostname and parts.username and parts.password and bucket):
        raise TongbanError(Code.OBJECTS_URL)
    host = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
    try:
        check_bucket_name(bucket, strict=True)
        client = Minio(
            host,
            access_key=unquote(parts.username),
            secret_key=unquote(parts.password),
            secure=parts.scheme == "s3",
            # Named always: it saves a call, and some servers do not answer that call.
            region=parse_qs(parts.query).get("region", ["us-east-1"])[0],
            http_client=_connections(),
        )
    except ValueError as error:  # the SDK's word for a host or a bucket that cannot be
        raise TongbanError(Code.OBJECTS_URL) from error
    return client, bucket


def _key(digest: Digest) -> str:
    digits = hex_of(digest)
    return f"sha256/{digits[:2]}/{digits[2:]}"


@contextmanager
def failures(digest: Digest) -> Iterator[None]:
    """Raise the room's failure instead of the SDK's; ``digest`` is the name to be told."""
    try:
        yield
    except S3Error as error:
        if error.code in _MISSING:
            raise TongbanError(Code.OBJECT_MISSING, digest=digest) from error
        raise TongbanError(Code.OBJECTS_UNAVAILABLE, reason=error.code) from error
    except (MinioException, HTTPError) as error:
        raise TongbanError(Code.OBJECTS_UNAVAILABLE, reason=type(error).__name__) from error
