"""The peer of the fetch bench: a bare FastAPI route with one indexed read on SQLite.

``python -m bench.bare FILE PORT`` serves until its standard input ends.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

ROWS = 50_000
SIZE = 750
"""Characters of text in a row: with them an answer is about as long as that of a fetch."""


class Answer(BaseModel):
    """What the route gives."""

    number: str
    text: str


def build(file: Path) -> FastAPI:
    """Return an application over a file of rows, which is made when it is missing."""
    fresh = not file.exists()
    connection = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    if fresh:
        connection.execute("CREATE TABLE entry (number TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID")
        rows = ((f"{number:08d}", "x" * SIZE) for number in range(ROWS))
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO entry VALUES (?, ?)", rows)
        connection.execute("COMMIT")
    app = FastAPI(openapi_url=None)

    @app.get("/rows/{number}")
    async def entry(number: str) -> Answer:
        found = connection.execute("SELECT number, text FROM entry WHERE number = ?", (number,))
        key, text = found.fetchone()
        return Answer(number=key, text=text)

    return app


def main(file: str, port: str) -> None:
    """Serve on loopback."""
    app = build(Path(file))
    server = uvicorn.Server(uvicorn.Config(app, port=int(port), access_log=False, log_config=None))

    def watch() -> None:
        while os.read(0, 4096):
            pass
        server.should_exit = True

    threading.Thread(target=watch, daemon=True).start()
    server.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
