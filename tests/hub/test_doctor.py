"""What the doctor names, and that it names the next step with it."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.commands import build
from hub.doctor import CHECKS, examine
from hub.findings import Finding
from hub.settings import Settings, load
from hub.wiring import open_hub
from tests.conftest import ObjectServers
from tests.postgres import free_port


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(home=tmp_path / "hub", port=free_port())


def look(settings: Settings) -> dict[str, Finding]:
    return {item.check: item for item in examine(settings)}


def only_fault(settings: Settings) -> Finding:
    (found,) = [item for item in examine(settings) if item.state == "fault"]
    assert found.next
    assert found.next_en
    return found


def test_an_empty_home_is_sound_and_stays_empty(settings: Settings) -> None:
    found = look(settings)
    assert list(found) == list(CHECKS)
    assert [item for item in found.values() if item.state != "ok"] == []
    assert not settings.root.exists()


def test_a_home_in_use_is_sound(settings: Settings) -> None:
    with open_hub(settings) as hub:
        hub.vault.blind("x", "y")
        hub.objects.put(b"abc")
    found = look(settings)
    assert [item for item in found.values() if item.state != "ok"] == []
    assert found["database"].detail.startswith("sqlite 0")


def test_a_key_that_others_can_read(settings: Settings) -> None:
    with open_hub(settings) as hub:
        hub.vault.blind("x", "y")
    (settings.root / "keys" / "data.key").chmod(0o644)
    assert only_fault(settings).check == "keys"


def test_a_key_file_of_the_wrong_size(settings: Settings) -> None:
    key = settings.root / "keys" / "data.key"
    key.parent.mkdir(parents=True)
    key.write_bytes(b"short")
    key.chmod(0o600)
    assert only_fault(settings).check == "keys"


def test_production_without_a_password_file(settings: Settings) -> None:
    production = settings.model_copy(update={"environment": "production"})
    assert only_fault(production).detail == "TONGBAN_KEYSTORE_PASSWORD_FILE"


def test_a_font_that_is_not_there(settings: Settings) -> None:
    assert only_fault(settings.model_copy(update={"fonts": "/nowhere/x.ttf"})).check == "fonts"


def test_a_port_that_somebody_else_holds(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", settings.port))
        other.listen(1)
        assert only_fault(settings).check == "port"


def test_a_database_that_is_not_there_or_of_no_kind_we_know(settings: Settings) -> None:
    for url in ("postgresql://u:p@127.0.0.1:1/hub", "oracle://u:p@h/d", "nonsense"):
        assert only_fault(settings.model_copy(update={"database_url": url})).check == "database"


def test_an_object_store_that_is_not_there(settings: Settings) -> None:
    gone = settings.model_copy(update={"objects_url": "s3+http://k:s@127.0.0.1:1/bucket"})
    assert only_fault(gone).check == "objects"


def test_secrets_of_airflow_that_others_can_read(settings: Settings) -> None:
    folder = settings.root / "airflow"
    folder.mkdir(parents=True)
    (folder / "jwt.secret").write_text("x")
    (folder / "jwt.secret").chmod(0o640)
    assert only_fault(settings).check == "airflow"


def test_the_command_ends_with_4_and_tells_it_to_machines(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TONGBAN_PORT", str(settings.port))
    words = ["doctor", "--home", str(settings.root), "--json"]
    done = CliRunner().invoke(build(), words)
    assert (done.exit_code, json.loads(done.stdout)["ok"]) == (0, True)
    monkeypatch.setenv("TONGBAN_OBJECTS_URL", "s3://wrong")
    done = CliRunner().invoke(build(), words)
    said = json.loads(done.stdout)
    assert (done.exit_code, said["ok"]) == (4, False)
    assert [row["check"] for row in said["checks"] if row["state"] == "fault"] == ["objects"]
    done = CliRunner().invoke(build(), words[:-1])
    assert (done.exit_code, "下一步" in done.stdout) == (4, True)


@pytest.mark.services
def test_real_servers_are_sound_and_a_locale_blind_to_chinese_is_not(
    settings: Settings, postgres_url: str, object_servers: ObjectServers
) -> None:
    from sqlalchemy import create_engine, text

    bucket = object_servers("versitygw").address("doctor", query="?create=yes")
    address = postgres_url.rsplit("/", 1)[0]
    server = postgres_url.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE doctor_sound"))
        connection.execute(text("CREATE DATABASE doctor_c LC_CTYPE 'C' TEMPLATE template0"))
    engine.dispose()
    sound = {"database_url": f"{address}/doctor_sound", "objects_url": bucket}
    found = look(settings.model_copy(update=sound))
    assert found["database"].state == "warning"  # reachable, tables not made yet
    assert found["objects"].state == "ok"
    with open_hub(settings.model_copy(update=sound)):
        pass
    assert look(settings.model_copy(update=sound))["database"].state == "ok"
    blind = settings.model_copy(update={"database_url": f"{address}/doctor_c"})
    assert only_fault(blind).detail == "LC_CTYPE = C"
