"""``tongban authority`` on an empty hub: established once, shown, and lists and seals work after it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from hub.commands import build


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TONGBAN_ENVIRONMENT", "test")


def call(*words: object) -> Result:
    return CliRunner().invoke(build(), [str(word) for word in words])


def test_before_it_is_established_the_next_step_is_named(tmp_path: Path) -> None:
    for words in (("authority", "show"), ("trust", "export", tmp_path / "list")):
        out = call(*words, "--home", tmp_path)
        assert out.exit_code == 4
        assert "tongban authority establish" in out.stderr
        assert "Traceback" not in out.stderr


def test_it_is_established_once_and_its_list_names_the_same_anchors(tmp_path: Path) -> None:
    first = call("authority", "establish", "--home", tmp_path, "--json")
    assert first.exit_code == 0, first.stderr
    made = json.loads(first.stdout)
    roles = {(row["role"], row["algorithm"]) for row in made}
    assert len(roles) == len(made) == 8
    assert json.loads(call("authority", "establish", "--home", tmp_path, "--json").stdout) == made
    shown = call("authority", "show", "--home", tmp_path)
    listed = call("trust", "export", tmp_path / "list", "--home", tmp_path)
    assert listed.exit_code == 0, listed.stderr
    anchors = [row["fingerprint"] for row in made if row["role"] == "root"]
    for fingerprint in anchors:
        assert fingerprint in shown.stdout
        assert fingerprint in listed.stdout


def test_a_production_hub_establishes_it_under_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    password = tmp_path / "password"
    password.write_text("long enough to be a password", "ascii")
    password.chmod(0o600)
    monkeypatch.setenv("TONGBAN_ENVIRONMENT", "production")
    monkeypatch.setenv("TONGBAN_KEYSTORE_PASSWORD_FILE", str(password))
    out = call("authority", "establish", "--home", tmp_path / "hub", "--json")
    assert out.exit_code == 0, out.stderr
    assert not any("演示" in row["name"] or "DEMO" in row["name"] for row in json.loads(out.stdout))
