"""Tidying of text columns. Costly steps touch only the rows that need them."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
"""Zero-width characters, byte order mark and soft hyphen: left by copy and paste, never meant."""
_WIDE = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {"\u3000": " "}
_DROPPED = dict.fromkeys(INVISIBLE, "")
ODD = f"[\\s{INVISIBLE}\\x00-\\x1f\\x7f]"
"""White space or something invisible somewhere in a text."""
ODD_CODE = "[^0-9A-Z]"
"""Anything that does not belong into a code of digits and capital letters."""


def on_rows(
    values: pl.Series, chosen: pl.Series, change: Callable[[pl.Series], pl.Series]
) -> pl.Series:
    """Apply ``change`` to the rows where ``chosen`` is true and leave the others as they are."""
    places = chosen.fill_null(value=False).arg_true()
    if places.is_empty():
        return values
    return values.scatter(places, change(values.gather(places)))


def where(raw: pl.Series, odd: str, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Apply ``change`` to the texts that match ``odd``; blank becomes null.

    One look at each text finds the few that need work, instead of one look per kind of work.
    """
    values = on_rows(raw, raw.str.contains(odd), change)
    return values.set(values.str.len_bytes() == 0, None)


def foreign(values: pl.Series) -> pl.Series:
    """Tell which texts hold characters outside ASCII."""
    return values.str.len_bytes() != values.str.len_chars()


def tidy(raw: pl.Series) -> pl.Series:
    """Cut white space at both ends (U+3000 and no-break space included); blank becomes null.

    Invisible characters go wherever they stand.
    """
    odd = raw.str.contains(f"[{INVISIBLE}\\x00-\\x1f\\x7f]")
    values = on_rows(raw, odd, lambda rows: rows.str.replace_many(_DROPPED)).str.strip_chars()
    return values.set(values.str.len_bytes() == 0, None)


def narrow(raw: pl.Series) -> pl.Series:
    """Tidy and turn full-width ASCII (GB 18030 zone A3) into ASCII."""
    values = tidy(raw)
    return on_rows(values, foreign(values), _narrow)


def compact(raw: pl.Series) -> pl.Series:
    """Narrow and drop all spaces: for codes and numbers."""
    values = narrow(raw)
    spaced = values.str.contains(r"\s")
    return on_rows(values, spaced, lambda rows: rows.str.replace_all(r"\s+", ""))


def upper(values: pl.Series) -> pl.Series:
    """Turn ASCII lower case into upper case."""
    lower = values.str.contains("[a-z]")
    return on_rows(values, lower, lambda rows: rows.str.to_uppercase())


def by_unique(values: pl.Series, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Apply a costly change once per distinct value."""
    distinct = values.drop_nulls().unique()
    if len(distinct) * 4 > len(values):
        return change(values)
    if distinct.is_empty():
        return change(values)
    after = change(distinct)
    return values.replace_strict(distinct, after, return_dtype=after.dtype)


def _narrow(rows: pl.Series) -> pl.Series:
    return rows.str.replace_many(_WIDE).str.strip_chars()
