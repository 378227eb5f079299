"""Production refuses what the demo may do, and says what to do instead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from hub import serve
from hub.app import build_app
from hub.settings import load
from hub.wiring import Hub, open_hub
from kernel.errors import TongbanError


def started(home: Path, capsys: pytest.CaptureFixture[str]) -> tuple[object, str]:
    with pytest.raises(SystemExit) as ended:
        serve.main(["--home", str(home), "--port", "1"])
    return ended.value.code, capsys.readouterr().err


def test_without_a_keystore_password_the_web_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TONGBAN_ENVIRONMENT", "production")
    code, said = started(tmp_path, capsys)
    assert code == 4
    assert "keystore-unlock-missing" in said
    assert "TONGBAN_KEYSTORE_PASSWORD_FILE" in said.split("next: ")[1]
    assert "Traceback" not in said
    assert not list(tmp_path.glob("keys/UNSAFE*"))


def test_a_setting_that_does_not_fit_is_named_without_its_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TONGBAN_REGION", "a password in the wrong place")
    code, said = started(tmp_path, capsys)
    assert code == 4
    assert "TONGBAN_REGION" in said
    assert "wrong place" not in said
    with pytest.raises(TongbanError, match="setting-invalid"):
        load()


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Hub]:
    password = tmp_path / "password"
    password.write_text("long enough to be a password", "ascii")
    password.chmod(0o600)
    home = tmp_path / "hub"
    settings = load(home=home, environment="production", keystore_password_file=password)
    with open_hub(settings) as hub:
        yield hub


def test_with_a_password_the_encrypted_keystore_opens_and_no_demo_key_is_made(real: Hub) -> None:
    real.signer.start()
    kept = {path.name for path in (real.settings.root / "keys").iterdir()}
    assert kept == {"keystore.json"}
    assert not real.authority.region.demo


def test_no_persona_is_offered_or_accepted_and_no_session_of_one_lives(real: Hub) -> None:
    browser = TestClient(build_app(real))
    page = browser.get("/sign-in", headers={"accept": "text/html"}).text
    assert "正式环境不提供演示身份" in page
    assert 'name="persona"' not in page
    assert "演示环境" not in page
    assert browser.post("/sign-in", data={"persona": "steward"}).status_code == 403
    browser.cookies.set("tongban_session", "0" * 43)
    assert browser.get("/me").status_code == 401


def test_people_who_cannot_exist_are_refused_by_the_standards_of_production(real: Hub) -> None:
    test = load(home=real.settings.root, environment="test")
    with open_hub(test) as other:
        assert real.standards.digest != other.standards.digest
