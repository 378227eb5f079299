"""``tongban registry``: check the files by which a hub differs from the package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXIT_FAULTS = 1


def register(root: typer.Typer) -> None:
    """Add the command ``registry check``."""
    group = typer.Typer(help="本节点的配置文件 / a hub's own files", no_args_is_help=True)
    group.command("check")(check)
    group.callback()(lambda: None)  # a group of one command would else lose its name
    root.add_typer(group, name="registry")


def check(
    home: Annotated[
        Path | None, typer.Option("--home", help="本节点的数据目录 / folder of this hub")
    ] = None,
) -> None:
    """检查来源、证照类型、事项、身份等文件；1 有误 / check a hub's own files: 1 for faults."""
    from hub import overlay
    from hub.faults import tell, told
    from hub.settings import load

    with told():
        settings = load(home=home)
        for part in overlay.parts(settings.root):
            typer.echo(f"{part.name:24} {part.members:3}  本节点 / own {part.own}")
        strays = overlay.unread(settings.root)
        for file in strays:
            typer.echo(f"无人读取 / read by nobody: registry/{file}", err=True)
        found = list(overlay.faults(settings))
    for fault in found:
        tell(fault.code, fault.params)
    if strays or found:
        raise typer.Exit(EXIT_FAULTS)
    typer.echo("可用 / usable")
