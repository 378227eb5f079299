"""Every algorithm passes one contract; SM2 also against two independent implementations."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gmalg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.errors import TongbanError
from signing import algorithms, der
from signing.algorithms import by_name, by_oid, libcrypto, sm2_library, sm2_sm3
from signing.x509.key import rsa_bits

D = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
POINT = bytes.fromhex(sm2_sm3._SAMPLE_POINT)
SPKI = sm2_sm3._SPKI_HEAD + POINT
OPENSSL = pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl command here")
EC_SCALAR = 36
"""Offset of the private scalar in a PKCS#8 key of SM2 as libcrypto writes it."""

keys = {name: by_name(name).generate() for name in algorithms.names()}


def rs(signature: bytes) -> tuple[bytes, bytes]:
    r, s = der.whole(signature).children()
    return r.content[-32:].rjust(32, b"\0"), s.content[-32:].rjust(32, b"\0")


def size(name: str) -> int:
    return 48 if name == "ecdsa_p384" else 32


@pytest.mark.parametrize("name", algorithms.names())
def test_signs_what_it_verifies_and_nothing_else(name: str) -> None:
    method = by_name(name)
    public = method.public_key(keys[name])
    digest = method.digest(b"message", public)
    signature = method.sign_digest(keys[name], digest)
    assert method.verify_digest(public, digest, signature)
    assert not method.verify_digest(public, method.digest(b"massage", public), signature)
    assert not method.verify_digest(method.public_key(method.generate()), digest, signature)
    assert by_oid(method.oid).name == name


@pytest.mark.parametrize("name", algorithms.names())
@pytest.mark.parametrize("bad", [b"", b"\x30", b"\x30\x80", b"\x00" * 40, SPKI[:-1], SPKI + b"\0"])
def test_bad_keys_and_signatures_are_values_not_crashes(name: str, bad: bytes) -> None:
    method = by_name(name)
    public = method.public_key(keys[name])
    digest = method.digest(b"m", public)
    assert not method.verify_digest(bad, digest, method.sign_digest(keys[name], digest))
    assert not method.verify_digest(public, digest, bad)
    assert not method.verify_digest(public, bad, bad)
    with pytest.raises(TongbanError, match="private-key-unreadable"):
        method.sign_digest(bad, digest)


@pytest.mark.parametrize("name", algorithms.names())
def test_a_digest_of_the_wrong_size_is_refused(name: str) -> None:
    wrong = 5000 if name == "ed25519" else 31
    with pytest.raises(TongbanError, match="digest-length"):
        by_name(name).sign_digest(keys[name], b"\1" * wrong)


@pytest.mark.parametrize("scheme", ["rsa_pkcs1", "rsa_pss"])
def test_an_rsa_name_may_carry_the_size_of_new_keys(scheme: str) -> None:
    plain = by_name(scheme)
    for bits in (2048, 3072, 4096):
        method = by_name(f"{scheme}_{bits}")
        private = method.generate()
        assert rsa_bits(method.public_key(private)) == bits
        signature = method.sign_digest(private, b"\1" * 32)
        assert len(signature) == bits // 8
        assert plain.verify_digest(plain.public_key(private), b"\1" * 32, signature)
        assert f"{scheme}_{bits}" in algorithms.variants()
    assert rsa_bits(plain.public_key(keys[scheme])) == 3072
    for name in (f"{scheme}_1024", f"{scheme}_02048", f"{scheme}_", "sm2_sm3_256", "ed25519_"):
        with pytest.raises(TongbanError, match="algorithm-unknown"):
            by_name(name)


def test_keys_of_one_algorithm_do_not_serve_another() -> None:
    for name in algorithms.names():
        for other in algorithms.names():
            if {name, other} & {"rsa_pss"} or name == other:
                continue
            with pytest.raises(TongbanError, match="private-key-unreadable"):
                by_name(name).sign_digest(keys[other], b"\1" * size(name))


def test_unknown_algorithms_are_named() -> None:
    for call in (by_name, by_oid):
        with pytest.raises(TongbanError, match=r"algorithm-unknown.*1\.2\.3"):
            call("1.2.3")


