"""The gate before publication: Great Expectations as contract, asked in another process.

Importing that library takes seconds, so it lives in a child that the hub keeps warm; where there is
none, a child is started for the one question. A child that fails says nothing about the data: the
outcome is then ``error``, never ``failed``.
"""

from __future__ import annotations

import json
import os
import socket as sockets
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from quality.model import Dimension, RuleCount, Severity

SAMPLE_ROWS = 100_000
_COMMAND = (sys.executable, "-P", "-m", "quality.gx.serve")
"""-P: the working folder is no place to import from."""


class Outcome(StrEnum):
    """What the gate says."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    """The gate did not work; judge nothing by it."""


@dataclass(frozen=True, slots=True)
class GateJob:
    """One question, whether this version may be published.

    ``counts`` are those of the whole delivery. ``parts`` are Parquet files of rows in standard
    form, read by the child where they lie; at most ``sample_rows`` of them are looked at. ``docs``
    is a folder for Data Docs, empty for none. ``on`` is the day (ISO) by which facts are judged.
    """

    suite: str
    version: str
    counts: tuple[RuleCount, ...]
    parts: tuple[str, ...] = ()
    on: str = ""
    docs: str = ""
    home: str = ""
    synthetic: bool = True
    sample_rows: int = SAMPLE_ROWS

    def to_json(self) -> str:
        """Return the job as JSON text."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> GateJob:
        """Read what ``to_json`` wrote; raises ValueError, KeyError or TypeError for other text."""
        raw: dict[str, Any] = json.loads(text)
        raw["counts"] = tuple(_count(entry) for entry in raw["counts"])
        raw["parts"] = tuple(str(part) for part in raw["parts"])
        return cls(**raw)


def _count(raw: Mapping[str, Any]) -> RuleCount:
    kinds = {"severity": Severity(raw["severity"]), "dimension": Dimension(raw["dimension"])}
    return RuleCount(**{**raw, **kinds})


@dataclass(frozen=True, slots=True)
class GateResult:
    """The answer. Holds no personal data.

    ``failed`` names rules as ``rule:column``: over their threshold in the delivery, or broken by a
    row of the sample. ``sample`` maps rules to the broken rows that Great Expectations counted.
    """

    outcome: Outcome
    failed: tuple[str, ...] = ()
    sampled: int = 0
    sample: Mapping[str, int] = field(default_factory=dict)
    reason: str = ""
    docs: str = ""

    def to_json(self) -> str:
        """Return the result as JSON text."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> GateResult:
        """Read what ``to_json`` wrote; raises ValueError, KeyError or TypeError for other text."""
        raw: dict[str, Any] = json.loads(text)
        raw["outcome"] = Outcome(raw["outcome"])
        raw["failed"] = tuple(raw["failed"])
        return cls(**raw)


def evaluate(job: GateJob, socket: Path | None = None, *, timeout: float = 300.0) -> GateResult:
    """Ask the warm child at ``socket``, or a one-off child where none answers.

    Never raises for a broken child: the outcome is ``error`` with the reason.
    """
    try:
        if socket is not None:
            answer = _ask(job, socket, timeout)
            if answer is not None:
                return GateResult.from_json(answer)
        return GateResult.from_json(_one_off(job, timeout))
    except (OSError, ValueError, KeyError, TypeError, subprocess.SubprocessError) as error:
        return GateResult(Outcome.ERROR, reason=_reason(error))


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return f"child ended with {error.returncode}"
    return type(error).__name__


def _ask(job: GateJob, path: Path, timeout: float) -> str | None:
    """Return the warm child's answer, or None when nobody listens."""
    with sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM) as line:
        line.settimeout(timeout)
        try:
            line.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        line.sendall(job.to_json().encode())
        line.shutdown(sockets.SHUT_WR)
        with line.makefile("rb") as answer:
            return answer.read().decode()


def _one_off(job: GateJob, timeout: float) -> str:
    done = subprocess.run(
        [*_COMMAND, "--once"],
        input=job.to_json().encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=timeout,
        check=True,
        env=_environment(),
    )
    return done.stdout.decode()


def start(socket: Path) -> subprocess.Popen[bytes]:
    """Start the warm child; it listens at ``socket`` after some seconds and ends with its parent.

    Until it listens, ``evaluate`` starts one-off children.
    """
    return subprocess.Popen(
        [*_COMMAND, "--socket", str(socket)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=_environment(),
    )


def _environment() -> dict[str, str]:
    root = Path(__file__).resolve().parent.parent
    return {**os.environ, **child_environment(), "PYTHONPATH": str(root)}


def child_environment() -> dict[str, str]:
    """Return the settings under which the child must run: no phoning home, no progress bars."""
    return {"GX_ANALYTICS_ENABLED": "false", "TQDM_DISABLE": "1"}
