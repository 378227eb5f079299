"""What stops the demo, said before minutes of work and with the city's name."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from hub.demo.citychild import CityChild
from hub.demo.plan import Options, Place, places
from kernel.errors import TongbanError
from tests.demo.conftest import ROOT, command, free_ports


def demo(home: Path, port: int, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(home, port, *more), cwd=ROOT, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip


def test_a_taken_port_of_the_second_city_is_told_before_anything_is_made(tmp_path: Path) -> None:
    port = free_ports()
    with socket.create_server(("127.0.0.1", port + 1)):
        done = demo(tmp_path / "demo", port)
    assert done.returncode == 4
    assert "洛阳市 410300" in done.stdout
    assert "web-port-taken" in done.stderr
    assert str(port + 1) in done.stderr
    assert not (tmp_path / "demo").exists()


def test_an_unknown_region_is_named(tmp_path: Path) -> None:
    done = demo(tmp_path / "demo", free_ports(), "--region", "419999")
    assert done.returncode == 4
    assert "demo-region-unknown" in done.stderr
    assert "419999" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_city_too_small_for_its_seeded_faults_is_a_wrong_use(tmp_path: Path) -> None:
    done = demo(tmp_path / "demo", free_ports(), "--residents", "100")
    assert done.returncode == 2
    assert "300" in done.stderr
    assert not (tmp_path / "demo").exists()


def options(home: Path, regions: tuple[str, ...], certificates: int = 7) -> Options:
    return Options(home, 300, certificates, 8600, once=True, regions=regions)


def test_a_third_city_gets_the_next_port_and_its_share(tmp_path: Path) -> None:
    found = places(options(tmp_path, ("410100", "410300", "410200", "410100")))
    assert [(place.region, place.name, place.port) for place in found] == [
        ("410100", "郑州市", 8600), ("410300", "洛阳市", 8601), ("410200", "开封市", 8602),
    ]  # fmt: skip
    assert [place.certificates for place in found] == [3, 2, 2]
    assert found[2].neighbours == ("410100", "410300")
    assert found[2].home == tmp_path / "410200"
    assert Place.from_json(found[2].to_json()) == found[2]


def test_a_city_whose_process_dies_is_named_with_its_log(tmp_path: Path) -> None:
    (place,) = places(options(tmp_path, ("410300",)))
    child = CityChild(place)
    os.kill(child.pid, signal.SIGKILL)
    try:
        with pytest.raises(TongbanError) as told:
            child.call("world")
    finally:
        child.close()
    assert told.value.code == "demo-city-ended"
    assert told.value.params["city"] == "洛阳市 410300"
    assert told.value.params["log"].endswith("410300/run/city.log")


def test_an_order_out_of_turn_is_a_failure_of_its_city(tmp_path: Path) -> None:
    (place,) = places(options(tmp_path, ("410300",)))
    child = CityChild(place)
    try:
        with pytest.raises(TongbanError) as told:
            child.call("issue")
        assert told.value.code == "demo-step-failed"
    finally:
        child.close()


def test_a_city_that_dies_in_the_middle_ends_the_whole_run(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    with subprocess.Popen(
        command(home, free_ports()), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    ) as process:  # fmt: skip
        victim = _process_of(home / "410300")
        os.kill(victim, signal.SIGKILL)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 4
    assert "✗ 洛阳市 410300" in out
    assert "demo-city-ended" in err
    assert "Traceback" not in err
    assert not _alive(home), "nothing that was started outlives the run"


def _process_of(home: Path) -> int:
    """Wait for the process of a city and return its number."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for number, words in _commands():
            if "hub.demo.citychild" in words and str(home) in words:
                return number
        time.sleep(0.05)
    raise AssertionError("the city's process did not start")


def _alive(home: Path) -> list[str]:
    until = time.monotonic() + 30
    while (found := [words for _, words in _commands() if str(home) in words]) and (
        time.monotonic() < until
    ):
        time.sleep(0.2)
    return found


def _commands() -> list[tuple[int, str]]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            found.append((int(folder.name), words))
    return found
