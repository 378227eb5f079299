"""What of a certificate is disclosed: the named fields and its status, nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from certificates.model import CertificateType
from certificates.register_model import Contents, StatusAnswer
from certificates.register_store import Draft
from kernel.clock import BEIJING


def disclosed(
    kind: CertificateType, contents: Contents, names: Sequence[str]
) -> tuple[Mapping[str, str], Mapping[str, Sequence[Mapping[str, str]]]]:
    """Pick the named fields, tables and columns; everything else stays behind."""
    fields = {name: contents.fields[name] for name in names if name in contents.fields}
    rows: dict[str, Sequence[Mapping[str, str]]] = {}
    for table in kind.tables:
        columns = {
            spec.name
            for spec in table.columns
            if table.name in names or f"{table.name}.{spec.name}" in names
        }
        if columns:
            rows[table.name] = tuple(
                {name: value for name, value in row.items() if name in columns}
                for row in contents.rows[table.name]
            )
    return fields, rows


def status_served(draft: Draft, at: datetime) -> StatusAnswer:
    """Return the status as it stood in the serving transaction, which read it at ``at``."""
    one = draft.certificate
    return StatusAnswer(
        certificate=one.id,
        identifier=one.identifier,
        type=one.type,
        issuer=one.issuer,
        status=one.effective(at.astimezone(BEIJING).date()),
        reason="",
        checked_at=at,
        valid_from=one.valid_from,
        valid_to=one.valid_to,
    )
