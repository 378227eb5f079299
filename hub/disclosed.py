"""What a certificate request gave, in words: the fields asked for, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from certificates.model import FieldSpec
from certificates.requests_model import CertificateAnswer
from hub import words

if TYPE_CHECKING:
    from hub.wiring import Hub


def given_view(hub: Hub, given: CertificateAnswer, asked: Sequence[str]) -> dict[str, Any]:
    """Return what the page shows of an answer; ``asked`` keeps the order of the form."""
    status = given.status
    kind = hub.typebook.types.get(status.type)
    org = hub.directory.org(status.issuer)
    specs = {spec.name: spec for spec in kind.fields} if kind else {}
    order = {name.partition(".")[0]: no for no, name in enumerate(asked)}
    names = sorted(given.fields, key=lambda name: order.get(name, len(order)))
    return {
        "request": given.request,
        "title": kind.title if kind else status.type,
        "identifier": status.identifier,
        "issuer": org.name if org else status.issuer,
        "status": words.status(status.status),
        "tone": words.tone(status.status),
        "checked_at": status.checked_at,
        "served_at": given.served_at,
        "repeated": given.repeated,
        "retention": given.retention,
        "retention_days": given.retention_days,
        "fields": [
            (_title(specs, name), _text(hub, specs.get(name), given.fields[name])) for name in names
        ],
        "tables": [
            _table(hub, {spec.name: spec for spec in table.columns}, table.title, rows)
            for table in (kind.tables if kind else ())
            if (rows := given.rows.get(table.name))
        ],
        "count": len(given.fields) + sum(len(rows[0]) for rows in given.rows.values() if rows),
    }


def _table(
    hub: Hub,
    specs: Mapping[str, FieldSpec],
    title: str,
    rows: Sequence[Mapping[str, str]],
) -> dict[str, Any]:
    names = [name for name in specs if name in rows[0]]
    return {
        "title": title,
        "head": [_title(specs, name) for name in names],
        "rows": [[_text(hub, specs[name], row.get(name, "")) for name in names] for row in rows],
    }


def _title(specs: Mapping[str, FieldSpec], name: str) -> str:
    return specs[name].title if name in specs else name


def _text(hub: Hub, spec: FieldSpec | None, value: str) -> str:
    """Return the word of a code beside the code itself, which is what was disclosed."""
    if spec is None or not spec.codes or not value:
        return value
    word = hub.tools.codes.text(spec.codes, value)
    return f"{word}（{value}）" if word and word != value else value
