"""Names of objects: ``sha256:`` and 64 lower-case hexadecimal digits."""

from __future__ import annotations

import hashlib
import re
from typing import BinaryIO

from kernel.errors import TongbanError
from kernel.ports import Digest
from storage.errors import Code

BLOCK = 1 << 20
_NAME = re.compile(r"sha256:[0-9a-f]{64}")


def name_of(data: bytes) -> Digest:
    """Return the name of these bytes."""
    return Digest("sha256:" + hashlib.sha256(data).hexdigest())


def name_of_stream(stream: BinaryIO) -> Digest:
    """Return the name of what is left in ``stream``, in bounded memory."""
    total = hashlib.sha256()
    while block := stream.read(BLOCK):
        total.update(block)
    return Digest("sha256:" + total.hexdigest())


def hex_of(digest: str) -> str:
    """Return the 64 digits; raises ``object-name`` for anything else, so that no path is forged."""
    if not _NAME.fullmatch(digest):
        raise TongbanError(Code.OBJECT_NAME, digest=digest[:80])
    return digest.removeprefix("sha256:")
