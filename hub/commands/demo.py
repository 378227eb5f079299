"""``tongban demo``: the main job in one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(root: typer.Typer) -> None:
    """Add the command."""

    @root.command("demo")
    def demo(
        home: Annotated[Path, typer.Option(help="数据目录 · folder of its data")] = Path(
            "var/demo"
        ),
        residents: Annotated[
            int, typer.Option(min=100, max=20_000_000, help="居民人数 · residents")
        ] = 2000,
        certificates: Annotated[
            int, typer.Option(min=4, help="证照数量 · certificates to issue")
        ] = 200,
        port: Annotated[int, typer.Option(help="网页端口 · port of the pages")] = 8600,
        *,
        once: Annotated[
            bool, typer.Option("--once", help="运行、核对后退出 · run, check, exit")
        ] = False,
    ) -> None:
        """示例城市全流程：从部门数据到免提交办件 · one city from delivery to window."""
        from hub.demo.run import Options, run

        raise typer.Exit(run(Options(home, residents, certificates, port, once)))
