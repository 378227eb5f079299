"""``tongban issue``: certificates of one type for all whose data are published, in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from certificates.register_model import BatchResult
    from hub.wiring import Hub
    from kernel.errors import Refused

EXIT_INTERRUPTED = 130
"""What a shell expects of a command that SIGINT ended."""


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("issue")(issue)


def issue(
    type_name: Annotated[
        str, typer.Argument(metavar="TYPE", help="证照类型，如 / type, as in household-register")
    ],
    home: Annotated[
        Path | None, typer.Option("--home", help="本节点的数据目录 / folder of this hub")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, help="只到第几个对象 / up to this many subjects"),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
) -> None:
    """批量制发；中断后再次运行即续办 / issue in batches; safe to interrupt and repeat."""
    from hub.faults import told
    from hub.settings import load
    from hub.wiring import open_hub

    row: dict[str, Any] = {}
    try:
        with told(), open_hub(load(home=home)) as hub:
            row = _issued(hub, type_name, limit)
    except KeyboardInterrupt:
        typer.echo(
            "已中断；再次运行将从中断处继续，不会重复制发\n"
            "interrupted; run again to go on from here, nothing is issued twice",
            err=True,
        )
        raise typer.Exit(EXIT_INTERRUPTED) from None
    typer.echo(_json(row) if as_json else _sentence(row))
    raise typer.Exit(1 if row["failed"] else 0)


def _issued(hub: Hub, type_name: str, limit: int | None) -> dict[str, Any]:
    """Finish what an earlier run left half done, then issue the rest."""
    from datetime import timedelta

    from certificates.subjects import keys
    from kernel.actors import system

    actor = system("issue", hub.settings.region, ("certificates.issue",))
    kind = hub.typebook[type_name]
    resumed = _allowed(hub.issuer.resume(actor, idle=timedelta(0)))
    with bars() as shown:
        total = limit or sum(1 for _ in keys(hub.tools.source, kind, None))
        bar = _Bar(shown, shown.add_task(kind.title, total=total))
        done = _allowed(hub.issuer.issue_batch(actor, type_name, limit=limit, progress=bar))
    failed = [failure.code for item in (*resumed, *done) for failure in item.failed]
    return {
        "type": type_name,
        "subjects": sum(item.subjects for item in done),
        "issued": sum(item.issued for item in done),
        "resumed": sum(item.issued for item in resumed),
        "skipped": sum(item.skipped for item in done),
        "failed": {code: failed.count(code) for code in sorted(set(failed))},
    }


def _allowed(answer: tuple[BatchResult, ...] | Refused) -> tuple[BatchResult, ...]:
    from kernel.errors import Refused, TongbanError

    if isinstance(answer, Refused):
        raise TongbanError(answer.code, **answer.params)
    return answer


def bars() -> Progress:
    """Return the bars of long commands, shown on standard error."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


@dataclass(slots=True)
class _Bar:
    """``kernel.ports.Progress`` that shows all batches as one bar."""

    bars: Progress
    task: TaskID

    @contextmanager
    def track(self, label: str, total: int) -> Iterator[Callable[[int], None]]:  # noqa: ARG002 - one bar for all batches
        """Count the units of one batch."""
        yield lambda units: self.bars.advance(self.task, units)


def _json(row: dict[str, Any]) -> str:
    import json

    return json.dumps(row, ensure_ascii=False)


def _sentence(row: dict[str, Any]) -> str:
    failed = "、".join(f"{code} {count}" for code, count in row["failed"].items()) or "0"
    return (
        f"{row['type']}：对象 / subjects {row['subjects']}，新制发 / issued {row['issued']}，"
        f"续办 / resumed {row['resumed']}，已有 / there already {row['skipped']}，"
        f"未成 / failed {failed}"
    )
