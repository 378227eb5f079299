"""A limit on how long an answer may take to begin, so that nobody waits on a stuck hub for ever.

Work on a thread cannot be stopped: it runs on, and what it still sends is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.types import Message, Send

SECONDS: Final = 30.0
"""Limit for everything but uploads."""
UPLOAD_SECONDS: Final = 300.0
"""Limit for uploads: 30 MB over a slow line, and the verdict."""


class Deadline:
    """Guards one request. ``send`` passes answers on; once late it drops all but ``late``'s own.

    A timer of the event loop costs less than a task for each request.
    """

    def __init__(self, send: Send, seconds: float, late: Callable[[Send], Awaitable[None]]) -> None:
        """``late`` writes the answer of a request that took too long."""
        self._send = send
        self._late = late
        self._begun = False
        self._task: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(seconds, self._fire)

    async def send(self, message: Message) -> None:
        """Pass a message of the application on, unless it comes too late."""
        if self._task is None:
            self._begun = True
            await self._send(message)

    async def end(self) -> bool:
        """Stop the clock; return True where the answer was given by ``late``."""
        self._timer.cancel()
        if self._task is None:
            return False
        await self._task
        return True

    def _fire(self) -> None:
        if not self._begun:
            self._task = asyncio.ensure_future(self._answer())

    async def _answer(self) -> None:
        await self._late(self._send)
