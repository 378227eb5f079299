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
            int,
            typer.Option(min=300, max=20_000_000, help="每城居民人数 · residents of each city"),
        ] = 2000,
        certificates: Annotated[
            int, typer.Option(min=4, help="证照总数 · certificates to issue, in all cities")
        ] = 200,
        port: Annotated[
            int,
            typer.Option(
                min=1,
                max=65_535,
                help="第一座城市的网页端口，其余依次加一 · port of the first city's pages; "
                "each further city has the next",
            ),
        ] = 8600,
        region: Annotated[
            list[str] | None,
            typer.Option(
                help="城市的行政区划代码，可重复，缺省为 410100 与 410300 · division code of a "
                "city; may be repeated; 410100 and 410300 where none is given"
            ),
        ] = None,
        *,
        once: Annotated[
            bool, typer.Option("--once", help="运行、核对后退出 · run, check, exit")
        ] = False,
    ) -> None:
        """示例城市全流程：从部门数据到跨城免提交办件 · cities from delivery to window."""
        from hub.demo.plan import REGIONS
        from hub.demo.run import Options, run

        regions = tuple(region or REGIONS)
        raise typer.Exit(run(Options(home, residents, certificates, port, once, regions)))
