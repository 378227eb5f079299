"""Real S3 servers for tests: built once with Go, started on private ports, stopped by their own id.

The binaries lie outside the repository, one folder per pinned version, so that another version is
another file.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.postgres import free_port

BUILD_SECONDS = 900
START_SECONDS = 30
KEY = "tongban"


@dataclass(frozen=True)
class Kind:
    """How one server is built, started and asked whether it lives."""

    name: str
    module: str
    version: str
    key_name: str
    secret_name: str
    words: tuple[str, ...]
    """Arguments; ``{port}`` and ``{data}`` are filled in."""
    health: str

    @property
    def program(self) -> Path:
        """Where the binary of this very version lies, or will."""
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cache / "tongban-services" / f"{self.name}@{self.version}" / self.name


KINDS: Mapping[str, Kind] = {
    "minio": Kind(
        "minio",
        "github.com/minio/minio",
        "v0.0.0-20260212201848-7aac2a2c5b7c",
        "MINIO_ROOT_USER",
        "MINIO_ROOT_PASSWORD",
        ("server", "--quiet", "{data}", "--address", "127.0.0.1:{port}"),
        "/minio/health/ready",
    ),
    "versitygw": Kind(
        "versitygw",
        "github.com/versity/versitygw/cmd/versitygw",
        "v1.8.0",
        "ROOT_ACCESS_KEY",
        "ROOT_SECRET_KEY",
        ("--port", "127.0.0.1:{port}", "--health", "/healthz", "--quiet", "posix", "{data}"),
        "/healthz",
    ),
}


class CannotBeHadError(Exception):
    """The server is not here and cannot be built; the text names the reason."""


@dataclass
class Server:
    """A running server and the folder it keeps its data in."""

    kind: Kind
    port: int
    secret: str
    data: Path

    def address(self, bucket: str, *, port: int | None = None, query: str = "") -> str:
        """Return what ``TONGBAN_OBJECTS_URL`` takes."""
        return f"s3+http://{KEY}:{self.secret}@127.0.0.1:{port or self.port}/{bucket}{query}"


def install(kind: Kind) -> Path:
    """Return the binary, building it first where it is missing."""
    if kind.program.is_file():
        return kind.program
    if not shutil.which("go"):
        raise CannotBeHadError(f"{kind.name} {kind.version}: Go is not installed")
    kind.program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kind.program.parent) as folder:
        environment = {**os.environ, "GOBIN": folder, "GOFLAGS": "-p=2"}
        try:
            subprocess.run(
                ["nice", "-n", "10", "go", "install", f"{kind.module}@{kind.version}"],
                env=environment,
                cwd=folder,
                check=True,
                timeout=BUILD_SECONDS,
                stdin=subprocess.DEVNULL,
                capture_output=True,
            )
        except subprocess.SubprocessError as error:
            output = (getattr(error, "stderr", b"") or b"").decode("utf-8", "replace")
            last = output.strip().splitlines()[-1:] or [type(error).__name__]
            raise CannotBeHadError(f"{kind.name} {kind.version}: {last[0]}") from error
        (Path(folder) / kind.name).replace(kind.program)
    return kind.program


@contextmanager
def running(kind: Kind) -> Iterator[Server]:
    """Start a server on an empty folder; whatever happens, it is stopped and the folder removed."""
    program = install(kind)
    folder = Path(tempfile.mkdtemp(prefix=f"tongban-{kind.name}-"))
    server = Server(kind, free_port(), secrets.token_hex(16), folder / "data")
    server.data.mkdir()
    words = [word.format(port=server.port, data=server.data) for word in kind.words]
    secret = {kind.key_name: KEY, kind.secret_name: server.secret, "MINIO_BROWSER": "off"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(program), *words],
            env={**os.environ, **secret},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _until_ready(server, process, folder / "log")
        yield server
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _until_ready(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        with (
            suppress(OSError, urllib.error.URLError),
            urllib.request.urlopen(
                f"http://127.0.0.1:{server.port}{server.kind.health}", timeout=2
            ) as answer,
        ):
            if answer.status == 200:
                return
        time.sleep(0.05)
    said = log.read_text("utf-8", "replace")[-500:]
    raise AssertionError(f"{server.kind.name} did not start: {said}")
