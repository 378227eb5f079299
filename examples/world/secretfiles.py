"""Files of one secret line, for this user alone (mode 0600)."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def token_of(path: Path) -> str:
    """Return the token in a file's first line; a missing file is made with a new one."""
    if not path.exists():
        keep(path, secrets.token_urlsafe(32))
    return path.read_text("ascii").partition("\n")[0].strip()


def keep(path: Path, line: str) -> None:
    """Write one line for this user alone; readers see the old file or the whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".fresh")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(line + "\n")
    draft.replace(path)
