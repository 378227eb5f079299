"""Who acts, on what, and whether they may. Deny unless allowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kernel.errors import Refused
from kernel.ids import HolderRef


class ActorKind(StrEnum):
    """What sort of party asks."""

    STAFF = "staff"
    CLIENT = "client"
    HOLDER = "holder"
    SYSTEM = "system"
    PUBLIC = "public"


class Reach(StrEnum):
    """How far a right reaches."""

    ALL = "all"
    DIVISION = "division"
    """Objects of the actor's division (行政区划) and of those below it."""
    ORG = "org"
    """Objects owned by the actor's organisation."""
    SELF = "self"
    """Objects of which the actor is the holder (持证主体)."""


@dataclass(frozen=True, slots=True)
class Actor:
    """The party behind a call, as established by ``identity``.

    ``rights`` maps an action such as ``certificates.issue`` to its reach. ``division`` is a code of
    GB/T 2260 (6 digits) or its extension (up to 12); ``org`` a credit code (统一社会信用代码).
    """

    id: str
    kind: ActorKind
    name: str = ""
    org: str = ""
    division: str = ""
    window: str = ""
    roles: frozenset[str] = frozenset()
    rights: Mapping[str, Reach] = field(default_factory=dict)
    holder: HolderRef | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """What an action touches: the object's division, owning organisation and holders."""

    division: str = ""
    org: str = ""
    holders: frozenset[HolderRef] = frozenset()


@dataclass(frozen=True, slots=True)
class Allowed:
    """The action may go ahead; ``reach`` tells a store how to narrow its rows."""

    reach: Reach


def authorise(actor: Actor, action: str, scope: Scope | None = None) -> Allowed | Refused:
    """Decide whether ``actor`` may do ``action`` on ``scope``.

    Without a scope only the right itself is checked; the caller must then narrow what it returns by
    ``Allowed.reach``. Returns ``Refused('not-permitted')`` otherwise; never raises.
    """
    reach = actor.rights.get(action)
    refused = Refused("not-permitted", {"action": action})
    if reach is None:
        return refused
    if scope is None or reach is Reach.ALL:
        return Allowed(reach)
    held = actor.holder is not None and actor.holder in scope.holders
    inside = {
        Reach.DIVISION: bool(actor.division) and covers(actor.division, scope.division),
        Reach.ORG: bool(actor.org) and actor.org == scope.org,
        Reach.SELF: held,
    }[reach]
    return Allowed(reach) if inside else refused


def covers(division: str, other: str) -> bool:
    """Tell whether ``other`` lies in ``division``: 410100 covers 410105 and 410105001000.

    Trailing pairs of zeros name a higher level, so they are cut before the prefixes are compared.
    """
    prefix = division
    while prefix.endswith("00") and len(prefix) > 2:
        prefix = prefix[:-2]
    return bool(other) and other.startswith(prefix)


def system(name: str, division: str = "", rights: tuple[str, ...] = ()) -> Actor:
    """Return an actor for the hub's own work (a DAG, a worker, the demo), with the named rights."""
    reach = dict.fromkeys(rights, Reach.ALL)
    return Actor(f"system:{name}", ActorKind.SYSTEM, name, division=division, rights=reach)
