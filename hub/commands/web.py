"""``tongban web``: serve one hub's pages and interfaces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(root: typer.Typer) -> None:
    """Add the command."""

    @root.command("web")
    def web(
        home: Annotated[
            Path | None, typer.Option(help="本机数据目录 · folder of this hub's data")
        ] = None,
        port: Annotated[int | None, typer.Option(help="端口 · port of the web server")] = None,
    ) -> None:
        """启动网页与接口，直到收到停止信号 · serve pages and interfaces until stopped."""
        from hub.serve import serve
        from hub.settings import load

        raise typer.Exit(serve(load(home=home, port=port)))
