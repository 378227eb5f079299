from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from audit.model import FaultKind
from audit.note import LogKey
from audit.words import WORDS
from hub.commands import build
from tests.audit.conftest import KEY, Log, record


@pytest.fixture
def home(log: Log, tmp_path: Path) -> Path:
    log.grow(300)
    record(log.database, 300, 2)
    return tmp_path


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(build(), ["audit", "check", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_a_sound_log_exits_0_and_says_whose_key_was_used(home: Path) -> None:
    code, said, aside = run("--home", str(home), "--json")
    shown = json.loads(said)
    assert (code, shown["ok"], shown["size"], shown["waiting"], shown["key"]) == (
        0,
        True,
        300,
        2,
        "hub",
    )
    code, said, aside = run("--home", str(home))
    assert code == 0
    assert "300" in said
    assert "--key" in aside
    assert run("--home", str(home), "--json", "--key", KEY.to_text())[0] == 0
    assert (
        json.loads(run("--home", str(home), "--json", "--key", str(home / "log" / "key"))[1])["key"]
        == "given"
    )


def test_a_changed_tile_exits_1_and_is_named(home: Path) -> None:
    (home / "log" / "tile" / "0" / "000").write_bytes(bytes(8192))
    code, said, _ = run("--home", str(home))
    assert code == 1
    assert "tile-changed  tile/0/000" in said
    code, said, _ = run("--home", str(home), "--json")
    assert json.loads(said)["faults"][0]["where"] == "tile/0/000"


def test_an_exported_log_is_checked_offline(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "log", tmp_path / "export")
    assert run("--folder", str(tmp_path / "export"), "--key", KEY.to_text(), "--json")[0] == 0
    assert run("--folder", str(tmp_path / "export"))[0] == 2
    other = LogKey("elsewhere", KEY.public)
    assert run("--folder", str(tmp_path / "export"), "--key", other.to_text())[0] == 1


def test_a_checkpoint_kept_elsewhere_uncovers_a_log_cut_short(
    home: Path, log: Log, tmp_path: Path
) -> None:
    shutil.copytree(home / "log", tmp_path / "export")
    log.grow(400)
    code, said, _ = run(
        "--folder",
        str(tmp_path / "export"),
        "--key",
        KEY.to_text(),
        "--checkpoint",
        str(home / "log" / "checkpoint"),
    )
    assert code == 1
    assert "log-truncated" in said


def test_what_is_not_there_exits_4_with_a_next_step(tmp_path: Path) -> None:
    code, _, aside = run("--home", str(tmp_path / "none"))
    assert code == 4
    assert "next:" in aside
    assert not (tmp_path / "none").exists()
    assert run("--home", str(tmp_path / "none"), "--key", KEY.to_text())[0] == 4
    assert (
        run(
            "--folder",
            str(tmp_path),
            "--key",
            KEY.to_text(),
            "--checkpoint",
            str(tmp_path / "none"),
        )[0]
        == 4
    )
    (tmp_path / "hub.db").write_bytes(b"")
    assert run("--home", str(tmp_path), "--key", KEY.to_text())[0] == 4


@pytest.mark.parametrize("arguments", [["--nonsense"], ["--folder"]])
def test_wrong_usage_exits_2(arguments: list[str]) -> None:
    assert run(*arguments)[0] == 2


def test_a_malformed_key_is_refused(home: Path) -> None:
    code, _, aside = run("--home", str(home), "--key", "a+b+c")
    assert code == 1
    assert "log-key-malformed" in aside


def test_every_fault_has_words() -> None:
    assert set(WORDS) == set(FaultKind)
