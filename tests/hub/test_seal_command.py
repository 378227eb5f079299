"""``tongban seal``: two persons at one machine, each step told, refusals with their code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from hub.commands import build
from hub.settings import load
from hub.wiring import open_hub
from signing.signer.process import SignerProcess, SignerSetup, ensure
from tests.signing.world import root


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A hub with its authority; the signer stays up between the commands."""
    made = tmp_path_factory.mktemp("seals") / "hub"
    made.mkdir(mode=0o700)
    (made / "hub.env").write_text("TONGBAN_ENVIRONMENT=test\n")
    signer: SignerProcess = ensure(SignerSetup(made, "test"))
    with open_hub(load(home=made, environment="test", worker=False)) as hub:
        hub.authority.establish(root())
    yield made
    signer.stop()


def ran(home: Path, *words: str, text: str = "") -> Any:
    env = {"TONGBAN_ENVIRONMENT": "test"}
    return CliRunner(env=env).invoke(build(), ["seal", *words, "--home", str(home)], input=text)


def told(home: Path, *words: str, text: str = "") -> Any:
    done = ran(home, *words, "--json", text=text)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def refused(home: Path, *words: str) -> str:
    done = ran(home, *words)
    assert done.exit_code == 1, done.output
    assert "Traceback" not in done.output
    return str(done.stderr.splitlines()[0])


def test_a_seal_goes_through_its_life(home: Path, tmp_path: Path) -> None:
    seal = told(home, "apply", "--org", "gaj", "--second-line", "户籍专用章", "--as", "ann")
    assert (seal["state"], seal["applied_by"]) == ("applied", "system:operator:ann")
    name = seal["seal"]
    assert refused(home, "approve", name, "--as", "ann") == "seal-same-person"
    assert told(home, "approve", name, "--as", "bob")["state"] == "in-use"
    assert told(home, "suspend", name, "--reason", "lost", "--as", "bob")["state"] == "suspended"
    assert told(home, "resume", name, "--as", "bob")["state"] == "in-use"
    after = told(home, "renew", name, "--years", "2", "--as", "ann")
    assert after["replaces"] == name
    assert refused(home, "renew", name, "--as", "ann") == "seal-renewal-open"
    assert told(home, "approve", after["seal"], "--as", "bob")["state"] == "in-use"
    shown = told(home, "show", name)
    assert (shown["state"], shown["replaced_by"]) == ("renewed", after["seal"])
    assert [step["state"] for step in shown["history"]] == [
        "applied", "approved", "in-use", "suspended", "in-use", "renewed",
    ]  # fmt: skip
    assert told(home, "revoke", name, "--reason", "lost", "--as", "bob")["state"] == "revoked"
    assert refused(home, "resume", name, "--as", "bob") == "seal-state"
    assert {item["seal"] for item in told(home, "list")} >= {name, after["seal"]}
    assert [i["seal"] for i in told(home, "list", "--org", "gaj", "--state", "revoked")] == [name]
    out = tmp_path / "seam.png"
    done = ran(home, "picture", after["seal"], str(out), "--sheets", "3")
    assert done.exit_code == 0, done.output
    widths = [Image.open(out.with_name(f"seam-{at}.png")).width for at in (1, 2, 3)]
    assert sum(widths) == 472
    text = ran(home, "show", name).stdout
    assert "已注销 / revoked" in text
    assert "lost" in text


def test_a_name_seal_takes_the_name_from_standard_input(home: Path) -> None:
    seal = told(home, "apply", "--org", "gaj", "--personal", "--as", "ann", text="测试丁\n")
    assert (seal["kind"], seal["name"], seal["diameter_mm"]) == ("personal", "示例市公安局名章", 20)
    assert "测试丁" not in json.dumps(seal, ensure_ascii=False)
    assert told(home, "reject", seal["seal"], "--reason", "x", "--as", "bob")["state"] == "rejected"


def test_slips_of_the_pen_are_refused_by_name(home: Path) -> None:
    assert refused(home, "apply", "--org", "nobody") == "seal-application-invalid"
    assert refused(home, "apply", "--org", "gaj", "--types", "x") == "seal-application-invalid"
    assert refused(home, "show", "seal-none") == "seal-unknown"
    assert refused(home, "suspend", "seal-none", "--reason", "x") == "seal-unknown"
    assert ran(home, "suspend", "seal-none").exit_code == 2


def test_looking_needs_no_signer(tmp_path: Path) -> None:
    done = ran(tmp_path / "new", "list")
    assert done.exit_code == 0, done.output
    assert "没有印章" in done.stdout
    assert not (tmp_path / "new" / "signer").exists()
