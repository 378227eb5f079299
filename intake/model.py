"""办件: cases of a journey, how each material was met, and what became of them.

Personal values are kept sealed; these classes hold them only when opened for those who may see
them. What a journey is lies in ``intake.journey_model``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from kernel.ids import CaseId, GrantId, HolderRef, JournalNo, RequestId
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
    GRANTED = "granted"
    """Decided; the certificate it ends with is not there yet."""
    DONE = "done"
    REJECTED = "rejected"


class CaseState(StrEnum):
    """State of a case (办件状态)."""

    OPEN = "open"
    DONE = "done"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Party:
    """A person of a case, opened. ``values`` are columns of the population row.

    Of a person who is not in the own region's data only ``id_number`` is known; ``version`` and
    ``row_key`` are empty.
    """

    name: str
    ref: HolderRef
    code: str
    values: Mapping[str, str]
    version: str
    row_key: str
    region: str = ""
    """户籍地: region (GB/T 2260) where the person is registered; empty: nobody has said."""


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
    params: Mapping[str, str] = field(default_factory=dict)
    """Fill the message of ``detail``."""


@dataclass(frozen=True, slots=True)
class Try:
    """An automatic way that did not help, and why.

    ``params`` fill the message of ``code``; ``origin`` in them is the region that failed or
    refused. ``attempt`` names the requests: one that a peer left without an answer is repeated.
    """

    way: WayKind
    code: str
    region: str = ""
    """Region whose certificates were asked for; empty: no certificate was."""
    params: Mapping[str, str] = field(default_factory=dict)
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class PeerEntry:
    """The entry of another region's hub about the same use: subject and leaf hash (Base64)."""

    subject: str
    leaf: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where what met a material came from; no person in it."""

    region: str
    at: datetime
    basis: str = ""
    """``consent`` or the code of a legal basis of the matter; empty: data or an earlier result."""
    identifier: str = ""
    """电子证照标识."""
    journal: JournalNo | None = None
    """Journal row of the use."""
    peer: PeerEntry | None = None


@dataclass(frozen=True, slots=True)
class MaterialRecord:
    """How a material stands. ``request`` is the certificate request that met it."""

    step: str
    code: str
    state: MaterialState
    way: WayKind | None = None
    request: RequestId | None = None
    certificate: str = ""
    tried: tuple[Try, ...] = ()
    """Automatic ways that failed, each with its reason."""
    digest: Digest | None = None
    due_at: datetime | None = None
    attempt: int = 0
    """How often the automatic ways were tried."""
    values: Mapping[str, str] = field(default_factory=dict)
    evidence: Evidence | None = None


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
    certificate: str = ""
    """Id of the certificate the step ended with."""
    identifier: str = ""
    """电子证照标识 of that certificate."""
    wait: str = ""
    """Of a granted step: code of the reason why its certificate is not there yet."""


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
    """What a clerk enters to open a case.

    ``regions`` maps a party to the region where it is registered; who is not in it is looked for
    in the own region's data.
    """

    journey: str
    subject_code: str
    applicant_code: str
    regions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Saved:
    """A paper that was not needed, and why."""

    step: str
    material: str
    way: WayKind
    request: RequestId | None
    certificate: str = ""
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Spared:
    """Time against the former way, over the steps done so far. Days are working days."""

    former_days: int
    days: int
    former_visits: int
    visits: int
    as_of: str
    source: str
    source_en: str
    example: bool
    """True: the former figures are examples, not verified."""

    @property
    def days_saved(self) -> int:
        """Return the working days saved; never negative."""
        return max(0, self.former_days - self.days)

    @property
    def visits_saved(self) -> int:
        """Return the ways to an office saved; never negative."""
        return max(0, self.former_visits - self.visits)


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
    results: tuple[StepRecord, ...] = ()
    """Steps that were granted, with what they ended with."""
    spared: Spared | None = None
    """None: the journey has no figures of the former way."""
