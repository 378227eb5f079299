"""The page that says who judged what: ``python -m tests.judges.table`` writes it from a run."""

from __future__ import annotations

import logging
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.judges.opinions import MissingError
from tests.judges.peers import KINDS, PeerFile, peer_files
from tests.judges.trial import CHANGES, JUDGES, STRANGER, Trial, hold

PAGE = Path(__file__).parents[2] / "docs" / "interoperability.md"
ACCEPTED, REFUSED, NOT_ASKED = "accepts", "refuses", "–"
MADE, CONTROLS, PEERS = "What we make", "What must be refused", "What others make"
Cells = dict[tuple[str, str, str], str]
"""Section, row, column to what stands there."""

_INTRODUCTION = """# Interoperability: who judged what

Independent software judges every kind of file that Tongban makes, and Tongban judges files that
independent software makes. This page is written by `python -m tests.judges.table` from a run of all
judges; `make test-judges` holds it against what a fresh run finds.

Certificates are sealed as OFD with GB/T 38540-2020 (SES v4), SM2 and SM3, and as PDF with PAdES
B-B, ECDSA P-256 and SHA-256, certified with DocMDP 1 (no change permitted). The signing room makes
the other kinds: PDF with SM2, P-384 and RSA, the levels with time stamps and validation data, and
in OFD several seals, seams, signatures of GB/T 35275 and seals of GM/T 0031-2025. Files come from
the forms that batches are written from; those "by the library" were laid out by pyHanko.
"""
_CONTROLS_NOTE = """A judge that accepts one of these does not look at such things at all; it says nothing
about them in the first table either. Changes were made to every file of the first table; one file of
each format and algorithm was shown with the root of another region as anchor."""
_PEERS_NOTE = """Sealed by the other program with keys made for the run, judged by `signing.verify` under the
policy `certificate`."""

_EXCHANGE = """## Messages and logs between hubs

Hubs sign their messages by RFC 9421 and RFC 9530 with ECDSA P-256
([peer-message](formats/peer-message.md)). The messages are made and verified by
http-message-signatures 3; an implementation written from the standards alone
(`tests/exchange/rfc9421.py`) passes the standards' own examples, accepts what the library signs,
and signs what the library accepts. Every failure between two hubs is a row of the table in that
format's page, and each row is run.

Two hubs' logs about each other are compared from files whose entries prove themselves against
signed checkpoints ([peer-log](formats/peer-log.md)): trees after RFC 6962 and RFC 9162,
checkpoints as C2SP tlog-checkpoint. The comparison trusts neither hub.
"""


def cells(trial: Trial, peers: Mapping[str, PeerFile]) -> Cells:
    """Return what the run found, for the judges that sat."""
    found: Cells = {}
    groups = {sample.kind: sample.known_by.group for sample in trial.samples}
    for question, opinion in trial.opinions.items():
        mark = ACCEPTED if opinion.accepted else REFUSED
        if not question.control:
            found[MADE, question.kind, question.judge] = mark
            continue
        row = f"{groups[question.kind]}: {question.control}"
        key = (CONTROLS, row, question.judge)
        found[key] = mark if found.get(key, mark) == mark else "differs"
    for name, peer in peers.items():
        verdict = str(peer.verdict.indication or "none")
        kind = KINDS[name]
        found[PEERS, f"{kind.title}, made by {kind.maker}", "Tongban"] = verdict
    return found


def render(trial: Trial, peers: Mapping[str, PeerFile]) -> str:
    """Return the whole page."""
    found = cells(trial, peers)
    names = [judge.name for judge in JUDGES]
    kinds = [sample.kind for sample in trial.samples]
    controls = [
        f"{form}: {control}"
        for form in ("OFD", "PDF", "PDF with SM2")
        for control in (*CHANGES, STRANGER)
        if any((CONTROLS, f"{form}: {control}", name) in found for name in names)
    ]
    judges = [
        f"| {judge.name} | {trial.versions[judge.name]} | {judge.formats} | {judge.looks_at} |"
        for judge in JUDGES
    ]
    parts = [
        _INTRODUCTION,
        "## Judges\n",
        "| judge | version | formats | looks at |\n|---|---|---|---|\n" + "\n".join(judges) + "\n",
        f"## {MADE}\n",
        _grid(found, MADE, kinds, names),
        f"## {CONTROLS}\n\n{_CONTROLS_NOTE}\n",
        _grid(found, CONTROLS, controls, names),
        f"## {PEERS}\n\n{_PEERS_NOTE}\n",
        _grid(
            found,
            PEERS,
            [f"{kind.title}, made by {kind.maker}" for kind in KINDS.values()],
            ["Tongban"],
        ),
        _EXCHANGE,
    ]
    return "\n".join(parts)


def read(page: str) -> Cells:
    """Return what stands in the tables of a page, without cells of judges that were not asked."""
    found: Cells = {}
    section, columns = "", []
    for line in page.splitlines():
        if line.startswith("## "):
            section, columns = line[3:], []
        elif line.startswith("| ") and section in (MADE, CONTROLS, PEERS):
            row, *values = (cell.strip() for cell in line.strip("|").split("|"))
            if not columns:
                columns = values
                continue
            pairs = zip(columns, values, strict=True)
            found |= {(section, row, name): mark for name, mark in pairs if mark != NOT_ASKED}
    return found


def _grid(found: Cells, section: str, rows: Iterable[str], columns: list[str]) -> str:
    lines = [f"| file | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for row in rows:
        marks = (found.get((section, row, name), NOT_ASKED) for name in columns)
        lines.append(f"| {row} | {' | '.join(marks)} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page; every judge must be there."""
    logging.disable(logging.CRITICAL)  # the libraries log what they refuse
    with tempfile.TemporaryDirectory(prefix="judges-") as scratch:
        trial = hold(Path(scratch))
    try:
        peers = peer_files()
    except MissingError as error:
        peers = {}
        print(error, file=sys.stderr)  # noqa: T201 - a command
    for name, reason in trial.missing.items():
        print(f"{name}: {reason}", file=sys.stderr)  # noqa: T201 - a command
    if trial.missing or not peers:
        return 4
    PAGE.write_text(render(trial, peers), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
