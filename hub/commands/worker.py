"""``tongban worker``: a hub's own duties in a process beside its web processes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from threading import Event

    from hub.settings import Settings

BEAT = "run/worker.beat"
"""Touched while every duty's thread runs, below the hub's folder."""
BEAT_EVERY, BEAT_GONE = 5.0, 30.0
"""Seconds between two beats, and after which their absence means that the worker is ill."""


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("worker")(worker)


def worker(
    home: Annotated[
        Path | None, typer.Option("--home", help="本节点的数据目录 / folder of this hub")
    ] = None,
    *,
    check: Annotated[
        bool,
        typer.Option("--check", help="只看是否在运行；0 是 / only tell whether one runs; 0: yes"),
    ] = False,
) -> None:
    """执行日志排序、续办等后台事务，直到停止 / log, unfinished work, lists; until stopped."""
    import signal
    from threading import Event

    from hub.faults import told
    from hub.settings import load

    with told():
        settings = load(home=home)
    if check:
        raise typer.Exit(0 if beating(settings) else 1)
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with told():
        work(settings, stop)


def beating(settings: Settings) -> bool:
    """Tell whether a worker of this hub beat a moment ago."""
    import time

    try:
        return time.time() - (settings.root / BEAT).stat().st_mtime < BEAT_GONE
    except OSError:
        return False


def work(settings: Settings, stop: Event) -> None:
    """Do a hub's duties until ``stop`` is set. In production the signer must answer at the start.

    Raises TongbanError of storage and of the signer.
    """
    from hub.wiring import open_hub
    from hub.worker import Worker

    with open_hub(settings) as hub:
        if settings.environment == "production":
            hub.signer.start()
        duties = Worker(hub)
        duties.start()
        beat = settings.root / BEAT
        beat.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            while not stop.is_set():
                if duties.alive:
                    beat.touch()
                stop.wait(BEAT_EVERY)
        finally:
            duties.stop()
            beat.unlink(missing_ok=True)
