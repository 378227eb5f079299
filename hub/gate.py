"""The gate before publication: Great Expectations in a child process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from catalog.ports import GateAnswer, GateRequest
from kernel.errors import TongbanError
from quality import gates
from quality.errors import Code
from quality.service import Standards

SOCKET = "run/gate.sock"
"""Where a warm child listens, below the hub's folder."""
ANNOUNCED = "run/gate.pid"
"""Written by whoever starts a warm child, with its process id: a question then waits for it,
since a second child would double the seconds that importing takes."""
_PATIENCE = 90.0
REPORTS = "reports/quality"
"""Where Data Docs are kept, below the hub's folder; ids in them are masked."""


def start_warm(root: Path) -> subprocess.Popen[bytes]:
    """Start and announce a warm child; it ends with this process, or when terminated."""
    folder = root / Path(SOCKET).parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "gate.log").open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "quality.gx.serve", "--socket", str(root / SOCKET)],
            cwd=Path(__file__).resolve().parent.parent,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    announce(root, child.pid)
    return child


def lend(root: Path, home: Path, pid: int) -> None:
    """Let the hub in ``home`` ask the warm child that listens for ``root``.

    A question names its hub, so that one child, which took seconds to import, serves several.
    """
    folder = home / Path(SOCKET).parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (home / SOCKET).unlink(missing_ok=True)
    (home / SOCKET).symlink_to(root / SOCKET)
    announce(home, pid)


def announce(root: Path, pid: int) -> None:
    """Tell askers that the process ``pid`` is going to listen."""
    (root / ANNOUNCED).write_text(str(pid), "ascii")


@dataclass(frozen=True, slots=True)
class ChildGate:
    """Implements ``catalog.ports.Gate``: asks the warm child, or starts one for the question."""

    root: Path
    standards: Standards
    synthetic: bool = True

    def judge(self, request: GateRequest) -> GateAnswer:
        """Return the decision; raises TongbanError ``gate-unavailable`` when there was none."""
        report = f"{REPORTS}/{request.resource}/{request.batch}"
        job = gates.GateJob(
            suite=request.suite,
            version=request.batch,
            counts=request.totals,
            parts=tuple(str(part) for part in request.parts),
            on=request.day.isoformat(),
            docs=str(self.root / report),
            home=str(self.root),
            synthetic=self.synthetic,
        )
        self._await_child()
        result = gates.evaluate(job, self.root / SOCKET)
        if result.outcome is gates.Outcome.ERROR:
            raise TongbanError(Code.GATE_UNAVAILABLE, reason=result.reason)
        return GateAnswer(result.outcome is gates.Outcome.PASSED, result.failed, report)

    def _await_child(self) -> None:
        """Wait until an announced child listens or has ended."""
        deadline = time.monotonic() + _PATIENCE
        while not (self.root / SOCKET).exists() and time.monotonic() < deadline:
            try:
                os.kill(int((self.root / ANNOUNCED).read_text("ascii")), 0)
            except (OSError, ValueError):
                return
            time.sleep(0.1)
