"""Reads code tables and suites from their registries. Pure text work, no engine."""

from __future__ import annotations

import csv
import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

from kernel import registry
from kernel.errors import TongbanError
from quality.errors import Code
from quality.model import CodeRow, CodeTable, Column, Dimension, Rule, RuleKind, Severity, Suite

_SUITE_KEYS = {"title", "resource", "key", "fresh_days", "columns", "thresholds", "rules"}
_COLUMN_KEYS = {"title", "element", "required", "table", "successor"}
_DIMENSIONS = {
    RuleKind.REQUIRED: Dimension.COMPLETENESS,
    RuleKind.PRESENT_WHEN: Dimension.COMPLETENESS,
    RuleKind.UNIQUE: Dimension.UNIQUENESS,
    RuleKind.ELEMENT: Dimension.VALIDITY,
}
_NEEDS = {
    RuleKind.MATCHES: ("other", "derive"),
    RuleKind.DERIVED_IS: ("derive", "value"),
    RuleKind.DIFFERENT: ("other",),
    RuleKind.NOT_BEFORE: ("other",),
    RuleKind.PRESENT_WHEN: ("other", "values"),
    RuleKind.AGED: ("other", "derive", "value"),
    RuleKind.UNIQUE: ("columns",),
    RuleKind.REFERENCE: ("resource", "other"),
}


class _Reader(Protocol):
    @property
    def rules(self) -> tuple[Code, ...]: ...


class Readers(Protocol):
    """What expanding a suite asks of the standards: which elements exist, and their rules."""

    @property
    def elements(self) -> tuple[str, ...]:
        """Return the codes of all elements."""

    def reader(self, code: str) -> _Reader:
        """Return an element with its rules."""

    def code_table(self, name: str) -> CodeTable:
        """Return a code table or raise TongbanError ``code-table-unknown``."""


@dataclass(frozen=True, slots=True)
class RawSuite:
    """A suite as written, before the rules of its elements are added."""

    name: str
    digest: str
    data: Mapping[str, Any]


def combine(*digests: str) -> str:
    """Return one SHA-256 over several."""
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def elements_digest() -> str:
    """Return a digest over the source of all elements, for their code is part of the rules."""
    total = hashlib.sha256()
    for folder in ("elements", "engine"):
        entries = resources.files("quality") / folder
        for item in sorted(entries.iterdir(), key=lambda entry: entry.name):
            if item.name.endswith(".py"):
                total.update(item.name.encode() + b"\0" + item.read_bytes())
    return total.hexdigest()


def tables(home: Path | None, *, synthetic: bool) -> tuple[dict[str, CodeTable], str]:
    """Return all code tables and a digest.

    ``division.city.csv`` adds its rows to the table ``division``; a later file replaces rows of the
    same code. Rows marked synthetic are left out unless asked for.
    """
    loaded = registry.load("quality", "codes", ".csv", home)
    found: dict[str, CodeTable] = {}
    for name, member in loaded.members.items():
        table = _table(name, member.data)
        rows = {code: row for code, row in table.rows.items() if synthetic or not row.synthetic}
        base = found.get(table.name)
        merged = {**base.rows, **rows} if base else rows
        title, standard = (base.title, base.standard) if base else (table.title, table.standard)
        found[table.name] = CodeTable(table.name, title, standard, merged)
    return found, combine(loaded.digest, str(synthetic))


def _table(name: str, data: bytes) -> CodeTable:
    try:
        lines = data.decode("utf-8-sig").splitlines()
        notes = dict(_note(line) for line in lines if line.startswith("#"))
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        codes = _unique(_row(raw) for raw in rows)
    except (KeyError, ValueError, UnicodeDecodeError) as error:
        raise TongbanError(Code.TABLE_INVALID, table=name, reason=error) from error
    short = name.split(".", 1)[0]
    return CodeTable(short, notes.get("title", short), notes.get("standard", ""), codes)


def _unique(rows: Iterable[CodeRow]) -> dict[str, CodeRow]:
    codes: dict[str, CodeRow] = {}
    for row in rows:
        if not row.code or not row.name or row.code in codes:
            message = f"empty or repeated code {row.code!r}"
            raise ValueError(message)
        codes[row.code] = row
    return codes


def _note(line: str) -> tuple[str, str]:
    key, _, value = line.lstrip("# ").partition(":")
    return key.strip(), value.strip()


