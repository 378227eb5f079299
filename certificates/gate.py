"""Purpose limitation (目的限制): a matter uses its own fields, for its purposes, on its grounds.

One small function per question, asked in order. The same gate stands before a grant and before a
request, so that nobody is asked to agree to more than could be used.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from certificates.errors import Code
from certificates.matters import Matterbook, covered, whole_face
from certificates.matters_model import Matter, Need
from certificates.model import CertificateType
from certificates.requests_model import CertificateAsk
from certificates.typebook import Typebook
from kernel.errors import Refused

_KEY = re.compile(r"[!-~]{1,128}")
_CASE = re.compile(r"[0-9A-Za-z_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to use, or to allow."""

    requester: str
    matter: str
    case_no: str
    purpose: str
    type: str
    fields: tuple[str, ...]
    formats: tuple[str, ...]
    basis: str


@dataclass(frozen=True, slots=True)
class Ground:
    """What a wish stands on. ``shown`` is what would really be disclosed: a copy (加注件) shows the
    whole face.
    """

    matter: Matter
    need: Need
    kind: CertificateType
    shown: tuple[str, ...]


def may_repeat(ask: CertificateAsk) -> bool:
    """Tell whether the idempotency key is there and well formed: visible ASCII, at most 128."""
    return _KEY.fullmatch(ask.idempotency_key) is not None


def wish_of(requester: str, ask: CertificateAsk) -> Wish:
    """Return what the gate looks at of a request."""
    return Wish(
        requester=requester,
        matter=ask.matter,
        case_no=ask.case_no,
        purpose=ask.purpose,
        type=ask.type,
        fields=ask.fields,
        formats=ask.formats,
        basis=ask.basis,
    )


def ground(matters: Matterbook, types: Typebook, wish: Wish) -> Ground | Refused:
    """Return what the wish stands on, or the first refusal."""
    matter = matters.get(wish.matter) if wish.matter else None
    if matter is None:
        return Refused(Code.MATTER_UNKNOWN, {"matter": wish.matter[:40]})
    need = matter.need(wish.type)
    for question in (_handled, _case, _purpose):
        refused = question(matter, wish)
        if refused:
            return refused
    if need is None:
        params = {"matter": matter.title, "type": wish.type[:40]}
        return Refused(Code.TYPE_NOT_NEEDED, params)
    kind = types[need.type]
    copies = any(item != "data" for item in wish.formats)
    shown = tuple(dict.fromkeys((*wish.fields, *(whole_face(kind) if copies else ()))))
    found = Ground(matter, need, kind, shown)
    return next(filter(None, (ask(found, wish) for ask in _QUESTIONS)), found)


def _handled(matter: Matter, wish: Wish) -> Refused | None:
    if matter.handled_by(wish.requester):
        return None
    return Refused(Code.MATTER_NOT_HANDLED, {"matter": matter.title})


def _case(_matter: Matter, wish: Wish) -> Refused | None:
    return None if _CASE.fullmatch(wish.case_no) else Refused(Code.CASE_MISSING)


def _purpose(matter: Matter, wish: Wish) -> Refused | None:
    if not wish.purpose:
        return Refused(Code.PURPOSE_MISSING)
    if matter.purpose(wish.purpose):
        return None
    params = {"matter": matter.title, "purpose": wish.purpose[:40]}
    return Refused(Code.PURPOSE_NOT_REGISTERED, params)


def _fields(found: Ground, wish: Wish) -> Refused | None:
    if not wish.fields:
        return Refused(Code.FIELDS_MISSING)
    for name in found.shown:
        if not covered(found.kind, found.need.fields, name):
            params = {"matter": found.matter.title, "field": name[:40]}
            return Refused(Code.FIELD_NOT_NEEDED, params)
    return None


def _formats(found: Ground, wish: Wish) -> Refused | None:
    outside = [item for item in wish.formats or ("",) if item not in found.need.formats]
    if not outside:
        return None
    params = {"matter": found.matter.title, "format": outside[0][:20]}
    return Refused(Code.FORMAT_NOT_ALLOWED, params)


def _basis(found: Ground, wish: Wish) -> Refused | None:
    if not wish.basis:
        return Refused(Code.BASIS_MISSING)
    if wish.basis in found.need.basis:
        return None
    params = {"matter": found.matter.title, "basis": wish.basis[:40]}
    return Refused(Code.BASIS_NOT_REGISTERED, params)


_QUESTIONS: tuple[Callable[[Ground, Wish], Refused | None], ...] = (_fields, _formats, _basis)
