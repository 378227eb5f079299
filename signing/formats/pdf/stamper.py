"""pyHanko's time-stamp hook joined to ours."""

from __future__ import annotations

from typing import Any

from kernel.errors import TongbanError
from signing.time.check import stamped_digest
from signing.time.model import DIGEST_OIDS, FAMILY
from signing.time.ports import TimeStamps

TOKEN_OCTETS = 8192
"""Octets kept free for a token: ours has under 2500; authorities outside send longer chains."""


def stamper(stamps: TimeStamps) -> Any:
    """Return a pyHanko TimeStamper that asks ``stamps``; the digest tells the family."""
    from asn1crypto import cms
    from pyhanko.sign.timestamps.api import TimeStamper

    class Bridge(TimeStamper):  # type: ignore[misc] # pyHanko is not type-checked here
        """Hands digests to the authority and tokens back, both checked."""

        async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> Any:
            """Return the token over a digest."""
            family = FAMILY[DIGEST_OIDS[md_algorithm]]
            token = stamped_digest(stamps, message_digest, family)
            if len(token) > TOKEN_OCTETS:
                raise TongbanError("time-stamp-invalid", reason=f"{len(token)} bytes")
            return cms.ContentInfo.load(token)

    return Bridge()
