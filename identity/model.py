"""Who may be asking: organisations, windows, staff, clients, personas, sessions.

Plain data. Everything here but ``Session`` and ``AccessToken`` comes from registries; a session or
a token is what the database remembers of a party that proved who it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from kernel.actors import Actor, ActorKind, Reach


class OrgKind(StrEnum):
    """Sort of organisation, after the leading digits of its credit code (GB 32100)."""

    GOVERNMENT = "gov"
    MASS = "mass"
    INSTITUTION = "inst"
    COMPANY = "corp"


class ClientStatus(StrEnum):
    """Whether a client may get tokens and use them."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Org:
    """An organisation (单位): ``code`` is its credit code (统一社会信用代码)."""

    key: str
    code: str
    name: str
    kind: OrgKind
    division: str
    duties: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """A service window (窗口) at which staff of ``org`` receive people."""

    id: str
    name: str
    name_en: str
    org: str


@dataclass(frozen=True, slots=True)
class Role:
    """A role (角色): which actions it allows, and how far each reaches."""

    name: str
    title: str
    title_en: str
    rights: Mapping[str, Reach]


@dataclass(frozen=True, slots=True)
class Persona:
    """A demo person whom a visitor may play; never offered where ``environment = production``.

    ``holder_code`` is the id number of the synthetic person that a holder persona stands for.
    """

    name: str
    kind: ActorKind
    title: str
    title_en: str
    person: str
    about: str
    about_en: str
    roles: tuple[str, ...]
    org: str = ""
    window: str = ""
    holder_code: str = field(default="", repr=False)
    order: int = 100


@dataclass(frozen=True, slots=True)
class Client:
    """A machine of an agency that asks by OAuth 2 client credentials (RFC 6749 §4.4).

    ``keys`` are public JWKs (RFC 7517), each with a ``kid``; no secret is shared (RFC 7523).
    """

    id: str
    name: str
    org: str
    division: str
    roles: tuple[str, ...]
    status: ClientStatus
    keys: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Session:
    """A visitor's signed-in session. The token itself is never stored, only its digest."""

    digest: str
    persona: str
    started: datetime
    expires: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The answer to a sign-in: the token goes into the visitor's cookie and nowhere else."""

    token: str = field(repr=False)
    actor: Actor
    expires: datetime


@dataclass(frozen=True, slots=True)
class AccessToken:
    """The answer to a token request (RFC 6749 §5.1). ``seconds`` is its lifetime."""

    token: str = field(repr=False)
    client: str
    seconds: int
    scope: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """A single-use right to fetch ``subject`` until ``expires``."""

    token: str = field(repr=False)
    subject: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a checked client assertion (RFC 7523 §2.2) says: who, its single-use id, its end."""

    client: Client
    jti: str
    expires: datetime
