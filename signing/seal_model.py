"""An electronic seal (电子印章) through its life, and certificates the regional CA gave out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from kernel.ids import SealId
from kernel.ports import Digest
from signing.x509.model import Cert


class SealState(StrEnum):
    """Where a seal stands."""

    APPLIED = "applied"
    """申请: asked for by one person, nothing made yet."""
    APPROVED = "approved"
    """批准: granted by a second person; drawn; keys, certificates and seal data under way."""
    IN_USE = "in-use"
    """启用: made, may seal."""
    SUSPENDED = "suspended"
    """停用: may be taken into use again."""
    RENEWED = "renewed"
    """换发: a successor took its place; seals nothing more, what it sealed stays good."""
    REVOKED = "revoked"
    """注销: for ever."""
    REJECTED = "rejected"
    """驳回: for ever."""


NEXT: dict[SealState, frozenset[SealState]] = {
    SealState.APPLIED: frozenset({SealState.APPROVED, SealState.REJECTED}),
    SealState.APPROVED: frozenset({SealState.IN_USE, SealState.REVOKED}),
    SealState.IN_USE: frozenset({SealState.SUSPENDED, SealState.RENEWED, SealState.REVOKED}),
    SealState.SUSPENDED: frozenset({SealState.IN_USE, SealState.REVOKED}),
    SealState.RENEWED: frozenset({SealState.REVOKED}),
    SealState.REVOKED: frozenset(),
    SealState.REJECTED: frozenset(),
}
"""Every step there is; all others are refused with ``seal-state``."""


class SealKind(StrEnum):
    """What a seal looks like. A seam seal (骑缝章) is a use of any: its picture in strips."""

    OFFICIAL = "official"
    """公章: round, a star, the authority's name on the arc."""
    SPECIAL = "special"
    """专用章: as the official one, with a second line that names the use."""
    PERSONAL = "personal"
    """名章: square, the name of a person who acts for the authority."""


@dataclass(frozen=True, slots=True)
class SealApplication:
    """What is asked for.

    ``org`` is the authority's credit code, ``org_name`` its legal name, which goes around the seal;
    ``second_line`` names a special use (户籍专用章), or the office of the person whose name seal it
    is (法定代表人); ``types`` are the certificate types it may seal, none meaning all of the
    authority's; ``users`` are ids of the actors who may use it, none meaning all with the right.
    ``person`` is personal data: it is kept sealed, and empty in what the register returns.
    """

    org: str
    org_name: str
    division: str
    valid_from: datetime
    valid_to: datetime
    second_line: str = ""
    types: tuple[str, ...] = ()
    diameter_mm: int = 40
    """Outer diameter, or the side of a square seal."""
    person: str = field(default="", repr=False)
    users: tuple[str, ...] = ()
    personal: bool = False

    @property
    def kind(self) -> SealKind:
        """What is drawn."""
        if self.personal:
            return SealKind.PERSONAL
        return SealKind.SPECIAL if self.second_line else SealKind.OFFICIAL


@dataclass(frozen=True, slots=True)
class SealStep:
    """One line of a seal's history: the state it came into, when, by whom, why."""

    state: SealState
    at: datetime
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal as the register holds it. Names of people do not occur, only ids of actors."""

    seal_id: SealId
    state: SealState
    application: SealApplication
    applied_by: str
    applied_at: datetime
    approved_by: str = ""
    approved_at: datetime | None = None
    reason: str = ""
    """Why it was rejected, suspended or revoked."""
    picture: Digest | None = None
    """Object with the PNG."""
    seal_der: bytes = b""
    """GB/T 38540 SESeal, once made."""
    person_sealed: bytes = field(default=b"", repr=False)
    """Name of the person whose seal it is, as the vault keeps it."""
    replaces: str = ""
    """Seal that this one was asked for to take the place of."""
    replaced_by: str = ""

    @property
    def name(self) -> str:
        """Name as it stands in the seal's data; of a person's seal it tells the office alone."""
        ending = "名章" if self.application.personal else ""
        return f"{self.application.org_name}{self.application.second_line}{ending}"

    def usable_at(self, moment: datetime) -> bool:
        """Tell whether the seal may be applied at ``moment``."""
        window = self.application
        return self.state is SealState.IN_USE and window.valid_from <= moment < window.valid_to

    def fits(self, certificate_type: str) -> bool:
        """Tell whether the seal may be put on this type of certificate."""
        return not self.application.types or certificate_type in self.application.types

    def forbids(self, user: str) -> bool:
        """Tell whether this actor may not use it: not among its users, or who applied, approved."""
        named = self.application.users
        return user in (self.applied_by, self.approved_by) or bool(named and user not in named)


@dataclass(frozen=True, slots=True)
class SealingBatch:
    """What is about to be sealed: declared once, before the first signature of a batch.

    ``root`` (SHA-256) commits to the unsealed files, by whoever declares them.
    """

    purpose: str
    count: int
    root: str


class Role(StrEnum):
    """What a certificate of the regional CA is for."""

    ROOT = "root"
    CA = "ca"
    SEAL_MAKER = "seal-maker"
    TIME_STAMP = "time-stamp"
    TRUST_LIST = "trust-list"
    """Signs the region's trust list; certified by the root itself."""
    OCSP = "ocsp"
    """Answers for the issuing CA which of its certificates are good (RFC 6960)."""
    SEAL = "seal"
    """Signer of a seal (SM2) or of documents (P-256) in the name of an authority."""


HOLD = "certificateHold"
"""Reason under which certificates of a suspended seal are listed (RFC 5280 §5.3.1)."""


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """A certificate in the CA's register."""

    cert: Cert
    role: Role
    algorithm: str
    """Algorithm of the certified key."""
    key: str
    """Name of the certified key at the signer."""
    org: str
    issued_at: datetime
    revoked_at: datetime | None = None
    reason: str = ""

    @property
    def on_hold(self) -> bool:
        """Tell whether it stands on the revocation list for a time only, with its seal."""
        return self.revoked_at is not None and self.reason == HOLD


@dataclass(frozen=True, slots=True)
class Region:
    """Whose CA this is: division code, name, and whether its keys are demo keys."""

    code: str
    name: str
    demo: bool = False
    years: Mapping[Role, int] = field(
        default_factory=lambda: {
            Role.ROOT: 20,
            Role.CA: 10,
            Role.SEAL_MAKER: 5,
            Role.TIME_STAMP: 5,
            Role.TRUST_LIST: 5,
            Role.OCSP: 1,
            Role.SEAL: 3,
        }
    )
    """How long certificates last."""
    ocsp: str = ""
    """Address of the issuing CA's responder, named in certificates; empty: none."""

    @property
    def mark(self) -> str:
        """Appended to every name so that demo certificates announce themselves."""
        return "（演示 DEMO）" if self.demo else ""
