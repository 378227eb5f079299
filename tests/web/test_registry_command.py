"""``tongban registry check``: a hub's own files, judged before a service meets them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hub import overlay
from hub.commands import build
from hub.settings import load

WORLD = Path(__file__).parents[2] / "examples" / "world" / "registry"


def check(home: Path) -> Result:
    return CliRunner().invoke(build(), ["registry", "check", "--home", str(home)])


def put(home: Path, path: str, data: str | bytes) -> None:
    file = home / "registry" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data if isinstance(data, bytes) else data.encode())


@pytest.mark.parametrize(
    ("path", "data", "code"),
    [
        ("catalog/sources/new.toml", 'title = "x"', "source-invalid"),
        ("certificates/types/x.toml", "title = ", "type-unreadable"),
        ("certificates/matters/x.toml", 'title = "x"', "matter-invalid"),
        ("intake/journeys/x.toml", 'title = "x"', "journey-invalid"),
        ("identity/personas/p.toml", 'kind = "staff"', "identity-registry-broken"),
        ("signing/trust/420000.toml", "schema = 1", "trust-list-unreadable"),
        ("quality/suites/x.toml", 'title = "x"', "suite-invalid"),
    ],
)
def test_a_faulty_file_is_named_with_its_code(
    tmp_path: Path, path: str, data: str, code: str
) -> None:
    put(tmp_path, path, data)
    done = check(tmp_path)
    assert done.exit_code == 1
    assert code in done.output
    assert Path(path).stem in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize("path", ["quality/suites/x.toml", "identity/roles/x.toml"])
def test_another_encoding_is_told_without_a_traceback(tmp_path: Path, path: str) -> None:
    put(tmp_path, path, "title = '户口簿'".encode("gb18030"))
    done = check(tmp_path)
    assert done.exit_code == 1
    assert "next:" in done.output


def test_every_faulty_folder_is_told_in_one_run(tmp_path: Path) -> None:
    put(tmp_path, "catalog/sources/a.toml", "")
    put(tmp_path, "catalog/sources/b.toml", "")
    put(tmp_path, "identity/personas/p.toml", "")
    codes = [fault.code for fault in overlay.faults(load(home=tmp_path))]
    assert codes == ["source-invalid", "source-invalid", "identity-registry-broken"]


@pytest.mark.parametrize(
    "path",
    [
        "certificates/type/x.toml",
        "certificates/types/x.yaml",
        "catalog/sources/deep/x.toml",
        "x.toml",
    ],
)
def test_a_file_that_nothing_reads_is_a_fault(tmp_path: Path, path: str) -> None:
    put(tmp_path, path, "")
    done = check(tmp_path)
    assert done.exit_code == 1
    assert path in done.output


def test_notes_drafts_and_certificates_beside_trust_are_none(tmp_path: Path) -> None:
    for path in (
        "README.md",
        "identity/roles/_draft.toml",
        "signing/trust/410100-anchors-1.pem",
        "signing/crls/410100-sm2_sm3.crl",
    ):
        put(tmp_path, path, "")
    assert overlay.unread(tmp_path) == ()


def test_the_worlds_own_files_are_usable_and_counted(tmp_path: Path) -> None:
    shutil.copytree(WORLD, tmp_path / "registry")
    done = check(tmp_path)
    assert done.exit_code == 0, done.output
    assert overlay.Part("catalog/sources", 2, 2) in overlay.parts(tmp_path)


def test_every_registry_of_the_package_is_looked_at() -> None:
    assert {part.name: part.own for part in overlay.parts(Path("/nowhere"))} == {
        f"{room}/{folder}": 0 for room, folder, _ in overlay.FOLDERS
    }
