"""Keys on a PKCS#11 token: they cannot leave it, and what the device does wrong has a name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kernel.errors import TongbanError
from signing.algorithms import by_name
from signing.keystores import Options, open_store
from signing.keystores.pkcs11 import Pkcs11Store
from signing.signer.process import SignerProcess, SignerSetup

from .hardware import softhsm
from .requests import request

services = pytest.mark.services


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Options:
    return softhsm(tmp_path, monkeypatch)


def opened(token: Options) -> Pkcs11Store:
    store = open_store("pkcs11", token)
    assert isinstance(store, Pkcs11Store)
    return store


def test_what_is_not_set_is_named_before_any_library_is_loaded(tmp_path: Path) -> None:
    pin = tmp_path / "pin"
    pin.write_text("1234")
    pin.chmod(0o600)
    sound = Options(tmp_path, "production", pin, tmp_path / "absent.so", "hub")
    for wrong, code in (
        (replace(sound, module=None), "keystore-setting-missing.*--module"),
        (replace(sound, token=""), "keystore-setting-missing.*--token"),
        (replace(sound, password_file=None), "keystore-unlock-missing"),
        (replace(sound, password_file=tmp_path / "none"), "keystore-unlock-missing"),
        (sound, "keystore-unavailable.*library"),
    ):
        with pytest.raises(TongbanError, match=code):
            open_store("pkcs11", wrong)


@services
def test_private_keys_do_not_leave_the_token(token: Options) -> None:
    import pkcs11
    from pkcs11 import Attribute, ObjectClass

    store = opened(token)
    store.create("p", "ecdsa_p256", ("seal-pdf",))
    store.create("r", "rsa_pss_2048", ("seal-pdf",))
    secrets = (Attribute.VALUE, Attribute.PRIVATE_EXPONENT)
    found = list(store._session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}))
    assert len(found) == 2
    for key, secret in zip(sorted(found, key=lambda item: item.label), secrets, strict=True):
        assert key[Attribute.SENSITIVE]
        assert not key[Attribute.EXTRACTABLE]
        assert not key[Attribute.DECRYPT]
        with pytest.raises(pkcs11.AttributeSensitive):
            assert key[secret]


@services
def test_a_wrong_pin_and_a_wrong_label_are_told_apart(token: Options) -> None:
    assert token.password_file
    with pytest.raises(TongbanError, match=r"keystore-unavailable.*label"):
        opened(replace(token, token="another"))
    for wrong in (b"0000", b"\xff\xfe"):
        token.password_file.write_bytes(wrong)
        with pytest.raises(TongbanError, match="keystore-locked"):
            opened(token)


@services
def test_sm2_is_refused_although_the_token_would_make_such_a_key(token: Options) -> None:
    with pytest.raises(TongbanError, match=r"keystore-algorithm.*sm2_sm3"):
        opened(token).create("k", "sm2_sm3", ("seal-ofd",))


@services
def test_a_lost_session_is_opened_again(token: Options) -> None:
    store = opened(token)
    info = store.create("k", "ecdsa_p256", ("seal-pdf",))
    method = by_name("ecdsa_p256")
    store._session.close()
    assert method.verify_digest(info.spki, b"\1" * 32, store.sign("k", b"\1" * 32))
    store.close()
    store.close()
    assert method.verify_digest(info.spki, b"\1" * 32, store.sign("k", b"\1" * 32))


@services
def test_a_key_that_vanished_from_the_token_is_an_unavailable_device(token: Options) -> None:
    from pkcs11 import Attribute, ObjectClass

    store = opened(token)
    store.create("k", "ecdsa_p256", ("seal-pdf",))
    for key in store._session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}):
        key.destroy()
    with pytest.raises(TongbanError, match=r"keystore-unavailable.*NoSuchKey"):
        store.sign("k", b"\1" * 32)


@services
def test_a_key_without_description_is_none_and_a_false_description_is_named(
    token: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pkcs11 import Attribute, ObjectClass

    store = opened(token)

    def stopped(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("signing.keystores.pkcs11._describe", stopped)
    with pytest.raises(TongbanError, match="keystore-unavailable"):
        store.create("k", "ecdsa_p256", ("seal-pdf",))
    monkeypatch.undo()
    monkeypatch.setenv("SOFTHSM2_CONF", str(token.home / "softhsm2.conf"))
    assert opened(token).names() == store.names() == ()
    assert store.create("k", "ecdsa_p256", ("seal-pdf",)).name == "k"
    store._session.create_object(
        {
            Attribute.CLASS: ObjectClass.DATA,
            Attribute.TOKEN: True,
            Attribute.APPLICATION: "tongban",
            Attribute.LABEL: "k2",
            Attribute.VALUE: b"{}",
        }
    )
    with pytest.raises(TongbanError, match="keystore-corrupt"):
        opened(token)


@services
def test_a_signer_process_signs_with_the_token(token: Options) -> None:
    setup = SignerSetup(
        token.home, "production", "pkcs11", token.password_file, token.module, token.token
    )
    process = SignerProcess(setup)
    try:
        client = process.start()
        info = client.create("k", "ecdsa_p256", ("seal-pdf",))
        answer = client.sign(request(key="k", purpose="seal-pdf"))
        digest = request().digest
        assert by_name("ecdsa_p256").verify_digest(info.spki, digest, answer.signature)
        with pytest.raises(TongbanError, match="keystore-algorithm"):
            client.create("s", "sm2_sm3", ("seal-ofd",))
    finally:
        process.stop()
