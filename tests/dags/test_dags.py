from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hub.airflow_home import SERVICE, USER, AirflowHome, prepare
from hub.airflow_stack import Rest, Stack
from tests import servers
from tests.catalog.rig import HEAD, SOURCE, SUITE, rows

ROOT = Path(__file__).resolve().parents[2]
ROOMS = [
    "kernel",
    "storage",
    "identity",
    "quality",
    "catalog",
    "signing",
    "audit",
    "certificates",
    "intake",
    "hub",
]


def lay(home: Path, name: str, text: str) -> None:
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A hub with one source and one delivery of 300 rows, two of them faulty."""
    lay(tmp_path, "registry/catalog/sources/roll-source.toml", SOURCE.format(connector="csv"))
    lay(tmp_path, "registry/quality/suites/roll.toml", SUITE)
    lay(tmp_path, "inbox/roll-source/a.csv", HEAD + rows(0, 298) + "x1|测试丙|9号\n坏\n")
    return tmp_path


def parse(home: Path) -> dict[str, object]:
    """Parse the DAG file in a fresh process, as the dag-processor does."""
    script = (
        "import json, runpy, sys, time; before = set(sys.modules); begun = time.process_time();"
        f"found = runpy.run_path({str(ROOT / 'dags' / 'ingest.py')!r});"
        "from airflow.sdk import DAG;"
        "dags = {d.dag_id: d for d in found.values() if isinstance(d, DAG)};"
        f"rooms = sorted(set({ROOMS!r}) & {{m.split('.')[0] for m in set(sys.modules) - before}});"
        "heavy = sorted({'polars', 'pandas', 'great_expectations'} & set(sys.modules));"
        "print(json.dumps({'rooms': rooms, 'heavy': heavy, 'dags': {i: {"
        "'tasks': [t.task_id for t in d.tasks], 'retries': min(t.retries for t in d.tasks),"
        "'runs': d.max_active_runs, 'catchup': d.catchup, 'timetable': type(d.timetable).__name__}"
        " for i, d in dags.items()}}))"
    )
    environment = prepare(home).environment(os.environ)
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_each_source_is_a_dag_and_no_room_is_imported_to_parse_it(home: Path) -> None:
    text = SOURCE.format(connector="csv").replace('resource = "roll"', 'resource = "other"')
    lay(
        home,
        "registry/catalog/sources/after-it.toml",
        text.replace("[rhythm]", '[rhythm]\nafter = ["roll"]'),
    )
    lay(home, "registry/catalog/sources/faulty.toml", "title = ")
    found = parse(home)
    assert found["rooms"] == []
    assert found["heavy"] == []
    dags = found["dags"]
    assert isinstance(dags, dict)
    assert set(dags) == {
        "ingest.410100.roll-source",
        "ingest.410100.after-it",
        "ingest.410100.faulty",
    }
    for dag in dags.values():
        assert dag["tasks"] == ["collect", "standardise", "check", "publish"]
        assert dag["retries"] >= 1
        assert (dag["runs"], dag["catchup"]) == (1, False)
    assert dags["ingest.410100.after-it"]["timetable"] == "AssetOrTimeSchedule"


def test_secrets_are_files_of_their_owner_and_stay(tmp_path: Path) -> None:
    first = prepare(tmp_path)
    files = ["jwt.secret", "api.secret", "fernet.key", "passwords.json"]
    kept = [(first.folder / name).read_bytes() for name in files]
    again = prepare(tmp_path)
    assert [(again.folder / name).read_bytes() for name in files] == kept
    assert stat.S_IMODE(first.folder.stat().st_mode) == 0o700
    for name in files:
        assert stat.S_IMODE((first.folder / name).stat().st_mode) == 0o600
    assert sorted(path.name for path in first.folder.iterdir()) == sorted(files)
    assert first.password(USER) != first.password(SERVICE)
    environment = first.environment({"PYTHONPATH": "/elsewhere"})
    assert not any(secret.decode() in " ".join(environment.values()) for secret in kept)
    assert environment["PYTHONPATH"] == f"{ROOT}{os.pathsep}/elsewhere"


def test_another_port_is_named_wherever_airflow_reads_it(tmp_path: Path) -> None:
    environment = prepare(tmp_path, port=19000).environment({})
    assert (
        environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]
        == "http://127.0.0.1:19000/execution/"
    )
    assert environment["AIRFLOW__API__PORT"] == "19000"


def tongban(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from hub.cli import main; main()", *words, "--home", str(home)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_names_an_unknown_source_without_a_traceback(home: Path) -> None:
    done = tongban(home, "pipeline", "run", "nothing")
    assert done.returncode == 1
    assert done.stderr.startswith("source-unknown\n")
    assert "roll-source" in done.stderr
    assert "Traceback" not in done.stderr


# Costs about 8 s of processor time for Airflow and as much for the gate's library.
def test_a_source_runs_through_its_dag_and_again_without_change(home: Path) -> None:
    from hub.dagchild import DagChild

    told: list[str] = []
    child = DagChild(home)
    try:
        (first,) = child.run(lambda step, _: told.append(step))
        (second,) = child.run()
    finally:
        child.close()
    log = (home / "airflow" / "runs.log").read_text("utf-8")
    assert first.ok, log[-3000:]
    assert first.states == dict.fromkeys(["collect", "standardise", "check", "publish"], "success")
    assert second.ok
    assert second.states["publish"] == "skipped"
    assert told == ["ready", "import", "roll-source"]
    assert "测试甲" not in log
    assert list((home / "reports" / "quality" / "roll").iterdir())


FAULTS = {
    "bad-cron": ("@daily", "every day"),
    "bad-after": ("[rhythm]", "[rhythm]\nafter = 3"),
    "bad-rhythm": ('[rhythm]\nschedule = "@daily"', ""),
    "bad-resource": ('resource = "roll"', 'resource = "a b\\n名"'),
    "bad-title": ('title = "测试名册交换"', "title = 3"),
}


def test_a_faulty_source_keeps_its_dag_and_takes_no_other_away(home: Path) -> None:
    text = SOURCE.format(connector="csv")
    for name, (old, new) in FAULTS.items():
        assert old in text
        faulty = text.replace(old, new)
        lay(
            home,
            f"registry/catalog/sources/{name}.toml",
            f"rhythm = 1\n{faulty}" if name == "bad-rhythm" else faulty,
        )
    dags = parse(home)["dags"]
    assert isinstance(dags, dict)
    assert set(dags) == {f"ingest.410100.{name}" for name in ("roll-source", *FAULTS)}
    for dag in dags.values():
        assert dag["tasks"] == ["collect", "standardise", "check", "publish"]
    assert dags["ingest.410100.roll-source"]["timetable"] == "CronTriggerTimetable"
    assert dags["ingest.410100.bad-cron"]["timetable"] == "NullTimetable"


@pytest.fixture
def airflow(home: Path) -> Iterator[AirflowHome]:
    """The real api-server, scheduler and dag-processor on SQLite; half a minute on two idle cores."""
    with servers.running("airflow", TONGBAN_HOME=str(home)) as server:
        yield prepare(home, port=int(server.given["port"]))
    left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(home) not in left


@pytest.mark.services
def test_airflow_runs_a_source_and_many_triggers_at_once_neither_fail_nor_double(
    home: Path, airflow: AirflowHome
) -> None:
    port = str(airflow.port)
    words = ("airflow", "trigger", "roll-source", "--port", port, "--run-id", "one")
    done = tongban(home, *words, "--wait")
    assert done.stdout.split() == ["one", "success"], done.stderr
    assert tongban(home, *words).returncode == 0

    asked = [f"many-{number}" for number in range(10)] * 2
    with ThreadPoolExecutor(len(asked)) as pool:
        told = list(pool.map(lambda run: Rest(airflow).trigger("roll-source", run), asked))
    assert told == asked
    path = "/api/v2/dags/ingest.410100.roll-source/dagRuns?limit=100"
    found = Rest(airflow)._call("GET", path, None)["dag_runs"]
    ours = [run["dag_run_id"] for run in found if run["run_type"] == "manual"]
    assert sorted(ours) == sorted({"one", *asked})
    assert Stack(airflow).ill() == ()
    until = time.monotonic() + 120
    rest = Rest(airflow)
    while "success" not in {rest.state("roll-source", run) for run in asked[:10]}:
        assert time.monotonic() < until, "no run that was triggered is done"
        time.sleep(1)
