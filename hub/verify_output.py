"""What ``tongban verify`` writes and reads besides sealed files: reports and saved evidence."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kernel.ports import Json
from signing import evidence as codec
from signing.model import Evidence, Verdict
from signing.policies import Policy
from signing.reports import ReportKind, report, to_html, to_json

EVIDENCE_LIMIT = 64 * 1024 * 1024
"""The longest evidence that is read, in bytes; the fence answers with no more."""

_WRITERS: Mapping[str, Callable[[dict[str, Json]], bytes]] = {".json": to_json, ".html": to_html}


class UsageError(Exception):
    """The command line cannot be carried out; the text says why in Chinese and English."""


@dataclass(frozen=True, slots=True)
class Output:
    """What is to be written about the one file that is judged."""

    report: ReportKind | None = None
    out: Path | None = None
    evidence: Path | None = None

    @classmethod
    def asked(cls, kind: str | None, out: Path | None, evidence: Path | None) -> Output:
        """Check what the command line asks for; raises UsageError."""
        if (kind is None) != (out is None):
            raise UsageError("--report 与 --out 须一起使用 · --report and --out belong together")
        if out is not None and out.suffix.lower() not in _WRITERS:
            raise UsageError(f"报告文件须为 .json 或 .html · neither .json nor .html: {out}")
        try:
            return cls(ReportKind(kind) if kind else None, out, evidence)
        except ValueError:
            known = ", ".join(ReportKind)
            raise UsageError(f"报告种类须为 · the kinds of report are: {known}") from None

    @property
    def wanted(self) -> bool:
        """Tell whether anything is to be written."""
        return self.out is not None or self.evidence is not None

    def write(self, verdict: Verdict, evidence: Evidence, policy: Policy) -> None:
        """Write what was asked for; raises UsageError where a file cannot be written."""
        if self.evidence is not None:
            _save(self.evidence, codec.dump(evidence))
        if self.report is not None and self.out is not None:
            body = report(self.report, verdict, evidence, policy)
            _save(self.out, _WRITERS[self.out.suffix.lower()](body))


def saved_evidence(path: Path) -> Evidence:
    """Read evidence that ``--save-evidence`` wrote; raises UsageError.

    Its certificates must bear the names that evidence gives them. Whether it tells the truth about
    its file only the file can show: evidence is not signed.
    """
    try:
        with path.open("rb") as file:
            data = file.read(EVIDENCE_LIMIT + 1)
        if len(data) > EVIDENCE_LIMIT:
            raise UsageError(f"证据文件过大 · evidence is too large: {path}")
        found = codec.load(data)
        _check_names(found.certificates)
    except OSError as error:
        raise UsageError(f"无法读取证据 · cannot be read: {path}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"不是可用的证据 · not evidence: {path}: {error}") from error
    return found


def _check_names(certificates: Mapping[str, str]) -> None:
    for name, encoded in certificates.items():
        if hashlib.sha256(base64.b64decode(encoded, validate=True)).hexdigest() != name:
            raise ValueError("a certificate is not the one that its name says")


def _save(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    fresh = path.with_name(f".{path.name}.fresh")
    try:
        fresh.write_bytes(data)
        fresh.replace(path)
    except OSError as error:
        raise UsageError(f"无法写入 · cannot be written: {path}: {error.strerror}") from error
