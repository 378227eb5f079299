"""A private PostgreSQL for tests: its own folder and port, stopped by its own process id."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def binaries() -> Path | None:
    """Return the folder of ``initdb`` and ``pg_ctl``, the newest installed, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    named = shutil.which("initdb")
    return Path(named).resolve().parent if named else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(bin_folder: Path) -> Iterator[str]:
    """Start a fresh cluster and yield its address."""
    root = os.geteuid() == 0
    folder = Path(tempfile.mkdtemp(prefix="tongban-pg-", dir="/tmp"))
    secret = folder / "password"
    password, port = secrets.token_hex(12), free_port()
    secret.write_text(password)
    if root:
        account = pwd.getpwnam("postgres")
        for path in (folder, secret):
            os.chown(path, account.pw_uid, account.pw_gid)
    before = ["runuser", "-u", "postgres", "--"] if root else []

    def call(program: str, *arguments: str) -> None:
        subprocess.run(
            [*before, str(bin_folder / program), *arguments],
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    data = folder / "data"
    try:
        call(
            "initdb",
            "-D",
            str(data),
            "-U",
            "hub",
            "-A",
            "scram-sha-256",
            f"--pwfile={secret}",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        )
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        call(
            "pg_ctl",
            "start",
            "-D",
            str(data),
            "-l",
            str(folder / "log"),
            "-w",
            "-t",
            "60",
            "-s",
            "-o",
            options,
        )
        try:
            yield f"postgresql://hub:{password}@127.0.0.1:{port}/postgres"
        finally:
            call("pg_ctl", "stop", "-D", str(data), "-m", "fast", "-w", "-s")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
