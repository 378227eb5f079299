"""The command that issues in batches: what it says, with which exit code, and what Ctrl-C does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from certificates.issue import Issuer
from certificates.register_model import BatchResult, IssueFailure
from hub.commands import build

TYPE = "household-register"


def ran(home: Path, *words: str) -> Any:
    return CliRunner().invoke(build(), ["issue", *words, "--home", str(home)])


def test_without_data_there_is_nothing_to_issue(tmp_path: Path) -> None:
    found = ran(tmp_path, TYPE, "--json")
    assert found.exit_code == 0, found.stderr
    assert json.loads(found.stdout) == {
        "type": TYPE, "subjects": 0, "issued": 0, "resumed": 0, "skipped": 0, "failed": {},
    }  # fmt: skip


def test_an_unknown_type_is_told(tmp_path: Path) -> None:
    found = ran(tmp_path, "nothing")
    assert found.exit_code == 1
    assert "type-unknown" in found.stderr


def test_failures_are_counted_by_their_codes_and_make_it_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = tuple(IssueFailure(None, code) for code in ("a", "b", "a"))

    def issued(_self: object, _actor: object, name: str, **more: Any) -> tuple[BatchResult, ...]:
        with more["progress"].track("", 5) as tick:
            tick(5)
        return (BatchResult("batch", name, 5, 2, 0, faults),)

    monkeypatch.setattr(Issuer, "issue_batch", issued)
    found = ran(tmp_path, TYPE, "--limit", "5", "--json")
    assert found.exit_code == 1
    assert json.loads(found.stdout)["failed"] == {"a": 2, "b": 1}
    assert "5/5" in found.stderr
    assert "a 2、b 1" in ran(tmp_path, TYPE, "--limit", "5").stdout


def test_an_interruption_says_that_the_next_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Issuer, "issue_batch", interrupted)
    found = ran(tmp_path, TYPE, "--limit", "5")
    assert found.exit_code == 130
    assert "nothing is issued twice" in found.stderr
    assert "Traceback" not in found.output
