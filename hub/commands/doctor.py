"""``tongban doctor``: what is missing or misconfigured around a hub, and the next step."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

_MARKS = {"ok": "✓", "warning": "!", "fault": "✗"}


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("doctor")(doctor)


def doctor(
    home: Annotated[
        Path | None, typer.Option("--home", help="本节点的数据目录 / folder of this hub")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
) -> None:
    """检查运行环境并给出下一步；0 可用，4 有误 / check the environment: 0 usable, 4 faulty."""
    from hub.doctor import examine
    from hub.faults import EXIT_ENVIRONMENT, told
    from hub.settings import load

    with told():
        found = list(examine(load(home=home)))
    usable = all(item.state != "fault" for item in found)
    if as_json:
        body = {"schema": 1, "ok": usable, "checks": [asdict(item) for item in found]}
        typer.echo(json.dumps(body, ensure_ascii=False))
    else:
        for item in found:
            typer.echo(f"{_MARKS[item.state]} {item.check:9} {item.detail}")
            if item.next:
                typer.echo(f"    下一步：{item.next}\n    next: {item.next_en}")
    raise typer.Exit(0 if usable else EXIT_ENVIRONMENT)
