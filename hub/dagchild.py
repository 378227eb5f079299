"""A child process that gets Airflow ready while others work, then runs the DAGs when told.

Importing Airflow, making its tables and building its in-process API cost more processor time than
the runs themselves; in a child they overlap with making the world and starting the pages.
One child may serve several hubs in turn, with one set of Airflow's tables.
``python -m hub.dagchild FOLDER FD`` reads ``{"home": …, "region": …}`` a line for each hub whose
DAGs are to run, and writes one JSON object per line to the descriptor FD.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hub.airflow_home import prepare
from hub.dagrun import DagResult, OnProgress, run_dags
from hub.errors import Code
from kernel.errors import TongbanError


class DagChild:
    """The parent's end: start early, ``run`` when the deliveries are there, then ``close``."""

    def __init__(self, home: Path, region: str = "410100", *, airflow: Path | None = None) -> None:
        """Start it for the hub in ``home``; ``airflow`` is its folder, by default in ``home``."""
        place = prepare(home, region, folder=airflow)
        self._hub = (place.home, region)
        self._log = place.folder / "runs.log"
        read, write = os.pipe()
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "hub.dagchild", str(place.folder), str(write)],
                env=place.environment(os.environ),
                cwd=place.root,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(write,),
                start_new_session=True,
            )
        os.close(write)
        self._lines = os.fdopen(read, encoding="utf-8")

    def run(
        self, on_progress: OnProgress | None = None, *, hub: tuple[Path, str] | None = None
    ) -> list[DagResult]:
        """Run the DAGs of all sources in order of dependence; may be called again.

        ``hub``: home and region of another hub than the one it was started for.
        ``on_progress`` gets ``ready`` (seconds of preparation) and the name of each source as it
        ends. Raises TongbanError ``airflow-run-failed`` when the child ended without an answer.
        """
        assert self._child.stdin is not None
        with suppress(BrokenPipeError):
            home, region = hub or self._hub
            order = {"home": str(home.absolute()), "region": region}
            self._child.stdin.write(json.dumps(order).encode() + b"\n")
            self._child.stdin.flush()
        for event in self._events():
            if "results" in event:
                return [DagResult(**item) for item in event["results"]]
            if on_progress is not None:
                on_progress(event["step"], event["seconds"])
        raise TongbanError(Code.AIRFLOW_RUN_FAILED, log=str(self._log))

    def close(self) -> None:
        """Let the child end and wait for it."""
        if self._child.stdin is not None:
            with suppress(BrokenPipeError):
                self._child.stdin.close()
        try:
            self._child.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._lines.close()

    def _events(self) -> Iterator[dict[str, Any]]:
        for line in self._lines:
            yield json.loads(line)


def warm() -> None:
    """Make Airflow's tables and build what its first run would build."""
    from airflow.utils import db

    db.initdb()
    # parts of Airflow that are no public interface: where they moved, the first run is slower
    with suppress(ImportError, AttributeError):
        from airflow.sdk.api.client import ServerResponseError
        from airflow.sdk.execution_time import task_runner
        from airflow.sdk.execution_time.supervisor import InProcessTestSupervisor

        assert task_runner
        with suppress(ServerResponseError):  # there is no such route: asking builds those there are
            InProcessTestSupervisor._api_client().get("warm-up")  # noqa: SLF001 - no public way


def main(folder: str, descriptor: str) -> None:
    """Prepare, then run the DAGs of the hub that each line on standard input names."""
    with os.fdopen(int(descriptor), "w", encoding="utf-8", buffering=1) as report:

        def tell(step: str, seconds: float) -> None:
            report.write(json.dumps({"step": step, "seconds": round(seconds, 3)}) + "\n")

        begun = time.monotonic()
        warm()
        tell("ready", time.monotonic() - begun)
        for line in sys.stdin:
            order = json.loads(line)
            results = run_dags(
                Path(order["home"]), tell, region=order["region"], airflow=Path(folder)
            )
            report.write(json.dumps({"results": [asdict(result) for result in results]}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:3])
    sys.stdout.flush()
    sys.stderr.flush()
    # Every run is committed by now; letting Airflow's modules be taken apart costs seconds.
    os._exit(0)
