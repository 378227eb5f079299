"""A client process that puts one server under load: ``python -m bench.load < plan.json``.

It keeps a fixed number of connections busy for some seconds, then prints what it got as JSON. Both
sides of a comparison are loaded by this same program, in a process of its own. It speaks HTTP/1.1
by itself, because a client library costs more time for each answer than a bare server does: then
the client would be measured, and every server would look as fast as the next.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send. ``bodies`` are sent in turn as POST; without them ``paths`` are read."""

    address: str
    paths: tuple[str, ...]
    connections: int
    seconds: float
    most: int
    """Requests at which it ends, whatever the time."""
    token: str = ""
    bodies: tuple[dict[str, Any], ...] = ()


@dataclass(slots=True)
class Load:
    """What came back."""

    seconds: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    requests: list[str] = field(default_factory=list)
    """``request_id`` of every answer that has one."""
    receipts: Counter[str] = field(default_factory=Counter)
    """States of the receipts in the answers."""
    waits: list[float] = field(default_factory=list)
    """Seconds from the question to the whole answer."""
    size: int = 0
    """Bytes of the last body."""

    @property
    def answers(self) -> int:
        """All answers, whatever their status."""
        return sum(self.statuses.values())

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


def under_load(plan: Plan) -> Load:
    """Run the plan in a process of its own and return what it got."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(asdict(plan)).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=plan.seconds + 60,
    )
    raw = json.loads(done.stdout)
    return Load(
        **raw | {"statuses": Counter(raw["statuses"]), "receipts": Counter(raw["receipts"])}
    )


async def _run(plan: Plan) -> Load:
    load, sent = Load(), 0
    host, _, port = plan.address.removeprefix("http://").partition(":")
    head = f"Host: {host}\r\nAuthorization: Bearer {plan.token}\r\n"
    bodies = [json.dumps(body).encode() for body in plan.bodies]
    run = int(time.time() * 1000)

    def question(number: int) -> bytes:
        path = plan.paths[number % len(plan.paths)]
        if not bodies:
            return f"GET {path} HTTP/1.1\r\n{head}\r\n".encode()
        body = bodies[number % len(bodies)]
        more = f"Idempotency-Key: {run}-{number}\r\nContent-Type: application/json\r\n"
        size = f"Content-Length: {len(body)}\r\n"
        return f"POST {path} HTTP/1.1\r\n{head}{more}{size}\r\n".encode() + body

    async def busy() -> None:
        nonlocal sent
        reader, writer = await asyncio.open_connection(host, int(port))
        while time.perf_counter() < until and sent < plan.most:
            sent += 1
            asked = time.perf_counter()
            writer.write(question(sent))
            status, body = await _answer(reader)
            load.waits.append(time.perf_counter() - asked)
            load.statuses[status] += 1
            load.size = len(body)
            if bodies and status == "200":
                found = json.loads(body)
                load.requests.append(found["request_id"])
                load.receipts[found["receipt"]["state"]] += 1
        writer.close()

    began = time.perf_counter()
    until = began + plan.seconds
    await asyncio.gather(*(busy() for _ in range(plan.connections)))
    load.seconds = time.perf_counter() - began
    return load


async def _answer(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """Read one answer of a kept connection; both servers give its length."""
    head = await reader.readuntil(b"\r\n\r\n")
    found = _LENGTH.search(head)
    assert found, "an answer without a length"
    return head[9:12].decode(), await reader.readexactly(int(found[1]))


def main() -> None:
    """Read the plan, run it, print the result."""
    raw = json.load(sys.stdin)
    raw["paths"], raw["bodies"] = tuple(raw["paths"]), tuple(raw["bodies"])
    load = uvloop.run(_run(Plan(**raw)))
    json.dump({item.name: getattr(load, item.name) for item in fields(load)}, sys.stdout)


if __name__ == "__main__":
    main()
