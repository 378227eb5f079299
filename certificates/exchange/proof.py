"""Signs a message of this hub and proves one of a peer: who, unchanged, fresh, bound."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from certificates.errors import Code
from certificates.exchange import signatures
from certificates.exchange.message import Message
from certificates.exchange.model import WINDOW_SECONDS, Peer
from certificates.exchange.ports import MessageKey
from certificates.exchange.signatures import MalformedError, Terms
from kernel.errors import Refused

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
    created, nonce = int(now.timestamp()), secrets.token_urlsafe(18)
    terms = Terms(key.key_id(), created, created + WINDOW_SECONDS, nonce)
    covered = ANSWER if message.status else QUESTION
    return signatures.sign(
        message, terms, covered, lambda base: key.sign(base, f"{number}/{nonce}")
    )


def claimed(message: Message) -> str:
    """Return the region that a message says it comes from, unproven; empty where it names none."""
    try:
        key_id = signatures.terms(message).key_id
    except MalformedError:
        return ""
    region = key_id.partition("/")[0]
    return region if region.isascii() and region.isdecimal() and len(region) == 6 else ""


def prove(message: Message, peer: Peer, now: datetime) -> Proven | Refused:
    """Prove a peer's message. Refused: ``peer-signature-invalid`` with a reason, ``peer-clock``.

    The clock is looked at after the signature, so that only the peer itself can be blamed for it.
    """
    try:
        proven = _proven(message, peer, now)
    except MalformedError as error:
        params = {"region": peer.region, "reason": str(error)}
        return Refused(Code.PEER_SIGNATURE_INVALID, params)
    off = abs(proven.created - int(now.timestamp()))
    if off > WINDOW_SECONDS:
        return Refused(Code.PEER_CLOCK, {"region": peer.region, "seconds": str(off)})
    return proven


def _proven(message: Message, peer: Peer, now: datetime) -> Proven:
    """Return what the signature proves, whenever it was made."""
    said = signatures.terms(message)
    key = peer.key(said.key_id, now)
    if key is None:
        raise MalformedError("key not registered")
    signatures.verify(message, key.spki, ANSWER if message.status else QUESTION)
    lives = 0 < said.expires - said.created <= WINDOW_SECONDS
    if not 16 <= len(said.nonce) <= 128 or not lives:
        raise MalformedError("times or nonce")
    return Proven(said.nonce, said.created)
