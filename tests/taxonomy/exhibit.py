"""A file that shows one row of the list of failures, and what a verifier must say of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal

from bench.corpus import outcome
from signing.checks.case import Trust
from signing.model import Verdict
from signing.policies import load
from signing.verify import inspect, judge
from tests.signing_formats.conftest import AT, Region

Outcome = Literal["accept", "indeterminate", "reject", "unsigned"]
Policy = Literal["certificate", "archive"]
POLICIES: tuple[Policy, ...] = ("certificate", "archive")


@dataclass(frozen=True, slots=True)
class Made:
    """The file; ``trust`` where the outcome hangs on whom one believes, else the region's."""

    data: bytes
    trust: Trust | None = None
    at: datetime = AT


@dataclass(frozen=True, slots=True)
class Exhibit:
    """``row`` of the list (0: a good file), the code that must be named, the outcomes demanded.

    ``make`` gets a region of the format's family (SM2 for OFD, P-256 for PDF) and breaks one thing.
    """

    row: int
    name: str
    code: str
    make: Callable[[Region], Made | bytes]
    certificate: Outcome = "reject"
    archive: Outcome | None = None
    format: Literal["ofd", "pdf"] = "ofd"

    @property
    def file(self) -> str:
        """The file's name in a folder of all."""
        return f"{self.row:02}-{self.name}.{self.format}"

    def expected(self, policy: Policy) -> Outcome:
        """Return the outcome demanded under a policy; both the same unless said otherwise."""
        return self.certificate if policy == "certificate" else self.archive or self.certificate

    def made(self, region: Region) -> Made:
        """Return the file, made once for a region."""
        return _made(self, region)

    def judged(self, region: Region, policy: Policy = "certificate") -> Verdict:
        """Judge it with what it says that a verifier believes."""
        made = self.made(region)
        trust = region.trust if made.trust is None else made.trust
        return judge(inspect(made.data), load(policy), trust, made.at)

    def outcome(self, verdict: Verdict, region: Region) -> str:
        """Return the outcome of a verdict."""
        trust = self.made(region).trust
        return outcome(verdict, anchored=bool((trust or region.trust).anchors))


@lru_cache(maxsize=256)
def _made(exhibit: Exhibit, region: Region) -> Made:
    found = exhibit.make(region)
    return found if isinstance(found, Made) else Made(found)
