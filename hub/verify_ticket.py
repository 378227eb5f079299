"""The evidence of a checked file, handed to the browser and back: nothing is kept here.

The page that shows a verdict carries the evidence with it, encrypted under the hub's data key and
bound to whom it was shown. Who posts it back within the hour has it judged again under another
policy or as of another time, or gets a report, without the file. No table grows with strangers'
files, any process of the hub can answer, and a sign-out or another visitor's page ends it.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.errors import Code
from kernel.actors import Actor
from kernel.clock import from_iso, to_iso
from kernel.errors import Refused, TongbanError
from kernel.ports import Vault
from signing import evidence as codec
from signing.model import Evidence

LIFETIME: Final = timedelta(hours=1)
LONGEST: Final = 600_000
"""Characters of a ticket: with the form around it, it must fit an ordinary request."""
_EVIDENCE_BYTES: Final = 8 * 1024 * 1024
_TABLE, _COLUMN = "verification-ticket", "evidence"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a ticket says: the evidence, and when it was read out of the file."""

    evidence: Evidence
    read_at: datetime


def seal(vault: Vault, actor: Actor, evidence: Evidence, read_at: datetime) -> str:
    """Return the ticket, or nothing where the evidence is too long for one."""
    plain = codec.dump(evidence)
    if len(plain) > _EVIDENCE_BYTES:
        return ""
    packed = base64.b64encode(zlib.compress(plain, 9)).decode("ascii")
    sealed = vault.seal(_TABLE, actor.id, _COLUMN, f"{to_iso(read_at)}\n{packed}")
    text = base64.urlsafe_b64encode(sealed).decode("ascii")
    return text if len(text) <= LONGEST else ""


def unseal(vault: Vault, actor: Actor, text: str, now: datetime) -> Ticket | Refused:
    """Return what the ticket says; one of another visitor, hub or hour is refused."""
    refused = Refused(Code.VERIFICATION_TICKET)
    if not text or len(text) > LONGEST:
        return refused
    try:
        sealed = base64.urlsafe_b64decode(text.encode("ascii"))
        told, _, packed = vault.open(_TABLE, actor.id, _COLUMN, sealed).partition("\n")
    except (TongbanError, binascii.Error, ValueError):
        return refused
    read_at = from_iso(told)
    if not read_at <= now < read_at + LIFETIME:
        return refused
    # Only what this hub itself packed and sealed gets here, so that sizes are what they were.
    return Ticket(codec.load(zlib.decompress(base64.b64decode(packed))), read_at)
