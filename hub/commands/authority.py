"""``tongban authority``: establishes the region's certification authority, and shows it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

_Home = Annotated[Path | None, typer.Option("--home", help="本节点的数据目录 / folder of this hub")]
_Json = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]


def register(root: typer.Typer) -> None:
    """Add the commands ``authority establish`` and ``authority show``."""
    group = typer.Typer(
        help="本地区的签发机构 / the region's certification authority", no_args_is_help=True
    )
    group.command("establish")(establish)
    group.command("show")(show)
    root.add_typer(group, name="authority")


def establish(home: _Home = None, *, as_json: _Json = False) -> None:
    """建立签发机构的密钥与证书；重复执行无妨 / make keys and certificates of root, issuing CA, seal
    maker and time stamps; running it again changes nothing.
    """
    from hub.faults import told
    from hub.settings import load
    from hub.trustdesk import establish as made
    from hub.wiring import open_hub

    with told(), open_hub(load(home=home)) as hub:
        _tell(made(hub), as_json=as_json)


def show(home: _Home = None, *, as_json: _Json = False) -> None:
    """显示签发机构的证书与指纹 / show its certificates and their fingerprints."""
    from hub.faults import told
    from hub.settings import load
    from hub.trustdesk import authority
    from hub.wiring import open_hub

    with told(), open_hub(load(home=home)) as hub:
        _tell(authority(hub), as_json=as_json)


def _tell(rows: list[dict[str, str]], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        typer.echo(
            f"{row['role']:<11} {row['algorithm']:<11} 至 / until {row['until']}  {row['name']}"
        )
        typer.echo(f"            指纹 / fingerprint {row['fingerprint']}")
