"""``tongban trust`` between two hubs: out, in, again, cut off, shown; every act is journalled."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from hub import overlay
from hub.commands import build
from hub.settings import load
from hub.wiring import open_hub
from kernel.actors import system
from signing.authority import ACTION


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TONGBAN_ENVIRONMENT", "test")


@pytest.fixture
def there(tmp_path: Path) -> Path:
    home = tmp_path / "there"
    with open_hub(load(home=home)) as hub:
        hub.authority.establish(system("setup", hub.settings.region, (ACTION,)))
    return home


def call(*words: object) -> Result:
    return CliRunner().invoke(build(), ["trust", *(str(word) for word in words)])


def test_a_list_goes_from_hub_to_hub_and_is_cut_off(there: Path, tmp_path: Path) -> None:
    file, here = tmp_path / "list.json", tmp_path / "here"
    out = call("export", file, "--home", there)
    assert out.exit_code == 0, out.stderr
    anchor = out.stdout.split("fingerprint ")[1][:64]
    first = call("import", file, "--home", here)
    assert first.exit_code == 1
    assert "trust-anchor-needed" in first.stderr
    assert call("import", file, "--home", here, "--anchor", anchor).exit_code == 0
    assert "held already" in call("import", file, "--home", here).stdout
    newer = tmp_path / "newer.json"
    call("export", newer, "--home", there, "--days", 30)
    assert call("import", newer, "--home", here).exit_code == 0
    old = call("import", file, "--home", here)
    assert (old.exit_code, "trust-list-rollback" in old.stderr) == (1, True)
    ended = call("cut", load().region, "--home", here, "--since", "2026-05-01T00:00:00+08:00")
    assert (ended.exit_code, "2026-04-30T16:00:00Z" in ended.stdout) == (0, True)
    assert "still cut off" in call("import", newer, "--home", here).stdout
    (row,) = json.loads(call("show", "--home", here, "--json").stdout)
    assert (row["version"], row["history"], row["cut"]) == (2, [1, 2], "2026-04-30T16:00:00Z")
    assert anchor in row["anchors"]
    shown = call("show", "--home", here)
    assert "cut off since 2026-04-30T16:00:00Z" in shown.stdout
    assert overlay.unread(here) == overlay.unread(there) == ()
    with open_hub(load(home=here)) as hub:
        database = hub.database
        region = hub.settings.region
        rows = database.transactions.read(lambda tx: database.journal.about(tx, region))
    kinds = [row.kind for row in rows]
    assert kinds.count("signing.trust-list-imported") == 2
    assert kinds.count("signing.trust-cut") == 1


def test_what_cannot_be_done_is_told(tmp_path: Path) -> None:
    home = tmp_path / "empty"
    out = call("export", tmp_path / "list.json", "--home", home)
    assert out.exit_code != 0
    assert "authority-not-established" in out.stderr
    assert not (tmp_path / "list.json").exists()
    ended = call("cut", "410200", "--home", home)
    assert (ended.exit_code, "trust-region-unknown" in ended.stderr) == (1, True)
    assert call("cut", "410200", "--home", home, "--since", "yesterday").exit_code == 2
    rubbish = tmp_path / "rubbish.json"
    rubbish.write_bytes(b"rubbish")
    assert "trust-list-malformed" in call("import", rubbish, "--home", home).stderr
    assert json.loads(call("show", "--home", home, "--json").stdout) == []
