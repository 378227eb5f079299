"""Whatever computes SM2 keeps one contract; a faster library is found, proven, or passed over."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gmalg
import pytest

from kernel.errors import TongbanError
from signing import algorithms, der
from signing.algorithms import by_name, libcrypto, sm2_library, sm2_sm3
from signing.algorithms.sm2_library import LIBRARY, Sm2Library, load, prove, scalar_of

from .test_algorithms import SPKI, rs

SHIM = Path(__file__).with_name("sm2_shim.c")
ROOT = Path(algorithms.__file__).parents[2]
GO = ROOT / "examples" / "sm2-provider"
ROUNDS = 64
Build = Callable[..., Path]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Return a function that compiles the shim with faults into a folder of its own."""
    if not shutil.which("gcc") or not Path("/usr/include/openssl/evp.h").exists():
        pytest.skip(
            "a C compiler and OpenSSL's headers are missing: apt-get install gcc libssl-dev"
        )
    made: dict[tuple[str, ...], Path] = {}

    def compiled(*defined: str) -> Path:
        if defined not in made:
            path = made[defined] = tmp_path_factory.mktemp("sm2") / LIBRARY
            flags = [f"-D{name}" for name in defined]
            command = ["gcc", "-shared", "-fPIC", *flags, "-o", str(path), str(SHIM), "-lcrypto"]
            subprocess.run(command, check=True, capture_output=True)
        return made[defined]

    return compiled


@pytest.fixture(params=["libcrypto", "library"])
def method(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> sm2_sm3.Sm2Sm3:
    """SM2 by each provider that can be had here."""
    found: Sm2Library | None = None
    if request.param == "library":
        found = load(str(request.getfixturevalue("build")()))
        assert found
    monkeypatch.setattr(sm2_library, "found", lambda _known: found)
    assert sm2_sm3.provider().startswith("shim 1 + libcrypto 3" if found else "libcrypto 3")
    return sm2_sm3.Sm2Sm3()


def test_the_example_of_the_standard_is_accepted_and_no_other(method: sm2_sm3.Sm2Sm3) -> None:
    sm2_sm3._self_test(method)
    r, s = int(sm2_sm3._SAMPLE_R, 16), int(sm2_sm3._SAMPLE_S, 16)
    n = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
    digest = bytes.fromhex(sm2_sm3._SAMPLE_DIGEST)
    sound = der.sequence(der.integer(r), der.integer(s))
    assert method.verify_digest(SPKI, digest, sound)
    for pair in ((0, s), (r, 0), (n, s), (r, n - r), (r + n, s), (r, s + n), (s, r), (r << 256, s)):
        bad = der.sequence(*(der.integer(value) for value in pair))
        assert not method.verify_digest(SPKI, digest, bad)
    for bad in (b"", sound + b"\0", sound[:-1], der.sequence(der.integer(r))):
        assert not method.verify_digest(SPKI, digest, bad)
    off = SPKI[:-1] + bytes((SPKI[-1] ^ 1,))
    assert not method.verify_digest(off, digest, sound)


def test_64_signatures_are_accepted_by_libcrypto_and_64_of_libcrypto_here(
    method: sm2_sm3.Sm2Sm3,
) -> None:
    for at in range(ROUNDS):
        private = method.generate()
        public, kept = method.public_key(private), libcrypto.load_private(private)
        digest = method.digest(bytes((at,)), public)
        assert libcrypto.verify(kept, digest, method.sign_digest(private, digest))
        theirs = libcrypto.sign(kept, digest)
        assert method.verify_digest(public, digest, theirs)
        assert not method.verify_digest(public, method.digest(b"other", public), theirs)


def test_gmalg_accepts_it_and_is_accepted(method: sm2_sm3.Sm2Sm3) -> None:
    private = method.generate()
    public = method.public_key(private)
    other = gmalg.SM2(sk=scalar_of(private), uid=b"1234567812345678")
    digest = method.digest(b"hello", public)
    assert other.verify(b"hello", *rs(method.sign_digest(private, digest)))
    r, s = (int.from_bytes(half, "big") for half in other.sign(b"hello"))
    assert method.verify_digest(public, digest, der.sequence(der.integer(r), der.integer(s)))


def test_no_nonce_comes_twice_among_threads_and_after_a_fork(method: sm2_sm3.Sm2Sm3) -> None:
    private = method.generate()
    public, digest = method.public_key(private), b"\1" * 32
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda _: method.sign_digest(private, digest), range(128)))
    assert all(method.verify_digest(public, digest, item) for item in made)
    mine = {rs(item)[0] for item in made}
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        theirs = b"".join(rs(method.sign_digest(private, digest))[0] for _ in range(32))
        os.write(write, theirs)
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        octets = pipe.read()
    os.waitpid(child, 0)
    mine |= {rs(method.sign_digest(private, digest))[0] for _ in range(32)}
    mine |= {octets[at : at + 32] for at in range(0, len(octets), 32)}
    assert len(mine) == 128 + 32 + 32


