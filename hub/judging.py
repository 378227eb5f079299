"""Joins certificates to verdicts: implements ``Judge`` for own files, ``Inspector`` for others'."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from certificates.ports import Judgement
from hub.revocation import lists_folder, read_lists
from hub.statuses import StatusBook, answers_folder, read_answers
from kernel.ports import Json
from signing import x509
from signing.checks.case import Trust
from signing.fence import Fence
from signing.model import Verdict
from signing.policies import Policy
from signing.policies import load as load_policy
from signing.trust import TrustStore
from signing.verify import inspect, judge

STRICT = "certificate"
_SETTLED_NS = 100_000_000
"""A folder whose time is younger may change again without its time showing it."""
_Seen = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class HubJudge:
    """Judges what this hub has just made, in this process, under the strict policy."""

    home: Path
    trust: TrustBook

    @cached_property
    def _policy(self) -> Policy:
        return load_policy(STRICT, self.home)

    def judge(self, sealed: bytes, at: datetime, anchors: tuple[bytes, ...] = ()) -> Judgement:
        """Judge a file made by this hub; extra ``anchors`` serve rehearsals only."""
        trust = self.trust.trust(at)
        if anchors:
            trust = Trust(anchors=tuple(x509.parse(der) for der in anchors))
        return short(judge(inspect(sealed), self._policy, trust, at))


@dataclass(frozen=True)
class FencedInspector:
    """Judges files from outside; they are parsed in a fenced process."""

    home: Path
    trust: TrustBook
    fence: Fence
    statuses: StatusBook | None = None
    """Asks responders before a file is judged; None: what is at hand must do."""

    def inspect(
        self,
        data: bytes,
        name: str,
        policy: str,
        at: datetime,
        recorded: datetime | None = None,
    ) -> Judgement:
        """Judge untrusted bytes under a policy; raises ``policy-unknown`` only.

        ``recorded``: since when the register has held exactly these bytes.
        """
        return short(self.verdict(data, name, policy, at, recorded))

    def verdict(
        self,
        data: bytes,
        name: str,
        policy: str,
        at: datetime,
        recorded: datetime | None = None,
    ) -> Verdict:
        """Return the whole verdict, for the report on the page."""
        rules = load_policy(policy, self.home)
        evidence = self.fence.inspect(data, name)
        if self.statuses:
            self.statuses.refresh(evidence, self.trust.trust(at), at)
        return judge(evidence, rules, self.trust.trust(at), at, recorded)


@dataclass(slots=True)
class TrustBook:
    """The hub's trust lists and revocation lists, read again when a file of them has changed."""

    home: Path
    _seen: _Seen = ()
    _store: TrustStore = field(default_factory=TrustStore)
    _crls_seen: _Seen = ()
    _crls: tuple[bytes, ...] = ()
    _ocsps_seen: int = 0
    _ocsps: tuple[bytes, ...] = ()

    def store(self) -> TrustStore:
        """Return the trust lists as they stand in the registry now."""
        seen = _state(self.home / "registry" / "signing" / "trust")
        if seen != self._seen:
            self._store, self._seen = TrustStore.load(self.home), seen
        return self._store

    def crls(self) -> tuple[bytes, ...]:
        """Return the revocation lists at hand, of this region and of others (DER)."""
        folder = lists_folder(self.home)
        seen = _state(folder)
        if seen != self._crls_seen:
            self._crls, self._crls_seen = read_lists(folder), seen
        return self._crls

    def ocsps(self) -> tuple[bytes, ...]:
        """Return the answers of responders at hand (DER)."""
        folder = answers_folder(self.home)
        try:
            # Answers are put in place by renaming, which the folder's own time tells.
            seen = folder.stat().st_mtime_ns
        except FileNotFoundError:
            return ()
        if seen != self._ocsps_seen or time.time_ns() - seen < _SETTLED_NS:
            self._ocsps, self._ocsps_seen = read_answers(folder), seen
        return self._ocsps

    def trust(self, at: datetime) -> Trust:
        """Return whom to believe at ``at``, with the lists and answers at hand now."""
        return Trust.at(self.store(), at, self.crls(), self.ocsps())


def _state(folder: Path) -> _Seen:
    """Return what changes when a file of the folder is written, added or removed."""
    found = []
    for path in sorted(folder.glob("*")):
        with contextlib.suppress(FileNotFoundError):  # replaced between the two looks
            status = path.stat()
            found.append((path.name, status.st_mtime_ns, status.st_ino))
    return tuple(found)


def short(verdict: Verdict) -> Judgement:
    """Return a verdict as ``certificates`` knows it."""
    report: Json = json.loads(json.dumps(verdict.to_json()))
    return Judgement(
        passed=verdict.passed,
        indication=verdict.indication.value if verdict.indication else "",
        codes=verdict.codes,
        metadata=verdict.metadata,
        report=report,
    )