def _row(raw: Mapping[str, str | None]) -> CodeRow:
    text = {name: (value or "").strip() for name, value in raw.items() if name}
    return CodeRow(
        code=text["code"],
        name=text["name"],
        valid_from=_day(text.get("valid_from", "")),
        valid_to=_day(text.get("valid_to", "")),
        successors=_list(text.get("successors", "")),
        aliases=_list(text.get("aliases", "")),
        parent=text.get("parent", ""),
        kind=text.get("kind", ""),
        synthetic=text.get("synthetic", "") == "yes",
        source=text.get("source", ""),
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _list(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split("|") if part)


def suites(home: Path | None) -> tuple[dict[str, RawSuite], str]:
    """Return all suites as written and a digest; raises TongbanError ``suite-invalid``."""
    loaded = registry.load("quality", "suites", ".toml", home)
    found: dict[str, RawSuite] = {}
    for name, member in loaded.members.items():
        try:
            found[name] = RawSuite(name, member.digest, member.toml())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise _invalid(name, str(error)) from error
        unknown = set(found[name].data) - _SUITE_KEYS
        if unknown or not found[name].data.get("columns"):
            raise _invalid(name, f"unknown entries {sorted(unknown)} or no columns")
    return found, loaded.digest


def expand(raw: RawSuite, readers: Readers) -> Suite:
    """Return the suite with all rules: required, elements, then those between columns.

    Raises TongbanError ``suite-invalid`` for an unknown element, table, column or rule.
    """
    data = raw.data
    try:
        columns = tuple(_column(name, entry) for name, entry in data["columns"].items())
        rules = (*_column_rules(columns, data, readers), *_own_rules(data, columns))
        suite = Suite(
            name=raw.name,
            title=str(data["title"]),
            resource=str(data["resource"]),
            key=tuple(str(name) for name in data["key"]),
            columns=columns,
            rules=rules,
            fresh_days=int(data.get("fresh_days", 0)),
            digest=raw.digest,
        )
    except (KeyError, ValueError, TypeError, TongbanError) as error:
        raise _invalid(raw.name, f"{type(error).__name__} {error}") from error
    if not suite.key or set(suite.key) - set(suite.names):
        raise _invalid(raw.name, "key names no column")
    return suite


def _invalid(name: str, reason: str) -> TongbanError:
    return TongbanError(Code.SUITE_INVALID, suite=name, reason=reason)


def _column(name: str, entry: Mapping[str, Any]) -> Column:
    unknown = set(entry) - _COLUMN_KEYS
    if unknown:
        message = f"unknown entries {sorted(unknown)} of column {name}"
        raise ValueError(message)
    return Column(name=name, **entry)


def _column_rules(
    columns: Iterable[Column], data: Mapping[str, Any], readers: Readers
) -> Iterable[Rule]:
    thresholds = data.get("thresholds", {})
    for column in columns:
        limit = _limit(thresholds, column.name)
        if column.element not in readers.elements:
            raise TongbanError(Code.ELEMENT_UNKNOWN, element=column.element)
        if column.table:
            readers.code_table(column.table)
        if column.required:
            yield _rule(Code.REQUIRED, RuleKind.REQUIRED, column, limit)
        for code in readers.reader(column.element).rules:
            yield _rule(code, RuleKind.ELEMENT, column, limit)


def _rule(code: Code, kind: RuleKind, column: Column, limit: float) -> Rule:
    dimension = _DIMENSIONS[kind]
    return Rule(str(code), kind, column.name, column.title, threshold=limit, dimension=dimension)


def _limit(thresholds: Mapping[str, Any], name: str) -> float:
    return float(thresholds.get(name, thresholds.get("default", 1.0)))


def _own_rules(data: Mapping[str, Any], columns: tuple[Column, ...]) -> Iterable[Rule]:
    names = {column.name for column in columns}
    thresholds = data.get("thresholds", {})
    seen: set[tuple[str, str]] = set()
    for entry in data.get("rules", ()):
        kind = RuleKind(entry["kind"])
        missing = [need for need in _NEEDS.get(kind, ()) if not entry.get(need)]
        local = [entry["column"], *entry.get("columns", ())]
        if kind is not RuleKind.REFERENCE and entry.get("other"):
            local.append(entry["other"])
        if entry.get("when"):
            local.append(entry["when"])
        strange = [name for name in local if name not in names]
        if missing or strange or kind not in _NEEDS or (entry["id"], entry["column"]) in seen:
            message = f"rule {entry['id']}: missing {missing}, unknown columns {strange}"
            raise ValueError(message)
        seen.add((entry["id"], entry["column"]))
        yield _own_rule(entry, kind, _limit(thresholds, entry["id"]))


def _own_rule(entry: Mapping[str, Any], kind: RuleKind, limit: float) -> Rule:
    settings = dict(entry)
    settings["kind"] = kind
    settings["severity"] = Severity(entry.get("severity", Severity.ERROR))
    default = _DIMENSIONS.get(kind, Dimension.CONSISTENCY)
    settings["dimension"] = Dimension(entry.get("dimension", default))
    settings["threshold"] = float(entry.get("threshold", limit))
    for name in ("values", "columns"):
        settings[name] = tuple(str(value) for value in entry.get(name, ()))
    return Rule(**settings)
