"""The hub's DAGs on PostgreSQL, S3, Redis and two Celery workers, one of which is killed at work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest
from sqlalchemy import create_engine, text

from catalog import store
from hub.airflow_home import AirflowHome, prepare
from hub.airflow_stack import Rest
from hub.settings import load
from hub.wiring import open_hub
from kernel.actors import system
from kernel.errors import Refused
from tests import proven, servers
from tests.catalog.rig import SOURCE, SUITE
from tests.conftest import ObjectServers
from tests.postgres import new_database
from tests.servers import CannotBeHadError

pytestmark = pytest.mark.services

ROWS, FAULTY = 900_000, 30
PATIENCE = 300.0
"""Seconds within which another worker must have ended what a killed one began."""


def lay(home: Path) -> None:
    """Give a hub one source, and a delivery of some seventy blocks with faults among them."""
    registry = home / "registry"
    for folder in ("catalog/sources", "quality/suites"):
        (registry / folder).mkdir(parents=True, exist_ok=True)
    source = SOURCE.format(connector="csv").replace("[delivery]", "[delivery]\nblock_mib = 1")
    source = source.replace('schedule = "@daily"', "")  # the clock must not start a run of its own
    (registry / "catalog" / "sources" / "roll-source.toml").write_text(source, "utf-8")
    (registry / "quality" / "suites" / "roll.toml").write_text(SUITE, "utf-8")
    inbox = home / "inbox" / "roll-source"
    inbox.mkdir(parents=True)
    with (inbox / "a.csv").open("w", encoding="gb18030") as file:
        file.write("编号|姓名|性别\n")
        for number in range(ROWS):
            sex = "错" if number % (ROWS // FAULTY) == 7 else "男"
            file.write(f"{'c' * 60}{number:08d}|测试甲|{sex}\n")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    lay(tmp_path / "hub")
    return tmp_path / "hub"


class Cluster:
    """A running Airflow with Celery workers, and what a test asks of it."""

    def __init__(
        self, place: AirflowHome, folder: Path, broker: str, environment: dict[str, str]
    ) -> None:
        self.place = place
        self.folder = folder
        self.broker = broker
        self.environment = environment
        self.rest = Rest(place)

    def tries(self, run: str) -> dict[str, tuple[int, str]]:
        """Return how often each task was tried, and its state."""
        engine = create_engine(self.environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
        with engine.connect() as connection:
            found = connection.execute(
                text("SELECT task_id, try_number, state FROM task_instance WHERE run_id = :run"),
                {"run": run},
            )
            rows = {row[0]: (row[1], row[2]) for row in found}
        engine.dispose()
        return rows

    def kill_the_busy_worker(self) -> str:
        """Kill the worker that runs a task, with all its processes, as a machine that goes dark does."""
        for name in ("worker-1", "worker-2"):
            family = self._family(f"{name}@")
            if any(_has_open(process, "roll-source.lock") for process in family):
                for process in family:
                    process.kill()
                return name
        pytest.fail(f"no worker is at work: {[self._family(f'worker-{n}@') for n in (1, 2)]}")

    def _family(self, name: str) -> list[psutil.Process]:
        """Return a worker's process, found by the title that Celery gives it, and all below it."""
        up = psutil.Process(int((self.folder / "processes").read_text().split()[0]))
        for process in up.children():
            with suppress(psutil.Error):
                if name in " ".join(process.cmdline()):
                    return [process, *process.children(recursive=True)]
        return []

    def unacknowledged(self) -> int:
        """Return how many messages the broker has handed out that no worker has settled."""
        from redis import Redis

        with Redis.from_url(self.broker) as client:
            return int(client.hlen("unacked"))  # type: ignore[arg-type]  # the client is no async one

    def logs(self) -> str:
        """Return what the workers wrote."""
        files = sorted(self.place.folder.glob("worker-*.log"))
        return "\n".join(file.read_text("utf-8", "replace") for file in files)


