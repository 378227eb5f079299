"""Walks the whole way once: deliveries, catalogue, certificates, seals, uses, a case, the log."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from hub.demo import children, city, steps
from hub.demo.board import Board
from hub.demo.fetching import fetch
from hub.demo.summary import CaseFigures, Certificates, Fetches, Log, SourceRow, Summary, Tampering
from hub.demo.window import walk
from hub.gate import start_warm
from hub.portcheck import check_free
from hub.settings import Settings, load
from hub.wiring import Hub, open_hub
from kernel.errors import TongbanError

if TYPE_CHECKING:
    from hub.dagchild import DagChild


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    home: Path
    residents: int
    certificates: int
    port: int
    once: bool


@dataclass(slots=True)
class _Found:
    """What the phases bring home."""

    sources: tuple[SourceRow, ...] = ()
    certificates: Certificates | None = None
    fetches: Fetches | None = None
    case: CaseFigures | None = None
    tampering: Tampering | None = None
    log: Log | None = None


def run(options: Options) -> int:
    """Run the demo; 0 when every figure adds up, 1 when one does not.

    Without ``once`` the pages stay up until SIGINT or SIGTERM. Raises TongbanError with the reason
    where a phase cannot be done.
    """
    settings = load(home=options.home, port=options.port, environment="demo")
    check_free(settings.host, settings.port)
    console = Console(highlight=False)
    begun = time.monotonic()
    with ExitStack() as stack:
        hub = stack.enter_context(open_hub(settings))
        board = Board(settings.root / "run" / "progress.json", console)
        found = _Found()
        try:
            _walk(hub, board, options, found, stack)
            summary = _summary(settings, options, board, found, time.monotonic() - begun)
        except BaseException:
            board.end(ok=False)
            raise
        summary.write(settings.root / "summary.json")
        board.end(ok=summary.reconciled)
        summary.show(console)
        if not options.once:
            console.print(f"\n{settings.address}  Ctrl-C 结束 ends", soft_wrap=True)
            _until_told()
        return 0 if summary.reconciled else 1


def _walk(hub: Hub, board: Board, options: Options, found: _Found, stack: ExitStack) -> None:
    settings = hub.settings
    with board.phase("world"):
        town = city.people(hub, options.residents)
    hub.signer.start()  # before the web, which would else start one of its own
    web = children.web(settings)
    stack.callback(web.stop)
    dags = _dags(settings, stack)
    warm = start_warm(settings.root)
    stack.callback(warm.terminate)
    children.wait_ready(web, settings)
    board.console.print(f"进度页 progress page: {settings.address}/progress", soft_wrap=True)
    with board.phase("keys"):
        city.seals(hub)
    with board.phase("ingest") as tell:
        found.sources = steps.ingest(hub, town, dags, tell)
    with board.phase("issue") as tell:
        found.certificates = steps.issue(hub, options.certificates, tell)
    with board.phase("fetch"):
        got = fetch(hub, town)
        found.fetches = Fetches(got.by_law + got.by_grant, got.refused, got.ok)
    with board.phase("intake"):
        found.case = walk(hub, town)
    with board.phase("verify"):
        found.tampering = steps.verify(hub)
    with board.phase("audit"):
        found.log = steps.audit(hub)


def _dags(settings: Settings, stack: ExitStack) -> DagChild:
    """Start getting Airflow ready in its own process; it takes some seconds."""
    from hub.dagchild import DagChild

    child = DagChild(settings.root, settings.region)
    stack.callback(child.close)
    return child


def _summary(
    settings: Settings, options: Options, board: Board, found: _Found, total: float
) -> Summary:
    parts = (found.certificates, found.fetches, found.case, found.tampering, found.log)
    if any(part is None for part in parts):
        raise TongbanError("demo-step-failed", step="summary")
    seconds = {row.name: row.seconds for row in board.phases} | {"total": round(total, 1)}
    return Summary(
        settings.region,
        options.residents,
        found.sources,
        *parts,  # type: ignore[arg-type]  # none of them is None here
        seconds=seconds,
    )


def _until_told() -> None:
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    told.wait()
