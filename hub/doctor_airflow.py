"""What the doctor asks of Airflow's settings: executor, metadata database, broker, workers.

Settings are read as Airflow reads them (environment, the output of a command, airflow.cfg), but
without importing it, which would take seconds. No finding shows a secret.
"""

from __future__ import annotations

import configparser
import os
import shlex
import subprocess
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from hub.findings import Finding

_ROOT = Path(__file__).resolve().parent.parent
_SQLITE_TASKS = 2
_SHORTEST_WAIT = 3600
"""Seconds a message may at least be away before the broker hands it out again."""
_SECONDS = 3.0
_CELERY_END = (5, 7)
"""First version of Celery that Airflow's provider cannot import."""


def executor() -> Finding:
    """Check that executor, metadata database and the packages they want fit each other."""
    name, database = value("core", "executor"), value("database", "sql_alchemy_conn")
    kind = database.partition("://")[0]
    told = f"{name}, {kind.partition('+')[0] or '-'}"
    if name == "CeleryExecutor":
        return _packages() or _drivers(told, kind) or Finding("executor", "ok", told)
    tasks = value("core", "parallelism")
    if kind.startswith("sqlite") and _number(tasks) > _SQLITE_TASKS:
        return Finding(
            "executor",
            "warning",
            f"{told}, parallelism {tasks}",
            "SQLite 上并行任务会锁死：设 AIRFLOW__CORE__PARALLELISM=2，或改用 PostgreSQL。",
            "Tasks in parallel lock SQLite: set AIRFLOW__CORE__PARALLELISM=2, or use PostgreSQL.",
        )
    return Finding("executor", "ok", told)


def broker() -> Finding:
    """Check that the broker answers, keeps every message, and that workers listen to it."""
    if value("core", "executor") != "CeleryExecutor":
        return Finding("broker", "ok", "不使用 not used")
    url = value("celery", "broker_url")
    place = _place(url)
    if not url:
        return Finding(
            "broker",
            "fault",
            "AIRFLOW__CELERY__BROKER_URL",
            "设置消息队列地址：redis://:口令@主机:6379/0。",
            "Set the broker's address: redis://:PASSWORD@HOST:6379/0.",
        )
    if not url.startswith(("redis://", "rediss://")):
        return Finding("broker", "warning", place, "仅验证过 Redis。", "Only Redis has been tried.")
    from redis import AuthenticationError, Redis, RedisError

    try:
        with Redis.from_url(
            url, socket_connect_timeout=_SECONDS, socket_timeout=_SECONDS
        ) as client:
            client.ping()
            policy = str(client.config_get("maxmemory-policy")["maxmemory-policy"])
    except AuthenticationError:
        return Finding(
            "broker", "fault", place, "更正地址中的口令。", "Correct the password in the address."
        )
    except (RedisError, OSError, ValueError) as error:
        return Finding(
            "broker",
            "fault",
            f"{place}: {type(error).__name__}",
            "启动 Redis，或更正 AIRFLOW__CELERY__BROKER_URL。",
            "Start Redis, or correct AIRFLOW__CELERY__BROKER_URL.",
        )
    return _promises(place, policy) or _listening(place, url)


def value(section: str, key: str) -> str:
    """Return a setting as Airflow would read it, or an empty text."""
    name = f"AIRFLOW__{section}__{key}".upper()
    if name in os.environ:
        return os.environ[name]
    if f"{name}_CMD" in os.environ:
        with suppress(OSError, ValueError, subprocess.SubprocessError):
            words = shlex.split(os.environ[f"{name}_CMD"])
            done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=10)
            return done.stdout.strip()
        return ""
    written = configparser.ConfigParser(interpolation=None)
    written.read(os.environ.get("AIRFLOW_CONFIG") or _ROOT / "airflow.cfg", "utf-8")
    return written.get(section, key, fallback="")


def _packages() -> Finding | None:
    try:
        found = version("celery")
        version("apache-airflow-providers-celery")
    except PackageNotFoundError as error:
        told = str(error.name)
        return Finding("executor", "fault", told, "运行 make setup。", "Run make setup.")
    if tuple(map(int, found.split(".")[:2])) >= _CELERY_END:
        told = f"celery {found}"
        return Finding("executor", "fault", told, "运行 make setup。", "Run make setup.")
    return None


def _drivers(told: str, kind: str) -> Finding | None:
    if not kind.startswith("postgresql"):
        return Finding(
            "executor",
            "fault",
            told,
            "Celery 需要 PostgreSQL：设 AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=postgresql+psycopg://…。",
            "Celery needs PostgreSQL: AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=postgresql+psycopg://….",
        )
    asynchronous = value("database", "sql_alchemy_conn_async").partition("://")[0]
    wanted = {kind.partition("+")[2] or "psycopg2", asynchronous.partition("+")[2] or "asyncpg"}
    absent = sorted(name for name in wanted if find_spec(name) is None)
    if absent:
        names = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN, …_CONN_ASYNC"
        return Finding(
            "executor",
            "fault",
            f"{told}: {', '.join(absent)}",
            f"{names} 均写作 postgresql+psycopg://…。",
            f"Write {names} both as postgresql+psycopg://….",
        )
    return None


def _promises(place: str, policy: str) -> Finding | None:
    if policy != "noeviction":
        return Finding(
            "broker",
            "fault",
            f"{place}: maxmemory-policy {policy}",
            "在 redis.conf 中设 maxmemory-policy noeviction，否则任务会丢失。",
            "Set maxmemory-policy noeviction in redis.conf, or tasks get lost.",
        )
    wait = _number(value("celery_broker_transport_options", "visibility_timeout"))
    if wait < _SHORTEST_WAIT:
        return Finding(
            "broker",
            "warning",
            f"{place}: visibility_timeout {wait}",
            "设为大于最长任务的秒数，例如 21600。",
            "Set it to more seconds than the longest task takes, as 21600.",
        )
    return None


def _listening(place: str, url: str) -> Finding:
    from celery import Celery  # type: ignore[import-untyped]  # has no stubs

    with Celery(broker=url).connection_for_read() as connection:
        answers = Celery(broker=url).control.ping(timeout=1.0, connection=connection)
    if not answers:
        return Finding(
            "broker",
            "warning",
            f"{place}: 没有工作进程应答 no worker answers",
            "启动：airflow celery worker，或 tongban airflow up --workers 2。",
            "Start one: airflow celery worker, or tongban airflow up --workers 2.",
        )
    return Finding("broker", "ok", f"{place}, {len(answers)} 个工作进程 worker(s)")


def _place(url: str) -> str:
    with suppress(ValueError):
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.hostname}:{parts.port or 6379}"
    return "-"


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