@settings(max_examples=60, deadline=None)
@given(data=st.data(), name=st.sampled_from(algorithms.names()))
def test_no_flipped_bit_passes_and_none_crashes(data: st.DataObject, name: str) -> None:
    method = by_name(name)
    public = method.public_key(keys[name])
    digest = method.digest(b"m", public)
    signature = method.sign_digest(keys[name], digest)
    at = data.draw(st.integers(0, 1 << 20)) % (len(signature) * 8)
    broken = bytearray(signature)
    broken[at // 8] ^= 1 << at % 8
    assert not method.verify_digest(public, digest, bytes(broken))
    at = data.draw(st.integers(0, 1 << 20)) % (len(public) * 8)
    other = bytearray(public)
    other[at // 8] ^= 1 << at % 8
    method.verify_digest(bytes(other), digest, signature)
    method.verify_digest(data.draw(st.binary(max_size=200)), digest, signature)


def test_sm2_answers_the_example_of_the_standard() -> None:
    method = by_name("sm2_sm3")
    assert sm2_sm3.z(SPKI).hex().upper() == (
        "B2E14C5C79C6DF5B85F4FE7ED8DB7A262B9DA7E07CCB0EA9F4747B8CCDA8A4F3"
    )
    assert method.digest(b"message digest", SPKI).hex().upper() == sm2_sm3._SAMPLE_DIGEST
    assert sm2_sm3.sm3(b"abc").hex().startswith("66c7f0f4")
    assert sm2_sm3.sm3(b"abcd" * 16).hex().startswith("debe9ff9")


def test_sm2_and_gmalg_accept_each_other() -> None:
    method = by_name("sm2_sm3")
    private = method.generate()
    public = method.public_key(private)
    other = gmalg.SM2(sk=private[EC_SCALAR : EC_SCALAR + 32], uid=b"1234567812345678")
    assert other.verify(b"hello", *rs(method.sign_digest(private, method.digest(b"hello", public))))
    r, s = other.sign(b"hello")
    encoded = der.sequence(
        der.integer(int.from_bytes(r, "big")), der.integer(int.from_bytes(s, "big"))
    )
    assert method.verify_digest(public, method.digest(b"hello", public), encoded)


@OPENSSL
def test_sm2_and_the_openssl_command_accept_each_other(tmp_path: Path) -> None:
    method = by_name("sm2_sm3")
    private = method.generate()
    public = method.public_key(private)
    for name, content in {"k": private, "p": public, "m": b"hello"}.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "s").write_bytes(method.sign_digest(private, method.digest(b"hello", public)))
    common = ["-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678", "-in", "m"]
    verify = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "p", "-keyform", "DER"]
    subprocess.run([*verify, *common, "-sigfile", "s"], cwd=tmp_path, check=True)
    sign = ["openssl", "pkeyutl", "-sign", "-inkey", "k", "-keyform", "DER"]
    subprocess.run([*sign, *common, "-out", "t"], cwd=tmp_path, check=True)
    digest = method.digest(b"hello", public)
    assert method.verify_digest(public, digest, (tmp_path / "t").read_bytes())


def test_another_signer_id_is_another_digest() -> None:
    method = by_name("sm2_sm3")
    assert method.digest(b"m", SPKI, b"ALICE123@YAHOO.COM") != method.digest(b"m", SPKI)
    with pytest.raises(TongbanError, match="signer-id-too-long"):
        method.digest(b"m", SPKI, b"x" * 8192)


def test_sm2_keys_may_name_the_curve_in_three_ways_and_must_lie_on_it() -> None:
    method = by_name("sm2_sm3")
    private = method.generate()
    point = method.public_key(private)[-65:]
    digest = method.digest(b"m", method.public_key(private))
    signature = method.sign_digest(private, digest)
    key = der.bits(point)
    curve, ec = der.oid(sm2_sm3.CURVE_OID), der.oid(sm2_sm3.EC_KEY_OID)
    for head in ((ec, curve), (curve, curve), (curve,)):
        assert method.verify_digest(der.sequence(der.sequence(*head), key), digest, signature)
    p256 = der.sequence(der.sequence(ec, der.oid("1.2.840.10045.3.1.7")), key)
    off = der.sequence(der.sequence(ec, curve), der.bits(point[:-1] + bytes((point[-1] ^ 1,))))
    infinity = der.sequence(der.sequence(ec, curve), der.bits(b"\0"))
    squeezed = der.sequence(der.sequence(ec, curve), der.bits(b"\2" + point[1:33]))
    for bad in (p256, off, infinity, squeezed):
        assert not method.verify_digest(bad, digest, signature)


def test_sm2_refuses_values_out_of_range_and_loose_encodings() -> None:
    method = by_name("sm2_sm3")
    n = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
    digest = method.digest(b"message digest", SPKI)
    r, s = int(sm2_sm3._SAMPLE_R, 16), int(sm2_sm3._SAMPLE_S, 16)
    sound = der.sequence(der.integer(r), der.integer(s))
    assert method.verify_digest(SPKI, digest, sound)
    for pair in ((0, s), (r, 0), (n, s), (r, n), (r, n - r), (r + n, s), (r, s + n)):
        bad = der.sequence(*(der.integer(value) for value in pair))
        assert not method.verify_digest(SPKI, digest, bad)
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    negative = der.sequence(der.encode(der.INTEGER, raw[:32]), der.integer(s))
    padded = der.sequence(der.encode(der.INTEGER, b"\0\0" + raw[:32]), der.integer(s))
    for bad in (raw, sound + b"\0", negative, padded):
        assert not method.verify_digest(SPKI, digest, bad)


