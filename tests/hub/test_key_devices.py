"""A hub whose keys are made in devices: P-256 on a PKCS#11 token, SM2 behind the SDF port."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.doctor import examine
from hub.settings import load
from hub.wiring.devices import key_devices
from kernel.errors import TongbanError
from signing.policies import load as policy
from signing.verify import inspect, judge
from tests.hub.sealed import issued, originals, sealed
from tests.signing.hardware import sdf, softhsm


def test_without_settings_the_encrypted_file_makes_every_key() -> None:
    assert key_devices(load()) == ()


def test_a_chosen_device_names_what_it_still_needs(tmp_path: Path) -> None:
    for given, missing in (
        ({"keystore_sm2": "sdf"}, "TONGBAN_SDF_MODULE, TONGBAN_SDF_PIN_FILE"),
        ({"keystore_sm2": "sdf", "sdf_module": tmp_path}, "TONGBAN_SDF_PIN_FILE"),
        (
            {"keystore_p256": "pkcs11", "pkcs11_module": tmp_path, "pkcs11_pin_file": tmp_path},
            "TONGBAN_PKCS11_TOKEN",
        ),
    ):
        with pytest.raises(TongbanError) as refused:
            key_devices(load(**given))
        assert refused.value.params["names"] == missing


def test_sm2_keys_cannot_be_sent_to_pkcs11_nor_others_to_sdf(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (("KEYSTORE_SM2", "pkcs11"), ("KEYSTORE_P256", "sdf")):
        with monkeypatch.context() as changed:
            changed.setenv(f"TONGBAN_{name}", value)
            with pytest.raises(TongbanError) as refused:
                load()
            assert refused.value.params["names"] == f"TONGBAN_{name}"


def test_production_refuses_the_stand_in(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("long enough to be a password")
    password.chmod(0o600)
    with sdf(tmp_path) as device:
        given = {
            "environment": "production",
            "keystore_password_file": password,
            "keystore_sm2": "sdf",
            "sdf_module": device.module,
            "sdf_pin_file": device.password_file,
        }
        with (
            pytest.raises(TongbanError, match="demo-keystore-refused"),
            sealed(tmp_path / "hub", **given),
        ):
            pass


@pytest.mark.services
def test_a_hub_issues_and_seals_with_both_devices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = softhsm(tmp_path / "hsm", monkeypatch)
    with sdf(tmp_path) as device:
        given = {
            "keystore_sm2": "sdf",
            "sdf_module": device.module,
            "sdf_pin_file": device.password_file,
            "keystore_p256": "pkcs11",
            "pkcs11_module": token.module,
            "pkcs11_token": token.token,
            "pkcs11_pin_file": token.password_file,
        }
        with sealed(tmp_path / "hub", **given) as hub:
            files = originals(hub, issued(hub))
            assert set(files) == {"pdf", "ofd"}
            trust = hub.trust.trust(hub.clock.now())
            for data in files.values():
                verdict = judge(inspect(data), policy("certificate"), trust, hub.clock.now())
                assert verdict.passed, verdict.to_json()
            kept = {path.name for path in (tmp_path / "hub" / "keys").iterdir()}
            assert kept == {"UNSAFE-demo-keystore.json", "data.key", "sdf.json"}
            software = (tmp_path / "hub" / "keys" / "UNSAFE-demo-keystore.json").read_text()
            assert '"algorithm": "ed25519"' in software, "the log's key is of neither family"
            assert "sm2_sm3" not in software
            assert "ecdsa_p256" not in software


def test_the_doctor_names_devices_and_looks_after_their_pins(tmp_path: Path) -> None:
    pin = tmp_path / "pin"
    given = load(
        home=tmp_path / "hub", keystore_sm2="sdf", sdf_module=tmp_path / "lib.so", sdf_pin_file=pin
    )

    def said() -> tuple[str, str]:
        found = next(item for item in examine(given) if item.check == "keys")
        return found.state, found.detail

    assert said() == ("fault", str(pin))
    pin.write_text("1234")
    pin.chmod(0o644)
    assert said() == ("fault", "pin")
    pin.chmod(0o600)
    assert said() == ("ok", "1 · sm2: sdf")
    missing = next(
        item
        for item in examine(load(home=tmp_path, keystore_p256="pkcs11"))
        if item.check == "keys"
    )
    assert "TONGBAN_PKCS11_MODULE" in missing.detail
