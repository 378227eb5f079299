"""Joins certificates to verdicts: implements ``Judge`` for own files, ``Inspector`` for others'."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from certificates.ports import Judgement
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
        trust = Trust.at(self.trust.store(), at)
        if anchors:
            trust = Trust(anchors=tuple(x509.parse(der) for der in anchors))
        return _short(judge(inspect(sealed), self._policy, trust, at))


@dataclass(frozen=True)
class FencedInspector:
    """Judges files from outside; they are parsed in a fenced process."""

    home: Path
    trust: TrustBook
    fence: Fence

    def inspect(self, data: bytes, name: str, policy: str, at: datetime) -> Judgement:
        """Judge untrusted bytes under a policy; raises ``policy-unknown`` only."""
        return _short(self.verdict(data, name, policy, at))

    def verdict(self, data: bytes, name: str, policy: str, at: datetime) -> Verdict:
        """Return the whole verdict, for the report on the page."""
        rules = load_policy(policy, self.home)
        evidence = self.fence.inspect(data, name)
        return judge(evidence, rules, self.trust.store(), at)


@dataclass(slots=True)
class TrustBook:
    """The hub's trust lists, read again when a file of them has changed."""

    home: Path
    _seen: tuple[tuple[str, int], ...] = ()
    _store: TrustStore = field(default_factory=TrustStore)

    def store(self) -> TrustStore:
        """Return the lists as they stand in the registry now."""
        folder = self.home / "registry" / "signing" / "trust"
        files = sorted(folder.iterdir()) if folder.is_dir() else []
        seen = tuple((path.name, path.stat().st_mtime_ns) for path in files)
        if seen != self._seen:
            self._store, self._seen = TrustStore.load(self.home), seen
        return self._store


def _short(verdict: Verdict) -> Judgement:
    report: Json = json.loads(json.dumps(verdict.to_json()))
    return Judgement(
        passed=verdict.passed,
        indication=verdict.indication.value if verdict.indication else "",
        codes=verdict.codes,
        metadata=verdict.metadata,
        report=report,
    )
