"""What a key store is opened with."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

from kernel.errors import TongbanError


@dataclass(frozen=True, slots=True)
class Options:
    """Folder of the hub, its environment, and the file that holds the password or PIN, if any.

    For hardware: ``module`` is the vendor's library (PKCS#11) or the device's socket (SDF),
    ``token`` the label of the token.
    """

    home: Path
    environment: str
    password_file: Path | None = None
    module: Path | None = None
    token: str = ""


def secret(options: Options) -> bytes:
    """Return the password or PIN; raises TongbanError ``keystore-unlock-missing``."""
    if options.password_file is None:
        raise TongbanError("keystore-unlock-missing")
    try:
        found = options.password_file.read_bytes().strip()
    except OSError as error:
        raise TongbanError("keystore-unlock-missing") from error
    if not found:
        raise TongbanError("keystore-unlock-missing")
    return found


def pin(options: Options) -> bytes:
    """Return the PIN of a device: anybody who may read it can sign with every key in there.

    Raises TongbanError ``keystore-unlock-missing``, ``keystore-pin-open`` for a file that others
    than its owner may touch.
    """
    found = secret(options)
    path = options.password_file
    if path is not None and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise TongbanError("keystore-pin-open", path=path)
    return found
