"""The line to peers: one HTTP exchange within a fixed time, on an event loop of its own."""

from __future__ import annotations

import asyncio
import ssl
import threading
from concurrent.futures import TimeoutError as Late
from functools import cached_property
from typing import TYPE_CHECKING, Final

from certificates.errors import Code
from certificates.exchange.message import Message
from kernel.errors import TongbanError

if TYPE_CHECKING:
    import httpx2

SECONDS: Final = 2.5
"""For the whole exchange: name look-up, connection, question, answer."""
LARGEST_ANSWER: Final = 32 * 1024 * 1024
_LARGEST_FIELDS: Final = 16 * 1024


class PeerLine:
    """Implements ``certificates.exchange.ports.Line``.

    Each exchange has a connection of its own: a peer that answers twice leaves nothing behind for
    the next question. Redirections and proxies of the environment are not followed.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        """Start the loop when first used."""
        self._seconds = seconds
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def longest(self) -> float:
        """Seconds after which whoever asks is told, whatever the line does."""
        return self._seconds + 0.3

    def send(self, question: Message, region: str) -> Message:
        """Return the answer; see ``Line.send``."""
        work = self._send(question, region)
        future = asyncio.run_coroutine_threadsafe(work, self._running())
        try:
            return future.result(self.longest)
        except Late:  # a look-up of a name that cannot be interrupted
            future.cancel()
            raise self._slow(region) from None

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """The system's authorities, read once: that takes longer than an exchange."""
        return ssl.create_default_context()

    def close(self) -> None:
        """Stop the loop."""
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                run = self._loop.run_forever
                threading.Thread(target=run, name="peer-line", daemon=True).start()
            return self._loop

    async def _send(self, question: Message, region: str) -> Message:
        import httpx2

        try:
            async with asyncio.timeout(self._seconds):
                return await self._exchange(question, region)
        except (TimeoutError, httpx2.TimeoutException):
            raise self._slow(region) from None
        except (httpx2.ConnectError, httpx2.UnsupportedProtocol, httpx2.InvalidURL):
            raise TongbanError(Code.PEER_UNREACHABLE, region=region) from None
        except (httpx2.RequestError, OSError):
            raise TongbanError(Code.PEER_ANSWER_INCOMPLETE, region=region) from None

    async def _exchange(self, question: Message, region: str) -> Message:
        import httpx2

        async with (
            httpx2.AsyncClient(
                timeout=self._seconds,
                verify=self._tls,
                trust_env=False,
                follow_redirects=False,
                limits=httpx2.Limits(max_keepalive_connections=0),
            ) as client,
            client.stream(
                question.method,
                question.url,
                content=question.body,
                headers={**question.headers, "connection": "close"},
            ) as answer,
        ):
            return await _read(answer, region)

    def _slow(self, region: str) -> TongbanError:
        return TongbanError(Code.PEER_SLOW, region=region, seconds=f"{self._seconds:g}")


async def _read(answer: httpx2.Response, region: str) -> Message:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    body = bytearray()
    async for part in answer.aiter_raw():
        body += part
        if len(body) > LARGEST_ANSWER:
            raise TongbanError(Code.PEER_ANSWER_MALFORMED, region=region)
    if sum(len(name) + len(value) for name, value in headers.items()) > _LARGEST_FIELDS:
        raise TongbanError(Code.PEER_ANSWER_MALFORMED, region=region)
    return Message(headers, bytes(body), status=answer.status_code)
