"""Walks the whole way once, in every city at the same time, and adds up what they bring home."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from rich.console import Console

from hub.demo.board import Board
from hub.demo.cities import Conductor
from hub.demo.gather import gather
from hub.demo.plan import Options, Place, places
from hub.demo.summary import Summary
from hub.portcheck import check_free
from kernel.errors import TongbanError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Options", "run"]


def run(options: Options) -> int:
    """Run the demo; 0 when every figure of every city adds up, 1 when one does not.

    Without ``once`` the pages stay up until SIGINT or SIGTERM. Raises TongbanError with the reason
    where a phase cannot be done; a line before says in which city.
    """
    cities = places(options)
    console = Console(highlight=False)
    begun = time.monotonic()
    _check_ports(cities, console)
    with ExitStack() as stack:
        board = Board(cities, console)
        conductor = Conductor(options.home, cities, board, stack)
        try:
            found = conductor.walk()
            summary = Summary(found, round(time.monotonic() - begun, 1))
            gather(options.home, cities)
        except BaseException:
            board.end(ok=False)
            raise
        summary.write(options.home / "summary.json")
        board.end(ok=summary.reconciled)
        summary.show(console)
        if not options.once:
            for city in found:
                console.print(f"{city.name}  {city.address}", soft_wrap=True)
            console.print("Ctrl-C 结束 ends")
            _until_told()
        return 0 if summary.reconciled else 1


def _check_ports(cities: Sequence[Place], console: Console) -> None:
    """See that every city's port is free before anything is made."""
    for place in cities:
        settings = place.settings()
        try:
            check_free(settings.host, settings.port)
        except TongbanError:
            console.print(f"✗ {place.title}")
            raise


def _until_told() -> None:
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    told.wait()
