"""Runs the hub's DAGs in one process, without a scheduler: what the demo and the tests do."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog import sources
from hub.airflow_home import AirflowHome, prepare
from hub.errors import Code
from kernel.errors import TongbanError


@dataclass(frozen=True, slots=True)
class DagResult:
    """One finished run. ``state`` is Airflow's; ``states`` those of its tasks by name."""

    dag: str
    source: str
    state: str
    states: dict[str, str]
    seconds: float

    @property
    def ok(self) -> bool:
        """Tell whether the run did what it should; an unchanged delivery skips its last task."""
        return self.state == "success"


OnProgress = Callable[[str, float], None]
"""Called with the name of a step (``import``, or a source) and the seconds it took."""


def start_migrate(home: Path, region: str = "410100") -> subprocess.Popen[bytes]:
    """Start making Airflow's tables in a child process, and return it to be waited for.

    The child costs about five seconds of processor time, most of it imports; started early it
    runs beside other work.
    """
    place = prepare(home, region)
    log = (place.folder / "migrate.log").open("wb")
    with log:
        return subprocess.Popen(
            [sys.executable, "-m", "airflow", "db", "migrate"],
            env=place.environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def migrate(home: Path, region: str = "410100") -> None:
    """Make or upgrade Airflow's tables; raises TongbanError ``airflow-migrate-failed``."""
    finish_migrate(start_migrate(home, region), home)


def finish_migrate(child: subprocess.Popen[bytes], home: Path) -> None:
    """Wait for a child of ``start_migrate``; raises TongbanError ``airflow-migrate-failed``."""
    if child.wait():
        log = home.absolute() / "airflow" / "migrate.log"
        raise TongbanError(Code.AIRFLOW_MIGRATE_FAILED, log=str(log))


def run_dags(
    home: Path,
    on_progress: OnProgress | None = None,
    *,
    region: str = "410100",
    only: str | None = None,
    airflow: Path | None = None,
) -> list[DagResult]:
    """Run the DAG of every source (or of ``only``) by ``DAG.test()``, in order of dependence.

    Changes this process's environment, since Airflow reads it when imported: call it in a process
    of its own or accept that. ``migrate`` must have been done in ``airflow`` (``home/airflow``).
    """
    place = prepare(home, region, folder=airflow)
    os.environ.update(place.environment({"PYTHONPATH": os.environ.get("PYTHONPATH", "")}))
    begun = time.monotonic()
    module = _dag_file(place)
    _told(on_progress, "import", begun)
    known, faults = sources.load_each(place.home)
    names = [*(source.name for source in sources.in_order(known)), *sorted(faults)]
    results: list[DagResult] = []
    for name in names:
        if only in {None, name}:
            begun = time.monotonic()
            results.append(_run(getattr(module, name), name))
            _told(on_progress, name, begun)
    return results


def _told(on_progress: OnProgress | None, step: str, begun: float) -> None:
    if on_progress is not None:
        on_progress(step, time.monotonic() - begun)


def _dag_file(place: AirflowHome) -> Any:
    """Import the DAG file afresh, since its DAGs depend on the hub's sources."""
    path = place.root / "dags" / "ingest.py"
    spec = importlib.util.spec_from_file_location("tongban_dags_ingest", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _run(dag: Any, name: str) -> DagResult:
    begun = time.monotonic()
    run = dag.test()
    states = {task.task_id: str(task.state) for task in run.get_task_instances()}
    return DagResult(dag.dag_id, name, str(run.state), states, time.monotonic() - begun)
