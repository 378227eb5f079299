"""Codes against dated code tables, decided once per distinct value."""

from __future__ import annotations

import polars as pl

from quality.engine import text
from quality.engine.shape import Context, Verdicts
from quality.errors import Code
from quality.model import CodeTable

RULES = (Code.CODE_UNKNOWN, Code.CODE_ABOLISHED)


def normalise(raw: pl.Series, context: Context) -> pl.Series:
    """Return codes for names and aliases of the table; leading zeros lost by Excel come back.

    Where the column asks for it, an abolished code with exactly one successor becomes that one.
    """
    table = context.code_table()
    spellings = _spellings(table, context)

    def change(values: pl.Series) -> pl.Series:
        tidied = text.upper(text.compact(values)).to_list()
        return pl.Series(
            [None if value is None else spellings.get(value, value) for value in tidied],
            dtype=pl.String,
        )

    return text.by_unique(raw, change)


def judge(values: pl.Series, context: Context) -> Verdicts:
    """Tell codes that are not in the table and codes that are no longer (or not yet) valid."""
    table = context.code_table()
    verdict = {code: 0 if row.valid_on(context.today) else 2 for code, row in table.rows.items()}

    def change(chosen: pl.Series) -> pl.Series:
        marks = [0 if value is None else verdict.get(value, 1) for value in chosen]
        return pl.Series(marks, dtype=pl.UInt8)

    return text.by_unique(values, change).fill_null(0).to_numpy()


def _spellings(table: CodeTable, context: Context) -> dict[str, str]:
    names: dict[str, list[str]] = {}
    for code, row in table.rows.items():
        for alias in {row.name.upper(), *(alias.upper() for alias in row.aliases)}:
            names.setdefault(alias, []).append(code)
        for short in {code.lstrip("0"), code} - {""}:
            names.setdefault(f"{short}.0", []).append(code)
            names.setdefault(short, []).append(code)
    found: dict[str, str] = {}
    for spelling, codes in names.items():
        valid = [code for code in codes if table.rows[code].valid_on(context.today)] or codes
        # a name that several codes share says nothing and stays as it is
        if len(valid) == 1:
            found[spelling] = valid[0]
    found.update({code: code for code in table.rows})
    if context.successor:
        found = {spelling: _successor(table, code, context) for spelling, code in found.items()}
    return found


def _successor(table: CodeTable, code: str, context: Context) -> str:
    seen: set[str] = set()
    while code not in seen and not table.rows[code].valid_on(context.today):
        seen.add(code)
        following = table.successor(code)
        if following not in table.rows:
            break
        code = following
    return code
