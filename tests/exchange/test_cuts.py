"""Two ways to part: nothing is exchanged any more, and nothing is trusted any more."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from certificates.exchange.model import Received
from hub.commands import build
from hub.wiring import Hub
from kernel.errors import Refused
from signing.trust import save
from tests.exchange.conftest import AGENCY, ASKER, HOME, Border, write_peer

ROOT = Path(__file__).parents[2]


def tongban(hub: Hub, *words: str) -> str:
    """Run a command in a process of its own, as an administrator would beside the web process."""
    environment = {
        **os.environ,
        "TONGBAN_REGION": hub.settings.region,
        "TONGBAN_ENVIRONMENT": "test",
        "TONGBAN_BASE_URL": hub.settings.address,
    }
    command = [
        sys.executable,
        "-c",
        "from hub.cli import main; main()",
        *words,
        "--home",
        str(hub.settings.root),
    ]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_peer_cut_ends_both_directions_at_once_for_a_web_process_that_runs(border: Border) -> None:
    write_peer(border.home, border.asker)
    assert isinstance(border.fetch(), Received)
    assert "cut off" in tongban(border.home, "peer", "cut", ASKER, "--reason", "test")
    try:
        coming = border.fetch()
        assert coming == Refused("peer-cut", {"region": ASKER, "origin": HOME})
        asked = len(border.proxy.asked)
        going = border.home.exchange.fetch(AGENCY, border.ask(), ASKER).value
        assert going == Refused("peer-cut", {"region": ASKER, "origin": HOME})
        assert len(border.proxy.asked) == asked
        assert border.events(border.home, "peer-cut")[-1]["changed"] is True
    finally:
        assert "exchanging again" in tongban(border.home, "peer", "admit", ASKER)
    assert isinstance(border.fetch(), Received)


@pytest.fixture
def distrusted(border: Border) -> Iterator[Border]:
    yield border
    good = border.home.authority.trust_list(90)
    for file in (border.asker.settings.root / "registry" / "signing" / "trust").iterdir():
        file.unlink()
    save(good, border.asker.settings.root)


def test_trust_cut_ends_asking_and_verdicts_say_since_when(
    distrusted: Border, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    border = distrusted
    given = border.fetch(border.ask(formats=("data", "pdf")))
    assert isinstance(given, Received)
    copy = border.asker.exchange.copy(AGENCY, given.answer.request, "pdf").value
    assert isinstance(copy, bytes)
    since = "2026-01-31T08:00:00+08:00"
    said = tongban(border.asker, "trust", "cut", HOME, "--since", since)
    assert "cut off since 2026-01-31T00:00:00Z" in said
    assert "cut off since 2026-01-31T00:00:00Z" in tongban(border.asker, "trust", "show")
    asked = len(border.proxy.asked)
    answer = border.fetch()
    assert isinstance(answer, Refused)
    assert (answer.code, answer.params["origin"]) == ("peer-trust-expired", ASKER)
    assert len(border.proxy.asked) == asked
    file = tmp_path / "copy.pdf"
    file.write_bytes(copy)
    monkeypatch.setenv("TONGBAN_REGION", ASKER)
    home = str(border.asker.settings.root)
    done = CliRunner().invoke(build(), ["verify", str(file), "--home", home])
    assert done.exit_code == 3, done.output
    assert "INDETERMINATE_TRUST_CUT" in done.output
    assert "410300, 2026-01-31T00:00:00" in done.output
