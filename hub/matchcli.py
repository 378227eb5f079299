"""``tongban audit export-peer`` and ``match``: two hubs' logs about each other, compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from certificates.exchange.matching import Matching
    from hub.wiring import Hub
    from kernel.actors import Actor
    from kernel.errors import Refused

T = TypeVar("T")
EXIT_CONTRADICTION = 1

Home = Annotated[Path | None, typer.Option("--home", help="本节点的数据目录 / folder of this hub")]
File = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, readable=True)]
Key = Annotated[
    str,
    typer.Option("--key", help="对方日志公钥，另途取得 / the peer's log key, obtained elsewhere"),
]


def add_to(group: typer.Typer) -> None:
    """Add both commands to ``tongban audit``."""
    group.command("export-peer")(export_peer)
    group.command("match")(match)


def export_peer(
    region: Annotated[str, typer.Argument(help="行政区划代码 / division code of the peer")],
    out: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help="写到 / where to")],
    home: Home = None,
) -> None:
    """导出日志中关于一个地区的条目及证明 / export this log's entries about a peer."""
    from hub import peeraudit
    from hub.faults import told
    from hub.settings import load
    from hub.wiring import open_hub
    from storage.failures import of_files

    count = -1
    with told(), open_hub(load(home=home)) as hub:
        found = peeraudit.lines(hub, _actor(hub), region)
        lines = _given(found)
        with of_files(str(out)), out.open("wb") as file:
            for line in lines:
                file.write(line)
                count += 1
    typer.echo(f"{region}  条目 / entries {count}  {out}")


def match(
    theirs: File,
    ours: Annotated[
        Path | None,
        typer.Option(
            "--ours",
            exists=True,
            dir_okay=False,
            help="己方导出文件，缺省为本节点的日志 / our exported file, else this hub's own log",
        ),
    ] = None,
    key: Key = "",
    own_key: Annotated[
        str,
        typer.Option("--own-key", help="己方日志公钥，与 --ours 同用 / our log key, with --ours"),
    ] = "",
    home: Home = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
) -> None:
    """与对方导出的日志对照；退出码 0 一致，1 有出入 / match with a peer's file: 0 agrees."""
    from hub import peeraudit
    from hub.faults import told
    from hub.settings import load
    from hub.wiring import open_hub

    with told(), theirs.open("rb") as file:
        known = peeraudit.key_of(_key_text(key))
        if ours is not None:
            with ours.open("rb") as mine:
                own = peeraudit.key_of(_key_text(own_key))
                found = peeraudit.compare_files(mine, file, known, own)
        else:
            with open_hub(load(home=home)) as hub:
                found = _given(peeraudit.compare(hub, _actor(hub), file, known))
    _show(found, trusted=known is not None and (ours is None or bool(own_key)), as_json=as_json)
    raise typer.Exit(0 if found.ok else EXIT_CONTRADICTION)


def _key_text(given: str) -> str:
    path = Path(given) if given and "+" not in given else None
    return path.read_text("utf-8", "replace") if path and path.is_file() else given


def _actor(hub: Hub) -> Actor:
    from hub.logbook import CHECK, READ
    from kernel.actors import system

    return system("audit-command", hub.settings.region, (CHECK, READ))


def _given(value: T | Refused) -> T:
    from hub.faults import tell
    from kernel.errors import Refused

    if isinstance(value, Refused):
        tell(value.code, value.params)
        raise typer.Exit(EXIT_CONTRADICTION)
    return value


def _show(found: Matching, *, trusted: bool, as_json: bool) -> None:
    import json

    from certificates.exchange.words import MATCHES

    if as_json:
        shown = found.to_json() | {"keys": "given" if trusted else "file"}
        typer.echo(json.dumps(shown, ensure_ascii=False))
        return
    state = (
        "两本日志一致 / the logs agree" if found.ok else "两本日志有出入 / the logs do NOT agree"
    )
    typer.echo(f"{found.here} ↔ {found.there}：{state}")
    for outcome, (zh, en) in MATCHES.items():
        typer.echo(f"  {found.counts.get(outcome, 0):>8}  {zh} / {en}")
    for side, lines in ((found.here, found.unproven_here), (found.there, found.unproven_there)):
        if lines:
            typer.echo(
                f"  {side}：{len(lines)} 行未获证明，首行 / lines not proven, first {lines[0]}"
            )
    for item in found.listed:
        zh, en = MATCHES[item.outcome]
        typer.echo(f"  {item.asker} {item.exchange}  {zh} / {en}  {item.why}")
    if not trusted:
        typer.echo(
            "公钥取自文件；要独立核对，请用 --key 给出另途取得的公钥 / "
            "the key is the file's own; give --key from elsewhere for an independent check",
            err=True,
        )
