"""SM2 keys in an SDF device: index, PIN, e of 32 octets; a stand-in plays the device."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kernel.errors import TongbanError
from signing.algorithms import by_name
from signing.keystores import Options, open_store
from signing.keystores.sdf import FILE
from signing.keystores.sdf_port import SDR_INARGERR, SDR_KEYNOTEXIST, SDR_PRKRERR, SdfError
from signing.keystores.sdf_stand_in import KEYS, connect

from .hardware import sdf


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Options]:
    with sdf(tmp_path) as options:
        yield options


def test_the_stand_in_is_a_demo_that_production_refuses(
    device: Options, capsys: pytest.CaptureFixture[str]
) -> None:
    assert open_store("sdf", device).demo
    said = capsys.readouterr()
    assert "unsafe" in said.out + said.err, "a hub opened earlier may have moved the log"
    with pytest.raises(TongbanError, match="demo-keystore-refused"):
        open_store("sdf", replace(device, environment="production"))


def test_what_is_missing_has_a_name(device: Options, tmp_path: Path) -> None:
    with pytest.raises(TongbanError, match=r"keystore-setting-missing.*--module"):
        open_store("sdf", replace(device, module=None))
    with pytest.raises(TongbanError, match="keystore-unlock-missing"):
        open_store("sdf", replace(device, password_file=None))
    away = open_store("sdf", replace(device, module=tmp_path / "none.sock"))
    with pytest.raises(TongbanError, match=r"keystore-unavailable.*answer"):
        away.create("k", "sm2_sm3", ("seal-ofd",))


def test_a_wrong_pin_gives_no_right_to_a_key(device: Options, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("0000")
    wrong.chmod(0o600)
    keys = open_store("sdf", replace(device, password_file=wrong))
    keys.create("k", "sm2_sm3", ("seal-ofd",))
    with pytest.raises(TongbanError, match="keystore-locked"):
        keys.sign("k", b"\1" * 32)


def test_each_name_gets_a_key_of_its_own_until_none_is_left(device: Options) -> None:
    keys = open_store("sdf", device)
    made = [keys.create(f"k{at}", "sm2_sm3", ("seal-ofd",)).spki for at in range(KEYS)]
    assert len(set(made)) == KEYS
    with pytest.raises(TongbanError, match=r"keystore-unavailable.*index"):
        keys.create("more", "sm2_sm3", ("seal-ofd",))
    assert len(open_store("sdf", device).names()) == KEYS


def test_names_that_do_not_fit_the_device_are_found(device: Options) -> None:
    open_store("sdf", device).create("k", "sm2_sm3", ("seal-ofd",))
    path = device.home / FILE
    sound = json.loads(path.read_text())
    assert path.stat().st_mode & 0o777 == 0o600
    entry = sound["keys"]["k"]
    for keys in (
        {"k": {**entry, "index": 2}},
        {"k": entry, "l": entry},
        {"k": {**entry, "spki": "?"}},
        {"k": {}},
        [],
    ):
        path.write_text(json.dumps({"schema": 1, "keys": keys}))
        with pytest.raises(TongbanError, match="keystore-corrupt"):
            open_store("sdf", device)
    path.write_text(json.dumps({**sound, "schema": 2}))
    with pytest.raises(TongbanError, match="keystore-corrupt"):
        open_store("sdf", device)


def test_a_dropped_session_is_opened_again_and_its_rights_asked_anew(device: Options) -> None:
    keys = open_store("sdf", device)
    info = keys.create("k", "sm2_sm3", ("seal-ofd",))
    method = by_name("sm2_sm3")
    assert method.verify_digest(info.spki, b"\1" * 32, keys.sign("k", b"\1" * 32))
    keys._session.close()
    assert method.verify_digest(info.spki, b"\1" * 32, keys.sign("k", b"\1" * 32))
    keys.close()
    assert method.verify_digest(info.spki, b"\1" * 32, keys.sign("k", b"\1" * 32))


def test_the_device_answers_misuse_by_the_codes_of_the_standard(device: Options) -> None:
    assert device.module
    session = connect(device.module).open_session()
    for call, code in (
        (lambda: session.export_sign_public_key(0), SDR_KEYNOTEXIST),
        (lambda: session.export_sign_public_key(KEYS + 1), SDR_KEYNOTEXIST),
        (lambda: session.internal_sign(1, b"\1" * 32), SDR_PRKRERR),
        (lambda: session.internal_sign(1, b"\1" * 31), SDR_INARGERR),
        (lambda: session.get_private_key_access_right(1, b"no"), SDR_PRKRERR),
    ):
        with pytest.raises(SdfError) as said:
            call()
        assert said.value.code == code
    session.close()
