"""``tongban archive``: sealed files whose proof ends soon are found and renewed before it does."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.progress import Progress

    from hub.archiving import Due, Keeper

EXIT_INTERRUPTED = 130
_DAYS = 180

Home = Annotated[Path | None, typer.Option("--home", help="本节点的数据目录 / folder of this hub")]
Within = Annotated[
    int,
    typer.Option("--within", min=0, max=36500, help="多少天内到期 / ends within so many days"),
]
Json = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]


def register(root: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        help="长期保存：到期前续加时间戳 / renew the proof of sealed files before it ends",
        no_args_is_help=True,
    )
    group.command("list")(listed)
    group.command("renew")(renewed)
    root.add_typer(group, name="archive")


def listed(home: Home = None, within: Within = _DAYS, *, as_json: Json = False) -> None:
    """列出即将失去证明的文件 / files whose time-stamp certificate or algorithm ends soon."""
    from hub.faults import told
    from hub.settings import load
    from hub.wiring import open_hub

    with told(), open_hub(load(home=home)) as hub, closing(_keeper(hub)) as keeper:
        found = _found(keeper, within)
    if as_json:
        typer.echo(_json({"within_days": within, "files": [due.to_json() for due in found]}))
        return
    for due in found:
        row = due.to_json()
        words = ("ends", "certificate", "format", "level", "reason", "way")
        typer.echo("  ".join(str(row[name]) for name in words))
    ways = Counter(due.way.value for due in found)
    typer.echo(
        f"{within} 天内 / within {within} days：可续 / to renew {ways['renew']}，"
        f"仅由登记与日志证明 / proved by the log alone {ways['register']}"
    )


def renewed(
    home: Home = None,
    within: Within = _DAYS,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="最多续多少个 / at most so many")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """续加时间戳，原文件保留；中断后再次运行即续 / renew them; safe to interrupt and repeat."""
    from hub.faults import told
    from hub.settings import load
    from hub.wiring import open_hub

    row: dict[str, Any] = {}
    try:
        with told(), open_hub(load(home=home)) as hub, closing(_keeper(hub)) as keeper:
            row = _renewed(keeper, within, limit)
    except KeyboardInterrupt:
        typer.echo(
            "已中断；再次运行将从中断处继续\ninterrupted; run again to go on from here", err=True
        )
        raise typer.Exit(EXIT_INTERRUPTED) from None
    typer.echo(_json(row) if as_json else _sentence(row))
    raise typer.Exit(1 if row["failed"] else 0)


def _keeper(hub: Any) -> Keeper:
    from hub.archiving import Keeper

    return Keeper(hub)


def _found(keeper: Keeper, within: int) -> list[Due]:
    with _bars() as shown:
        bar = shown.add_task("核对 / looking", total=keeper.count())
        span = timedelta(days=within)
        return list(keeper.due(span, lambda units: shown.advance(bar, units)))


def _renewed(keeper: Keeper, within: int, limit: int | None) -> dict[str, Any]:
    from kernel.errors import TongbanError

    found = _found(keeper, within)
    wanted = [due for due in found if due.way.value == "renew"][:limit]
    levels: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    with _bars() as shown:
        bar = shown.add_task("续加 / renewing", total=len(wanted))
        for due in wanted:
            try:
                levels[keeper.renew(due, timedelta(days=within))] += 1
            except TongbanError as error:
                if error.code == "setting-invalid":
                    raise
                failed[error.code] += 1
            shown.advance(bar)
    return {
        "within_days": within,
        "due": len(found),
        "renewed": dict(sorted(levels.items())),
        "register": sum(due.way.value == "register" for due in found),
        "failed": dict(sorted(failed.items())),
    }


def _bars() -> Progress:
    from hub.commands.issue import bars

    return bars()


def _json(row: dict[str, Any]) -> str:
    import json

    return json.dumps(row, ensure_ascii=False)


def _sentence(row: dict[str, Any]) -> str:
    done = "、".join(f"{level} {count}" for level, count in row["renewed"].items()) or "0"
    failed = "、".join(f"{code} {count}" for code, count in row["failed"].items()) or "0"
    return (
        f"到期 / due {row['due']}，已续 / renewed {done}，"
        f"仅由登记与日志证明 / proved by the log alone {row['register']}，未成 / failed {failed}"
    )
