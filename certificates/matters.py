"""The book of 事项: reads ``certificates/matters/*.toml`` and the hub's overlay, strictly.

A matter that names an unknown type, field or basis does not load: a mistake here would open more
than the law allows.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from certificates.errors import Code
from certificates.matters_model import LegalBasis, Matter, Need, Purpose
from certificates.model import CertificateType
from certificates.requests_model import CONSENT
from certificates.strict import Reader
from certificates.typebook import Typebook
from kernel import registry
from kernel.errors import TongbanError

T = TypeVar("T")

LONGEST_CAUSE = 200
"""Characters of a cause of use, printed on a copy."""


@dataclass(frozen=True, slots=True)
class Matterbook:
    """All matters a hub knows. ``digest`` covers every file."""

    matters: Mapping[str, Matter]
    digest: str

    def get(self, name: str) -> Matter | None:
        """Return a matter by name or by 事项编码, or None."""
        found = self.matters.get(name)
        return found or next((item for item in self if item.code == name), None)

    def __iter__(self) -> Iterator[Matter]:
        """Iterate over the matters by name."""
        return iter(self.matters.values())


def load(types: Typebook, home: Path | None = None) -> Matterbook:
    """Read and check all matters; raises TongbanError ``matter-invalid`` naming file and reason."""
    found = registry.load("certificates", "matters", ".toml", home)
    matters = {name: read(member, types) for name, member in found.members.items()}
    codes = [item.code for item in matters.values()]
    for item in matters.values():
        if codes.count(item.code) > 1:
            raise _invalid(item.name, f"code {item.code} is used twice")
    return Matterbook(matters, found.digest)


def read(member: registry.Member, types: Typebook) -> Matter:
    """Turn one file into a matter; raises TongbanError ``matter-invalid``."""
    try:
        reader = Reader(member.name, member.toml())
        matter = reader.build(
            Matter,
            name=member.name,
            digest=member.digest,
            purposes=_each(reader.tables("purposes"), Purpose),
            bases=_each(reader.tables("bases", least=0), LegalBasis),
            needs=_each(reader.tables("needs"), Need),
        )
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _invalid(member.name, str(error)) from None
    except TongbanError as error:
        reason = f"{error.params.get('key', '')}: {error.params.get('reason', error.code)}"
        raise _invalid(member.name, reason) from None
    for reason in _mistakes(matter, types):
        raise _invalid(matter.name, reason)
    return matter


def covered(kind: CertificateType, allowed: Iterable[str], field: str) -> bool:
    """Tell whether ``field`` (``address``, ``members``, ``members.name``) lies within ``allowed``.

    A table is covered by its name or by all of its columns; a column by either.
    """
    names = set(allowed)
    table, _, column = field.partition(".")
    if field in names or (column and table in names):
        return True
    spec = next((item for item in kind.tables if item.name == field), None)
    return spec is not None and all(f"{field}.{one.name}" in names for one in spec.columns)


def between_regions(book: Matterbook) -> Matterbook:
    """Return the matters with the grounds that count between two regions among their grounds."""
    wider = {name: replace(matter, needs=_wider(matter)) for name, matter in book.matters.items()}
    return Matterbook(wider, book.digest)


def _wider(matter: Matter) -> tuple[Need, ...]:
    return tuple(replace(need, basis=(*need.basis, *need.abroad)) for need in matter.needs)


def whole_face(kind: CertificateType) -> tuple[str, ...]:
    """Return the names of everything a face shows: what an annotated copy discloses."""
    fields = [spec.name for spec in kind.fields]
    return (*fields, *(table.name for table in kind.tables))


def known(kind: CertificateType, field: str) -> bool:
    """Tell whether a type has this field, table or column of a table."""
    table, _, column = field.partition(".")
    for spec in kind.tables:
        if spec.name == table:
            return not column or any(one.name == column for one in spec.columns)
    return any(spec.name == field for spec in kind.fields)


def _mistakes(matter: Matter, types: Typebook) -> Iterator[str]:
    grounds = {CONSENT, *(item.code for item in matter.bases)}
    if matter.retention_days < 1:
        yield "retention_days: at least one day"
    for purpose in matter.purposes:
        if len(purpose.title) > LONGEST_CAUSE:
            yield f"purposes.{purpose.code}: at most {LONGEST_CAUSE} characters"
    for need in matter.needs:
        kind = types.types.get(need.type)
        if kind is None:
            yield f"needs: no certificate type {need.type}"
            continue
        yield from _need_mistakes(need, kind, grounds)


def _need_mistakes(need: Need, kind: CertificateType, grounds: set[str]) -> Iterator[str]:
    for name in need.fields:
        if not known(kind, name):
            yield f"needs.{need.type}.fields: no field {name}"
    for ground in (*need.basis, *need.abroad):
        if ground not in grounds:
            yield f"needs.{need.type}.basis: no basis {ground}"
    if CONSENT in need.abroad:
        yield f"needs.{need.type}.abroad: consent counts by basis"
    if not need.basis or not need.fields or not need.formats:
        yield f"needs.{need.type}: fields, formats and basis are needed"
    copies = [item for item in need.formats if item != "data"]
    hidden = [name for name in whole_face(kind) if not covered(kind, need.fields, name)]
    if copies and hidden:
        yield f"needs.{need.type}.formats: a copy shows the whole face, also {hidden[0]}"


def _each(readers: Iterable[Reader], shape: type[T]) -> tuple[T, ...]:
    return tuple(part.build(shape) for part in readers)


def _invalid(name: str, reason: Any) -> TongbanError:
    return TongbanError(Code.MATTER_INVALID, matter=name, reason=reason)
