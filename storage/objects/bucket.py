"""Reads somebody else's bucket by key: what a department laid there is not named by digest."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kernel.errors import TongbanError
from kernel.ports import Digest
from storage.errors import Code
from storage.objects.names import BLOCK
from storage.objects.s3 import connect, failures

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
"""Names that every S3 service takes; the SDK would raise a ValueError for others, at each call."""


class Bucket:
    """Read-only view of one bucket, at an address as ``storage.objects.s3.S3Objects`` takes it."""

    def __init__(self, address: str) -> None:
        self._client, self._bucket = connect(address)
        if not _NAME.fullmatch(self._bucket):
            raise TongbanError(Code.OBJECTS_URL)

    def keys(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Yield keys below ``prefix`` with sizes in bytes; raises ``objects-unavailable``."""
        with failures(Digest(prefix)):
            for item in self._client.list_objects(self._bucket, prefix=prefix, recursive=True):
                yield str(item.object_name), int(item.size or 0)

    def stream(self, key: str) -> Iterator[bytes]:
        """Yield an object's bytes; raises ``object-missing`` or ``objects-unavailable``.

        An answer that ends before its announced length is a failure, never a short object.
        """
        with failures(Digest(key)):
            answer = self._client.get_object(self._bucket, key)
            try:
                yield from answer.stream(BLOCK)
            finally:
                answer.close()
                answer.release_conn()
