"""docker-compose.yml says what the program understands, and nothing secret or unpinned."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from certificates.exchange import peers
from hub.settings import Settings, load
from tests.composed import VARIABLE

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: row for name, row in SERVICES.items() if str(row["image"]).startswith("tongban:")}
CITIES = {"zhengzhou": "410100", "luoyang": "410300"}
LAUNCHER = {"TONGBAN_ROOT"}
"""Read by airflow.cfg alone."""
ELSEWHERE = {
    ("database", "sql_alchemy_conn_async_cmd"),
    ("celery", "broker_url_cmd"),
    ("celery", "result_backend_cmd"),
}
"""What the embedded airflow.cfg has no use for."""
WITH_PASSWORD = "signer"
"""The one part of a city that may read its keys."""


def city(name: str) -> str | None:
    return next((known for known in CITIES if name.startswith(known)), None)


def test_every_setting_that_is_given_exists_and_its_value_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    known = {f"TONGBAN_{name.upper()}" for name in Settings.model_fields} | LAUNCHER
    for name, row in OURS.items():
        if name.endswith(WITH_PASSWORD):
            continue
        given = {key: value for key, value in row["environment"].items() if "TONGBAN" in key}
        assert set(given) <= known
        for key, value in given.items():
            monkeypatch.setenv(key, VARIABLE.sub(r"\1", str(value)))
        secrets = tmp_path / "secrets"
        secrets.mkdir(exist_ok=True)
        for target in targets(row):
            if target.startswith("tongban_"):
                assert target.upper() in known
                (secrets / target).write_text(f"value of {target}\n")
        monkeypatch.setenv("TONGBAN_SECRETS", str(secrets))
        settings = load()
        assert settings.database == "value of tongban_database_url"
        assert settings.objects_url == "value of tongban_objects_url"
        assert settings.environment == "production"
        assert settings.region == CITIES[str(city(name))]


def test_airflow_is_given_only_what_it_and_its_configuration_know() -> None:
    written = configparser.ConfigParser(interpolation=None)
    written.read(ROOT / "airflow.cfg", "utf-8")
    names = {
        key
        for row in OURS.values()
        for key in row.get("environment", ())
        if key.startswith("AIRFLOW")
    }
    for name in names - {"AIRFLOW_HOME", "AIRFLOW_CONFIG"}:
        _, section, key = name.lower().split("__")
        known = written.has_option(section, key.removesuffix("_cmd"))
        assert known or (section, key) in ELSEWHERE, name
    port = written["api"]["port"]
    health = written["scheduler"]["scheduler_health_check_server_port"]
    for name in CITIES:
        server = SERVICES[f"{name}-airflow-api-server"]
        url = server["environment"]["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]
        assert url == f"http://{name}-airflow-api-server:{port}/execution/"
        assert f":{port}/" in str(server["healthcheck"]["test"])
        assert f":{health}/" in str(SERVICES[f"{name}-airflow-scheduler"]["healthcheck"]["test"])


def test_all_parts_of_a_city_work_in_its_home_and_none_in_anothers() -> None:
    for name, row in OURS.items():
        mine = str(city(name))
        hub = SERVICES[mine]
        assert row["volumes"] == hub["volumes"] == [f"{mine}:/srv/hub"]
        if not name.endswith(WITH_PASSWORD):
            assert hub["environment"].items() <= row["environment"].items()
        strangers = [other for other in CITIES if other != mine]
        assert not [other for other in strangers if other in str(row)], name


def test_each_city_may_be_the_others_peer_at_the_address_it_tells() -> None:
    told = set()
    for name, row in OURS.items():
        if "TONGBAN_BASE_URL" not in row.get("environment", {}):
            continue
        address = VARIABLE.sub(r"\1", row["environment"]["TONGBAN_BASE_URL"])
        assert peers.usable_address(address) == f"https://{city(name)}:8600"
        told.add(address)
    assert len(told) == len(CITIES)


def test_the_cities_differ_in_nothing_but_themselves() -> None:
    one, two = (
        [str(row) for name, row in SERVICES.items() if city(name) == known] for known in CITIES
    )
    swap = {
        "luoyang": "zhengzhou",
        "410300": "410100",
        "洛阳": "郑州",
        "8601": "8600",
        "18180": "18080",
        "LUOYANG": "ZHENGZHOU",
    }
    for old, new in swap.items():
        two = [text.replace(old, new) for text in two]
    assert one == two


def test_only_the_signer_may_read_the_password_of_the_keys_and_it_has_no_network() -> None:
    for name, row in OURS.items():
        assert ("keystore_password" in targets(row)) == name.endswith(WITH_PASSWORD), name
        assert (row.get("network_mode") == "none") == name.endswith(WITH_PASSWORD), name


def targets(row: dict[str, Any]) -> list[str]:
    return [one["target"] if isinstance(one, dict) else one for one in row.get("secrets", ())]


def test_secrets_are_files_that_are_declared_and_never_values() -> None:
    for name, row in SERVICES.items():
        for one in row.get("secrets", ()):
            source = one["source"] if isinstance(one, dict) else one
            assert source in COMPOSE["secrets"], (name, source)
        text = str({**row, "secrets": None})
        assert set(re.findall(r"/run/secrets/([\w.]+)", text)) <= set(targets(row)), name
        for key, value in row.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|DATABASE_URL|OBJECTS_URL|BROKER|BACKEND|CONN", key):
                assert "/run/secrets" in str(value), (name, key)
    assert all(row["file"].startswith("./secrets/") for row in COMPOSE["secrets"].values())
    assert "secrets/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert "secrets" in (ROOT / ".dockerignore").read_text("utf-8").splitlines()


def test_every_service_is_bounded_watched_and_pinned() -> None:
    for name, row in SERVICES.items():
        assert {"mem_limit", "cpus", "pids_limit"} <= set(row), name
        assert "healthcheck" in row or row["restart"] == "no", name
        assert re.fullmatch(r"[\w/-]+:\d[\w.-]*", row["image"]), name
        for port in row.get("ports", ()):
            assert port.startswith("127.0.0.1:"), name


def test_images_of_ours_are_targets_of_the_dockerfile_and_do_not_run_as_root() -> None:
    stages = re.split(r"^FROM ", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE)[1:]
    by_name = {stage.split("\n")[0].split(" AS ")[1]: stage for stage in stages}
    for row in SERVICES.values():
        if "build" in row:
            assert re.search(r"^USER \d+$", by_name[row["build"]["target"]], re.MULTILINE)
    for stage in stages:
        assert re.match(r"[\w/-]+:[\w.-]*\d", stage) or stage.startswith("debian:bookworm-slim")


def test_the_object_server_is_the_one_that_is_tested() -> None:
    script = (ROOT / "tests" / "services" / "versitygw.sh").read_text("utf-8")
    module, version = (
        re.findall(f"^{name}=(.+)$", script, re.MULTILINE)[0] for name in ("MODULE", "VERSION")
    )
    assert f"{module}@{version}" in (ROOT / "Dockerfile").read_text("utf-8")


def test_each_hub_has_a_database_that_is_made() -> None:
    made = re.findall(
        r"CREATE DATABASE (\w+)", (ROOT / "docs" / "databases.sql").read_text("utf-8")
    )
    assert {name for known in CITIES for name in (known, f"{known}_airflow")} == set(made)
    assert made[-1] in str(SERVICES["postgres"]["healthcheck"]["test"])


@pytest.mark.services
def test_compose_itself_takes_the_file(tmp_path: Path) -> None:
    if not shutil.which("docker-compose"):
        pytest.skip("docker-compose is not installed (Debian: docker-compose)")
    done = subprocess.run(
        ["docker-compose", "-f", str(ROOT / "docker-compose.yml"), "config", "-q"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "COMPOSE_PROJECT_NAME": "tongban"},
    )
    assert done.returncode == 0, done.stderr
