"""Keys stay in one encrypted file; what is wrong with it has a name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kernel.errors import TongbanError
from signing.algorithms import by_name
from signing.keystores import Options, names, open_store
from signing.keystores.encrypted_file import Cost, EncryptedFile

CHEAP = Cost(memory_kib=256, passes=1, lanes=1)


def store(path: Path, secret: bytes = b"pass") -> EncryptedFile:
    return EncryptedFile(path / "keystore.json", secret, cost=CHEAP)


def test_a_key_survives_and_never_stands_in_the_file(tmp_path: Path) -> None:
    info = store(tmp_path).create("root.sm2", "sm2_sm3", ("issue-certificate",))
    again = store(tmp_path)
    assert again.names() == ("root.sm2",)
    assert again.info("root.sm2") == info
    method = by_name("sm2_sm3")
    assert method.verify_digest(info.spki, b"\1" * 32, again.sign("root.sm2", b"\1" * 32))
    private = again._keys["root.sm2"][1]
    text = (tmp_path / "keystore.json").read_bytes()
    assert private not in text
    assert private.hex().encode() not in text
    assert (tmp_path / "keystore.json").stat().st_mode & 0o777 == 0o600


def test_making_a_key_again_returns_it_and_a_different_one_is_refused(tmp_path: Path) -> None:
    keys = store(tmp_path)
    first = keys.create("k", "ecdsa_p256", ("seal-pdf", "seal-ofd"))
    assert keys.create("k", "ecdsa_p256", ("seal-ofd", "seal-pdf")) == first
    for algorithm, purposes in (("sm2_sm3", first.purposes), ("ecdsa_p256", ("seal-pdf",))):
        with pytest.raises(TongbanError, match="key-exists"):
            keys.create("k", algorithm, purposes)


@pytest.mark.parametrize("name", ["", "../x", "a" * 101, "Ä", "a b", ".a"])
def test_bad_key_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(TongbanError, match="key-name-invalid"):
        store(tmp_path).create(name, "sm2_sm3", ())


def test_unknown_purposes_algorithms_and_keys_are_refused(tmp_path: Path) -> None:
    keys = store(tmp_path)
    with pytest.raises(TongbanError, match="purpose-unknown"):
        keys.create("k", "sm2_sm3", ("everything",))
    with pytest.raises(TongbanError, match="algorithm-unknown"):
        keys.create("k", "md5", ())
    with pytest.raises(TongbanError, match="key-unknown"):
        keys.sign("k", b"\1" * 32)


def test_a_wrong_password_is_told_from_a_damaged_file(tmp_path: Path) -> None:
    store(tmp_path).create("k", "sm2_sm3", ("seal-ofd",))
    with pytest.raises(TongbanError, match="keystore-locked"):
        store(tmp_path, b"other")
    path = tmp_path / "keystore.json"
    sound = path.read_text()
    for change in (
        lambda raw: raw["keys"]["k"].update(purposes=["seal-ofd", "issue-certificate"]),
        lambda raw: raw["keys"].update(other=raw["keys"]["k"]),
        lambda raw: raw["keys"]["k"].update(sealed="AAAA"),
        lambda raw: raw["keys"]["k"].pop("spki"),
        lambda raw: raw.update(memory_kib=1 << 40),
        lambda raw: raw.update(schema=2),
        lambda raw: raw.pop("check"),
        lambda raw: raw.update(salt="?"),
    ):
        raw = json.loads(sound)
        change(raw)
        path.write_text(json.dumps(raw))
        with pytest.raises(TongbanError, match="keystore-corrupt"):
            store(tmp_path)
    for text in ("", "[]", "null", "{", "\x00"):
        path.write_text(text)
        with pytest.raises(TongbanError, match="keystore-corrupt"):
            store(tmp_path)
        assert path.read_text() == text, "a damaged file is never replaced"


def test_the_demo_store_announces_itself_and_production_refuses_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = open_store("demo", Options(tmp_path, "demo"))
    assert keys.demo
    said = capsys.readouterr()
    assert "unsafe" in said.out + said.err, "a hub opened earlier may have moved the log"
    assert next((tmp_path / "keys").iterdir()).name.startswith("UNSAFE")
    with pytest.raises(TongbanError, match="demo-keystore-refused"):
        open_store("demo", Options(tmp_path, "production"))


def test_the_encrypted_file_needs_a_password_file(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text("\n")
    for file in (None, tmp_path / "absent", empty):
        with pytest.raises(TongbanError, match="keystore-unlock-missing"):
            open_store("encrypted_file", Options(tmp_path, "production", file))
    with pytest.raises(TongbanError, match="keystore-unknown"):
        open_store("options", Options(tmp_path, "production"))
    assert names() == ("demo", "encrypted_file", "pkcs11", "sdf")


def test_production_opens_the_encrypted_file(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("a long sentence\n")
    keys = open_store("encrypted_file", Options(tmp_path, "production", password))
    assert not keys.demo
    keys.create("k", "ed25519", ("log-checkpoint",))
    assert open_store("encrypted_file", Options(tmp_path, "production", password)).names() == ("k",)


def test_a_key_that_could_not_be_written_does_not_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = store(tmp_path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("signing.keystores.encrypted_file.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        keys.create("k", "ed25519", ("log-checkpoint",))
    monkeypatch.undo()
    assert keys.names() == store(tmp_path).names() == ()
    made = keys.create("k", "ed25519", ("log-checkpoint",))
    assert store(tmp_path).public_key("k") == ("ed25519", made.spki)
