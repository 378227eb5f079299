"""Where the signer's socket and lock lie."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from kernel.errors import TongbanError

_LONGEST_PATH = 100
"""Linux allows 108 bytes for a socket's path, the ending zero included; other systems 104."""


def socket_path(home: Path) -> Path:
    """Return the socket of a hub's folder; its folder exists afterwards with mode 0700.

    Where the hub's path is too long for a socket, a private folder below the temporary one is used.
    Raises TongbanError ``signer-unreachable`` when somebody else owns that folder.
    """
    folder = home.absolute() / "signer"
    if len(os.fsencode(folder / "signer.sock")) > _LONGEST_PATH:
        mark = hashlib.sha256(os.fsencode(home.absolute())).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()) / f"tongban-{os.getuid()}-{mark}"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_uid != os.getuid() or folder.is_symlink():
        raise TongbanError("signer-unreachable", reason="socket folder belongs to another user")
    return folder / "signer.sock"
