"""Journeys (一件事) as data: steps over 事项, materials, and the ordered ways to meet each.

A *reference* such as ``guardian.id_number`` names a party of the case and a column of its row in
the population; ``=0`` is a literal. A key of an expectation is a column of what was found, or a
reference where the text says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from intake.model import WayKind


@dataclass(frozen=True, slots=True)
class CertificateWay:
    """Met by a certificate of one of ``holders`` (parties, tried in order).

    ``basis`` lists grounds in order of preference: ``consent`` or a code of the matter's bases.
    ``expect`` maps a face field to references; the value must equal one of them. For a column of a
    table one row must; the columns of that row are values of the material as ``table.column``.

    ``regions`` names parties whose regions (户籍地) are tried after the own one, in order. There
    the grounds of ``abroad`` count, and no consent given here does.
    """

    type: str
    holders: tuple[str, ...]
    purpose: str
    basis: tuple[str, ...]
    fields: tuple[str, ...]
    expect: Mapping[str, tuple[str, ...]]
    regions: tuple[str, ...] = ()
    abroad: tuple[str, ...] = ()

    @property
    def kind(self) -> WayKind:
        """Return the sort of way."""
        return WayKind.CERTIFICATE


@dataclass(frozen=True, slots=True)
class DataWay:
    """Met by rows of a resource: for each reference in ``of`` one row whose ``column`` equals it
    and which satisfies ``expect``. ``any_of``: one such reference is enough.
    """

    resource: str
    column: str
    of: tuple[str, ...]
    fields: tuple[str, ...]
    expect: Mapping[str, tuple[str, ...]]
    any_of: bool = False

    @property
    def kind(self) -> WayKind:
        """Return the sort of way."""
        return WayKind.DATA


@dataclass(frozen=True, slots=True)
class ChainedWay:
    """Met by the result of an earlier step.

    With ``fields`` the certificate which that step produced is used: its values, on a ground of
    ``basis``, for ``purpose``, as any other use of a certificate.
    """

    step: str
    type: str = ""
    purpose: str = ""
    basis: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    expect: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def kind(self) -> WayKind:
        """Return the sort of way."""
        return WayKind.CHAINED


@dataclass(frozen=True, slots=True)
class PromiseWay:
    """Met by a written promise; the department checks within ``days`` days."""

    letter: str
    letter_en: str
    days: int

    @property
    def kind(self) -> WayKind:
        """Return the sort of way."""
        return WayKind.PROMISE


@dataclass(frozen=True, slots=True)
class UploadWay:
    """Met by an uploaded scan of one of ``media`` types, at most ``max_bytes`` long."""

    media: tuple[str, ...]
    max_bytes: int

    @property
    def kind(self) -> WayKind:
        """Return the sort of way."""
        return WayKind.UPLOAD


Way = CertificateWay | DataWay | ChainedWay | PromiseWay | UploadWay


@dataclass(frozen=True, slots=True)
class MaterialSpec:
    """材料: a paper that used to be asked for, and the ordered ways to do without it."""

    code: str
    title: str
    title_en: str
    ways: tuple[Way, ...]
    paper: bool = True
    """False: was never a paper of its own, so it does not count as one saved."""
    when: str = ""
    """Party without whom nobody needs it; empty: always needed."""
    unless: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Not needed where each reference on the left equals one of those on the right."""


@dataclass(frozen=True, slots=True)
class FieldForm:
    """One field of the form. ``sources`` are tried in order: ``child.name``,
    ``material:step/material.field`` or ``form:step.field``. What none of them gives is typed.
    """

    name: str
    title: str
    title_en: str
    sources: tuple[str, ...]
    required: bool = True
    max_length: int = 100
    pattern: str = ""
    hint: str = ""
    hint_en: str = ""
    codes: str = ""
    """Code table whose words are shown in place of the value."""


@dataclass(frozen=True, slots=True)
class StepSpec:
    """One 事项 of a journey."""

    code: str
    title: str
    title_en: str
    matter: str
    after: tuple[str, ...]
    materials: tuple[MaterialSpec, ...]
    form: tuple[FieldForm, ...]
    result: str
    """What the step produces, as told to people."""
    result_en: str
    issues: str = ""
    """Certificate type that the department issues on a grant."""
    reissues: str = ""
    """Certificate type of which the department issues the next version on a grant."""
    key: str = ""
    """Source of the key of that certificate, as in ``FieldForm.sources``."""
    shows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What the register must show of the case by then, as ``expect`` of a certificate way."""
    former_days: int = 0
    """Working days the step took when papers were brought. See ``Former``."""
    former_visits: int = 0
    """Ways to an office the step took when papers were brought."""

    @property
    def produces(self) -> str:
        """Return the certificate type that a granted step ends with; empty: none."""
        return self.issues or self.reissues

    def material(self, code: str) -> MaterialSpec | None:
        """Return a material by code, or None."""
        return next((item for item in self.materials if item.code == code), None)


PartyKind = Literal[
    "subject",
    "applicant",
    "other-guardian",
    "household-head",
    "applicant-head",
    "other-head",
]
"""``household-head``: of the household the subject enters; the other heads: of a guardian's own."""


@dataclass(frozen=True, slots=True)
class PartySpec:
    """A person a journey speaks of and how it is found."""

    name: str
    title: str
    title_en: str
    kind: PartyKind
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Former:
    """Where the figures of the former way (``former_days``, ``former_visits``) come from."""

    as_of: str
    """Date of the figures, YYYY-MM-DD."""
    source: str
    source_en: str
    example: bool
    """True: not verified, an example."""


@dataclass(frozen=True, slots=True)
class Journey:
    """一件事 as data."""

    name: str
    title: str
    title_en: str
    resource: str
    """Resource in which the parties are found (人口基本信息)."""
    parties: tuple[PartySpec, ...]
    entry: Mapping[str, tuple[str, ...]]
    """What must hold before a case is opened, as in ``expect`` on the subject's row."""
    steps: tuple[StepSpec, ...]
    digest: str
    former: Former | None = None

    def step(self, code: str) -> StepSpec | None:
        """Return a step by code, or None."""
        return next((item for item in self.steps if item.code == code), None)
