"""What a hub does by itself goes on, whatever fails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hub import worker as duties
from hub.settings import load
from hub.wiring import Hub, open_hub
from hub.worker import Worker
from kernel.errors import TongbanError

WAIT = 20


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with open_hub(load(home=tmp_path / "hub", environment="test", worker=False)) as opened:
        yield opened


class Turns:
    """A duty that fails in another way at each turn, and tells when it had enough of them."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.enough = threading.Event()
        self.__name__ = "turns"

    def __call__(self) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.enough.set()


@pytest.mark.parametrize("name", ["_sequence", "_seals", "_issues", "_results", "_count", "_lists"])
def test_a_duty_outlives_every_failure(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "410199190001010014"
    turns = Turns(OSError(28, secret), TongbanError("log-damaged", what="head"), KeyError(secret))
    for duty in ("_sequence", "_seals", "_issues", "_results", "_count", "_lists"):
        monkeypatch.setattr(Worker, duty, turns if duty == name else Turns())
    for pause in ("_RETRY", "RESUME_EVERY", "COUNT_EVERY", "LISTS_EVERY"):
        monkeypatch.setattr(duties, pause, 0.01)
    running = Worker(hub)
    running.start()
    try:
        assert turns.enough.wait(WAIT)
    finally:
        running.stop()
    said = capsys.readouterr()
    assert secret not in said.out + said.err
    assert "OSError" in said.out + said.err


def turn(hub: Hub, name: str) -> None:
    """Take one turn of a duty in this thread."""
    duty: Callable[[], None] = getattr(Worker(hub), name)
    duty()


def test_with_nothing_left_over_no_part_is_loaded(hub: Hub) -> None:
    for name in ("_seals", "_issues", "_results", "_count", "_lists"):
        turn(hub, name)
    assert not {"signer", "seals", "tools", "issuer", "checks"} & set(vars(hub))


def test_what_a_crash_left_is_gone_on_with(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, Any]] = []
    hub.__dict__["seals"] = SimpleNamespace(finish=lambda **more: asked.append(("seals", more)))
    hub.__dict__["issuer"] = SimpleNamespace(
        resume=lambda actor, **more: asked.append((actor.id, more))
    )
    monkeypatch.setattr("signing.store.seals", lambda *_, **__: ("one",))
    monkeypatch.setattr("certificates.register_store.unfinished", lambda *_: ["one"])
    for name in ("_seals", "_issues"):
        turn(hub, name)
    assert [name for name, _ in asked] == ["seals", "system:worker"]
    assert all(more["idle"].total_seconds() == 120 for _, more in asked)


def test_granted_steps_are_gone_on_with(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    hub.__dict__["cases"] = SimpleNamespace(produce_all=asked.append)
    turn(hub, "_results")
    assert not asked, "nothing was granted"
    monkeypatch.setattr("intake.store.granted", lambda *_: ["one"])
    turn(hub, "_results")
    assert [actor.id for actor in asked] == ["system:worker"]
