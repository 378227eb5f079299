"""What a key store is opened with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """Folder of the hub, its environment, and the file that holds the password, if any."""

    home: Path
    environment: str
    password_file: Path | None = None
