"""What a key store is opened with."""

from __future__ import annotations

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