def test_64_threads_share_a_key_and_no_nonce_is_used_twice() -> None:
    method = by_name("sm2_sm3")
    private = method.generate()
    public = method.public_key(private)
    digest = method.digest(b"same message", public)
    with ThreadPoolExecutor(64) as pool:
        made = list(pool.map(lambda _: method.sign_digest(private, digest), range(64)))
    assert all(method.verify_digest(public, digest, item) for item in made)
    assert len({rs(item)[0] for item in made}) == 64


def test_a_forked_child_uses_other_nonces() -> None:
    method = by_name("sm2_sm3")
    private = method.generate()
    method.sign_digest(private, b"\1" * 32)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        made = b"".join(rs(method.sign_digest(private, b"\1" * 32))[0] for _ in range(20))
        os.write(write, made)
        os._exit(0)
    os.close(write)
    mine = {rs(method.sign_digest(private, b"\1" * 32))[0] for _ in range(20)}
    with os.fdopen(read, "rb") as pipe:
        octets = pipe.read()
    os.waitpid(child, 0)
    theirs = {octets[at : at + 32] for at in range(0, len(octets), 32)}
    assert len(mine) == len(theirs) == 20
    assert not mine & theirs


def test_without_libcrypto_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    libcrypto.load.cache_clear()

    def missing(name: str) -> ctypes.CDLL:
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", missing)
    with pytest.raises(TongbanError, match="sm2-unavailable"):
        libcrypto.load()
    monkeypatch.undo()
    libcrypto.load.cache_clear()


def test_a_library_that_computes_wrongly_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sm2_library, "found", lambda _known: None)
    monkeypatch.setattr(libcrypto, "verify", lambda *_: True)
    with pytest.raises(TongbanError, match=r"sm2-self-test-failed.*reject"):
        sm2_sm3._self_test(sm2_sm3.Sm2Sm3())


def test_public_keys_of_one_algorithm_do_not_serve_another() -> None:
    for name in algorithms.names():
        for other in algorithms.names():
            if name == other or {name, other} == {"rsa_pkcs1", "rsa_pss"}:
                continue
            public = by_name(other).public_key(keys[other])
            digest = b"\1" * size(name)
            signature = by_name(name).sign_digest(keys[name], digest)
            assert not by_name(name).verify_digest(public, digest, signature)


class Library:
    """The system's libcrypto with some functions answering as another build would."""

    def __init__(self, **changed: object) -> None:
        self.sound = libcrypto.load()
        self.changed = changed

    def __getattr__(self, name: str) -> object:
        answer = self.changed.get(name)
        return getattr(self.sound, name) if answer is None else lambda *_: answer


@pytest.mark.parametrize(
    ("changed", "call", "code"),
    [
        ({"EVP_PKEY_generate": 0}, lambda _: libcrypto.generate(), "sm2-unavailable"),
        ({"EVP_PKEY_keygen_init": -2}, lambda _: libcrypto.generate(), "sm2-unavailable"),
        ({"EVP_PKEY_sign": 0}, lambda key: libcrypto.sign(key, b"\1" * 32), "signature-failed"),
        ({"i2d_PUBKEY": -1}, libcrypto.public_der, "signature-failed"),
    ],
)
def test_a_build_without_sm2_or_a_failing_call_is_named(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, int], call: object, code: str
) -> None:
    key = libcrypto.generate()
    library = Library(**changed)
    monkeypatch.setattr(libcrypto, "load", lambda: library)
    with pytest.raises(TongbanError, match=code):
        call(key)


def test_an_old_libcrypto_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = libcrypto.load()
    versions = iter([0x1010107F, 0x30000130])

    class Old:
        def __getattr__(self, name: str) -> object:
            return Function() if name == "OpenSSL_version_num" else getattr(sound, name)

    class Function:
        def __call__(self) -> int:
            return next(versions)

    libcrypto.load.cache_clear()
    monkeypatch.setattr(ctypes.util, "find_library", lambda _: None)
    monkeypatch.setattr(ctypes, "CDLL", lambda _: Old())
    assert isinstance(libcrypto.load(), Old), "the second one offered is new enough"
    assert next(versions, None) is None
    monkeypatch.undo()
    libcrypto.load.cache_clear()
