from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.commands import build
from signing.algorithms import by_name


def spki() -> str:
    p256 = by_name("ecdsa_p256")
    return base64.b64encode(p256.public_key(p256.generate())).decode()


def test_a_peer_is_added_shown_cut_off_and_admitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TONGBAN_ENVIRONMENT", "test")
    home = ["--home", str(tmp_path / "hub")]
    runner, app = CliRunner(), build()

    def run(*words: str, code: int = 0) -> str:
        done = runner.invoke(app, ["peer", *words, *home])
        assert done.exit_code == code, done.output
        return done.output

    added = ("add", "410300", "--name", "洛阳市", "--key", spki())
    address = ("--address", "https://hub.example")
    assert re.search(r"410300/[0-9a-f]{16}", run(*added, *address, "--handles", "m=" + "1" * 18))
    run(*added, *address, "--handles", "no-equals-sign", code=2)
    assert "peer-file-invalid" in run(*added, "--address", "http://hub.example", code=1)
    assert re.search(r"410100/[0-9a-f]{16}", run("show"))
    assert "https://hub.example 互认 / exchanging" in run("show")
    assert "peer-unknown" in run("cut", "410500", code=1)
    assert "cut off" in run("cut", "410300", "--reason", "test")
    assert "was cut off already" in run("cut", "410300")
    assert "已切断 / cut off" in run("show")
    run(*added, *address)
    assert "已切断 / cut off" in run("show"), "a new file does not take a peer back"
    assert "exchanging again" in run("admit", "410300")
    assert "was not cut off" in run("admit", "410300")
