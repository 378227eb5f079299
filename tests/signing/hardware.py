"""Key devices for tests: SoftHSM, or a skip that names what is missing; the SDF stand-in."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from signing import keystores
from signing.keystores import Options

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
TOKEN, PIN = "tongban-test", "20261124"


def softhsm(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Options:
    """Make an empty token and say how to open it."""
    if not MODULE.exists() or not shutil.which("softhsm2-util"):
        pytest.skip("SoftHSM is missing: apt-get install softhsm2")
    import pkcs11

    pkcs11.unload(str(MODULE))  # it reads its configuration once, when it is loaded
    tokens = folder / "tokens"
    tokens.mkdir(parents=True)
    config = folder / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(config))
    command = ["softhsm2-util", "--init-token", "--free", "--label", TOKEN]
    subprocess.run(
        [*command, "--so-pin", "87654321", "--pin", PIN], check=True, capture_output=True
    )
    pin = folder / "pin"
    pin.write_text(f"{PIN}\n")
    pin.chmod(0o600)
    return Options(folder, "production", pin, MODULE, TOKEN)


@contextmanager
def sdf(folder: Path) -> Iterator[Options]:
    """Run the stand-in for an SDF device in a process of its own."""
    pin, place = folder / "pin", folder / "sdf.sock"
    pin.write_text(f"{PIN}\n")
    pin.chmod(0o600)
    command = [sys.executable, "-m", "signing.keystores.sdf_stand_in", str(place), str(pin)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(keystores.__file__).parents[2],
    ) as child:
        assert child.stdin
        assert child.stdout
        assert child.stderr
        assert child.stdout.readline() == b"ready\n"
        assert b"UNSAFE" in child.stderr.readline(), "it announces itself"
        yield Options(folder, "demo", pin, place)
        child.stdin.close()
        child.wait(10)