@pytest.fixture
def cluster(home: Path, postgres_url: str, object_servers: ObjectServers) -> Iterator[Cluster]:
    with ExitStack() as stack:
        try:
            broker = stack.enter_context(servers.running("redis"))
            objects = object_servers("versitygw")
        except CannotBeHadError as reason:
            pytest.skip(str(reason))
        metadata = new_database(postgres_url).replace("postgresql://", "postgresql+psycopg://")
        environment = {
            "TONGBAN_HOME": str(home),
            "TONGBAN_ENVIRONMENT": "demo",
            "TONGBAN_DATABASE_URL": new_database(postgres_url),
            "TONGBAN_OBJECTS_URL": objects.address("celery", query="?create=yes"),
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": metadata,
            "AIRFLOW__CELERY__BROKER_URL": broker.url,
            "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{metadata}",
            # so short that the killed worker's message comes back while Airflow still waits for it
            "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": "20",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
            "AIRFLOW_WORKERS": "2",
        }
        airflow = stack.enter_context(servers.running("airflow", **environment))
        proven.used("celery", version("celery"))
        place = prepare(home, port=int(airflow.given["port"]))
        yield Cluster(place, airflow.folder, broker.url, environment)


def _has_open(process: psutil.Process, name: str) -> bool:
    with suppress(psutil.Error):
        return any(Path(file.path).name == name for file in process.open_files())
    return False


def until(true: Callable[[], Any], seconds: float, pause: float, cluster: Cluster) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"waited in vain: {cluster.tries('one')}"
        time.sleep(pause)
    return found


def held(home: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """Return what a hub holds of the source; every row is there once."""
    settings = load(
        home=home,
        database_url=environment.get("TONGBAN_DATABASE_URL", ""),
        objects_url=environment.get("TONGBAN_OBJECTS_URL", ""),
    )
    with open_hub(settings) as hub:
        steward = system("steward", hub.settings.region, ("catalog.read",))
        versions = hub.catalog.versions(steward, "roll")
        assert not isinstance(versions, Refused)
        (version,) = versions
        parts = hub.database.transactions.read(lambda tx: store.parts(tx, version.id))
        told = hub.database.transactions.read(lambda tx: hub.database.journal.after(tx, 0, 1000))
        frame = hub.parts.scan(parts).select(pl.col("code").n_unique(), rows=pl.len()).collect()
        assert frame.row(0) == (version.counts.published, version.counts.published)
        return {
            "counts": version.counts,
            "batch": version.batch,
            "parts": [(part.object, part.rows) for part in parts],
            "published": [row.kind for row in told].count("catalog.version-published"),
        }


def undisturbed(home: Path) -> dict[str, Any]:
    """Return what the same delivery comes to without Airflow, on SQLite and a folder."""
    with open_hub(load(home=home)) as hub:
        rights = ("catalog.ingest", "catalog.publish")
        done = hub.ingest.run(system("ingest", hub.settings.region, rights), "roll-source")
        assert not isinstance(done, Refused)
    return held(home, {})


def test_a_worker_is_killed_in_the_middle_and_another_ends_the_partition(
    cluster: Cluster,
    home: Path,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    cluster.rest.trigger("roll-source", "one", 120)
    until(lambda: len(list(home.glob("work/roll-source/*/blocks/*.json"))) > 8, 180, 0.01, cluster)
    killed = cluster.kill_the_busy_worker()
    done = len(list(home.glob("work/roll-source/*/blocks/*.json")))
    assert not list(home.glob("work/roll-source/*/standardised.json")), "killed too late"
    begun = time.monotonic()
    until(
        lambda: cluster.rest.state("roll-source", "one") in {"success", "failed"},
        PATIENCE,
        1,
        cluster,
    )
    waited = time.monotonic() - begun
    assert cluster.rest.state("roll-source", "one") == "success", cluster.logs()[-6000:]
    tries = cluster.tries("one")
    assert tries["standardise"][0] == 2, tries
    assert {state for _, state in tries.values()} == {"success"}
    # The dead worker's message comes back, before or after the end: it is settled and does nothing.
    until(lambda: not cluster.unacknowledged(), 90, 1, cluster)
    came = "ignoring redelivered message" in cluster.logs()
    found = held(home, cluster.environment)
    assert found["published"] == 1
    assert found["counts"].quarantined == FAULTY
    lay(tmp_path / "calm")
    assert undisturbed(tmp_path / "calm") == found
    told = f"{killed} killed after {done} blocks; ended {waited:.0f} s later"
    record_property("figures", f"{told}; its message came back and was ignored: {came}")
