"""The page about interoperability says what a run finds."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from tests.judges.peers import PeerFile
from tests.judges.programs import pinned
from tests.judges.table import PAGE, cells, read
from tests.judges.trial import JUDGES, Trial

pytestmark = pytest.mark.judges

AGAIN = "run: python -m tests.judges.table"


def test_the_page_says_what_this_run_found(trial: Trial, peers: dict[str, PeerFile]) -> None:
    sat = {*trial.versions, "Tongban"}
    written = {key: mark for key, mark in read(PAGE.read_text("utf-8")).items() if key[2] in sat}
    assert written == cells(trial, peers), AGAIN


def test_the_page_names_every_judge_and_the_pinned_versions() -> None:
    page = PAGE.read_text("utf-8")
    assert all(f"| {judge.name} | " in page for judge in JUDGES)
    for name, number in (
        ("ofdrw", pinned("ofdrw", "ofdrw-sign")),
        ("EU DSS", pinned("dss", "dss-bom")),
        ("pyHanko", version("pyhanko")),
    ):
        assert f"| {name} | {number} |" in page, AGAIN


def test_a_page_with_another_outcome_reads_otherwise() -> None:
    text = PAGE.read_text("utf-8")
    assert len(read(text)) > 60
    assert read(text.replace("| accepts |", "| refuses |", 1)) != read(text)
