"""What every key store refuses in the same words when a key is asked for."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence

from kernel.errors import TongbanError
from signing.algorithms import Algorithm
from signing.ports import KeyInfo, Purpose

_KEY_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,99}")
_SM3_SIZE = 32


def purposes_for(name: str, purposes: Sequence[str]) -> tuple[str, ...]:
    """Return the purposes sorted, each once.

    Raises TongbanError ``key-name-invalid`` or ``purpose-unknown``.
    """
    if not _KEY_NAME.fullmatch(name):
        raise TongbanError("key-name-invalid")
    for purpose in purposes:
        if purpose not in set(Purpose):
            raise TongbanError("purpose-unknown", purpose=purpose)
    return tuple(sorted(set(purposes)))


def same(held: KeyInfo, algorithm: str, purposes: tuple[str, ...]) -> KeyInfo:
    """Return the key that is there; raises TongbanError ``key-exists`` where it is another."""
    if (held.algorithm, held.purposes) != (algorithm, purposes):
        raise TongbanError("key-exists", key=held.name)
    return held


def check_digest(method: Algorithm, digest: bytes) -> None:
    """Raise TongbanError ``digest-length`` unless the digest is one of the algorithm's.

    An algorithm without a digest (Ed25519) signs messages of any length.
    """
    name = method.digest_name
    if not name:
        return
    size = _SM3_SIZE if name == "sm3" else hashlib.new(name).digest_size
    if len(digest) != size:
        raise TongbanError("digest-length", algorithm=method.name, size=len(digest))


def check_process(owner: int) -> None:
    """Raise TongbanError ``keystore-forked`` in any process but the one that opened the store."""
    if os.getpid() != owner:
        raise TongbanError("keystore-forked")
