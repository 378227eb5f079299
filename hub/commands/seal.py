"""``tongban seal``: electronic seals through their life, by two persons."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from hub.wiring import Hub
    from kernel.actors import Actor
    from kernel.errors import Refused
    from kernel.ports import Json, Recorded
    from signing.seal_model import Seal

T = TypeVar("T")
_Home = Annotated[Path | None, typer.Option("--home", help="本节点的数据目录 / folder of this hub")]
_Person = Annotated[
    str,
    typer.Option(
        "--as",
        help="经手人，缺省为系统登录名；申请人不得批准 / who acts, else the login name; "
        "who applied may not approve",
    ),
]
_Json = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]
_Seal = Annotated[str, typer.Argument(metavar="SEAL", help="印章编号 / id of the seal")]
_Reason = Annotated[
    str, typer.Option("--reason", help="理由，不写个人信息 / why; no personal data")
]
_Years = Annotated[int, typer.Option(min=1, max=10, help="有效年数 / years it is valid")]


def register(root: typer.Typer) -> None:
    """Add the commands of the group."""
    group = typer.Typer(help="电子印章 / electronic seals", no_args_is_help=True)
    verbs = (apply, approve, picture, reject, renew, resume, revoke, show, suspend)
    group.command("list")(listed)
    for verb in verbs:
        group.command(verb.__name__)(verb)
    root.add_typer(group, name="seal")


def listed(
    home: _Home = None,
    person: _Person = "",
    org: Annotated[str, typer.Option(help="只列该单位 / of this body only")] = "",
    state: Annotated[str, typer.Option(help="只列该状态，如 in-use / in this state only")] = "",
    *,
    as_json: _Json = False,
) -> None:
    """列出印章 / list the seals."""
    from hub import sealdesk

    with _desk(home, person) as (hub, actor):
        body = hub.directory.org(org) if org else None
        code = body.code if body else org
        found = [
            sealdesk.row(seal)
            for seal in _value(hub.seals.list(actor))
            if code in ("", seal.application.org) and state in ("", seal.state.value)
        ]
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for item in found:
        typer.echo(_line(item))
    if not found:
        typer.echo("没有印章 / no seals")


def show(seal: _Seal, home: _Home = None, person: _Person = "", *, as_json: _Json = False) -> None:
    """一枚印章及其变更记录 / one seal with its history."""
    from hub import sealdesk

    with _desk(home, person) as (hub, actor):
        held = _value(hub.seals.read(actor, seal))
        found = sealdesk.row(held, _value(hub.seals.history(actor, seal)))
    _tell(found, as_json=as_json)


def apply(
    *,
    org: Annotated[str, typer.Option(help="用印单位：简称或信用代码 / body: key or credit code")],
    home: _Home = None,
    person: _Person = "",
    second_line: Annotated[
        str, typer.Option(help="专用章第二行，或名章的职务 / second line, or the person's office")
    ] = "",
    types: Annotated[
        str, typer.Option(help="可盖的证照类型，逗号分隔 / certificate types, by commas")
    ] = "",
    users: Annotated[str, typer.Option(help="用印人，逗号分隔 / who may use it, by commas")] = "",
    years: _Years = 3,
    diameter: Annotated[int, typer.Option(help="直径或边长，毫米 / size in mm; 0: usual")] = 0,
    personal: Annotated[
        bool,
        typer.Option(
            "--personal", help="个人名章；姓名从标准输入读取 / name seal; name from standard input"
        ),
    ] = False,
    as_json: _Json = False,
) -> None:
    """申请印章 / apply for a seal."""
    from hub import sealdesk

    name = sys.stdin.readline().strip() if personal else None
    wanted = sealdesk.Wanted(
        org, second_line, _names(types), _names(users), years, diameter, person=name
    )
    with _desk(home, person) as (hub, actor):
        done = hub.seals.apply(actor, sealdesk.application(hub, wanted))
        found = sealdesk.row(_value(done.value))
    _tell(found, as_json=as_json)


def approve(
    seal: _Seal, home: _Home = None, person: _Person = "", *, as_json: _Json = False
) -> None:
    """批准并制作，须由申请人以外的人 / approve and make; by another than who applied."""
    _step(home, person, as_json, lambda hub, actor: hub.seals.approve(actor, seal))


def reject(
    seal: _Seal,
    reason: _Reason,
    home: _Home = None,
    person: _Person = "",
    *,
    as_json: _Json = False,
) -> None:
    """驳回申请 / turn an application down."""
    _step(home, person, as_json, lambda hub, actor: hub.seals.reject(actor, seal, reason))


def suspend(
    seal: _Seal,
    reason: _Reason,
    home: _Home = None,
    person: _Person = "",
    *,
    as_json: _Json = False,
) -> None:
    """停用，证书暂停 / stop the use for a time; its certificates are on hold."""
    _step(home, person, as_json, lambda hub, actor: hub.seals.suspend(actor, seal, reason))


def resume(
    seal: _Seal, home: _Home = None, person: _Person = "", *, as_json: _Json = False
) -> None:
    """恢复使用 / take a suspended seal into use again."""
    _step(home, person, as_json, lambda hub, actor: hub.seals.resume(actor, seal))


def revoke(
    seal: _Seal,
    reason: _Reason,
    home: _Home = None,
    person: _Person = "",
    *,
    as_json: _Json = False,
) -> None:
    """注销，不可恢复 / end a seal for ever and revoke its certificates."""
    _step(home, person, as_json, lambda hub, actor: hub.seals.revoke(actor, seal, reason))


def renew(
    seal: _Seal, home: _Home = None, person: _Person = "", years: _Years = 3, *,
    as_json: _Json = False,
) -> None:  # fmt: skip
    """申请换发；批准后旧章不再用印 / apply for a successor; once approved it replaces the old."""
    from hub import sealdesk

    def ask(hub: Hub, actor: Actor) -> Recorded[Seal | Refused]:
        return hub.seals.renew(actor, seal, *sealdesk.period(hub.clock.now(), years))

    _step(home, person, as_json, ask)


def picture(
    seal: _Seal,
    out: Annotated[Path, typer.Argument(metavar="FILE", help="写到 / where to", dir_okay=False)],
    home: _Home = None,
    person: _Person = "",
    sheets: Annotated[
        int, typer.Option(min=1, max=200, help="骑缝章：分成几页 / seam seal: strips, one a sheet")
    ] = 1,
) -> None:
    """印章图样 PNG；骑缝章每页一条 / its picture as PNG; of a seam seal a strip for each sheet."""
    from storage.failures import of_files

    with _desk(home, person) as (hub, actor):
        parts = _value(hub.seals.picture(actor, seal, sheets))
        for number, data in enumerate(parts, 1):
            name = f"{out.stem}-{number}{out.suffix}" if sheets > 1 else out.name
            with of_files(name):
                out.with_name(name).write_bytes(data)
            typer.echo(str(out.with_name(name)))


def _step(
    home: Path | None,
    person: str,
    as_json: bool,  # noqa: FBT001 - passed on as the commands got it
    verb: Callable[[Hub, Actor], Recorded[Seal | Refused]],
) -> None:
    from hub import sealdesk

    with _desk(home, person) as (hub, actor):
        found = sealdesk.row(_value(verb(hub, actor).value))
    _tell(found, as_json=as_json)


@contextmanager
def _desk(home: Path | None, person: str) -> Iterator[tuple[Hub, Actor]]:
    """Open the hub for a person at this machine; refusals are told and end the command.

    Whoever may open the hub's folder has its rights; the name says which person it was.
    """
    import getpass

    from hub.faults import told
    from hub.settings import load
    from hub.wiring import open_hub
    from kernel.actors import system
    from signing.seals import APPLY, APPROVE, READ

    with told(), open_hub(load(home=home)) as hub:
        name = f"operator:{person or getpass.getuser()}"
        yield hub, system(name, hub.settings.region, (APPLY, APPROVE, READ))


def _value(answer: T | Refused) -> T:
    from kernel.errors import Refused, TongbanError

    if isinstance(answer, Refused):
        raise TongbanError(answer.code, **answer.params)
    return answer


def _names(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(",") if item.strip())


def _tell(found: dict[str, Json], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    typer.echo(_line(found))
    typer.echo(f"  {found['valid_from']} — {found['valid_to']}")
    history = found["history"]
    for step in history if isinstance(history, list) else ():
        if isinstance(step, dict):
            words = [str(step[name]) for name in ("at", "state", "by", "reason") if step[name]]
            typer.echo("  " + "  ".join(words))


def _line(found: dict[str, Json]) -> str:
    from hub.sealdesk import KINDS, STATES
    from signing.seal_model import SealKind, SealState

    (zh, en), _ = STATES[SealState(str(found["state"]))]
    kind, kind_en = KINDS[SealKind(str(found["kind"]))]
    return f"{found['seal']}  {found['name']}  {kind} / {kind_en}  {zh} / {en}"
