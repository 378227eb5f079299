"""事项: which certificates and fields a government service may use, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BasisKind = Literal["consent", "statutory"]
CopyFormat = Literal["data", "pdf", "ofd"]


@dataclass(frozen=True, slots=True)
class Purpose:
    """A registered purpose of use (用证事由); at most 200 characters on a copy."""

    code: str
    title: str
    title_en: str


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """A clause that allows a use without the holder's grant (依职能用证)."""

    code: str
    clause: str
    clause_en: str


@dataclass(frozen=True, slots=True)
class Need:
    """One certificate type that a matter may use: these fields, these forms, on these grounds.

    ``basis`` holds ``consent`` (a HolderGrant) and codes of the matter's legal bases. ``abroad``
    holds further ones that count between two regions only (跨区域互认): where the hub of another
    region is asked, or asks.
    """

    type: str
    fields: tuple[str, ...]
    formats: tuple[CopyFormat, ...]
    basis: tuple[str, ...]
    abroad: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Matter:
    """One 政务服务事项 as far as the use of certificates goes."""

    name: str
    """Name of the file, and of the matter inside the hub: ``birth-registration``."""
    code: str
    """事项编码."""
    title: str
    title_en: str
    org: str
    """Credit code of the department that handles it."""
    org_title: str
    windows: tuple[str, ...]
    """Credit codes of bodies whose windows take it in (综合受理)."""
    purposes: tuple[Purpose, ...]
    bases: tuple[LegalBasis, ...]
    needs: tuple[Need, ...]
    retention_days: int
    """How long the requester may keep what it was given."""
    retention: str
    """The duty told with each answer."""
    synthetic: bool
    digest: str

    def need(self, type_name: str) -> Need | None:
        """Return what it may use of a certificate type, or None."""
        return next((item for item in self.needs if item.type == type_name), None)

    def purpose(self, code: str) -> Purpose | None:
        """Return a registered purpose, or None."""
        return next((item for item in self.purposes if item.code == code), None)

    def basis(self, code: str) -> LegalBasis | None:
        """Return a registered legal basis, or None."""
        return next((item for item in self.bases if item.code == code), None)

    def handled_by(self, org: str) -> bool:
        """Tell whether an organisation handles it or takes it in."""
        return bool(org) and (org == self.org or org in self.windows)
