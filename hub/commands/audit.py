"""``tongban audit``: recompute the log from the journal, its tiles and its checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from audit.model import Report
    from audit.note import LogKey
    from hub.settings import Settings

EXIT_FAULTS, EXIT_USAGE = 1, 2

Home = Annotated[Path | None, typer.Option("--home", help="本节点的数据目录 / folder of this hub")]
Folder = Annotated[
    Path | None,
    typer.Option("--folder", help="离线检查导出的日志目录 / check an exported log offline"),
]
Key = Annotated[
    str,
    typer.Option("--key", help="日志公钥（文件或整行），另途取得 / log key, obtained elsewhere"),
]
Checkpoints = Annotated[
    list[Path] | None,
    typer.Option("--checkpoint", help="以前另存的检查点 / a checkpoint kept elsewhere"),
]


def register(root: typer.Typer) -> None:
    """Add the commands ``audit check``, ``export-peer`` and ``match``."""
    from hub.matchcli import add_to

    group = typer.Typer(help="存证日志 / the log", no_args_is_help=True)
    group.command("check")(check)
    add_to(group)
    root.add_typer(group, name="audit")


def check(
    home: Home = None,
    folder: Folder = None,
    key: Key = "",
    checkpoint: Checkpoints = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
) -> None:
    """重算整个日志；退出码 0 无误，1 有误，2 用法，4 环境 / recompute the log: 0 sound, 1 not."""
    from hub.faults import told
    from hub.settings import load

    if folder and not key:
        typer.echo("离线检查须用 --key 给出日志公钥 / --folder needs --key", err=True)
        raise typer.Exit(EXIT_USAGE)
    settings = load(home=home)
    with told():
        place = folder or settings.root / "log"
        known = [_read(path) for path in checkpoint or ()]
        report = _report(settings, place, _key(place, key), known, offline=folder is not None)
    _show(report, own_key=not key, as_json=as_json)
    raise typer.Exit(0 if report.ok else EXIT_FAULTS)


def _report(
    settings: Settings, place: Path, key: LogKey, known: list[str], *, offline: bool
) -> Report:
    from audit.check import check as recompute
    from kernel.clock import SystemClock
    from storage.database import open_database
    from storage.files import FolderFiles
    from storage.probe import NoProbe

    files = FolderFiles(place, NoProbe())
    if offline:
        return recompute(key=key, files=files, known=known)
    _must_exist(settings.database)
    database = open_database(settings.database, SystemClock(), NoProbe())
    try:
        return recompute(
            key=key,
            files=files,
            transactions=database.transactions,
            journal=database.journal,
            known=known,
        )
    finally:
        database.close()


def _must_exist(url: str) -> None:
    """Refuse to open, and so to create, a database that is not there."""
    from kernel.errors import TongbanError
    from storage.errors import Code

    path = url.removeprefix("sqlite:///")
    if url.startswith("sqlite") and not Path(path).is_file():
        raise TongbanError(Code.DATABASE_UNAVAILABLE)


def _key(place: Path, given: str) -> LogKey:
    """Return the given key, else the one published beside the tiles."""
    from audit.note import key_from_text
    from audit.tiles import KEY
    from kernel.errors import TongbanError
    from storage.errors import Code

    if given and "+" in given and not Path(given).is_file():
        return key_from_text(given)
    path = Path(given) if given else place / KEY
    if not path.is_file():
        raise TongbanError(Code.FILE_MISSING, name=path.name)
    return key_from_text(_read(path))


def _read(path: Path) -> str:
    from kernel.errors import TongbanError
    from storage.errors import Code

    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError as error:
        raise TongbanError(Code.FILE_MISSING, name=path.name) from error


def _show(report: Report, *, own_key: bool, as_json: bool) -> None:
    import json

    from audit.words import WORDS

    if as_json:
        shown = report.to_json() | {"key": "hub" if own_key else "given"}
        typer.echo(json.dumps(shown, ensure_ascii=False))
        return
    state = "日志无误 / the log is sound" if report.ok else "日志有误 / the log is NOT sound"
    typer.echo(f"{report.origin}：{state}")
    typer.echo(f"  条目 / entries {report.size}，已签名 / signed {report.signed_size}")
    typer.echo(f"  待编号 / waiting {report.waiting}，根 / root {report.root.hex()}")
    for fault in report.faults:
        zh, en = WORDS[fault.kind]
        detail = f"（{fault.detail}）" if fault.detail else ""
        typer.echo(f"  {fault.kind.value}  {fault.where}{detail}：{zh} / {en}")
    if report.more_faults:
        typer.echo(f"  另有 / and {report.more_faults} 处 / more")
    if own_key:
        typer.echo(
            "  公钥取自本节点；要独立核对，请用 --key 给出另途取得的公钥 / "
            "the key is this hub's own; give --key from elsewhere for an independent check",
            err=True,
        )
