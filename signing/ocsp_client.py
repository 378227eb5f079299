"""Asks a responder about a certificate over HTTP (RFC 6960 appendix A).

Only configured addresses are ever called: what a certificate or an answer names is not. No redirect
is followed, and an answer is kept only once it is proven to speak of the certificate.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import SplitResult

from kernel.clock import Clock
from kernel.errors import TongbanError
from signing import der, ocsp
from signing.address import callable_parts
from signing.ocsp_model import ResponseStatus
from signing.ocsp_wire import ANSWER_TYPE, LARGEST_ANSWER, REQUEST_TYPE, read_status, request
from signing.ses.der import DerError
from signing.x509 import Cert

_NONCE_OCTETS: Final = 32
_OK: Final = 200
SKEW: Final = timedelta(minutes=10)
"""How far the responder's clock may run ahead of ours."""


@dataclass(frozen=True, slots=True)
class Source:
    """A responder: address (http or https) and seconds to wait at each step.

    Raises TongbanError ``ocsp-address`` for an address that cannot be called as it stands.
    """

    address: str
    timeout_seconds: float = 3.0

    def __post_init__(self) -> None:
        """Refuse an address that cannot be called."""
        self.parts()

    def parts(self) -> SplitResult:
        """Return the address taken apart."""
        return callable_parts(self.address, "ocsp-address")


def ask(
    source: Source, cert: Cert, issuer: Cert, clock: Clock, lists: Iterable[bytes] = ()
) -> bytes:
    """Return a proven answer (DER) on a certificate.

    A responder may leave our nonce out and give an answer made before (RFC 5019), but not give
    another's nonce. Raises TongbanError ``ocsp-unreachable``, ``ocsp-refused``, ``ocsp-invalid``.
    """
    nonce = secrets.token_bytes(_NONCE_OCTETS)
    data = _call(source, request(cert, issuer, nonce))
    try:
        status = read_status(data)
    except DerError as error:
        raise TongbanError("ocsp-invalid", reason=error.detail) from error
    if status is not ResponseStatus.SUCCESSFUL:
        raise TongbanError("ocsp-refused", reason=status.name.lower().replace("_", " "))
    answer = ocsp.parse(data)
    if answer is None:
        raise TongbanError("ocsp-invalid", reason="no basic response")
    if answer.nonce not in (b"", der.encode(der.OCTETS, nonce)):
        raise TongbanError("ocsp-invalid", reason="nonce of another request")
    now = clock.now()
    found = ocsp.for_certificate((), cert, issuer, now + SKEW, given=(data,), lists=lists)
    if found is None:
        raise TongbanError("ocsp-invalid", reason="says nothing proven of the certificate")
    if found.next_update is not None and found.next_update < now:
        raise TongbanError("ocsp-invalid", reason="has ended")
    return data


def _call(source: Source, body: bytes) -> bytes:
    parts = source.parts()
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    host = parts.hostname or ""
    connection = kind(host, parts.port, timeout=source.timeout_seconds)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Content-Type": REQUEST_TYPE, "Accept": ANSWER_TYPE}
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        data = answer.read(LARGEST_ANSWER + 1)
        given = answer.headers.get_content_type()
    except (OSError, HTTPException) as error:
        reason = type(error).__name__
        raise TongbanError("ocsp-unreachable", host=host, reason=reason) from error
    finally:
        connection.close()
    if answer.status != _OK:
        raise TongbanError("ocsp-unreachable", host=host, reason=f"HTTP {answer.status}")
    if given != ANSWER_TYPE or len(data) > LARGEST_ANSWER:
        raise TongbanError("ocsp-invalid", reason="of another kind or too long")
    return data
