"""One DAG per source of the hub: collect, standardise, check, publish.

Sources are found in ``$TONGBAN_HOME/registry/catalog/sources``; to add one, add a file there.
Steps hand each other a batch id. Everything they do is imported inside the tasks, because this
file is parsed again and again.
"""

from __future__ import annotations

import importlib
import os
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Asset, AssetOrTimeSchedule, CronTriggerTimetable, task
from croniter import croniter  # type: ignore[import-untyped]  # has no stubs

HOME = Path(os.environ.get("TONGBAN_HOME", "var/hub"))
REGION = os.environ.get("TONGBAN_REGION", "410100")
PRESETS = {"@hourly": "0 * * * *", "@daily": "0 1 * * *", "@weekly": "0 1 * * 1"}


def asset(resource: str) -> Asset:
    """Return what a source publishes: a resource of this region, by name."""
    return Asset(name=f"{REGION}.{resource}", uri=f"tongban://{REGION}/{resource}")


def schedule(rhythm: dict[str, Any]) -> Any:
    """Return when to run: by the clock, and when a resource that is looked into has changed."""
    line = PRESETS.get(rhythm.get("schedule", ""), rhythm.get("schedule", ""))
    if line and not croniter.is_valid(line):
        raise ValueError(line)  # Airflow asks later, when it would refuse the whole file
    clock = CronTriggerTimetable(line, timezone="Asia/Shanghai") if line else None
    after = [asset(resource) for resource in rhythm.get("after", [])]
    if clock and after:
        return AssetOrTimeSchedule(timetable=clock, assets=after)
    return clock or after or None


def step(verb: str, argument: str) -> Any:
    """Do one step in the task's own process."""
    return getattr(importlib.import_module("hub.dagsteps"), verb)(argument)


def build(name: str, source: dict[str, Any]) -> DAG:
    """Return the DAG of one source."""
    resource = source.get("resource", name)
    with DAG(
        dag_id=f"ingest.{REGION}.{name}",
        description=source.get("title", name),
        schedule=schedule(source.get("rhythm", {})),
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
        tags=[REGION, resource],
    ) as built:
        passed: Any = name
        for verb in ("collect", "standardise", "check"):
            passed = task(task_id=verb)(step)(verb, passed)
        task(task_id="publish", outlets=[asset(resource)])(step)("publish", passed)
    return built


for file in sorted((HOME / "registry" / "catalog" / "sources").glob("*.toml")):
    try:
        globals()[file.stem] = build(file.stem, tomllib.loads(file.read_text("utf-8")))
    except Exception:  # noqa: BLE001 - one faulty file must not take every other DAG away
        # Without its schedule; its first step says what is wrong with it.
        globals()[file.stem] = build(file.stem, {})
