"""Typed identifiers. Rooms refer to each other by these and never by each other's rows."""

from __future__ import annotations

import os
import time
from typing import NewType

ResourceId = NewType("ResourceId", str)
"""信息资源代码: the code of a catalogue resource."""
VersionId = NewType("VersionId", str)
"""One published, immutable version of a resource."""
DeliveryId = NewType("DeliveryId", str)
"""One delivery of a source: source name and digest of the bytes."""
CertificateId = NewType("CertificateId", str)
"""The hub's own id of a certificate; not the printed number (证照编号)."""
SealId = NewType("SealId", str)
"""印章编码: id of an electronic seal."""
GrantId = NewType("GrantId", str)
"""A holder's authorisation (授权)."""
RequestId = NewType("RequestId", str)
"""One certificate request of an agency."""
CaseId = NewType("CaseId", str)
"""办件编号: an intake case."""
HolderRef = NewType("HolderRef", str)
"""Keyed blind index of a holder's code; says nothing without the hub's key."""
JournalNo = NewType("JournalNo", int)
"""Row number of the journal, assigned by the database inside the transaction."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id(prefix: str) -> str:
    """Return ``prefix-`` and 26 characters that sort by creation time (48 bit ms + 80 bit random).

    Crockford base 32, so that an id can be read aloud. Random bits come from the operating system
    on every call, hence ids stay distinct across threads and forked processes.
    """
    number = (int(time.time() * 1000) << 80) | int.from_bytes(os.urandom(10), "big")
    digits: list[str] = []
    for _ in range(26):
        number, rest = divmod(number, 32)
        digits.append(_ALPHABET[rest])
    return f"{prefix}-{''.join(reversed(digits))}"
