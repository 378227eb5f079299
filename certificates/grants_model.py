"""授权: a holder, or a minor's guardian, allows one use of one certificate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from kernel.ids import GrantId, HolderRef

LONGEST_GRANT = timedelta(hours=24)
"""A grant lives at most this long."""


class GrantState(StrEnum):
    """What a grant is good for at a moment."""

    OPEN = "open"
    USED = "used"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Capacity(StrEnum):
    """In which capacity the granting person acts."""

    HOLDER = "holder"
    """本人."""
    GUARDIAN = "guardian"
    """监护人, proven by data."""


@dataclass(frozen=True, slots=True)
class GrantOffer:
    """What the granting person agrees to.

    ``minor`` is the code (公民身份号码) of the minor for whom a guardian grants; empty: the actor's
    own certificate. ``fields`` name face fields; ``formats`` are ``data``, ``pdf``, ``ofd``.
    """

    requester: str
    """Credit code of the organisation that may use it."""
    matter: str
    case_no: str
    purpose: str
    type: str
    fields: tuple[str, ...]
    formats: tuple[str, ...] = ("data",)
    lifetime: timedelta = LONGEST_GRANT
    minor: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """HolderGrant: single use, bound to holder, requester, matter, case, purpose and fields."""

    id: GrantId
    holder: HolderRef
    granted_by: HolderRef
    capacity: Capacity
    requester: str
    matter: str
    case_no: str
    purpose: str
    type: str
    fields: tuple[str, ...]
    formats: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    withdrawn_at: datetime | None = None
    used_at: datetime | None = None

    def state(self, now: datetime) -> GrantState:
        """Return the state at ``now``; use and withdrawal outlast expiry."""
        if self.used_at is not None:
            return GrantState.USED
        if self.withdrawn_at is not None:
            return GrantState.WITHDRAWN
        return GrantState.EXPIRED if now >= self.expires_at else GrantState.OPEN
