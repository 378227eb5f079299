"""Airflow as it answers when it is ill, slow, or not there: a small server stands in for it."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from hub import airflow_stack
from hub.airflow_home import AirflowHome, prepare
from hub.airflow_stack import Rest, Stack
from kernel.errors import TongbanError

WELL = {"metadatabase": "healthy", "scheduler": "healthy", "dag_processor": "healthy"}


class Double(BaseHTTPRequestHandler):
    """Answers from a script: path and method to a list of (status, body), the last one kept."""

    script: ClassVar[dict[tuple[str, str], list[tuple[int, Any]]]] = {}
    asked: ClassVar[list[tuple[str, str, Any]]] = []

    def _answer(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(size)) if size else None
        self.asked.append((self.command, self.path, body))
        answers = self.script.get((self.command, self.path), [(404, {})])
        status, found = answers.pop(0) if len(answers) > 1 else answers[0]
        data = found if isinstance(found, bytes) else json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = _answer  # noqa: N815 - names that the base looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[AirflowHome]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Double) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        Double.script, Double.asked = {("POST", "/auth/token"): [(201, {"access_token": "t"})]}, []
        yield prepare(tmp_path, port=server.server_address[1])
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(airflow_stack.time, "sleep", lambda _: None)  # type: ignore[attr-defined]  # the module's own import


def health(**states: str | None) -> tuple[int, Any]:
    return 200, {name: {"status": state} for name, state in (WELL | states).items()}


HEALTH = ("GET", "/api/v2/monitor/health")
DAG = "/api/v2/dags/ingest.410100.roll"
RUNS = f"{DAG}/dagRuns"


@pytest.mark.parametrize(
    ("answer", "ill"),
    [
        (health(), ()),
        (health(scheduler="unhealthy"), ("scheduler",)),
        (health(scheduler=None, dag_processor=None), ("dag_processor", "scheduler")),
        ((200, {"metadatabase": None}), ("dag_processor", "metadatabase", "scheduler")),
        ((200, b"<html>"), ("api-server",)),
        ((500, {}), ("api-server",)),
    ],
)
def test_the_ill_parts_are_named(
    place: AirflowHome, answer: tuple[int, Any], ill: tuple[str, ...]
) -> None:
    Double.script[HEALTH] = [answer]
    assert Stack(place).ill() == ill


def test_waiting_ends_with_health_with_a_stop_or_with_the_names_of_the_ill(
    place: AirflowHome,
) -> None:
    Double.script[HEALTH] = [(503, {}), health(scheduler=None), health()]
    assert Stack(place).wait()
    Double.script[HEALTH] = [health(scheduler=None)]
    asked = iter((False, False, True))
    assert not Stack(place).wait(stop=lambda: next(asked))
    with pytest.raises(TongbanError) as caught:
        Stack(place).wait(0)
    assert caught.value.code == "airflow-unhealthy"
    assert caught.value.params["parts"] == "scheduler"


def test_each_of_the_four_ports_is_asked_for_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        for offset in range(4):
            stack = Stack(prepare(tmp_path, port=taken - offset))
            with pytest.raises(TongbanError) as caught:
                stack.start()
            assert caught.value.code == "airflow-port-taken"
            assert stack.ended() == ()
            stack.stop()


def test_a_run_is_triggered_once_the_dag_is_known_and_a_lock_is_tried_again(
    place: AirflowHome,
) -> None:
    Double.script |= {
        ("GET", DAG): [(404, {}), (200, {})],
        ("POST", RUNS): [(500, {}), (200, {})],
        ("GET", f"{RUNS}/one"): [(200, {"state": "running"})],
    }
    rest = Rest(place)
    assert rest.trigger("roll", "one") == "one"
    assert rest.state("roll", "one") == "running"
    assert [path for _, path, _ in Double.asked].count("/auth/token") == 1
    sent = [body for method, path, body in Double.asked if (method, path) == ("POST", RUNS)]
    assert sent == [{"dag_run_id": "one", "logical_date": None}] * 2


def test_a_run_that_is_there_is_not_started_again(place: AirflowHome) -> None:
    Double.script |= {("GET", DAG): [(200, {})], ("POST", RUNS): [(409, {})]}
    assert Rest(place).trigger("roll", "one") == "one"


@pytest.mark.parametrize("status", [404, 500, 503, 401, 422])
def test_a_refusal_is_told_with_its_status_and_waiting_has_an_end(
    place: AirflowHome, status: int
) -> None:
    Double.script[("GET", DAG)] = [(status, {})]
    with pytest.raises(TongbanError) as caught:
        Rest(place).trigger("roll", "one", seconds=0)
    assert (caught.value.code, caught.value.params["reason"]) == (
        "airflow-refused",
        f"HTTP {status}",
    )


def test_an_airflow_that_is_not_there_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(TongbanError) as caught:
        Rest(prepare(tmp_path, port=port)).trigger("roll", "one")
    assert (caught.value.code, caught.value.params["reason"]) == ("airflow-refused", "URLError")


def test_a_worker_is_missed_only_when_none_is_left(tmp_path: Path) -> None:
    stack = Stack(prepare(tmp_path), workers=2)
    assert stack._words["worker-2"][:4] == ["celery", "worker", "--celery-hostname", "worker-2@%h"]
    for part in stack._words:
        stack._running[part] = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        for part, missed in (("worker-1", ()), ("worker-2", ("worker-1", "worker-2"))):
            stack._running[part].kill()
            stack._running[part].wait()
            assert stack.ended() == missed
        stack._running["scheduler"].kill()
        stack._running["scheduler"].wait()
        assert "scheduler" in stack.ended()
    finally:
        stack.stop()
