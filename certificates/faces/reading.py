"""What was read back out of a face file, the same for every format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """``pages`` has the text of each page, ``metadata`` the certificate entries found inside.

    ``faults`` names what a reader stumbled over: fonts that are not embedded, parts that are
    missing, two places of metadata that disagree.
    """

    pages: tuple[str, ...]
    metadata: Mapping[str, str]
    faults: tuple[str, ...]
