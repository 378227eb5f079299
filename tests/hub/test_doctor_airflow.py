"""What the doctor says of Airflow's settings, of peers and of trust lists."""

from __future__ import annotations

import base64
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub import doctor_airflow, doctor_peers
from hub.findings import Finding
from signing.algorithms import by_name
from signing.trust import TrustList, save
from tests import servers
from tests.servers import CannotBeHadError, free_port

PASSWORD = "a-password-nobody-may-see"


@pytest.fixture
def celery(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Settings of many machines that fit each other; nothing listens at the broker's port."""
    metadata = f"postgresql+psycopg://hub:{PASSWORD}@127.0.0.1:1/airflow"
    for name, value in {
        "CORE__EXECUTOR": "CeleryExecutor",
        "DATABASE__SQL_ALCHEMY_CONN": metadata,
        "DATABASE__SQL_ALCHEMY_CONN_ASYNC": metadata,
        "CELERY__BROKER_URL": f"redis://:{PASSWORD}@127.0.0.1:{free_port()}/0",
    }.items():
        monkeypatch.setenv(f"AIRFLOW__{name}", value)
    return monkeypatch


def faulty(found: Finding) -> Finding:
    assert found.state != "ok"
    assert found.next
    assert found.next_en
    assert PASSWORD not in f"{found}"
    return found


def test_what_is_in_the_checkout_is_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor_airflow.executor() == Finding("executor", "ok", "LocalExecutor, sqlite")
    assert doctor_airflow.broker().state == "ok"
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "8")
    assert faulty(doctor_airflow.executor()).state == "warning"


def test_settings_are_read_as_airflow_reads_them(
    celery: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert doctor_airflow.executor() == Finding("executor", "ok", "CeleryExecutor, postgresql")
    (tmp_path / "url").write_text("redis://from-a-file:6379/0\n")
    celery.delenv("AIRFLOW__CELERY__BROKER_URL")
    celery.setenv("AIRFLOW__CELERY__BROKER_URL_CMD", f"cat {tmp_path / 'url'}")
    assert doctor_airflow.value("celery", "broker_url") == "redis://from-a-file:6379/0"
    celery.setenv("AIRFLOW__CELERY__BROKER_URL_CMD", "cat /nowhere")
    assert doctor_airflow.value("celery", "broker_url") == ""
    assert faulty(doctor_airflow.broker()).detail == "AIRFLOW__CELERY__BROKER_URL"


@pytest.mark.parametrize(
    "address", ["sqlite:////srv/airflow.db", "postgresql+nobodys://hub@h/a", "postgresql://hub@h/a"]
)
def test_a_metadata_database_that_celery_cannot_use(
    celery: pytest.MonkeyPatch, address: str
) -> None:
    celery.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", address)
    assert faulty(doctor_airflow.executor()).state == "fault"


def test_a_driver_that_airflow_would_guess_and_not_find(celery: pytest.MonkeyPatch) -> None:
    celery.delenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC")
    assert "asyncpg" in faulty(doctor_airflow.executor()).detail


@pytest.mark.parametrize("address", ["redis://127.0.0.1:1/0", "amqp://h/", "redis://h:port/0"])
def test_a_broker_that_is_not_there_or_of_no_kind_we_know(
    celery: pytest.MonkeyPatch, address: str
) -> None:
    celery.setenv("AIRFLOW__CELERY__BROKER_URL", address)
    faulty(doctor_airflow.broker())


@pytest.mark.services
def test_a_real_broker_with_a_wrong_password_a_policy_that_loses_tasks_or_nobody_listening(
    celery: pytest.MonkeyPatch,
) -> None:
    from redis import Redis

    try:
        with servers.running("redis") as server:
            url = server.url
            celery.setenv("AIRFLOW__CELERY__BROKER_URL", url)
            assert "no worker" in faulty(doctor_airflow.broker()).detail
            celery.setenv("AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT", "60")
            assert "visibility_timeout 60" in faulty(doctor_airflow.broker()).detail
            with Redis.from_url(url) as client:
                client.config_set("maxmemory-policy", "allkeys-lru")
            assert "allkeys-lru" in faulty(doctor_airflow.broker()).detail
            celery.setenv(
                "AIRFLOW__CELERY__BROKER_URL", url.replace(server.given["password"], PASSWORD)
            )
            assert "口令" in faulty(doctor_airflow.broker()).next
    except CannotBeHadError as reason:
        pytest.skip(str(reason))


def register(home: Path, region: str, address: str) -> None:
    algorithm = by_name("ecdsa_p256")
    key = base64.b64encode(algorithm.public_key(algorithm.generate())).decode()
    path = home / "registry" / "certificates" / "peers" / f"{region}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'schema = 1\nregion = "{region}"\nname = "洛阳市"\naddress = "{address}"\n'
        f'[[keys]]\nspki = "{key}"\n'
    )


@contextmanager
def hub_of_elsewhere(clock: timedelta) -> Iterator[str]:
    class Elsewhere(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def date_time_string(self, timestamp: float | None = None) -> str:
            return (datetime.now(UTC) + clock).strftime("%a, %d %b %Y %H:%M:%S GMT")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_peer_that_answers_one_that_does_not_and_one_whose_clock_is_wrong(tmp_path: Path) -> None:
    assert [item.state for item in doctor_peers.peers(tmp_path)] == ["ok"]
    for drift, state in ((timedelta(), "ok"), (timedelta(minutes=5), "fault")):
        with hub_of_elsewhere(drift) as address:
            register(tmp_path, "410300", address)
            (found,) = doctor_peers.peers(tmp_path)
            assert found.state == state, found
    (found,) = doctor_peers.peers(tmp_path)
    assert faulty(found).state == "warning"
    assert "410300" in found.detail


def test_trust_lists_that_end_soon_have_ended_or_are_missing(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    (none,) = doctor_peers.lists(tmp_path, "410100")
    assert none.state == "ok"
    register(tmp_path, "410700", "http://127.0.0.1:1")
    for region, days in (("410100", 3), ("410300", -1), ("410500", 300)):
        listed = TrustList(
            region, "示例市", 2, now - timedelta(days=30), now + timedelta(days=days), ()
        )
        save(listed, tmp_path)
    found = {item.detail[:6]: item for item in doctor_peers.lists(tmp_path, "410100")}
    assert {region: item.state for region, item in found.items()} == {
        "410100": "warning",
        "410300": "fault",
        "410500": "ok",
        "410700": "fault",
    }
    assert "export" in faulty(found["410100"]).next_en
    assert "import" in faulty(found["410300"]).next_en
