"""Addresses of services outside that a hub's settings name: time stamps and certificate status."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from kernel.errors import TongbanError


def callable_parts(address: str, code: str) -> SplitResult:
    """Return an http or https address taken apart; raises TongbanError ``code`` for any other.

    A user's name, a fragment and a port of zero have no place in it.
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise TongbanError(code, address=address) from error
    plain = parts.scheme in ("http", "https") and not parts.username and not parts.fragment
    if not plain or not parts.hostname or port == 0:
        raise TongbanError(code, address=address)
    return parts
