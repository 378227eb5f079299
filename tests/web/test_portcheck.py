"""A port that cannot be had is told before anything starts."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.commands import build
from hub.portcheck import check_free
from kernel.errors import TongbanError


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_taken_port_is_named_with_the_systems_reason(taken: int) -> None:
    with pytest.raises(TongbanError) as caught:
        check_free("127.0.0.1", taken)
    assert caught.value.code == "web-port-taken"
    assert caught.value.params["port"] == str(taken)
    assert "in use" in caught.value.params["reason"]


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid"])
def test_an_address_that_is_not_this_machines_is_told(host: str) -> None:
    with pytest.raises(TongbanError) as caught:
        check_free(host, 0)
    assert caught.value.params["host"] == host


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_a_free_port_stays_free(host: str, taken: int) -> None:
    check_free(host, 0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    check_free(host, port)
    check_free(host, port)
    assert port != taken


@pytest.mark.parametrize("command", ["web", "demo"])
def test_commands_say_so_at_once_and_leave_no_folder(
    command: str, taken: int, tmp_path: Path
) -> None:
    home = tmp_path / "hub"
    done = CliRunner().invoke(build(), [command, "--home", str(home), "--port", str(taken)])
    assert done.exit_code != 0
    code = getattr(done.exception, "code", None)
    assert code == "web-port-taken" or "web-port-taken" in done.output
    assert not home.exists()
