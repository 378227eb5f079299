"""What the doctor finds: one answer to one question about a hub's surroundings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer. ``detail`` is a fact; ``next`` and ``next_en`` are empty where all is well."""

    check: str
    state: State
    detail: str
    next: str = ""
    next_en: str = ""
