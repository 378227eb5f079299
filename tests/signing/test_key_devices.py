"""Families of keys go to their devices; a vendor's SDF library is used by the standard's words."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kernel.errors import TongbanError
from signing.algorithms import by_name
from signing.keystores import Options, open_store
from signing.keystores.routed import KeyDevice, Routed, open_stores
from signing.signer.process import SignerSetup, ensure

from .hardware import sdf, softhsm
from .requests import request as wanted

DEVICE = Path(__file__).with_name("sdf_device.c")


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[KeyDevice]:
    with sdf(tmp_path) as options:
        assert options.password_file
        assert options.module
        yield KeyDevice("sm2", "sdf", options.password_file, options.module)


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("gcc") or not Path("/usr/include/openssl/evp.h").exists():
        pytest.skip(
            "a C compiler and OpenSSL's headers are missing: apt-get install gcc libssl-dev"
        )
    made = tmp_path_factory.mktemp("sdf") / "libdevice.so"
    command = ["gcc", "-shared", "-fPIC", "-o", str(made), str(DEVICE), "-lcrypto"]
    subprocess.run(command, check=True, capture_output=True)
    return made


@pytest.fixture
def vendor(library: Path, tmp_path: Path) -> Options:
    pin = tmp_path / "vendor-pin"
    pin.write_text("11111111\n")
    pin.chmod(0o600)
    return Options(tmp_path, "production", pin, library)


def test_each_family_is_made_in_its_device_and_the_rest_in_the_file(
    stand_in: KeyDevice, tmp_path: Path
) -> None:
    keys = open_stores("demo", Options(tmp_path, "demo"), [stand_in])
    assert keys.demo
    for name, algorithm in (("a", "sm2_sm3"), ("b", "ecdsa_p256"), ("log", "ed25519")):
        info = keys.create(name, algorithm, ("seal-ofd",))
        method = by_name(algorithm)
        digest = method.digest(b"x", info.spki)
        assert keys.create(name, algorithm, ("seal-ofd",)) == info == keys.info(name)
        assert keys.public_key(name) == (algorithm, info.spki)
        assert method.verify_digest(info.spki, digest, keys.sign(name, digest))
    assert keys.names() == ("a", "b", "log")
    assert open_store("demo", Options(tmp_path, "demo")).names() == ("b", "log")
    with pytest.raises(TongbanError, match="key-unknown"):
        keys.sign("c", b"\1" * 32)


def test_a_key_made_before_the_device_goes_on_signing_where_it_is(
    stand_in: KeyDevice, tmp_path: Path
) -> None:
    before = open_store("demo", Options(tmp_path, "demo")).create("old", "sm2_sm3", ("seal-ofd",))
    keys = open_stores("demo", Options(tmp_path, "demo"), [stand_in])
    assert keys.create("old", "sm2_sm3", ("seal-ofd",)) == before
    signature = keys.sign("old", b"\1" * 32)
    assert by_name("sm2_sm3").verify_digest(before.spki, b"\1" * 32, signature)
    keys.create("new", "sm2_sm3", ("seal-ofd",))
    assert open_store("demo", Options(tmp_path, "demo")).names() == ("old",)


def test_one_name_in_two_stores_is_a_fault(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        open_store("demo", Options(tmp_path / folder, "demo")).create("k", "sm2_sm3", ())
    stores = [open_store("demo", Options(tmp_path / folder, "demo")) for folder in ("a", "b")]
    with pytest.raises(TongbanError, match=r"keystore-corrupt.*two stores"):
        Routed(stores[0], {"sm2": stores[1]})


def test_a_device_is_refused_for_a_family_that_it_cannot_sign_for(tmp_path: Path) -> None:
    for family, kind in (("sm2", "pkcs11"), ("p256", "sdf"), ("ed25519", "pkcs11")):
        device = KeyDevice(family, kind, tmp_path / "pin", tmp_path / "lib.so", "hub")
        with pytest.raises(TongbanError, match="keystore-algorithm"):
            open_stores("demo", Options(tmp_path, "demo"), [device])


def test_a_pin_that_others_may_read_opens_no_device(stand_in: KeyDevice, tmp_path: Path) -> None:
    stand_in.pin_file.chmod(0o640)
    with pytest.raises(TongbanError, match="keystore-pin-open"):
        open_stores("demo", Options(tmp_path, "demo"), [stand_in])


def test_the_stand_in_is_refused_in_production_also_beside_a_real_store(
    stand_in: KeyDevice, tmp_path: Path
) -> None:
    password = tmp_path / "password"
    password.write_text("a long sentence")
    with pytest.raises(TongbanError, match="demo-keystore-refused"):
        open_stores("encrypted_file", Options(tmp_path, "production", password), [stand_in])


def test_a_vendors_library_signs_in_production(vendor: Options) -> None:
    keys = open_store("sdf", vendor)
    assert not keys.demo
    method = by_name("sm2_sm3")
    for name in ("k1", "k2"):
        info = keys.create(name, "sm2_sm3", ("seal-ofd",))
        digest = method.digest(b"message", info.spki)
        assert method.verify_digest(info.spki, digest, keys.sign(name, digest))
    assert open_store("sdf", vendor).names() == ("k1", "k2")
    with pytest.raises(TongbanError, match=r"keystore-unavailable.*index"):
        keys.create("k3", "sm2_sm3", ("seal-ofd",))


def test_a_vendors_library_that_refuses_or_is_none_has_a_name(
    vendor: Options, tmp_path: Path
) -> None:
    assert vendor.password_file
    open_store("sdf", vendor).create("k", "sm2_sm3", ("seal-ofd",))
    vendor.password_file.write_text("wrong")
    with pytest.raises(TongbanError, match="keystore-locked"):
        open_store("sdf", vendor).sign("k", b"\1" * 32)
    no_library = tmp_path / "text.so"
    no_library.write_text("no library")
    with pytest.raises(TongbanError, match="keystore-unavailable"):
        open_store("sdf", replace(vendor, module=no_library))


@pytest.mark.services
def test_the_signer_works_with_both_devices(
    stand_in: KeyDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = softhsm(tmp_path / "hsm", monkeypatch)
    assert token.password_file
    assert token.module
    second = KeyDevice("p256", "pkcs11", token.password_file, token.module, token.token)
    process = ensure(SignerSetup(tmp_path / "home", "test", devices=(stand_in, second)))
    try:
        for name, algorithm in (("s", "sm2_sm3"), ("p", "ecdsa_p256"), ("log", "ed25519")):
            info = process.client.create(name, algorithm, ("seal-ofd",))
            digest = by_name(algorithm).digest(b"x", info.spki)
            answer = process.client.sign(replace(wanted(), key=name, digest=digest, number=name))
            assert by_name(algorithm).verify_digest(info.spki, digest, answer.signature)
        kept = open_store("demo", Options(tmp_path / "home", "test")).names()
        assert kept == ("log",)
    finally:
        process.stop()
