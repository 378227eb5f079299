"""``tongban trust``: signed trust lists of regions, given out, taken in, cut off, shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

EXIT_USAGE = 2

_Home = Annotated[Path | None, typer.Option("--home", help="本节点的数据目录 / folder of this hub")]


def register(root: typer.Typer) -> None:
    """Add the commands ``trust export``, ``import``, ``cut`` and ``show``."""
    group = typer.Typer(help="地区信任列表 / trust lists of regions", no_args_is_help=True)
    group.command("export")(export)
    group.command("import")(take)
    group.command("cut")(cut)
    group.command("show")(show)
    root.add_typer(group, name="trust")


def export(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="写到 / where to", dir_okay=False)],
    home: _Home = None,
    days: Annotated[
        int, typer.Option(min=1, max=3660, help="有效天数 / days until it expires")
    ] = 365,
) -> None:
    """签出本地区的信任列表，编号加一 / sign the region's own list under the next number."""
    from hub import trustdesk
    from hub.faults import told
    from hub.settings import load
    from hub.wiring import open_hub
    from signing.trust_exchange import fingerprint
    from storage.failures import of_files

    with told(), open_hub(load(home=home)) as hub:
        listed, data = trustdesk.export(hub, days)
        with of_files(str(out)):
            out.write_bytes(data)
    typer.echo(f"{listed.region} {listed.name}  编号 / number {listed.version}  {out}")
    for cert in listed.anchors:
        typer.echo(f"指纹 / fingerprint {fingerprint(cert)}  {cert.common_name}")


def take(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, readable=True)
    ],
    home: _Home = None,
    anchor: Annotated[
        str,
        typer.Option(
            help="信任锚的 SHA-256 指纹，另途取得；首次导入必需 / fingerprint of an anchor, "
            "got in another way; needed for a region's first list"
        ),
    ] = "",
) -> None:
    """导入一个地区的信任列表 / take in the signed list of a region."""
    from hub import trustdesk
    from hub.faults import told
    from hub.settings import load
    from hub.wiring import open_hub
    from signing.trust_file import LARGEST

    with told():
        with file.open("rb") as source:
            data = source.read(LARGEST + 1)
        with open_hub(load(home=home)) as hub:
            done = trustdesk.take(hub, data, anchor)
    was = "已导入 / imported" if done.changed else "已有 / held already"
    typer.echo(f"{done.trust.region} {done.trust.name}  编号 / number {done.trust.version}  {was}")
    if done.trust.cut:
        typer.echo(f"仍被停止信任 / still cut off since {done.trust.cut:%Y-%m-%dT%H:%M:%SZ}")


def cut(
    region: Annotated[str, typer.Argument(metavar="REGION", help="行政区划代码 / division code")],
    home: _Home = None,
    since: Annotated[
        str | None, typer.Option(help="自该时刻起，缺省为现在 / from this time on (RFC 3339)")
    ] = None,
) -> None:
    """停止信任一个地区 / trust a region no more; verdicts say since when."""
    from hub import trustdesk
    from hub.faults import told
    from hub.settings import load
    from hub.wiring import open_hub
    from kernel.clock import from_iso

    try:
        moment = from_iso(since) if since else None
    except ValueError:
        typer.echo(f"时间格式应如 2026-01-31T08:00:00+08:00 / no time: {since}", err=True)
        raise typer.Exit(EXIT_USAGE) from None
    with told(), open_hub(load(home=home)) as hub:
        ended = trustdesk.cut(hub, region, moment)
    typer.echo(
        f"{ended.region} {ended.name}  停止信任自 / cut off since {ended.cut:%Y-%m-%dT%H:%M:%SZ}"
    )


def show(
    home: _Home = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
) -> None:
    """列出已有的信任列表 / show the lists that are held."""
    from hub import trustdesk
    from hub.faults import told
    from hub.settings import load
    from kernel.clock import SystemClock

    with told():
        found = trustdesk.rows(load(home=home).root, SystemClock().now())
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for row in found:
        state = "有效 / in force" if row["in_force"] else "不在有效期 / not in force"
        if row["cut"]:
            state = f"停止信任自 / cut off since {row['cut']}"
        typer.echo(f"{row['region']} {row['name']}  编号 / number {row['version']}  {state}")
        typer.echo(f"  {row['issued']} — {row['expires']}")
        anchors, numbers = row["anchors"], row["history"]
        assert isinstance(anchors, list)
        assert isinstance(numbers, list)
        for item in anchors:
            typer.echo(f"  指纹 / fingerprint {item}")
        typer.echo(f"  历史 / history {', '.join(str(number) for number in numbers) or '—'}")