@pytest.mark.parametrize(
    ("fault", "step"),
    [
        ("FAULT_EXAMPLE", "example"),
        ("FAULT_NONCE", "nonce"),
        ("FAULT_CROSS", "cross"),
        ("FAULT_REJECT", "reject"),
        ("FAULT_SIGN", "signature-failed"),
    ],
)
def test_a_library_that_computes_wrongly_is_refused_and_libcrypto_goes_on(
    build: Build, fault: str, step: str
) -> None:
    library = load(str(build(fault)))
    assert library
    try:
        said = prove(library, sm2_sm3.knows_the_example)
    except TongbanError as error:
        said = error.code
    assert said == step
    output, errors = detected(build(fault).parent)
    assert output.startswith("libcrypto 3")
    assert "sm2-provider-refused" in errors
    assert step in errors


def test_what_is_no_such_library_is_passed_over(build: Build, tmp_path: Path) -> None:
    assert load(str(build("ABI=2"))) is None
    assert load(str(tmp_path / "absent.so")) is None
    assert load("libcrypto.so.3") is None


def test_an_absent_library_is_not_spoken_of(tmp_path: Path) -> None:
    output, errors = detected(tmp_path)
    assert output.startswith("libcrypto 3")
    assert output.count("\n") == 1
    assert errors == ""


def test_an_installed_library_is_found_and_used(build: Build) -> None:
    output, errors = detected(build().parent)
    assert output.startswith("shim 1 + libcrypto 3")
    assert errors == ""


def test_a_library_never_serves_another_process(build: Build) -> None:
    found = load(str(build()))
    assert found
    other = Sm2Library(found.name, found._library, _owner=os.getpid() + 1)
    assert not other.verify(bytes(64), bytes(32), b"")
    with pytest.raises(TongbanError, match="signature-failed"):
        other.sign(b"\1" * 32, bytes(32))


def test_a_key_without_its_scalar_is_unreadable() -> None:
    private = by_name("sm2_sm3").generate()
    assert len(scalar_of(private)) == 32
    for bad in (b"", private[:-1], der.sequence(der.integer(0)), by_name("ecdsa_p384").generate()):
        with pytest.raises(TongbanError, match="private-key-unreadable"):
            scalar_of(bad)


@pytest.mark.services
def test_the_library_of_the_example_keeps_the_contract(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    if not shutil.which("go"):
        pytest.skip("Go is missing")
    folder = tmp_path_factory.mktemp("go")
    command = ["go", "build", "-buildmode=c-shared", "-trimpath", "-o", str(folder / LIBRARY), "."]
    flags = {**os.environ, "GOFLAGS": "-p=2"}
    built = subprocess.run(command, cwd=GO, env=flags, check=False, capture_output=True)
    if built.returncode:
        pytest.skip(f"Go cannot build it: {built.stderr.decode()[-200:]}")
    assert detected(folder)[0].startswith("gmsm 0.30.1 + libcrypto 3")
    tests = ["tests/signing/test_algorithms.py", "tests/signing/test_signer.py"]
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(
        words, cwd=ROOT, env=environment(folder), check=False, capture_output=True
    )
    assert done.returncode == 0, done.stdout.decode()[-3000:]
    library = load(str(folder / LIBRARY))
    assert library
    assert prove(library, sm2_sm3.knows_the_example, 64) == ""


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "LD_LIBRARY_PATH": str(folder), "PYTHONPATH": str(ROOT)}


def detected(folder: Path) -> tuple[str, str]:
    """Return what a fresh process says about its provider, where libraries lie in ``folder``."""
    code = (
        "from signing.algorithms.sm2_sm3 import algorithm, provider; algorithm(); print(provider())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(folder), check=True, capture_output=True
    )
    return done.stdout.decode(), done.stderr.decode()
