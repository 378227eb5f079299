"""Starts api-server, scheduler, dag-processor and workers, watches their health, stops them.

Each process leads a group of its own: ``airflow standalone`` leaves ten processes behind when it
is terminated, and a killed scheduler leaves its workers. No triggerer: nothing here is deferrable.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from hub.airflow_home import SERVICE, AirflowHome
from hub.errors import Code
from kernel.errors import TongbanError

PARTS = ("api-server", "scheduler", "dag-processor")
Answer = dict[str, Any]
_HEALTHY = {"metadatabase", "scheduler", "dag_processor"}


class Stack:
    """The processes of one Airflow: the three parts, and ``workers`` of Celery beside them.

    Workers are needed under CeleryExecutor alone; further ones may run on other machines.
    """

    def __init__(self, place: AirflowHome, workers: int = 0) -> None:
        self._place = place
        names = [f"worker-{number}" for number in range(1, workers + 1)]
        self._words = {part: [part] for part in PARTS} | {name: _worker(name) for name in names}
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def check_ports(self) -> None:
        """Raise TongbanError ``airflow-port-taken`` unless every port is free."""
        for port in range(self._place.port, self._place.port + 4):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError as error:
                    raise TongbanError(Code.AIRFLOW_PORT_TAKEN, port=port) from error

    def start(self) -> None:
        """Start all; raises TongbanError ``airflow-port-taken`` before anything starts."""
        self.check_ports()
        environment = self._place.environment(os.environ)
        for part, words in self._words.items():
            with (self._place.folder / f"{part}.log").open("ab") as log:
                self._running[part] = subprocess.Popen(
                    [sys.executable, "-m", "airflow", *words],
                    env=environment,
                    cwd=self._place.root,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )

    def wait(self, seconds: float = 180.0, stop: Callable[[], bool] = lambda: False) -> bool:
        """Wait until every component is healthy, or return False once ``stop`` says so.

        Raises TongbanError ``airflow-unhealthy``.
        """
        deadline = time.monotonic() + seconds
        while not stop():
            ill = self.ill()
            if not ill:
                return True
            if self.ended() or time.monotonic() > deadline:
                parts = ", ".join(self.ended() or ill)
                raise TongbanError(
                    Code.AIRFLOW_UNHEALTHY, parts=parts, folder=str(self._place.folder)
                )
            time.sleep(0.5)
        return False

    def ill(self) -> tuple[str, ...]:
        """Return the components that are not healthy; the endpoint answers 200 even then."""
        try:
            health = _asked(Request(f"{self._place.url}/api/v2/monitor/health"), 5.0)  # noqa: S310 - our own address
        except (OSError, ValueError):
            return ("api-server",)
        return tuple(
            sorted(name for name in _HEALTHY if (health.get(name) or {}).get("status") != "healthy")
        )

    def ended(self) -> tuple[str, ...]:
        """Return the processes that have ended by themselves, if any is missed.

        While one worker is left the others are not: it takes over what they were at.
        """
        gone = [part for part, child in self._running.items() if child.poll() is not None]
        workers = set(self._running).difference(PARTS)
        missed = PARTS if workers.difference(gone) else self._running
        return tuple(part for part in gone if part in missed)

    def stop(self, seconds: float = 20.0) -> None:
        """End all, running tasks first, and kill what is left of their groups."""
        for part in sorted(self._running, key=_order):
            _signal(self._running[part], signal.SIGTERM)
        deadline = time.monotonic() + seconds
        for child in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(timeout=max(0.1, deadline - time.monotonic()))
            _signal_group(child, signal.SIGKILL)
            child.wait()
        self._running.clear()


def _order(part: str) -> int:
    """Return when a part is stopped: who runs tasks first, who is asked about them last."""
    return ("scheduler", "dag-processor", "api-server").index(part) if part in PARTS else -1


def _worker(name: str) -> list[str]:
    """Return the words of a worker; its logs lie in the folder that the api-server reads too."""
    return ["celery", "worker", "--celery-hostname", f"{name}@%h", "--skip-serve-logs"]


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    """Signal the leader alone, so that it can end its children in order."""
    with suppress(ProcessLookupError):
        os.kill(child.pid, number)


def _signal_group(child: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


class Rest:
    """The few calls to Airflow's REST API that the hub makes, as a user of role ``op``."""

    def __init__(self, place: AirflowHome) -> None:
        self._place = place
        self._token = ""

    def trigger(self, source: str, run_id: str, seconds: float = 60.0) -> str:
        """Start a run of a source's DAG and return its id.

        One process at a time: concurrent triggers lock up Airflow on SQLite. The id is ours, so
        that a repeated call finds the run instead of starting another. Raises TongbanError
        ``airflow-refused``.
        """
        dag = f"ingest.{self._place.region}.{source}"
        with _one_at_a_time(self._place.folder / "trigger.lock"):
            self._patiently("GET", f"/api/v2/dags/{dag}", None, seconds)
            body = {"dag_run_id": run_id, "logical_date": None}
            self._patiently("POST", f"/api/v2/dags/{dag}/dagRuns", body, seconds)
        return run_id

    def state(self, source: str, run_id: str) -> str:
        """Return the state of a run: queued, running, success or failed."""
        dag = f"ingest.{self._place.region}.{source}"
        path = f"/api/v2/dags/{dag}/dagRuns/{run_id}"
        return str(self._patiently("GET", path, None, 30.0)["state"])

    def _patiently(self, method: str, path: str, body: object, seconds: float) -> Answer:
        """Call until it is done: a DAG is unknown (404) until the dag-processor has stored it.

        A locked SQLite answers 500; asking again is safe because the run's id is ours, and 409 says
        that the run is there.
        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self._call(method, path, body)
            except HTTPError as error:
                if error.code == 409:
                    return {}
                if error.code not in {404, 500, 503} or time.monotonic() > deadline:
                    raise _refused(error) from error
                time.sleep(1.0)
            except OSError as error:
                raise _refused(error) from error

    def _call(self, method: str, path: str, body: object) -> Answer:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._login()}"}
        return self._send(method, path, body, headers)

    def _login(self) -> str:
        if not self._token:
            body = {"username": SERVICE, "password": self._place.password(SERVICE)}
            headers = {"Content-Type": "application/json"}
            self._token = str(self._send("POST", "/auth/token", body, headers)["access_token"])
        return self._token

    def _send(self, method: str, path: str, body: object, headers: dict[str, str]) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        request = Request(self._place.url + path, data, headers, method=method)  # noqa: S310 - our own address
        return _asked(request, 60.0)


def _asked(request: Request, seconds: float) -> Answer:
    """Ask an address of this machine, past any proxy that the environment names."""
    with build_opener(ProxyHandler({})).open(request, timeout=seconds) as answer:
        found: Answer = json.load(answer)
    return found


def _refused(error: OSError) -> TongbanError:
    reason = f"HTTP {error.code}" if isinstance(error, HTTPError) else type(error).__name__
    return TongbanError(Code.AIRFLOW_REFUSED, reason=reason)


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    import fcntl

    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
