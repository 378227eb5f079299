"""Opaque tokens: 256 random bits for the holder, a digest for the database."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

_CSRF: Final = b"tongban csrf"


def new_token() -> str:
    """Return 43 URL-safe characters holding 256 random bits."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return what is stored in place of a token.

    A plain SHA-256 suffices: the token has full entropy, so there is nothing to guess.
    """
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def csrf(token: str) -> str:
    """Return the form code of a session: derived, so that it needs no storage and dies with it."""
    return hmac.new(token.encode("utf-8", "surrogatepass"), _CSRF, hashlib.sha256).hexdigest()


def csrf_matches(token: str, code: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(csrf(token).encode(), code.encode("utf-8", "surrogatepass"))
