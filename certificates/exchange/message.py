"""A message between hubs, as HTTP carries it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """A request (``method``, ``url``) or an answer (``status``, ``request``). Field names are lower
    case. ``url`` is the target URI as the receiver knows itself, never as a caller names it.
    """

    headers: Mapping[str, str]
    body: bytes = b""
    method: str = ""
    url: str = ""
    status: int = 0
    request: Message | None = None
