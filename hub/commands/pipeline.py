"""``tongban pipeline``: run a source's delivery, directly or through Airflow in one process."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[Path | None, typer.Option("--home", help="本节点的数据目录 / folder of this hub")]


def register(root: typer.Typer) -> None:
    """Add the command ``pipeline run``."""
    group = typer.Typer(help="收集、标准化、检查、发布 / collect to publish", no_args_is_help=True)
    group.command("run")(run)
    group.callback()(lambda: None)  # a group of one command would else lose its name
    root.add_typer(group, name="pipeline")


def run(
    source: Annotated[str, typer.Argument(help="来源名称 / name of the source")],
    home: Home = None,
    *,
    airflow: Annotated[
        bool, typer.Option("--airflow", help="作为 DAG 运行 / run as its DAG, without a scheduler")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
) -> None:
    """运行一个来源；退出码 0 已发布，1 未发布 / exit code 0 published, 1 not."""
    from catalog.errors import Code
    from hub.faults import tell, told
    from hub.settings import load

    settings = load(home=home)
    with told():
        row = _by_airflow(settings.root, settings.region, source) if airflow else {}
        row = row or _directly(home, source)
    typer.echo(_json(row) if as_json else _sentence(row))
    reasons = row.get("reasons")
    if isinstance(reasons, tuple) and reasons:
        tell(Code.GATE_REFUSED, {"rules": ", ".join(reasons)})
    raise typer.Exit(0 if row["state"] in {"published", "success"} else 1)


def _directly(home: Path | None, source: str) -> dict[str, object]:
    from dataclasses import asdict

    from hub.dagsteps import RIGHTS, opened
    from kernel.actors import system
    from kernel.errors import Refused, TongbanError

    with opened(home=home) as ingest:
        outcome = ingest.run(system("pipeline", rights=RIGHTS), source)
    if isinstance(outcome, Refused):
        raise TongbanError(outcome.code, **outcome.params)
    return asdict(outcome)


def _by_airflow(home: Path, region: str, source: str) -> dict[str, object]:
    from dataclasses import asdict

    from catalog.errors import Code
    from hub.dagrun import migrate, run_dags
    from kernel.errors import TongbanError

    migrate(home, region)
    results = run_dags(home, region=region, only=source)
    if not results:
        raise TongbanError(Code.SOURCE_UNKNOWN, source=source, known="registry/catalog/sources")
    return asdict(results[0])


def _json(row: dict[str, object]) -> str:
    import json

    return json.dumps(row, ensure_ascii=False)


def _sentence(row: dict[str, object]) -> str:
    if "counts" not in row:
        return f"{row['dag']}：{row['state']}（{row['seconds']:.1f} s）"
    counts = row["counts"]
    assert isinstance(counts, dict)
    news = "" if row["changed"] else "，无变化 / unchanged"
    return (
        f"{row['source']}：{row['state']} {row['version'] or ''}{news}  "
        f"收到 / in {counts['rows_in']} = 发布 / published {counts['published']} + "
        f"隔离 / quarantined {counts['quarantined']}"
    )
