from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import TongbanError
from storage.vault import AeadVault, create_key, load_key

VAULT = AeadVault(bytes(range(32)))


@given(st.text(), st.text(), st.text(), st.text())
def test_what_was_sealed_opens_in_its_place(table: str, row: str, column: str, text: str) -> None:
    assert VAULT.open(table, row, column, VAULT.seal(table, row, column, text)) == text


@pytest.mark.parametrize(
    "place",
    [("t2", "r", "c"), ("t", "r2", "c"), ("t", "r", "c2"), ("tr", "", "c"), ("t", "rc", "")],
)
def test_a_cell_moved_elsewhere_does_not_open(place: tuple[str, str, str]) -> None:
    sealed = VAULT.seal("t", "r", "c", "测试𠮷")
    with pytest.raises(TongbanError, match="cell-corrupt"):
        VAULT.open(*place, sealed)


@given(st.data())
def test_one_changed_bit_does_not_open(data: st.DataObject) -> None:
    sealed = bytearray(VAULT.seal("t", "r", "c", "测试甲"))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(TongbanError, match="cell-corrupt"):
        VAULT.open("t", "r", "c", bytes(sealed))


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + bytes(12), b"\x02" + bytes(40)])
def test_rubbish_does_not_open(sealed: bytes) -> None:
    with pytest.raises(TongbanError, match="cell-corrupt"):
        VAULT.open("t", "r", "c", sealed)


def test_another_key_does_not_open() -> None:
    with pytest.raises(TongbanError, match="cell-corrupt"):
        AeadVault(bytes(32)).open("t", "r", "c", VAULT.seal("t", "r", "c", "x"))


def test_the_blind_index_is_stable_and_tells_labels_apart() -> None:
    assert VAULT.blind("id", "1") == VAULT.blind("id", "1")
    assert (
        len(
            {
                VAULT.blind("id", "1"),
                VAULT.blind("id", "2"),
                VAULT.blind("i", "d1"),
                AeadVault(bytes(32)).blind("id", "1"),
            }
        )
        == 4
    )


def test_a_key_file_is_private_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "data.key"
    key = create_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_key(path) == key
    with pytest.raises(FileExistsError):
        create_key(path)


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.key"
    create_key(path)
    path.chmod(0o640)
    with pytest.raises(TongbanError, match="key-file-open"):
        load_key(path)


@pytest.mark.parametrize("content", [b"", b"not base64!", b"AAAA"])
def test_a_wrong_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "data.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(TongbanError, match="key-file-wrong"):
        load_key(path)


def test_a_missing_key_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(TongbanError, match="key-file-missing"):
        load_key(tmp_path / "none")
