"""Checks a client assertion: ``private_key_jwt`` of OpenID Connect Core §9, JWT profile RFC 7523.

Pure: the same assertion, directory, audiences and time give the same answer. Whether the ``jti``
was used before is decided afterwards, in the transaction that hands out the token.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from joserfc import jws, jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OKPKey

from identity.errors import Code
from identity.model import Assertion, Client
from kernel.errors import Refused

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST: Final = timedelta(minutes=5)
SKEW: Final = timedelta(seconds=10)
"""Tolerated difference of clocks; FAPI 2.0 asks servers to accept 10 s."""
_MAX_CHARS: Final = 4096
# RFC 9864 deprecates the name EdDSA in favour of Ed25519; clients still send it.
warnings.filterwarnings("ignore", message="EdDSA is deprecated", category=SecurityWarning)
_ALGORITHMS: Final = {"ES256": "EC", "EdDSA": "OKP", "Ed25519": "OKP"}
"""Allow-list, each bound to its key type, so that no header can choose another way to verify.
``Ed25519`` is the name that RFC 9864 gives to what clients have long called ``EdDSA``."""


def check(
    assertion: str,
    *,
    clients: Mapping[str, Client],
    audiences: tuple[str, ...],
    now: datetime,
    client_id: str = "",
) -> Assertion | Refused:
    """Return who asks, or the reason to refuse; never raises on bad input.

    ``client_id`` is the form parameter of that name; when sent it must agree (RFC 7521 §4.2).
    """
    parts = _split(assertion)
    if parts is None:
        return Refused(Code.ASSERTION_MALFORMED, {"part": "JWT"})
    header, claims = parts
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in _ALGORITHMS:
        return Refused(Code.ASSERTION_ALGORITHM)
    client = _client(claims, clients, client_id)
    if isinstance(client, Refused):
        return client
    if not _signed(assertion, header, client):
        return Refused(Code.ASSERTION_SIGNATURE, {"client": client.id})
    return _judge(claims, client, audiences, now)


def _split(assertion: str) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    """Return header and claims, unverified."""
    if len(assertion) > _MAX_CHARS:
        return None
    try:
        unsafe = jws.extract_compact(assertion.encode("ascii"))
        header, claims = unsafe.headers(), json.loads(unsafe.payload)
    except (JoseError, ValueError, RecursionError):
        return None
    return (header, claims) if isinstance(claims, dict) else None


def _malformed(part: str) -> Refused:
    return Refused(Code.ASSERTION_MALFORMED, {"part": part})


def _client(
    claims: Mapping[str, Any], clients: Mapping[str, Client], client_id: str
) -> Client | Refused:
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or not issuer:
        return _malformed("iss")
    if claims.get("sub") != issuer:
        return _malformed("sub")
    if client_id and client_id != issuer:
        return _malformed("client_id")
    return clients.get(issuer) or Refused(Code.CLIENT_UNKNOWN)


def _signed(assertion: str, header: Mapping[str, Any], client: Client) -> bool:
    """Verify with a registered key only; keys or addresses of keys in the header are ignored."""
    kind = _ALGORITHMS[header["alg"]]
    kid = header.get("kid")
    keys = [key for key in client.keys if key["kty"] == kind and kid in (None, key["kid"])]
    return any(_verifies(assertion, header["alg"], key) for key in keys)


def _verifies(assertion: str, algorithm: str, key: Mapping[str, str]) -> bool:
    loader = ECKey if key["kty"] == "EC" else OKPKey
    try:
        jwt.decode(assertion, loader.import_key(dict(key)), algorithms=[algorithm])
    except (JoseError, ValueError):
        return False
    return True


def _judge(
    claims: Mapping[str, Any], client: Client, audiences: tuple[str, ...], now: datetime
) -> Assertion | Refused:
    params = {"client": client.id, "audience": audiences[0]}
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if len(named) != 1 or named[0] not in audiences:
        return Refused(Code.ASSERTION_AUDIENCE, params)
    moments = {name: _moment(claims.get(name)) for name in ("exp", "nbf", "iat")}
    expires = moments["exp"]
    if expires is None:
        return Refused(Code.ASSERTION_MALFORMED, {"client": client.id, "part": "exp"})
    if expires <= now - SKEW or any(
        moment is not None and moment > now + SKEW for moment in (moments["nbf"], moments["iat"])
    ):
        return Refused(Code.ASSERTION_EXPIRED, params)
    if expires > now + LONGEST + SKEW:
        return Refused(Code.ASSERTION_TOO_LONG, params)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 1 <= len(jti) <= 128:
        return Refused(Code.ASSERTION_MALFORMED, {"client": client.id, "part": "jti"})
    return Assertion(client, jti, expires)


def _moment(value: object) -> datetime | None:
    """Return a NumericDate (RFC 7519 §2) as time; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        return None
