"""``tongban airflow``: run Airflow on a hub's files, and start runs in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[Path | None, typer.Option("--home", help="本节点的数据目录 / folder of this hub")]
Port = Annotated[int, typer.Option("--port", help="第一个端口，连用四个 / first of four ports")]


def register(root: typer.Typer) -> None:
    """Add the commands ``airflow up`` and ``airflow trigger``."""
    group = typer.Typer(help="流水线调度 / pipelines on a schedule", no_args_is_help=True)
    group.command("up")(up)
    group.command("trigger")(trigger)
    root.add_typer(group, name="airflow")


def up(
    home: Home = None,
    port: Port = 18080,
    workers: Annotated[
        int, typer.Option("--workers", min=0, help="Celery 工作进程数 / workers of Celery to start")
    ] = 0,
) -> None:
    """启动 Airflow 并等待就绪，Ctrl-C 停止 / start Airflow, wait for health; Ctrl-C stops it."""
    import signal
    from threading import Event

    from hub.airflow_home import USER, prepare
    from hub.airflow_stack import Stack
    from hub.dagrun import migrate
    from hub.faults import told
    from hub.gate import start_warm
    from hub.settings import load

    settings = load(home=home)
    place = prepare(settings.root, settings.region, port)
    asked = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.set())
    stack = Stack(place, workers)
    with told():
        stack.check_ports()
        typer.echo("Airflow：建表 / making tables …")
        migrate(settings.root, settings.region)
        gate = start_warm(settings.root)
        try:
            if not asked.is_set():
                typer.echo("Airflow：启动中，约一分钟 / starting, about a minute …")
                stack.start()
            if stack.wait(stop=asked.is_set):
                typer.echo(f"Airflow：{place.url}  {USER} / {place.password(USER)}")
                typer.echo("Ctrl-C 停止 / to stop")
            while not asked.wait(5):
                if stack.ended():
                    stack.wait(0)
        finally:
            stack.stop()
            gate.terminate()
            gate.wait()
            typer.echo("Airflow：已停止 / stopped")


def trigger(
    source: Annotated[str, typer.Argument(help="来源名称 / name of the source")],
    home: Home = None,
    port: Port = 18080,
    run_id: Annotated[
        str, typer.Option("--run-id", help="运行编号，重复则不再启动 / a known id starts nothing")
    ] = "",
    *,
    wait: Annotated[bool, typer.Option("--wait", help="等待结束 / wait for the end")] = False,
) -> None:
    """在 Airflow 中启动一次来源的运行 / start a run of a source in Airflow."""
    import time

    from hub.airflow_home import prepare
    from hub.airflow_stack import Rest
    from hub.faults import told
    from hub.settings import load
    from kernel.ids import new_id

    settings = load(home=home)
    with told():
        rest = Rest(prepare(settings.root, settings.region, port))
        run = rest.trigger(source, run_id or new_id("run"))
        typer.echo(run)
        state = ""
        while wait and state not in {"success", "failed"}:
            time.sleep(1)
            state = rest.state(source, run)
    if wait:
        typer.echo(state)
        raise typer.Exit(0 if state == "success" else 1)
