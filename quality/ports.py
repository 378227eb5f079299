"""What checking needs from above: the current versions of other resources."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol


class References(Protocol):
    """Answers cross-resource rules; ``catalog`` implements it over current versions."""

    def has(self, resource: str, column: str, values: Collection[str]) -> set[str] | None:
        """Return those of ``values`` that occur in ``column``.

        None where the resource has no published version: the rule is then skipped, not broken.
        """
