"""Agreement of our verdicts with expected ones: ``python -m bench.corpus DIR``.

DIR has a folder per format with ``index.tsv``: columns ``file`` and either one column per policy
(``certificate``, ``archive``) or ``expected`` (policy archive); ``code`` names findings that must
be among those reported, ``|`` between alternatives. Rows that expect ``-`` are not counted.

Optional columns say what a row is judged with; files are named from the index's folder, ``|``
between several: ``at`` (ISO 8601, else now), ``anchors``, ``cas`` and ``makers`` (certificates in
DER) and ``crls`` (revocation lists in DER). A row with anchors is wholly judged: it is accepted
only when it passes. Without anchors a chain that only lacks its end is no fault of the file.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kernel.clock import from_iso
from signing import fence, x509
from signing.checks.case import Trust
from signing.model import Evidence, Indication, SubIndication, Verdict
from signing.policies import load
from signing.verify import judge

ACCEPTABLE = frozenset(
    {
        SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
        SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE,
        SubIndication.NO_POE,
        SubIndication.OUT_OF_BOUNDS_NO_POE,
        SubIndication.REVOKED_NO_POE,
        SubIndication.OUT_OF_BOUNDS_NOT_REVOKED,
        SubIndication.TRY_LATER,
    }
)
POLICIES = ("certificate", "archive")


@dataclass(frozen=True, slots=True)
class Result:
    """One comparison."""

    kind: str
    policy: str
    file: str
    expected: str
    got: str
    code: str
    codes: tuple[str, ...]

    @property
    def outcome_agrees(self) -> bool:
        """An expected reject is met by reject and by indeterminate, all else only by itself."""
        if self.expected == "reject":
            return self.got in ("reject", "indeterminate")
        return self.got == self.expected

    @property
    def agrees(self) -> bool:
        """The outcome agrees and the demanded code is there."""
        wanted = [code for code in self.code.split("|") if code]
        return self.outcome_agrees and (not wanted or any(code in self.codes for code in wanted))

    @property
    def false_accept(self) -> bool:
        """A bad file was accepted: the one thing that must never happen."""
        return self.expected in ("reject", "indeterminate", "unsigned") and self.got == "accept"


def outcome(verdict: Verdict, *, anchored: bool = False) -> str:
    """Return accept | indeterminate | reject | unsigned for a verdict.

    Without anchors an open end of the chain counts as accepted; ``anchored`` verdicts must pass.
    """
    if verdict.indication is None:
        return "unsigned"
    if verdict.indication is Indication.TOTAL_FAILED:
        return "reject"
    if anchored:
        return "accept" if verdict.passed else "indeterminate"
    return "accept" if set(verdict.sub_indications) <= ACCEPTABLE else "indeterminate"


def trust(folder: Path, row: dict[str, str]) -> Trust:
    """Return whom the row's own columns believe; nobody where it has none."""

    def named(column: str) -> list[bytes]:
        names = (row.get(column) or "").split("|")
        return [(folder / name).read_bytes() for name in names if name]

    anchors, cas, makers = (
        tuple(x509.parse(der) for der in named(column)) for column in ("anchors", "cas", "makers")
    )
    return Trust(anchors, cas, makers, tuple(named("crls")))


def rows(folder: Path) -> Iterator[tuple[str, dict[str, str], dict[str, str]]]:
    """Yield format, the row, and the expected outcome per policy."""
    for index in sorted(folder.glob("*/index.tsv")):
        with index.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t"):
                wanted = {name: row[name] for name in POLICIES if name in row}
                if "expected" in row:
                    wanted = {"archive": row["expected"]}
                counted = {name: item for name, item in wanted.items() if item not in ("", "-")}
                if counted:
                    yield index.parent.name, row, counted


def run(folder: Path, at: datetime) -> list[Result]:
    """Judge every file of the corpus without network, and with what its row names besides."""
    policies = {name: load(name) for name in POLICIES}
    found: list[Result] = []
    with fence.Fence(workers=1) as guarded:
        for kind, row, wanted in rows(folder):
            evidence: Evidence = guarded.inspect(folder / kind / row["file"], row["file"])
            believed = trust(folder / kind, row)
            moment = from_iso(row["at"]) if row.get("at") else at
            for policy, expected in wanted.items():
                verdict = judge(evidence, policies[policy], believed, moment)
                found.append(
                    Result(
                        kind,
                        policy,
                        row["file"],
                        expected,
                        outcome(verdict, anchored=bool(believed.anchors)),
                        (row.get("code") or "").strip(),
                        verdict.codes,
                    )
                )
    return found


def report(results: list[Result]) -> bool:
    """Print agreement per format and policy and every disagreement; tell whether the bars hold."""
    holds = bool(results)
    for kind in sorted({item.kind for item in results}):
        for policy in POLICIES:
            some = [item for item in results if (item.kind, item.policy) == (kind, policy)]
            if not some:
                continue
            good = sum(item.agrees for item in some)
            bad = sum(item.false_accept for item in some)
            share = good / len(some)
            bar = 1.0 if kind == "ofd" else 0.95
            holds = holds and share >= bar and bad == 0
            print(f"{kind} {policy}: {good}/{len(some)} agree ({share:.1%}), {bad} false accepts")
    for item in results:
        if not item.agrees:
            codes = ", ".join(item.codes) or "no code"
            wanted = f"{item.expected} {item.code}".strip()
            print(f"  {item.kind}/{item.file} [{item.policy}]: {item.got}, not {wanted}: {codes}")
    return holds


def main() -> int:
    """Run over the folder named on the command line; 0 when the bars hold."""
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.stderr.write("usage: python -m bench.corpus DIR (a folder with */index.tsv)\n")
        return 2
    return 0 if report(run(Path(sys.argv[1]), datetime.now(UTC))) else 1


if __name__ == "__main__":
    sys.exit(main())
