"""Asks a time-stamp authority outside, over HTTP (RFC 3161 clause 3.4).

Only the configured address is ever called: no redirect is followed, nothing that a file or an
answer names is fetched. Every token is checked before it is used.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult

from kernel.clock import Clock
from kernel.errors import TongbanError
from signing.address import callable_parts
from signing.ses.der import DerError
from signing.time import wire
from signing.time.check import LONGEST_TOKEN, check
from signing.time.model import StampRequest, Status, digest_oid
from signing.x509 import Cert

_NONCE_BITS = 63
_OK = 200


@dataclass(frozen=True, slots=True)
class Outside:
    """An authority outside: address (http or https), whose certificates end its chain, limits.

    ``policy`` empty accepts the authority's own choice; ``timeout_seconds`` holds for each step of
    the exchange. Raises TongbanError ``time-stamp-address``.
    """

    address: str
    anchors: tuple[Cert, ...]
    policy: str = ""
    timeout_seconds: float = 10.0

    def __post_init__(self) -> None:
        """Refuse an address that cannot be called as it stands."""
        self.parts()

    def parts(self) -> SplitResult:
        """Return the address taken apart."""
        return callable_parts(self.address, "time-stamp-address")


class OutsideTimeStamps:
    """Implements ``TimeStamps`` with an authority outside."""

    def __init__(self, authority: Outside, clock: Clock) -> None:
        """Keep the configuration; nothing is called yet."""
        self._authority = authority
        self._clock = clock

    def stamp(self, digest: bytes, algorithm: str) -> bytes:
        """Return a checked token; see ``TimeStamps``."""
        asked = StampRequest(
            digest_oid(algorithm, digest),
            digest,
            nonce=secrets.randbits(_NONCE_BITS),
            policy=self._authority.policy,
        )
        token = _granted(self._call(wire.request(asked)))
        check(token, asked, self._anchors, self._clock.now())
        return token

    @property
    def _anchors(self) -> Sequence[Cert]:
        return self._authority.anchors

    def _call(self, body: bytes) -> bytes:
        """Return the answer's bytes; raises TongbanError ``time-stamp-unreachable``."""
        parts = self._authority.parts()
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        host = parts.hostname or ""
        connection = kind(host, parts.port, timeout=self._authority.timeout_seconds)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"Content-Type": wire.REQUEST_TYPE, "Accept": wire.ANSWER_TYPE}
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            data = answer.read(LONGEST_TOKEN + 1)
            kind_given = answer.headers.get_content_type()
        except (OSError, HTTPException) as error:
            raise _unreachable(host, type(error).__name__) from error
        finally:
            connection.close()
        if answer.status != _OK:
            raise _unreachable(host, f"HTTP {answer.status}")
        if kind_given != wire.ANSWER_TYPE or len(data) > LONGEST_TOKEN:
            raise TongbanError("time-stamp-invalid", reason="answer is of another kind or too long")
        return data


def _granted(data: bytes) -> bytes:
    try:
        status, words, token = wire.read_answer(data)
    except DerError as error:
        raise TongbanError("time-stamp-invalid", reason=error.detail) from error
    if status not in (Status.GRANTED, Status.GRANTED_WITH_MODS):
        raise TongbanError("time-stamp-refused", reason=words or f"status {status}")
    if not token:
        raise TongbanError("time-stamp-invalid", reason="answer holds no token")
    return token


def _unreachable(host: str, reason: str) -> TongbanError:
    return TongbanError("time-stamp-unreachable", host=host, reason=reason)
