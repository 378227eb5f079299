"""``tongban peer``: which other regions' hubs are registered; cut one off, take it back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from certificates.exchange.directory import Directory
    from hub.wiring import Hub
    from kernel.actors import Actor
    from kernel.errors import Refused

T = TypeVar("T")
EXIT_REFUSED, EXIT_USAGE = 1, 2

Home = Annotated[Path | None, typer.Option("--home", help="本节点的数据目录 / folder of this hub")]
Region = Annotated[str, typer.Argument(help="行政区划代码 / division code")]


def register(root: typer.Typer) -> None:
    """Add the commands ``peer show``, ``add``, ``cut`` and ``admit``."""
    group = typer.Typer(help="其他地区的节点 / hubs of other regions", no_args_is_help=True)
    for command in (show, add, cut, admit):
        group.command(command.__name__)(command)
    root.add_typer(group, name="peer")


def show(home: Home = None) -> None:
    """显示本节点公钥和已登记的节点 / this hub's public key and the registered peers."""
    import base64

    with _open(home) as hub:
        info = hub.message_key.info()
        typer.echo(f"{hub.settings.region} {hub.settings.address}")
        typer.echo(f"  {hub.message_key.key_id()}")
        typer.echo(f"  {base64.b64encode(info.spki).decode()}")
        for standing in _given(_directory(hub).show(_actor(hub))):
            peer = standing.peer
            state = "已切断 / cut off" if standing.cut else "互认 / exchanging"
            until = f" → {peer.cut_from.isoformat()}" if peer.cut_from else ""
            typer.echo(f"{peer.region} {peer.name} {peer.address} {state}{until}")
            for key in peer.keys:
                typer.echo(f"  {key.id}")


def add(
    region: Region,
    *,
    name: Annotated[str, typer.Option("--name", help="地区名称 / name of the region")],
    address: Annotated[str, typer.Option("--address", help="节点地址 / address of its hub")],
    key: Annotated[
        str, typer.Option("--key", help="公钥，另途取得 / public key, obtained elsewhere (Base64)")
    ],
    handles: Annotated[
        list[str] | None,
        typer.Option("--handles", help="事项=信用代码,… / matter=credit codes of its bodies"),
    ] = None,
    home: Home = None,
) -> None:
    """登记或更新一个节点 / register a peer or replace its file."""
    parted = [item.partition("=") for item in handles or ()]
    if any(not between for _, between, _ in parted):
        typer.echo("--handles 的格式为 matter=ORG,ORG / write matter=ORG,ORG", err=True)
        raise typer.Exit(EXIT_USAGE)
    bodies = {matter: tuple(orgs.split(",")) for matter, _, orgs in parted}
    with _open(home) as hub:
        done = _directory(hub).add(
            _actor(hub), region, name=name, address=address, key=key, handles=bodies
        )
        peer = _given(done.value)
        typer.echo(f"{peer.region} {peer.name} {peer.address}\n  {peer.keys[0].id}")


def cut(
    region: Region,
    reason: Annotated[str, typer.Option("--reason", help="原因，留存 / reason, kept")] = "",
    home: Home = None,
) -> None:
    """立即切断与一个地区的互认 / cut a region off at once, both ways."""
    with _open(home) as hub:
        changed = _given(_directory(hub).cut(_actor(hub), region, reason).value)
    typer.echo("已切断 / cut off" if changed else "此前已切断 / was cut off already")


def admit(region: Region, home: Home = None) -> None:
    """恢复与一个地区的互认 / exchange with a region again."""
    with _open(home) as hub:
        changed = _given(_directory(hub).admit(_actor(hub), region).value)
    typer.echo("已恢复 / exchanging again" if changed else "未曾切断 / was not cut off")


def _open(home: Path | None) -> AbstractContextManager[Hub]:
    from contextlib import contextmanager

    from hub.faults import told
    from hub.settings import load
    from hub.wiring import open_hub

    @contextmanager
    def opened() -> Iterator[Hub]:
        with told(), open_hub(load(home=home)) as hub:
            yield hub

    return opened()


def _directory(hub: Hub) -> Directory:
    from certificates.exchange.directory import Directory

    return Directory(hub.database.transactions, hub.clock, hub.settings.root)


def _actor(hub: Hub) -> Actor:
    from certificates.exchange.directory import ACTION
    from kernel.actors import system

    return system("peer-command", hub.settings.region, (ACTION,))


def _given(value: T | Refused) -> T:
    from hub.faults import tell
    from kernel.errors import Refused

    if isinstance(value, Refused):
        tell(value.code, value.params)
        raise typer.Exit(EXIT_REFUSED)
    return value
