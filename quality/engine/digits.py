"""Check digits over fixed-width codes, computed on byte matrices.

Weights stay below 2**24 in total, so float32 products are exact and use the fast matrix routine.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from quality.engine.shape import Flags

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int32]

ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""GB 11643-1999, ISO 7064 MOD 11-2: 2**(17-i) mod 11."""
ID_CHECKS = b"10X98765432"
CREDIT_ALPHABET = b"0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100-2015: no I, O, S, V, Z."""
CREDIT_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
"""GB 11714-1997."""
_ORG_CHECKS = b"0X987654321"
"""By the weighted sum mod 11: 11 - rest, where 10 is written X and 11 is written 0."""


def matrix(values: pl.Series, width: int) -> Bytes:
    """Return texts of exactly ``width`` bytes each as an array of shape (n, width)."""
    joined = "".join(values.to_list()).encode() if len(values) < 64 else _joined(values)
    return np.frombuffer(joined, dtype=np.uint8).reshape(-1, width)


def _joined(values: pl.Series) -> bytes | memoryview:
    array = values.rechunk().to_arrow()
    offsets = np.frombuffer(array.buffers()[1], dtype=np.int64)
    first, last = offsets[array.offset], offsets[array.offset + len(array)]
    return memoryview(array.buffers()[2])[int(first) : int(last)]


def are_digits(part: Bytes) -> Flags:
    """Tell which rows consist of the digits 0 to 9 alone."""
    found: Flags = np.asarray(((part - np.uint8(48)) <= 9).all(axis=1))
    return found


def number(part: Bytes) -> Numbers:
    """Return rows of ASCII digits as numbers."""
    total: Numbers = np.zeros(len(part), dtype=np.int32)
    for place in range(part.shape[1]):
        total = total * 10 + (part[:, place].astype(np.int32) - 48)
    return total


def id_check(body: Bytes) -> Bytes:
    """Return the check character of each row of 17 digits (GB 11643)."""
    weights = np.array(ID_WEIGHTS, dtype=np.float32)
    total = (body - np.uint8(48)).astype(np.float32) @ weights
    return np.frombuffer(ID_CHECKS, dtype=np.uint8)[total.astype(np.int32) % 11]


def credit_values(codes: Bytes) -> npt.NDArray[np.int8]:
    """Return the value of each character in the alphabet of GB 32100, -1 for foreign ones."""
    lut = np.full(256, -1, dtype=np.int8)
    lut[np.frombuffer(CREDIT_ALPHABET, dtype=np.uint8)] = np.arange(31, dtype=np.int8)
    found: npt.NDArray[np.int8] = lut[codes]
    return found


def credit_check(values: npt.NDArray[np.int8]) -> Bytes:
    """Return the check character of each row of 17 character values (GB 32100)."""
    total = values.astype(np.float32) @ np.array(CREDIT_WEIGHTS, dtype=np.float32)
    rest = (31 - total.astype(np.int32) % 31) % 31
    return np.frombuffer(CREDIT_ALPHABET, dtype=np.uint8)[rest]


def org_check(body: Bytes) -> Bytes:
    """Return the check character of each row of 8 characters of an organisation code (GB 11714).

    Letters count from A = 10.
    """
    value = np.where(body >= 65, body.astype(np.int16) - 55, body.astype(np.int16) - 48)
    total = value.astype(np.float32) @ np.array(ORG_WEIGHTS, dtype=np.float32)
    return np.frombuffer(_ORG_CHECKS, dtype=np.uint8)[total.astype(np.int32) % 11]


def real_dates(days: Numbers) -> Flags:
    """Tell which numbers YYYYMMDD are days of the Gregorian calendar."""
    year, month, day = days // 10000, days // 100 % 100, days % 100
    lengths = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int32)
    named = (month >= 1) & (month <= 12)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    longest = lengths[np.where(named, month, 0)] + (leap & (month == 2))
    found: Flags = named & (day >= 1) & (day <= longest) & (year >= 1)
    return found
