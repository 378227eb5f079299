"""The peer of the fetch bench: a bare FastAPI route with one indexed read.

``python -m bench.bare FILE PORT`` serves until its standard input ends. The rows are in the SQLite
file FILE, or in the PostgreSQL database whose address is in the environment as ``BARE_DATABASE``.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

ROWS = 50_000
SIZE = 750
"""Characters of text in a row: with them an answer is about as long as that of a fetch."""
Read = Callable[[str], tuple[str, str]]


class Answer(BaseModel):
    """What the route gives."""

    number: str
    text: str


def rows() -> Iterator[tuple[str, str]]:
    """Return the rows of a new table."""
    return ((f"{number:08d}", "x" * SIZE) for number in range(ROWS))


def sqlite(file: Path) -> Read:
    """Read from a file, which is made when it is missing."""
    fresh = not file.exists()
    connection = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    if fresh:
        connection.execute("CREATE TABLE entry (number TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO entry VALUES (?, ?)", rows())
        connection.execute("COMMIT")

    def read(number: str) -> tuple[str, str]:
        found = connection.execute("SELECT number, text FROM entry WHERE number = ?", (number,))
        key, text = found.fetchone()
        return key, text

    return read


def postgresql(address: str) -> Read:
    """Read from a server by one connection with a prepared statement: the fastest that it gives."""
    import psycopg

    connection = psycopg.connect(address, autocommit=True)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS entry (number TEXT PRIMARY KEY, text TEXT)")
        cursor.execute("TRUNCATE entry")
        with cursor.copy("COPY entry FROM STDIN") as copy:
            for row in rows():
                copy.write_row(row)
        cursor.execute("ANALYZE entry")

    def read(number: str) -> tuple[str, str]:
        query = "SELECT number, text FROM entry WHERE number = %s"
        found = connection.execute(query, (number,), prepare=True).fetchone()
        assert found, number
        return found[0], found[1]

    return read


def build(read: Read) -> FastAPI:
    """Return an application over a table of rows."""
    app = FastAPI(openapi_url=None)

    @app.get("/rows/{number}")
    async def entry(number: str) -> Answer:
        key, text = read(number)
        return Answer(number=key, text=text)

    return app


def main(file: str, port: str) -> None:
    """Serve on loopback."""
    address = os.environ.get("BARE_DATABASE", "")
    app = build(postgresql(address) if address else sqlite(Path(file)))
    server = uvicorn.Server(uvicorn.Config(app, port=int(port), access_log=False, log_config=None))

    def watch() -> None:
        while os.read(0, 4096):
            pass
        server.should_exit = True

    threading.Thread(target=watch, daemon=True).start()
    server.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
