"""一件事: journeys over 事项, ways to meet a material, cases and what became of them.

A *reference* such as ``guardian.id_number`` names a party of the case and a column of its row in
the population; ``=0`` is a literal. Personal values are kept sealed; these classes hold them only
when opened for those who may see them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from kernel.ids import CaseId, GrantId, HolderRef, RequestId
from kernel.ports import Digest


class WayKind(StrEnum):
    """How a material may be met, in the order a journey lists them."""

    CERTIFICATE = "certificate"
    """用证: fetched from the register by a grant or a legal basis."""
    DATA = "data"
    """数据核验: checked against published data."""
    CHAINED = "chained"
    """前序结果: the result of an earlier step of the same case."""
    PROMISE = "promise"
    """告知承诺: the applicant vouches, the department checks later."""
    UPLOAD = "upload"
    """上传: a scan of the paper."""


AUTOMATIC = frozenset({WayKind.CERTIFICATE, WayKind.DATA, WayKind.CHAINED})
"""Ways that need no paper and no typing."""


class MaterialState(StrEnum):
    """Whether a material is there."""

    OPEN = "open"
    MET = "met"


class StepState(StrEnum):
    """State of one 事项 inside a case."""

    WAITING = "waiting"
    """An earlier step is not done."""
    READY = "ready"
    SUBMITTED = "submitted"
    DONE = "done"
    REJECTED = "rejected"


class CaseState(StrEnum):
    """State of a case (办件状态)."""

    OPEN = "open"
    DONE = "done"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class CertificateWay:
    """Met by a certificate of one of ``holders`` (parties, tried in order).

    ``basis`` lists grounds in order of preference: ``consent`` or a code of the matter's bases.
    ``expect`` maps a face field to references; the value must equal one of them. For a column of a
    table one row must.
    """

    type: str
    holders: tuple[str, ...]
    purpose: str
    basis: tuple[str, ...]
    fields: tuple[str, ...]
    expect: Mapping[str, tuple[str, ...]]

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
    """Met by the result of an earlier step."""

    step: str

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

    def material(self, code: str) -> MaterialSpec | None:
        """Return a material by code, or None."""
        return next((item for item in self.materials if item.code == code), None)


PartyKind = Literal["subject", "applicant", "other-guardian", "household-head"]


@dataclass(frozen=True, slots=True)
class PartySpec:
    """A person a journey speaks of and how it is found."""

    name: str
    title: str
    title_en: str
    kind: PartyKind
    optional: bool = False


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

    def step(self, code: str) -> StepSpec | None:
        """Return a step by code, or None."""
        return next((item for item in self.steps if item.code == code), None)


@dataclass(frozen=True, slots=True)
class Party:
    """A person of a case, opened. ``values`` are columns of the population row."""

    name: str
    ref: HolderRef
    code: str
    values: Mapping[str, str]
    version: str
    row_key: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Something still missing, with what to do. ``code`` is a key of ``messages.toml``."""

    code: str
    step: str
    item: str
    """Code of the material or name of the form field."""
    ways: tuple[WayKind, ...] = ()
    detail: str = ""
    """Code of the reason why the automatic ways did not help."""


@dataclass(frozen=True, slots=True)
class MaterialRecord:
    """How a material stands. ``request`` is the certificate request that met it."""

    step: str
    code: str
    state: MaterialState
    way: WayKind | None = None
    request: RequestId | None = None
    certificate: str = ""
    tried: tuple[tuple[WayKind, str], ...] = ()
    """Automatic ways that failed, each with the code of its reason."""
    digest: Digest | None = None
    due_at: datetime | None = None
    attempt: int = 0
    """How often the automatic ways were tried."""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FieldRecord:
    """One filled field. ``origin`` is the reference it came from; empty: typed."""

    step: str
    name: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class StepRecord:
    """How a step stands."""

    code: str
    state: StepState
    result_no: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """An opened case (办件), with what its reader may see."""

    id: CaseId
    journey: str
    journey_digest: str
    division: str
    org: str
    window: str
    clerk: str
    state: CaseState
    subject: HolderRef
    applicant: HolderRef
    opened_at: datetime
    steps: tuple[StepRecord, ...]
    materials: tuple[MaterialRecord, ...]
    fields: tuple[FieldRecord, ...]
    parties: tuple[Party, ...]
    grants: Mapping[str, GrantId] = field(default_factory=dict)
    """Grants given for this case, by ``step/material``."""
    consented_at: datetime | None = None

    def step(self, code: str) -> StepRecord | None:
        """Return how a step stands, or None."""
        return next((item for item in self.steps if item.code == code), None)

    def material(self, step: str, code: str) -> MaterialRecord | None:
        """Return how a material stands, or None."""
        return next(
            (item for item in self.materials if (item.step, item.code) == (step, code)), None
        )


@dataclass(frozen=True, slots=True)
class Opening:
    """What a clerk enters to open a case."""

    journey: str
    subject_code: str
    applicant_code: str


@dataclass(frozen=True, slots=True)
class Saved:
    """A paper that was not needed, and why."""

    step: str
    material: str
    way: WayKind
    request: RequestId | None


@dataclass(frozen=True, slots=True)
class Report:
    """What a case spared people. ``open`` materials are neither saved nor brought."""

    case: CaseId
    saved: tuple[Saved, ...]
    brought: Sequence[str]
    promised: Sequence[str]
    open: Sequence[str]
    prefilled: int
    typed: int
    elapsed: timedelta
