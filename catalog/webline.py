"""The line to a department's web service: one question at a time, bounded in time, size and tries.

Redirections and proxies of the environment are not followed: the answer comes from the address that
the hub was given, or there is none. TLS is asked for, except on this machine.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import threading
import time
from collections.abc import Mapping
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Self

from catalog.errors import Code
from kernel.clock import Clock
from kernel.errors import TongbanError

if TYPE_CHECKING:
    import httpx2

CONNECT_SECONDS = 3.0
_LOCAL = ("127.0.0.1", "localhost", "::1")
_OK = 200
_AGAIN = (408, 425, 429)
_SERVER_ERROR = 500
_REDIRECTS = range(300, 400)


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and after what time a question is asked again. Seconds.

    A service that cannot be reached at all is given up sooner than one that answers badly.
    """

    attempts: int = 4
    unreached: int = 2
    first: float = 0.5
    longest: float = 30.0

    def wait(self, attempt: int, asked_for: float | None) -> float:
        """Return the time before the next attempt; ``asked_for`` is what ``Retry-After`` says.

        Half of it is chance, so that many hubs do not come back at once.
        """
        doubled = min(self.longest, self.first * 2 ** (attempt - 1))
        own = doubled * random.SystemRandom().uniform(0.5, 1.0)
        return float(min(self.longest, max(own, asked_for or 0.0)))


@dataclass(frozen=True, slots=True)
class Terms:
    """Who is asked how. ``seconds`` are for one answer, ``size`` is in bytes."""

    source: str
    address: str
    headers: Mapping[str, str]
    seconds: float
    size: int


class Again(Exception):  # noqa: N818 - not an error yet
    """An attempt failed in a way that the next one may not."""

    def __init__(self, code: Code, reason: str, after: float | None = None) -> None:
        """Keep what to say if it was the last attempt, and the wait that the service asked for."""
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.after = after


def check(source: str, address: str) -> None:
    """Raise ``source-address`` unless it is https, or http on this machine, and without a name."""
    import httpx2

    try:
        parts = httpx2.URL(address)
    except httpx2.InvalidURL:
        raise TongbanError(Code.SOURCE_ADDRESS, source=source) from None
    plain = parts.scheme == "http" and parts.host in _LOCAL
    safe = parts.host and (parts.scheme == "https" or plain)
    if not safe or parts.fragment or parts.userinfo:
        raise TongbanError(Code.SOURCE_ADDRESS, source=source)


class Line:
    """Asks one service; a context manager, so that its loop and its connection end with the fetch.

    An event loop of its own lets the whole exchange be cut off in time: a look-up of a name, an
    answer that drips, a header without end.
    """

    def __init__(self, terms: Terms, patience: Patience, clock: Clock) -> None:
        """Raise ``source-address``; nothing is connected yet."""
        check(terms.source, terms.address)
        self._terms = terms
        self._patience = patience
        self._clock = clock
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="source-line", daemon=True
        )
        self._client: httpx2.AsyncClient | None = None

    def __enter__(self) -> Self:
        """Start the loop."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection and stop the loop."""
        try:
            asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(1)
        except Late:
            pass
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(1)
            if not self._thread.is_alive():
                self._loop.close()

    def get(self, query: Mapping[str, str], until: float) -> bytes:
        """Return the body of a 200; ``until`` (monotonic seconds) ends all attempts.

        Raises TongbanError ``source-unreachable``, ``source-slow``, ``source-failing``,
        ``source-broke-off``, ``source-refused``, ``source-redirects`` or ``answer-too-large``.
        """
        attempt = 0
        while True:
            attempt += 1
            if time.monotonic() >= until:
                raise self._given_up(Again(Code.SOURCE_SLOW, ""))
            try:
                return self._ask(query, until)
            except Again as again:
                unreached = again.code is Code.SOURCE_UNREACHABLE
                most = self._patience.unreached if unreached else self._patience.attempts
                wait = self._patience.wait(attempt, again.after)
                if attempt >= most or time.monotonic() + wait >= until:
                    raise self._given_up(again) from None
            time.sleep(wait)

    def _given_up(self, again: Again) -> TongbanError:
        if again.code is Code.SOURCE_SLOW:
            seconds = f"{self._terms.seconds:g}"
            return TongbanError(again.code, source=self._terms.source, seconds=seconds)
        if again.code is Code.SOURCE_BROKE_OFF:
            return TongbanError(again.code, source=self._terms.source, came=again.reason)
        return TongbanError(again.code, source=self._terms.source, reason=again.reason)

    def _ask(self, query: Mapping[str, str], until: float) -> bytes:
        seconds = max(0.1, min(self._terms.seconds, until - time.monotonic()))
        work = self._once(query, seconds)
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(seconds + 0.5)
        except Late:  # a look-up of a name that cannot be interrupted
            future.cancel()
            raise Again(Code.SOURCE_UNREACHABLE, "name") from None

    async def _once(self, query: Mapping[str, str], seconds: float) -> bytes:
        import httpx2

        try:
            async with asyncio.timeout(seconds):
                return await self._exchange(query)
        except httpx2.ConnectTimeout:
            raise Again(Code.SOURCE_UNREACHABLE, "connection") from None
        except (TimeoutError, httpx2.TimeoutException):
            raise Again(Code.SOURCE_SLOW, "") from None
        except httpx2.ConnectError as error:
            reason = "tls" if "SSL" in str(error) or "CERT" in str(error) else "connection"
            raise Again(Code.SOURCE_UNREACHABLE, reason) from None
        except (httpx2.RequestError, OSError):
            raise Again(Code.SOURCE_BROKE_OFF, "HTTP") from None

    async def _exchange(self, query: Mapping[str, str]) -> bytes:
        import httpx2

        if self._client is None:
            self._client = httpx2.AsyncClient(
                timeout=httpx2.Timeout(self._terms.seconds, connect=CONNECT_SECONDS),
                verify=ssl.create_default_context(),
                trust_env=False,
                follow_redirects=False,
                headers={"accept": "application/json", "accept-encoding": "identity"},
            )
        url = httpx2.URL(self._terms.address).copy_merge_params(dict(query))
        async with self._client.stream("GET", url, headers=dict(self._terms.headers)) as answer:
            self._judge(answer)
            return await self._read(answer)

    def _judge(self, answer: httpx2.Response) -> None:
        status, source = answer.status_code, self._terms.source
        if status in _AGAIN or status >= _SERVER_ERROR:
            after = _seconds(answer.headers.get("retry-after", ""), self._clock)
            raise Again(Code.SOURCE_FAILING, f"HTTP {status}", after)
        if status in _REDIRECTS:
            raise TongbanError(Code.SOURCE_REDIRECTS, source=source)
        encoding = answer.headers.get("content-encoding", "identity")
        if status != _OK or encoding != "identity":
            told = f"HTTP {status}" if status != _OK else "content-encoding"
            raise TongbanError(Code.SOURCE_REFUSED, source=source, reason=told)

    async def _read(self, answer: httpx2.Response) -> bytes:
        limit = self._terms.size
        body = bytearray()
        async for part in answer.aiter_raw():
            body += part
            if len(body) > limit:
                raise TongbanError(Code.ANSWER_TOO_LARGE, source=self._terms.source, limit=limit)
        return bytes(body)

    async def _close(self) -> None:
        if self._client is not None:
            await self._client.aclose()


def _seconds(text: str, clock: Clock) -> float | None:
    """Read ``Retry-After`` (RFC 9110 §10.2.3): seconds or a date; None for neither."""
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        return (parsedate_to_datetime(text) - clock.now()).total_seconds()
    except (TypeError, ValueError):
        return None
