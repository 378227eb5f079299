"""What docker-compose.yml runs for objects and for a hub, run by hand from the same words."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import create_engine, text

from tests.objectservers import KINDS, CannotBeHadError, install
from tests.postgres import free_port

pytestmark = pytest.mark.services
ROOT = Path(__file__).resolve().parents[2]
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))[
    "services"
]


def here(words: list[str], changes: dict[str, str]) -> list[str]:
    """Return the words of the file with the places and ports of containers put right."""
    for old, new in changes.items():
        words = [word.replace(old, new) for word in words]
    return [sys.executable if word == "python" else word.replace("$$", "$") for word in words]


def healthy(row: dict[str, Any], changes: dict[str, str], process: subprocess.Popen[bytes]) -> bool:
    until = time.monotonic() + 60
    words = here(row["healthcheck"]["test"][1:], changes)
    while process.poll() is None and time.monotonic() < until:
        if subprocess.run(words, check=False, capture_output=True).returncode == 0:
            return True
        time.sleep(0.3)
    return False


def test_objects_and_a_hub_of_production_start_and_pass_their_health_checks(
    tmp_path: Path, postgres_url: str
) -> None:
    try:
        program = install(KINDS["versitygw"])
    except CannotBeHadError as reason:
        pytest.skip(str(reason))
    secrets, store = tmp_path / "secrets", tmp_path / "store"
    secrets.mkdir()
    store.mkdir()
    ports = {"7070": str(free_port()), "8600": str(free_port())}
    changes = {"/run/secrets": str(secrets), "/srv/objects": str(store), "0.0.0.0": "127.0.0.1"}
    changes |= ports | {"versitygw": str(program), "/srv/hub": str(tmp_path / "hub")}
    server = create_engine(
        postgres_url.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT"
    )
    with server.connect() as connection:
        connection.execute(text("CREATE DATABASE zhengzhou"))
    server.dispose()
    for name, value in {
        "objects_secret": "secret-of-a-test",
        "keystore_password": "password-of-a-test",
        "tongban_database_url": postgres_url.rsplit("/", 1)[0] + "/zhengzhou",
        "tongban_objects_url": f"s3+http://tongban:secret-of-a-test@127.0.0.1:{ports['7070']}/zhengzhou?create=yes",
    }.items():
        (secrets / name).write_text(value)
        (secrets / name).chmod(0o600)
    hub = SERVICES["zhengzhou"]
    names, values = list(hub["environment"]), list(map(str, hub["environment"].values()))
    environment = {**os.environ, **dict(zip(names, here(values, changes), strict=True))}
    objects = subprocess.Popen(here(SERVICES["objects"]["command"], changes))
    try:
        assert healthy(SERVICES["objects"], changes, objects)
        web = subprocess.Popen([sys.executable, "-m", "hub.serve"], env=environment, cwd=ROOT)
        try:
            assert healthy(hub, changes, web)
            words = [sys.executable, "-c", "from hub.cli import main; main()", "doctor"]
            done = subprocess.run(
                words, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout
        finally:
            web.terminate()
            web.wait(30)
    finally:
        objects.terminate()
        objects.wait(30)
    assert web.returncode == 0
    assert list(store.glob("zhengzhou/sha256/*/*")), "the doctor's object lies in the bucket"
