from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from quality import gates
from quality.gates import GateJob, GateResult, Outcome, evaluate
from quality.gx import serve
from quality.model import Dimension, RuleCount, Severity

COUNT = RuleCount("r", "c", "测试", 100, 1, 0.02, Severity.ERROR, Dimension.VALIDITY)
JOB = GateJob("population", "v1", (COUNT,), ("a.parquet",), "2026-03-02")


def test_jobs_and_results_survive_the_wire() -> None:
    assert GateJob.from_json(JOB.to_json()) == JOB
    result = GateResult(Outcome.FAILED, ("r:c",), 5, {"r:c": 2}, "x", "docs")
    assert GateResult.from_json(result.to_json()) == result


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"counts": 1}', "\ufffd"])
def test_a_question_that_is_no_job_is_an_error_and_not_a_verdict(text: str) -> None:
    result = serve.answer(text, lambda _: GateResult(Outcome.PASSED))
    assert result.outcome is Outcome.ERROR


def test_an_exception_is_never_bad_data_and_its_text_stays_inside() -> None:
    def broken(_: GateJob) -> GateResult:
        message = "410199199001010011 is not a number"
        raise ValueError(message)

    result = serve.answer(JOB.to_json(), broken)
    assert result == GateResult(Outcome.ERROR, reason="ValueError")


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "run" / "gx.socket"
    parent = os.getppid

    def run(job: GateJob) -> GateResult:
        return GateResult(Outcome.PASSED, sampled=len(job.parts))

    thread = threading.Thread(target=serve.serve, args=(path, run), daemon=True)
    thread.start()
    for _ in range(200):
        if path.exists():
            break
        time.sleep(0.01)
    yield path
    os.getppid = lambda: -1
    try:
        thread.join(timeout=10)
    finally:
        os.getppid = parent
    assert not path.exists(), "the child ends with its parent and takes its socket away"


def test_a_warm_child_answers_over_a_private_socket(child: Path) -> None:
    assert evaluate(JOB, child) == GateResult(Outcome.PASSED, sampled=1)
    assert child.stat().st_mode & 0o777 == 0o600
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.connect(str(child))
        line.sendall(b"nonsense")
    assert evaluate(replace(JOB, parts=()), child).sampled == 0


def test_without_a_warm_child_a_one_off_child_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = GateResult(Outcome.PASSED).to_json()

    def run(arguments: list[str], **options: object) -> subprocess.CompletedProcess[bytes]:
        assert arguments[1:] == ["-P", "-m", "quality.gx.serve", "--once"]
        environment = options["env"]
        assert isinstance(environment, dict)
        assert environment["GX_ANALYTICS_ENABLED"] == "false"
        return subprocess.CompletedProcess(arguments, 0, answer.encode())

    monkeypatch.setattr(gates.subprocess, "run", run)
    assert evaluate(JOB, tmp_path / "nobody.socket").outcome is Outcome.PASSED
    assert evaluate(JOB).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (subprocess.CalledProcessError(-9, "x"), "child ended with -9"),
        (subprocess.TimeoutExpired("x", 1), "TimeoutExpired"),
        (OSError("no memory"), "OSError"),
    ],
)
def test_a_child_that_dies_is_an_error_and_not_a_verdict(
    monkeypatch: pytest.MonkeyPatch, failure: Exception, reason: str
) -> None:
    def run(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(gates.subprocess, "run", run)
    assert evaluate(JOB) == GateResult(Outcome.ERROR, reason=reason)


def test_a_child_that_talks_nonsense_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    done = subprocess.CompletedProcess([], 0, b"<html>")
    monkeypatch.setattr(gates.subprocess, "run", lambda *_, **__: done)
    assert evaluate(JOB).outcome is Outcome.ERROR


def test_importing_the_gate_does_not_import_the_library() -> None:
    code = "import quality.gates, sys; print('great_expectations' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
