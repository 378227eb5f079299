"""Looks for what is missing or misconfigured around a hub, and says what to do about it.

Changes nothing but one small object a day, by which the object store is proved.
"""

from __future__ import annotations

import json
import shutil
import stat
import sys
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

from hub import doctor_airflow, doctor_peers
from hub.findings import Finding
from hub.messages import owner
from hub.settings import Settings
from hub.tls import own_line, tls_end, tls_files
from kernel.errors import TongbanError

_GIB = 1 << 30
_LEAST, _SCARCE = 1 * _GIB, 5 * _GIB
_DRIFT_SECONDS = 2.0
_RENEWAL = timedelta(days=30)
_EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield what each check finds; a check that cannot be made is a fault, never an error."""
    for name, check in CHECKS.items():
        try:
            found = check(settings)
            yield from (found,) if isinstance(found, Finding) else found
        except TongbanError as error:
            yield _failed(name, error)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            yield Finding(name, "fault", reason, "检查路径与权限。", "Check path and rights.")


def _failed(name: str, error: TongbanError) -> Finding:
    found = owner(error.code)
    if found is None:
        return Finding(name, "fault", error.code)
    words = found[1]
    detail = f"{words.text(error.params)} {words.text(error.params, english=True)}"
    steps = words.next_step(error.params), words.next_step(error.params, english=True)
    return Finding(name, "fault", detail, *steps)


def _python(_settings: Settings) -> Finding:
    told = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", "ok", told)


def _sm2(_settings: Settings) -> Finding:
    from signing.algorithms import by_name
    from signing.algorithms.sm2_sm3 import provider

    algorithm = by_name("sm2_sm3")
    private = algorithm.generate()
    public = algorithm.public_key(private)
    digest = algorithm.digest(b"tongban", public)
    if not algorithm.verify_digest(public, digest, algorithm.sign_digest(private, digest)):
        raise TongbanError("sm2-self-test-failed", part="doctor")
    return Finding("sm2", "ok", f"SM2/SM3: sign, verify · {provider()}")


def _fonts(settings: Settings) -> Finding:
    from certificates.fonts.book import packaged

    files = packaged("text")
    absent = [str(path) for path in settings.font_paths if not path.is_file()]
    if absent:
        return Finding(
            "fonts",
            "fault",
            ", ".join(absent),
            "安装这些字体文件，或更正 TONGBAN_FONTS。",
            "Install these font files or correct TONGBAN_FONTS.",
        )
    return Finding("fonts", "ok", f"{len(files) + len(settings.font_paths)}")


def _disk(settings: Settings) -> Finding:
    place = next(path for path in (settings.root, *settings.root.parents) if path.exists())
    free = shutil.disk_usage(place).free
    told = f"{free / _GIB:.1f} GiB"
    if free >= _SCARCE:
        return Finding("disk", "ok", told)
    return Finding(
        "disk",
        "fault" if free < _LEAST else "warning",
        told,
        "清理或扩充数据所在磁盘。",
        "Free or add space on the disk that holds the data.",
    )


def _keys(settings: Settings) -> Finding:
    from hub.wiring.devices import key_devices

    password = settings.keystore_password_file
    if password is None and settings.environment == "production" and not _signs(settings):
        return Finding(
            "keys",
            "fault",
            "TONGBAN_KEYSTORE_PASSWORD_FILE",
            "生产环境须设置密钥库口令文件。",
            "Production needs the file of the keystore's password: set it.",
        )
    if password is not None and not password.is_file():
        return Finding(
            "keys", "fault", f"{password}", "恢复该口令文件。", "Restore this password file."
        )
    files = [path for path in (settings.root / "keys").rglob("*") if path.is_file()]
    files += [password] if password else []
    devices = key_devices(settings)
    pins = [device.pin_file for device in devices]
    lost = [str(path) for path in pins if not path.is_file()]
    if lost:
        told = ", ".join(lost)
        return Finding("keys", "fault", told, "恢复该 PIN 文件。", "Restore this file of the PIN.")
    files += pins
    loose = [path.name for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if loose:
        told = ", ".join(sorted(loose))
        return Finding("keys", "fault", told, "执行 chmod 600。", "Run chmod 600 on them.")
    key = settings.root / "keys" / "data.key"
    if key.exists():
        from storage.vault import load_key

        load_key(key)
    told = " · ".join((f"{len(files)}", *(f"{item.family}: {item.kind}" for item in devices)))
    return Finding("keys", "ok", told)


def _database(settings: Settings) -> Finding:
    from storage.diagnosis import look_at

    if not settings.database_url and not (settings.root / "hub.db").exists():
        return Finding("database", "ok", "SQLite: 首次启动时创建 made at the first start")
    state = look_at(settings.database)
    drift = abs((datetime.now(UTC) - state.now).total_seconds())
    told = f"{state.kind} {state.revision or '-'} {state.locale}".strip()
    if state.blind:
        return Finding(
            "database",
            "fault",
            f"LC_CTYPE = {state.locale}",
            "以 C.UTF-8 重建数据库，否则中文检索无结果。",
            "Make the database anew with locale C.UTF-8, or searches in Chinese find nothing.",
        )
    if drift > _DRIFT_SECONDS:
        return Finding(
            "database",
            "fault",
            f"{drift:.1f} s",
            "本机与数据库服务器时钟不一致，请校时。",
            "The clocks of this machine and the database server differ: synchronise them.",
        )
    if state.revision != state.newest:
        return Finding(
            "database",
            "warning",
            f"{told} → {state.newest}",
            "先备份；下次启动时升级。",
            "Back it up; the next start upgrades it.",
        )
    return Finding("database", "ok", told)


def _objects(settings: Settings) -> Finding:
    from storage.objects import open_objects

    folder = settings.root / "objects"
    if not settings.objects_url and not folder.exists():
        return Finding("objects", "ok", "首次启动时创建 made at the first start")
    store = open_objects(settings.objects_url or folder)
    data = f"tongban doctor {datetime.now(UTC).date()}\n".encode()
    with ThreadPoolExecutor(4) as pool:
        names = set(pool.map(store.put, [data] * 4))
    if len(names) != 1 or store.get(names.pop()) != data:
        raise TongbanError("objects-unavailable", reason="race")
    return Finding("objects", "ok", "S3" if settings.objects_url else "folder")


def _signs(settings: Settings) -> bool:
    """Tell whether a signer answers: one that runs by itself holds the password alone."""
    from signing.signer.client import SignerClient
    from signing.signer.place import socket_path

    return settings.root.exists() and SignerClient(socket_path(settings.root)).alive()


def _signer(settings: Settings) -> Finding:
    from signing.signer.place import socket_path

    if not settings.root.exists() or not (path := socket_path(settings.root)).exists():
        return Finding("signer", "ok", "未运行，使用时启动 not running, started when needed")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        return Finding("signer", "fault", path.name, "执行 chmod 600。", "Run chmod 600 on it.")
    if not _signs(settings):
        told = "没有应答，使用时启动 does not answer, started when needed"
        return Finding("signer", "ok", told)
    return Finding("signer", "ok", "应答 answers")


def _clock(_settings: Settings) -> Finding:
    now = datetime.now(UTC)
    told = now.isoformat(timespec="seconds")
    if now < _EARLIEST:
        return Finding("clock", "fault", told, "请校时（NTP）。", "Set the clock (NTP).")
    return Finding("clock", "ok", told)


def _port(settings: Settings) -> Finding:
    from hub.portcheck import check_free

    told = f"{settings.host}:{settings.port}"
    scheme, context = own_line(settings)
    url = f"{scheme}://{told}/healthz"
    try:
        check_free(settings.host, settings.port)
    except TongbanError:
        with (
            suppress(OSError, ValueError),
            urllib.request.urlopen(url, timeout=2, context=context) as answer,  # noqa: S310 - one of two schemes
        ):
            if json.load(answer) == {"status": "ok"}:
                return Finding("port", "ok", f"{told}: 已有节点运行 a hub answers")
        raise
    return Finding("port", "ok", told)


def _tls(settings: Settings) -> Finding:
    certificate, _ = tls_files(settings)
    if certificate is None:
        return Finding("tls", "ok", "由代理提供 left to a proxy")
    end = tls_end(Path(certificate))
    told = f"{Path(certificate).name}: {end.date()}"
    if end - datetime.now(UTC) < _RENEWAL:
        return Finding("tls", "warning", told, "请尽快换发证书。", "Renew the certificate soon.")
    return Finding("tls", "ok", told)


def _airflow(settings: Settings) -> Finding:
    if find_spec("airflow") is None:
        return Finding("airflow", "fault", "apache-airflow", "运行 make setup。", "Run make setup.")
    folder: Path = settings.root / "airflow"
    if not folder.exists():
        return Finding("airflow", "ok", "首次使用时创建 made at the first use")
    names = ("jwt.secret", "api.secret", "fernet.key", "passwords.json")
    absent = [name for name in names if not (folder / name).is_file()]
    loose = [
        name for name in names if name not in absent and (folder / name).stat().st_mode & 0o077
    ]
    if loose:
        told = ", ".join(loose)
        return Finding("airflow", "fault", told, "执行 chmod 600。", "Run chmod 600 on them.")
    if absent:
        return Finding(
            "airflow",
            "warning",
            ", ".join(absent),
            "下次启动时生成。",
            "The next start makes them.",
        )
    return Finding("airflow", "ok", str(folder.name))


def _executor(_settings: Settings) -> Finding:
    return doctor_airflow.executor()


def _broker(_settings: Settings) -> Finding:
    return doctor_airflow.broker()


def _peers(settings: Settings) -> Iterator[Finding]:
    return doctor_peers.peers(settings.root)


def _trust(settings: Settings) -> Iterator[Finding]:
    return doctor_peers.lists(settings.root, settings.region)


CHECKS: dict[str, Callable[[Settings], Finding | Iterator[Finding]]] = {
    "python": _python,
    "sm2": _sm2,
    "fonts": _fonts,
    "disk": _disk,
    "keys": _keys,
    "database": _database,
    "objects": _objects,
    "signer": _signer,
    "clock": _clock,
    "port": _port,
    "tls": _tls,
    "airflow": _airflow,
    "executor": _executor,
    "broker": _broker,
    "peers": _peers,
    "trust": _trust,
}
"""By name, in the order they are told."""
