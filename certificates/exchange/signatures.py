"""HTTP message signatures (RFC 9421) and content digests (RFC 9530) on ``Message``.

``http-message-signatures`` reads, writes and verifies; here stand the hubs' choices: one signature
under one tag, ECDSA on P-256 by a key elsewhere, and no clock but the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import http_sf
from cryptography.exceptions import InvalidSignature as WrongSignature
from cryptography.hazmat.primitives.serialization import load_der_public_key
from http_message_signatures import (
    ContentDigest,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    InvalidSignature,
    MappingKeyResolver,
    VerifyResult,
)
from http_message_signatures.algorithms import ECDSA_P256_SHA256
from http_message_signatures.exceptions import HTTPMessageSignaturesException

from certificates.exchange.message import Message

LABEL: Final = "tongban"
"""Label of our signatures; it is not signed, and nothing is chosen by it."""
TAG: Final = "tongban-peer"
"""Signed with each message: a signature made for another application proves nothing here."""
ALGORITHM: Final = ECDSA_P256_SHA256.algorithm_id


class MalformedError(ValueError):
    """A message carries no signature that proves it; the text says which part is wrong."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a signature says of itself, beside what it covers. Times in seconds since 1970."""

    key_id: str
    created: int
    expires: int
    nonce: str


def sign(
    message: Message, terms: Terms, covered: Sequence[str], key: Callable[[bytes], bytes]
) -> Message:
    """Return the message with its digest and one signature.

    ``key`` gets the signature base (RFC 9421 §2.5) and returns its DER signature. Raises what
    ``key`` raises, ValueError where a covered component is missing.
    """
    view = _view(message)
    signer = HTTPMessageSigner(signature_algorithm=ECDSA_P256_SHA256)
    prepared = signer.prepare(
        view,
        key_id=terms.key_id,
        created=datetime.fromtimestamp(terms.created).astimezone(),
        expires=datetime.fromtimestamp(terms.expires).astimezone(),
        nonce=terms.nonce,
        label=LABEL,
        tag=TAG,
        covered_component_ids=tuple(covered),
        body=message.body,
    )
    raw = ECDSA_P256_SHA256.signature_from_der(key(prepared.signature_base))
    signer.apply(view, prepared, raw)
    return replace(message, headers={name.lower(): text for name, text in view.headers.items()})


def terms(message: Message) -> Terms:
    """Read what the one signature under our tag says of itself, unproven; raises MalformedError."""
    try:
        text = message.headers["signature-input"].encode("ascii")
        parsed: Any = http_sf.parse(text, tltype="dictionary")
        ours = [said for _, said in parsed.values() if said.get("tag") == TAG]
        (said,) = ours
        found = Terms(said["keyid"], said["created"], said["expires"], said["nonce"])
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise MalformedError("form") from error
    wanted = (str, int, int, str)
    values = (found.key_id, found.created, found.expires, found.nonce)
    if [type(value) for value in values] != list(wanted):
        raise MalformedError("form")
    return found


def verify(message: Message, spki: bytes, covered: Sequence[str]) -> None:
    """Prove a message by one public key (SubjectPublicKeyInfo DER); raises MalformedError.

    The signature is over ``covered`` at least, its algorithm is ours, and the body is the signed
    one. Whoever calls looks at the times: see ``terms``.
    """
    key: Any = load_der_public_key(spki)
    known = MappingKeyResolver(public_keys={terms(message).key_id: key}, private_keys={})
    verifier = _Verifier(signature_algorithm=ECDSA_P256_SHA256, key_resolver=known)
    view = _view(message)
    try:
        (found,) = verifier.verify(view, expect_tag=TAG, max_age=None)
    except InvalidSignature as error:
        wrong = isinstance(error.__cause__, WrongSignature)
        raise MalformedError("signature" if wrong else "form") from error
    except (HTTPMessageSignaturesException, ValueError, TypeError) as error:
        raise MalformedError("form") from error
    if not set(covered) <= set(found.covered_components) or "alg" not in found.parameters:
        raise MalformedError("coverage")
    _same_body(verifier, view, found, message.body)


def content_digest(body: bytes) -> str:
    """Return the value of ``Content-Digest`` with SHA-256."""
    return str(ContentDigest.create(body))


@dataclass(slots=True)
class _Request:
    """A request as the library looks at one."""

    method: str
    url: str
    headers: dict[str, str]


@dataclass(slots=True)
class _Response:
    """An answer as the library looks at one."""

    status_code: int
    headers: dict[str, str]
    request: _Request | None


class _Verifier(HTTPMessageVerifier):
    """Leaves the times to whoever calls: the hub's clock decides, after the signature holds."""

    def validate_created_and_expires(self, sig_input: object, max_age: object = None) -> None:
        """Accept any time."""


def _view(message: Message) -> _Request | _Response:
    headers = dict(message.headers)
    if not message.status:
        return _Request(message.method, message.url, headers)
    asked = message.request
    request = _Request(asked.method, asked.url, dict(asked.headers)) if asked else None
    return _Response(message.status, headers, request)


def _same_body(
    verifier: HTTPMessageVerifier,
    view: _Request | _Response,
    found: VerifyResult,
    body: bytes,
) -> None:
    try:
        verifier.verify_body(view, [found], body)
    except HTTPMessageSignaturesException as error:
        raise MalformedError("content digest") from error
