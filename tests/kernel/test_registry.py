"""A folder is a registry: defaults of the package, overlaid by the hub's own files."""

from __future__ import annotations

import hashlib
import os
import tomllib
from pathlib import Path

import pytest

from kernel.registry import load


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a package with two default members and three files that are none."""
    name = f"room_{hashlib.sha256(os.fsencode(tmp_path)).hexdigest()[:8]}"
    folder = tmp_path / "packages" / name / "kinds"
    (folder / "deep.toml").mkdir(parents=True)
    (tmp_path / "packages" / name / "__init__.py").touch()
    for file in ("birth.toml", "marriage.toml", "_draft.toml", "README.md"):
        (folder / file).write_text(f'title = "{file}"\n', "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    return name


def _overlay(home: Path, room: str, **files: str) -> Path:
    folder = home / "registry" / room / "kinds"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, "utf-8")
    return home


def test_drafts_folders_and_other_suffixes_are_no_members(room: str) -> None:
    found = load(room, "kinds", ".toml")
    assert list(found.members) == ["birth", "marriage"]
    assert {member.origin for member in found.members.values()} == {"default"}


def test_a_folder_that_is_not_there_is_an_empty_registry(room: str, tmp_path: Path) -> None:
    found = load(room, "nothing", ".toml", tmp_path)
    assert found.members == {}
    assert found.digest == hashlib.sha256().hexdigest()


def test_a_file_of_the_hub_replaces_by_name_and_a_new_name_adds(room: str, tmp_path: Path) -> None:
    home = _overlay(tmp_path, room, marriage="title = 'ours'", adoption="x = 1", _draft="y = 2")
    found = load(room, "kinds", ".toml", home)
    assert {name: member.origin for name, member in found.members.items()} == {
        "adoption": "overlay",
        "birth": "default",
        "marriage": "overlay",
    }
    assert found.members["marriage"].toml() == {"title": "ours"}
    assert found.members["marriage"].digest == hashlib.sha256(b"title = 'ours'").hexdigest()


def test_a_home_without_overlay_changes_nothing(room: str, tmp_path: Path) -> None:
    assert load(room, "kinds", ".toml", tmp_path) == load(room, "kinds", ".toml")


def test_the_digest_changes_with_content_and_with_names_only(room: str, tmp_path: Path) -> None:
    plain = load(room, "kinds", ".toml").digest
    same = 'title = "birth.toml"\n'
    assert load(room, "kinds", ".toml", _overlay(tmp_path / "a", room, birth=same)).digest == plain
    other = load(room, "kinds", ".toml", _overlay(tmp_path / "b", room, birth=same + "#"))
    added = load(room, "kinds", ".toml", _overlay(tmp_path / "c", room, zz=same))
    assert len({plain, other.digest, added.digest}) == 3


@pytest.mark.parametrize("text", ["title = ", "[half", "title = 'a'\ntitle = 'b'"])
def test_a_member_that_is_no_toml_fails_when_read_not_when_listed(
    room: str, tmp_path: Path, text: str
) -> None:
    found = load(room, "kinds", ".toml", _overlay(tmp_path, room, bad=text))
    with pytest.raises(tomllib.TOMLDecodeError):
        found.members["bad"].toml()
    assert found.members["birth"].toml()


def test_a_member_in_another_encoding_is_told_apart_from_bad_toml(
    room: str, tmp_path: Path
) -> None:
    home = _overlay(tmp_path, room)
    file = home / "registry" / room / "kinds" / "gbk.toml"
    file.write_bytes("title = '户口簿'".encode("gb18030"))
    with pytest.raises(UnicodeDecodeError):
        load(room, "kinds", ".toml", home).members["gbk"].toml()
