"""Every key store keeps one contract: make, describe, sign, refuse, share, and not survive a fork."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from kernel.errors import TongbanError
from signing import keystores
from signing.algorithms import by_name
from signing.keystores import Options, open_store
from signing.ports import KeyStore

from .hardware import sdf, softhsm


@dataclass(frozen=True, slots=True)
class Member:
    """One kind of key store: what it holds, and how to open the same one again."""

    kind: str
    algorithms: tuple[str, ...]
    open: Callable[[], KeyStore]


HELD = {
    "demo": ("sm2_sm3", "ecdsa_p256", "ecdsa_p384", "rsa_pss_2048", "ed25519"),
    "encrypted_file": ("sm2_sm3", "ecdsa_p256", "ecdsa_p384", "rsa_pkcs1_2048", "ed25519"),
    "pkcs11": ("ecdsa_p256", "ecdsa_p384", "rsa_pkcs1_2048", "rsa_pss_3072"),
    "sdf": ("sm2_sm3",),
}
MARKS = {"pkcs11": [pytest.mark.services]}


def options(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Options:
    if kind == "pkcs11":
        return softhsm(folder, monkeypatch)
    password = folder / "password"
    password.write_text("a long sentence\n")
    return Options(folder, "demo", password)


@pytest.fixture(params=[pytest.param(kind, marks=MARKS.get(kind, [])) for kind in HELD])
def member(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Member]:
    kind: str = request.param
    if kind == "sdf":
        with sdf(tmp_path) as device:
            yield Member(kind, HELD[kind], lambda: open_store(kind, device))
        return
    given = options(kind, tmp_path, monkeypatch)
    yield Member(kind, HELD[kind], lambda: open_store(kind, given))


def test_the_contract_runs_over_every_member() -> None:
    assert set(HELD) == set(keystores.names())


def test_a_key_is_made_described_used_and_found_again(member: Member) -> None:
    keys = member.open()
    made = {}
    for algorithm in member.algorithms:
        method = by_name(algorithm)
        name = "k." + algorithm.replace("_", "-")
        info = made[name] = keys.create(name, algorithm, ("seal-pdf", "seal-ofd", "seal-pdf"))
        assert (info.name, info.algorithm) == (name, algorithm)
        assert info.purposes == ("seal-ofd", "seal-pdf")
        assert keys.create(name, algorithm, ("seal-ofd", "seal-pdf")) == info
        digest = method.digest(b"message", info.spki)
        signature = keys.sign(name, digest)
        assert method.verify_digest(info.spki, digest, signature)
        assert not method.verify_digest(info.spki, method.digest(b"x", info.spki), signature)
    again = member.open()
    assert again.names() == keys.names() == tuple(sorted(made))
    for name, info in made.items():
        assert again.info(name) == info
        assert again.public_key(name) == (info.algorithm, info.spki)
        method = by_name(info.algorithm)
        digest = method.digest(b"later", info.spki)
        assert method.verify_digest(info.spki, digest, again.sign(name, digest))


def test_what_cannot_be_is_refused_by_its_code(member: Member) -> None:
    keys = member.open()
    first = member.algorithms[0]
    keys.create("k", first, ("seal-pdf",))
    for name in ("", "../x", "a" * 101, "Ä", "a b", ".a", "k\n"):
        with pytest.raises(TongbanError, match="key-name-invalid"):
            keys.create(name, first, ())
    with pytest.raises(TongbanError, match="purpose-unknown"):
        keys.create("other", first, ("everything",))
    with pytest.raises(TongbanError, match="algorithm-unknown"):
        keys.create("other", "md5", ())
    with pytest.raises(TongbanError, match="key-exists"):
        keys.create("k", first, ("seal-pdf", "seal-ofd"))
    for second in member.algorithms[1:]:
        with pytest.raises(TongbanError, match="key-exists"):
            keys.create("k", second, ("seal-pdf",))
    for call in (keys.info, keys.public_key, lambda name: keys.sign(name, b"\1" * 32)):
        with pytest.raises(TongbanError, match="key-unknown"):
            call("absent")
    for size in (0, 31, 33, 5000):
        with pytest.raises(TongbanError, match="digest-length"):
            keys.sign("k", b"\1" * size)
    assert keys.names() == ("k",)


def test_an_algorithm_that_a_store_cannot_hold_is_refused(member: Member) -> None:
    keys = member.open()
    for algorithm in ("sm2_sm3", "ecdsa_p256", "rsa_pss", "ed25519"):
        if not any(held.startswith(algorithm) for held in member.algorithms):
            if member.kind in ("demo", "encrypted_file"):
                continue
            with pytest.raises(TongbanError, match=rf"keystore-algorithm.*{algorithm}"):
                keys.create("k", algorithm, ("seal-pdf",))
    assert keys.names() == ()


def test_threads_share_a_store_and_no_nonce_is_used_twice(member: Member) -> None:
    keys = member.open()
    algorithm = member.algorithms[0]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: keys.create("k", algorithm, ("seal-pdf",)), range(8)))
        assert len(set(made)) == 1
        signatures = list(pool.map(lambda _: keys.sign("k", b"\1" * 32), range(64)))
    method = by_name(algorithm)
    assert all(method.verify_digest(made[0].spki, b"\1" * 32, item) for item in signatures)
    assert len(set(signatures)) == 64
    assert keys.names() == ("k",)


def test_a_forked_child_signs_with_other_nonces_or_is_refused(member: Member) -> None:
    keys = member.open()
    info = keys.create("k", member.algorithms[0], ("seal-pdf",))
    keys.sign("k", b"\1" * 32)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            said = keys.sign("k", b"\1" * 32).hex()
        except TongbanError as error:
            said = error.code
        os.write(write, said.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    mine = keys.sign("k", b"\1" * 32)
    assert by_name(info.algorithm).verify_digest(info.spki, b"\1" * 32, mine), "still ours"
    if member.kind in ("demo", "encrypted_file"):
        assert by_name(info.algorithm).verify_digest(info.spki, b"\1" * 32, bytes.fromhex(said))
        assert bytes.fromhex(said) != mine
    else:
        assert said == "keystore-forked"
