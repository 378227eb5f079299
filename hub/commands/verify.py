"""``tongban verify``: judge sealed files or saved evidence; nothing is fetched.

Nothing is written but the report and the evidence that are asked for by name.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_Files = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILE…", help="文件、文件夹或 - · files, folders, or - for standard input"
    ),
]
_AsJson = Annotated[
    bool, typer.Option("--json", help="每个文件输出一行 JSON · one JSON object per file")
]
_Policy = Annotated[str, typer.Option(help="核验策略 · policy: certificate (strict) or archive")]
_Offline = Annotated[
    bool,
    typer.Option("--offline", help="不联网（始终如此）· without network, as is always the case"),
]
_Trust = Annotated[
    list[Path] | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="信任锚或吊销列表，可多次 · trust anchors or revocation lists, repeatable",
    ),
]
_At = Annotated[str | None, typer.Option(help="按该时刻核验 · judge as of this time (RFC 3339)")]
_Home = Annotated[Path | None, typer.Option(help="本机数据目录 · folder of this hub's data")]
_Report = Annotated[
    Path | None,
    typer.Option(dir_okay=False, help="报告写到此文件 · write a report to this file"),
]
_Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        help="报告格式，缺省依文件名 · json, html or pdf (sealed); by the file's name if not given",
    ),
]
_Kind = Annotated[
    str, typer.Option(help="报告种类 · kind of report: simple, detailed or diagnostic")
]
_Save = Annotated[
    Path | None,
    typer.Option(dir_okay=False, help="保存证据，可供重判 · keep the evidence for a replay"),
]
_Evidence = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="用保存的证据重判，不需原文件 · judge saved evidence, without the file",
    ),
]


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("verify")(verify)


def verify(
    files: _Files = None,
    *,
    as_json: _AsJson = False,
    policy: _Policy = "certificate",
    offline: _Offline = False,
    trust: _Trust = None,
    at: _At = None,
    home: _Home = None,
    report: _Report = None,
    form: _Format = None,
    kind: _Kind = "simple",
    save_evidence: _Save = None,
    evidence: _Evidence = None,
) -> None:
    """核验电子印章与签名 · judge seals and signatures of PDF and OFD files.

    退出码 · exit code: 0 passed, 1 failed or unsealed, 2 usage, 3 indeterminate, 4 environment.
    """
    del offline
    from hub.verify import Options, run

    options = Options(
        policy=policy,
        as_json=as_json,
        trust=tuple(trust or ()),
        at=at,
        home=home,
        report=report,
        form=form,
        kind=kind,
        evidence=evidence,
        save_evidence=save_evidence,
    )
    raise typer.Exit(run(files or [], options))
