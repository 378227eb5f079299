"""Every service of docker-compose.yml, started by hand from its own words and asked its own health check."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from sqlalchemy import create_engine, make_url, text

from tests import servers
from tests.composed import BY_SCRIPT, CITIES, ROOT, SERVICES, Composed
from tests.objectservers import program
from tests.postgres import new_database
from tests.servers import CannotBeHadError, free_port
from tests.tlspair import make_pair

pytestmark = pytest.mark.services

AIRFLOW = ("api-server", "scheduler", "dag-processor", "celery")


@pytest.fixture(params=CITIES)
def composed(
    request: pytest.FixtureRequest, tmp_path: Path, postgres_url: str
) -> Iterator[Composed]:
    """The city's secrets laid out, nothing started."""
    try:
        servers.version("redis")
        gateway = str(program("versitygw"))
    except CannotBeHadError as reason:
        pytest.skip(str(reason))
    tongban = tmp_path / "tongban"
    tongban.write_text(f"#!{sys.executable}\nfrom hub.cli import main\n\nmain()\n")
    tongban.chmod(0o700)
    found = Composed(
        request.param,
        tmp_path,
        {"versitygw": gateway, "python": sys.executable, "tongban": str(tongban)},
    )
    metadata = new_database(postgres_url).replace("postgresql://", "postgresql+psycopg://")
    place = f"127.0.0.1:{found.ports['7070']}/{found.city}"
    tls = make_pair(tmp_path)
    for name, value in {
        "objects_secret": "secret-of-a-test",
        "keystore_password": "password-of-a-test",
        "redis.conf": f"bind 127.0.0.1\nport {found.ports['6379']}\nrequirepass queue-of-a-test\n"
        f"dir {tmp_path / 'redis'}\nappendonly yes\nmaxmemory-policy noeviction\n",
        "tongban_database_url": new_database(postgres_url),
        "tongban_objects_url": f"s3+http://tongban:secret-of-a-test@{place}?create=yes",
        "airflow_database_url": metadata,
        "airflow_result_backend": f"db+{metadata}",
        "airflow_broker_url": f"redis://:queue-of-a-test@127.0.0.1:{found.ports['6379']}/0",
        "tls_certificate": tls.certificate.read_text(),
        "tls_anchors": tls.certificate.read_text(),
        "tls_key": tls.key.read_text(),
    }.items():
        found.secret(name, value)
    yield found
    found.close()


def test_every_service_of_a_city_starts_passes_its_health_check_and_ends_cleanly(
    composed: Composed,
) -> None:
    city = composed.city
    for name in ("redis", "objects", f"{city}-signer"):
        assert not composed.healthy(name), f"{name} is called healthy before it runs"
        composed.start(name)
    for name in list(composed.running):
        composed.await_health(name)
    for name in (city, f"{city}-worker"):
        assert not composed.healthy(name)
        composed.start(name)
    composed.await_health(city)
    composed.await_health(f"{city}-worker")
    doctor(composed)
    composed.run(f"{city}-airflow-migrate")
    airflow = [f"{city}-airflow-{part}" for part in AIRFLOW]
    for name in airflow:
        composed.start(name)
    for name in airflow:
        composed.await_health(name, 240)
    started = {*composed.running, f"{city}-airflow-migrate"} | BY_SCRIPT
    assert started == set(composed.names), "a service was left out"
    ready = f"https://127.0.0.1:{composed.ports['8600']}/readyz"
    anchors = ssl.create_default_context(cafile=str(composed.folder / "secrets" / "tls_anchors"))
    with urlopen(ready, timeout=10, context=anchors) as answer:
        assert json.load(answer) == {"status": "ready", "failing": []}
    assert list(composed.folder.glob(f"objects/{city}/sha256/*/*")), "nothing lies in the bucket"
    assert not list(composed.folder.glob("hub/*.db")), "SQLite was used beside PostgreSQL"
    codes = composed.close()
    assert {name for name, code in codes.items() if code} == set(), codes


def doctor(composed: Composed) -> None:
    """Let the doctor look from where the web lives."""
    done = subprocess.run(
        [composed.programs["tongban"], "doctor"],
        env=composed.environment(composed.city),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_every_service_has_words_of_its_own_or_a_script() -> None:
    for name, row in SERVICES.items():
        assert ("command" in row) != (name in BY_SCRIPT), name


def test_the_databases_of_the_file_are_made_and_its_health_check_passes(postgres_url: str) -> None:
    """What the image of PostgreSQL does with the file's words, on a server of the tests' own."""
    row = SERVICES["postgres"]
    options = row["environment"]["POSTGRES_INITDB_ARGS"].split()
    place = make_url(postgres_url.replace("postgresql://", "postgresql+psycopg://"))
    engine = create_engine(place, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in (ROOT / "docs" / "databases.sql").read_text("utf-8").split(";"):
            if statement.strip():
                connection.execute(text(statement))
        made = connection.execute(text("SELECT datname, datcollate FROM pg_database")).all()
    engine.dispose()
    locale = next(word for word in options if word.startswith("--locale=")).split("=")[1]
    wanted = {f"{city}{part}" for city in CITIES for part in ("", "_airflow")}
    assert {(name, locale) for name in wanted} <= {tuple(one) for one in made}
    kind, *words = row["healthcheck"]["test"]
    assert kind == "CMD"
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    given = {"PATH": f"{binaries[-1]}:{os.environ['PATH']}", "PGHOST": str(place.host)}
    for port, code in ((str(place.port), 0), (str(free_port()), 2)):
        done = subprocess.run(words, env=given | {"PGPORT": port}, check=False, capture_output=True)
        assert done.returncode == code
