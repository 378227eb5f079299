"""What ``tongban verify`` writes and reads besides sealed files: reports and saved evidence."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hub.errors import Code
from hub.verify_reports import ReportFormat, encode
from kernel.errors import TongbanError
from kernel.ports import Json
from signing import evidence as codec
from signing.model import Evidence, Verdict
from signing.policies import Policy
from signing.reports import ReportKind, report

EVIDENCE_LIMIT = 64 * 1024 * 1024
"""The longest evidence that is read, in bytes; the fence answers with no more."""


class UsageError(Exception):
    """The command line cannot be carried out; the text says why in Chinese and English."""


@dataclass(frozen=True, slots=True)
class Output:
    """What is to be written about the one file that is judged."""

    report: Path | None = None
    kind: ReportKind = ReportKind.SIMPLE
    form: ReportFormat = ReportFormat.JSON
    evidence: Path | None = None
    home: Path | None = None
    """Folder of the hub whose seal goes on a PDF."""

    @classmethod
    def asked(
        cls,
        report: Path | None,
        kind: str,
        form: str | None,
        evidence: Path | None,
        home: Path | None,
    ) -> Output:
        """Check what the command line asks for; raises UsageError."""
        if report is None and form is not None:
            raise UsageError("--format 须与 --report 一起使用 · --format belongs to --report")
        try:
            what = ReportKind(kind)
        except ValueError:
            known = ", ".join(ReportKind)
            raise UsageError(f"报告种类须为 · the kinds of report are: {known}") from None
        named = form if form is not None else report.suffix[1:].lower() if report else "json"
        try:
            return cls(report, what, ReportFormat(named), evidence, home)
        except ValueError:
            known = ", ".join(ReportFormat)
            raise UsageError(f"报告格式须为 · the formats of a report are: {known}") from None

    @property
    def wanted(self) -> bool:
        """Tell whether anything is to be written."""
        return self.report is not None or self.evidence is not None

    def write(self, verdict: Verdict, evidence: Evidence, policy: Policy) -> None:
        """Write what was asked for.

        Raises UsageError where a file cannot be written, TongbanError where no PDF can be sealed.
        """
        if self.evidence is not None:
            _save(self.evidence, codec.dump(evidence))
        if self.report is not None:
            body = report(self.kind, verdict, evidence, policy)
            _save(self.report, self._encoded(body))

    def _encoded(self, body: dict[str, Json]) -> bytes:
        if self.form is not ReportFormat.PDF:
            return encode(body, self.form, None, datetime.now(UTC))
        from hub.settings import load
        from hub.wiring import open_hub

        settings = load(home=self.home, worker=False)
        if not settings.root.is_dir():  # a report is no reason to make a hub
            raise TongbanError(Code.REPORT_SEAL_MISSING)
        with open_hub(settings) as hub:
            return encode(body, self.form, hub, hub.clock.now())


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
