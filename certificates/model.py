"""What a certificate is: its type, the values on its face, its states, a template that draws it.

Terms follow GB/T 36901 to 36905 (电子证照). Types are data: files of ``certificates/types``, read
by ``certificates.typebook``. Lengths on a face are millimetres from its top left corner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal, Protocol

from certificates.face import Face
from signing.model import Placement

FieldKind = Literal["text", "date", "datetime", "amount"]
HolderKind = Literal["natural", "legal", "both"]
Format = Literal["pdf", "ofd"]
MEDIA: Final[Mapping[str, str]] = {"pdf": "application/pdf", "ofd": "application/ofd"}
"""Media type of each format; that of OFD is the one in use, for none is registered."""


class CertificateStatus(StrEnum):
    """证照状态. One list of the hub; the lists of the ministries are mapped to it at the edge."""

    DRAFT = "draft"
    """待签发: reserved or under way, not yet a certificate."""
    ISSUED = "issued"
    """有效."""
    SUSPENDED = "suspended"
    """暂扣."""
    SUPERSEDED = "superseded"
    """已换发: a later version took its place."""
    EXPIRED = "expired"
    """已过期."""
    CANCELLED = "cancelled"
    """注销: ended at the holder's request or by law."""
    WITHDRAWN = "withdrawn"
    """撤销: should not have been issued."""
    REVOKED = "revoked"
    """吊销: taken away as a sanction."""
    LOST = "lost"
    """挂失."""


STATUS_TITLES: Mapping[CertificateStatus, str] = {
    CertificateStatus.DRAFT: "待签发",
    CertificateStatus.ISSUED: "有效",
    CertificateStatus.SUSPENDED: "暂扣",
    CertificateStatus.SUPERSEDED: "已换发",
    CertificateStatus.EXPIRED: "已过期",
    CertificateStatus.CANCELLED: "注销",
    CertificateStatus.WITHDRAWN: "撤销",
    CertificateStatus.REVOKED: "吊销",
    CertificateStatus.LOST: "挂失",
}


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One 证照要素 of a type.

    ``source`` is ``resource.column`` of the catalogue: the issuer takes the value from there and
    from nowhere else. ``codes`` names the code table whose text is printed in place of the code.
    ``kind`` says how a standardised value is printed: ``date`` as 2026年1月2日, ``datetime`` as
    2026年01月02日 09时05分, ``amount`` without the zeros behind the point that say nothing.
    ``extension`` is the KZ_* name under which the value also enters the metadata of the file;
    empty: it does not.
    """

    name: str
    title: str
    source: str
    sensitive: bool = False
    required: bool = True
    codes: str = ""
    kind: FieldKind = "text"
    extension: str = ""

    @property
    def resource(self) -> str:
        """Return the catalogue resource of the source."""
        return self.source.partition(".")[0]

    @property
    def column(self) -> str:
        """Return the column of the source."""
        return self.source.partition(".")[2]


@dataclass(frozen=True, slots=True)
class TableSpec:
    """Rows on a face, such as the members of a household. All columns come from one resource.

    The rows of one certificate are those whose ``key`` column equals the certificate's own key,
    sorted by ``order``. ``where`` keeps only rows whose columns hold one of the given values.
    """

    name: str
    title: str
    key: str
    order: tuple[str, ...]
    columns: tuple[FieldSpec, ...]
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def resource(self) -> str:
        """Return the resource all columns are taken from."""
        return self.columns[0].resource


@dataclass(frozen=True, slots=True)
class HolderSpec:
    """持证主体: which columns of the type's resource name the holders.

    ``names`` and ``codes`` run in parallel, one entry per holder. ``where`` selects the row among
    those of one certificate that stands for it (the head of a household).
    """

    kind: HolderKind
    code_type: str
    """持证主体代码类型代码, GB/T 36903: ``111`` 公民身份号码."""
    code_type_title: str
    names: tuple[str, ...]
    codes: tuple[str, ...]
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    separator: str = ""
    """Parts the values of a cell that names several holders; empty: each cell names one."""


@dataclass(frozen=True, slots=True)
class Validity:
    """有效期: ``years`` from the issuing date, or open-ended (长期) where it is None."""

    years: int | None = None

    @property
    def range_text(self) -> str:
        """Return 证照有效期范围 as the metadata has it."""
        return "长期" if self.years is None else f"{self.years}年"


@dataclass(frozen=True, slots=True)
class CertificateType:
    """证照类型: everything needed to make, seal, check and disclose certificates of one kind."""

    name: str
    """Name of the file, and of the type inside the hub: ``marriage``."""
    title: str
    """证照类型名称: 结婚证."""
    code: str
    """证照类型代码: credit code of the defining authority and three digits."""
    synthetic: bool
    """The code, or the legal basis, is made up for demonstration; the face says so."""
    defining_org: str
    defining_code: str
    issuing_org: str
    """证照颁发机构, as printed; an issue may name another of ``issuers``."""
    issuing_code: str
    issuers: tuple[str, ...]
    """Credit codes of the bodies that may issue; empty: ``issuing_code`` alone."""
    area_code: str
    """证照所属管辖属地编码, GB/T 2260."""
    resource: str
    key: str
    """Column of ``resource`` whose value makes one certificate: ``household_number``."""
    number: str
    """Column of ``resource`` printed as 证照编号; often the same as ``key``."""
    holder: HolderSpec
    fields: tuple[FieldSpec, ...]
    tables: tuple[TableSpec, ...]
    validity: Validity
    seal: str
    """印章 to apply, by its kind: ``official`` 公章, ``special`` 专用章."""
    several: bool
    """允许多实例: one holder may have several valid ones at a time."""
    face: Face
    digest: str
    """SHA-256 of the file that defined it; kept with each certificate."""

    def field(self, name: str) -> FieldSpec:
        """Return a field by name; raises KeyError."""
        return next_named(self.fields, name)

    def may_issue(self, org_code: str) -> bool:
        """Tell whether a body may issue this type."""
        return org_code in (self.issuers or (self.issuing_code,))


def next_named(specs: tuple[FieldSpec, ...], name: str) -> FieldSpec:
    """Return the spec called ``name``; raises KeyError naming it."""
    for spec in specs:
        if spec.name == name:
            return spec
    raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Annotation:
    """加注: who made this copy, when, for which cause, until when it may be used.

    A copy carries it as a watermark over every page and as the four JZJ* entries of the metadata.
    """

    maker: str
    created_at: datetime
    cause: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class FaceValues:
    """All that varies between two certificates of one type, as it is to be printed.

    ``fields`` and the rows of ``rows`` hold display text: codes already turned into words. Dates
    may be ``YYYY-MM-DD``; fields of kind ``date`` are printed in Chinese. ``metadata`` has the
    pinyin names of the standard (``ZZBS`` …, ``KZ_*``).
    """

    number: str
    identifier: str
    fields: Mapping[str, str]
    rows: Mapping[str, Sequence[Mapping[str, str]]]
    qr: str
    metadata: Mapping[str, str]
    issued_at: datetime
    annotation: Annotation | None = None


class Template(Protocol):
    """A face compiled once and filled many times. Safe to use from several threads."""

    @property
    def kind(self) -> CertificateType:
        """Return the type it draws."""

    @property
    def placement(self) -> Placement:
        """Return where the seal goes: page from 0, corner and size in millimetres."""

    def fill(self, values: FaceValues) -> bytes:
        """Return the unsealed file. Equal values give equal bytes.

        Raises TongbanError ``glyph-missing`` (a character no font has), ``face-overflow`` (a text
        that fits nowhere), ``face-value-missing`` or ``face-value-unknown``.
        """
