"""Real S3 servers for tests: built once with Go, started on private ports, stopped by their own id."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import servers

KINDS = ("minio", "versitygw")
KEY = "tongban"


@dataclass(frozen=True)
class Server:
    """A running server and the folder it keeps its data in."""

    name: str
    port: int
    secret: str
    data: Path

    def address(self, bucket: str, *, port: int | None = None, query: str = "") -> str:
        """Return what ``TONGBAN_OBJECTS_URL`` takes."""
        return f"s3+http://{KEY}:{self.secret}@127.0.0.1:{port or self.port}/{bucket}{query}"


@contextmanager
def running(name: str) -> Iterator[Server]:
    """Start a server; raises CannotBeHadError."""
    with servers.running(name) as server:
        given = server.given
        yield Server(name, int(given["port"]), given["secret"], Path(given["data"]))


def program(name: str) -> Path:
    """Return the binary, building it first where it is missing; raises CannotBeHadError."""
    servers.install(name)
    return servers.program(name)
