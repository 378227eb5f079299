"""Settings that are secret come from files; what is wrong with them is told without their values."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.settings import load
from kernel.errors import TongbanError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "secrets").mkdir()
    monkeypatch.setenv("TONGBAN_SECRETS", str(tmp_path / "secrets"))
    return tmp_path / "secrets"


def test_a_file_gives_a_setting_and_the_environment_wins(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "tongban_database_url").write_text("postgresql://u:p@h/file\n")
    (folder / "something_else").write_text("ignored")
    assert load().database == "postgresql://u:p@h/file"
    monkeypatch.setenv("TONGBAN_DATABASE_URL", "postgresql://u:p@h/environment")
    assert load().database == "postgresql://u:p@h/environment"


def test_a_folder_that_is_not_there_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TONGBAN_SECRETS", str(tmp_path / "nowhere"))
    with pytest.raises(TongbanError, match="TONGBAN_SECRETS"):
        load()


def test_a_file_that_does_not_fit_is_told_by_its_name_alone(folder: Path) -> None:
    (folder / "tongban_port").write_text("hunter2")
    with pytest.raises(TongbanError, match="setting-invalid") as told:
        load()
    assert told.value.params["names"] == "TONGBAN_PORT"
    assert "hunter2" not in str(told.value)
