"""Both files of each certificate, by their digests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from certificates.model import Format
from certificates.register_model import StoredFile
from kernel.ids import CertificateId
from kernel.ports import Digest

FORMATS: tuple[Format, ...] = ("ofd", "pdf")
"""Both files of a certificate."""

Files = dict[CertificateId, tuple[StoredFile, ...]]


def digest_root(files: Iterable[tuple[CertificateId, StoredFile]]) -> str:
    """Return the SHA-256 over the digests of files, one a line, sorted: one name for them all."""
    lines = sorted(item.digest for _, item in files)
    return "sha256:" + hashlib.sha256("\n".join(lines).encode()).hexdigest()


def described(faces: Mapping[Format, bytes]) -> tuple[StoredFile, ...]:
    """Return name and size of unsealed files, in the order of ``FORMATS``."""
    return tuple(
        StoredFile(name, Digest("sha256:" + hashlib.sha256(data).hexdigest()), len(data))
        for name, data in faces.items()
    )


def flat(files: Files, keys: Iterable[CertificateId]) -> list[tuple[CertificateId, StoredFile]]:
    """Return the files of some certificates, each with its certificate."""
    return [(key, item) for key in keys for item in files[key]]
