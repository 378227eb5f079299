"""How many files of a batch get the full verdict; the numbers are data, ``policies/batch.toml``.

Every signature of every file is verified whatever stands there, and a certificate that is issued
alone always gets the full verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from certificates.errors import Code
from kernel import registry
from kernel.errors import TongbanError

_NAME = "batch"


@dataclass(frozen=True, slots=True)
class Sampling:
    """The first ``first`` files of each part of a batch, and each ``every``-th after them."""

    first: int
    every: int

    def of(self, count: int) -> set[int]:
        """Return the places of the sample among ``count`` files."""
        return {*range(min(self.first, count)), *range(self.every - 1, count, self.every)}


def load(home: Path | None = None) -> Sampling:
    """Read the policy, a hub's own over the default; raises TongbanError ``sampling-invalid``."""
    found = registry.load("certificates", "policies", ".toml", home).members[_NAME]
    try:
        table = found.toml()["full_verdict"]
        first, every = table["first"], table["every"]
    except (KeyError, ValueError, TypeError) as error:
        raise TongbanError(Code.SAMPLING_INVALID) from error
    whole = all(isinstance(item, int) and not isinstance(item, bool) for item in (first, every))
    if not whole or first < 2 or every < 1:
        raise TongbanError(Code.SAMPLING_INVALID)
    return Sampling(first, every)
