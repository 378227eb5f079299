"""Signs a message of this hub and proves one of a peer: who, unchanged, fresh, bound."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from certificates.errors import Code
from certificates.exchange import signatures
from certificates.exchange.model import WINDOW_SECONDS, Peer
from certificates.exchange.ports import MessageKey
from certificates.exchange.signatures import MalformedError, Message
from kernel.errors import Refused
from signing.algorithms import by_name

QUESTION = ('"@method"', '"@target-uri"', '"content-type"', '"content-digest"')
"""What the signature of a question covers."""
ANSWER = (
    *('"@status"', '"content-type"', '"content-digest"'),
    *('"@method";req', '"@target-uri";req', '"content-digest";req'),
    *('"signature-input";req', '"signature";req'),
)
"""What the signature of an answer covers: the question and its signature too."""


@dataclass(frozen=True, slots=True)
class Proven:
    """A message that a peer signed: its nonce, and when."""

    nonce: str
    created: int


def sign(message: Message, key: MessageKey, number: str, now: datetime) -> Message:
    """Return the message with its digest and signature; raises TongbanError of signing."""
    headers = {**message.headers, "content-digest": signatures.content_digest(message.body)}
    plain = replace(message, headers=headers)
    created, nonce = int(now.timestamp()), secrets.token_urlsafe(18)
    parameters: Mapping[str, int | str] = {
        "created": created,
        "expires": created + WINDOW_SECONDS,
        "nonce": nonce,
        "alg": signatures.ALGORITHM,
        "keyid": key.key_id(),
    }
    covered = ANSWER if message.status else QUESTION
    text = signatures.signature_input(covered, parameters)
    raw = key.sign(signatures.base(plain, covered, text), f"{number}/{nonce}")
    return replace(plain, headers={**headers, **signatures.fields(text, signatures.from_der(raw))})


def claimed(message: Message) -> str:
    """Return the region that a message says it comes from, unproven; empty where it names none."""
    try:
        key_id = signatures.read(message).parameters.get("keyid", "")
    except MalformedError:
        return ""
    region = key_id.partition("/")[0]
    return region if region.isdecimal() and len(region) == 6 else ""


def prove(message: Message, peer: Peer, now: datetime) -> Proven | Refused:
    """Prove a peer's message. Refused: ``peer-signature-invalid`` with a reason, ``peer-clock``.

    The clock is looked at after the signature, so that only the peer itself can be blamed for it.
    """
    try:
        proven = _proven(message, peer, now)
    except MalformedError as error:
        params = {"region": peer.region, "reason": str(error)}
        return Refused(Code.PEER_SIGNATURE_INVALID, params)
    except (KeyError, ValueError):
        return Refused(Code.PEER_SIGNATURE_INVALID, {"region": peer.region, "reason": "form"})
    off = abs(proven.created - int(now.timestamp()))
    if off > WINDOW_SECONDS:
        return Refused(Code.PEER_CLOCK, {"region": peer.region, "seconds": str(off)})
    return proven


def _proven(message: Message, peer: Peer, now: datetime) -> Proven:
    """Return what the signature proves, whenever it was made."""
    signed = signatures.read(message)
    given = signed.parameters
    created, expires, nonce = int(given["created"]), int(given["expires"]), given["nonce"]
    key = peer.key(given["keyid"], now)
    if key is None:
        raise MalformedError("key not registered")
    covered = set(ANSWER if message.status else QUESTION) <= set(signed.components)
    if not covered or given["alg"] != signatures.ALGORITHM:
        raise MalformedError("coverage")
    digest = signatures.content_digest(message.body)
    if not hmac.compare_digest(digest.encode(), message.headers["content-digest"].encode()):
        raise MalformedError("content digest")
    base = signatures.base(message, signed.components, signed.text)
    p256, der = by_name("ecdsa_p256"), signatures.to_der(signed.signature)
    if not p256.verify_digest(key.spki, p256.digest(base, key.spki), der):
        raise MalformedError("signature")
    if not 16 <= len(nonce) <= 128 or not created < expires <= created + WINDOW_SECONDS:
        raise MalformedError("times or nonce")
    return Proven(nonce, created)
