"""``tongban verify``: judge sealed files; nothing is fetched and nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(root: typer.Typer) -> None:
    """Add the command."""

    @root.command("verify")
    def verify(
        files: Annotated[
            list[str],
            typer.Argument(
                metavar="FILE…", help="文件、文件夹或 - · files, folders, or - for standard input"
            ),
        ],
        *,
        as_json: Annotated[
            bool, typer.Option("--json", help="每个文件输出一行 JSON · one JSON object per file")
        ] = False,
        policy: Annotated[
            str, typer.Option(help="核验策略 · policy: certificate (strict) or archive")
        ] = "certificate",
        offline: Annotated[
            bool,
            typer.Option(
                "--offline", help="不联网（始终如此）· without network, as is always the case"
            ),
        ] = False,
        trust: Annotated[
            list[Path] | None,
            typer.Option(
                exists=True,
                dir_okay=False,
                help="信任锚或吊销列表，可多次 · trust anchors or revocation lists, repeatable",
            ),
        ] = None,
        at: Annotated[
            str | None, typer.Option(help="按该时刻核验 · judge as of this time (RFC 3339)")
        ] = None,
        home: Annotated[
            Path | None, typer.Option(help="本机数据目录 · folder of this hub's data")
        ] = None,
    ) -> None:
        """核验电子印章与签名 · judge seals and signatures of PDF and OFD files.

        退出码 · exit code: 0 passed, 1 failed or unsealed, 2 usage, 3 indeterminate, 4 environment.
        """
        del offline
        from hub.verify import Options, run

        options = Options(
            policy=policy, as_json=as_json, trust=tuple(trust or ()), at=at, home=home
        )
        raise typer.Exit(run(files, options))
