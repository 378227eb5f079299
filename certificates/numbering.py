"""电子证照标识 of GB/T 36904: make and check identifiers.

``1.2.156.3005.2.<type>.<issuer>.<serial>.<version>.<check>``. The check character is ISO 7064
MOD 37,36 (GB/T 17710) over type, issuer, serial and version joined without dots. One province's
software computes another character; such identifiers are recognised and named, never made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from kernel.errors import TongbanError

ROOT = "1.2.156.3005.2"
"""Object identifier under which all certificate identifiers lie."""

Judgement = Literal["ok", "ok_variant_sd", "bad_check", "malformed"]

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SHAPE = re.compile(
    r"1\.2\.156\.3005\.2"
    r"\.(?P<type>[0-9A-Z]{18}[0-9]{3})"
    r"\.(?P<issuer>[0-9A-Z]{18}|[0-9]{6})"
    r"\.(?P<serial>[0-9A-Z]{1,64})"
    r"\.(?P<version>[0-9]{3})"
    r"\.(?P<check>[0-9A-Z])"
)


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier taken apart."""

    type_code: str
    issuer: str
    serial: str
    version: int
    check: str

    def __str__(self) -> str:
        """Return the dotted form."""
        parts = (ROOT, self.type_code, self.issuer, self.serial, f"{self.version:03d}", self.check)
        return ".".join(parts)


def make(type_code: str, issuer: str, serial: str, version: int) -> str:
    """Return a new identifier with its check character.

    ``type_code`` has 21 characters (credit code of the defining authority and three digits),
    ``issuer`` is a credit code, ``serial`` 1 to 64 digits or capital letters, ``version`` 1 to
    999. Raises TongbanError ``identifier-malformed``; legacy issuer codes are read, not made.
    """
    body = f"{type_code}{issuer}{serial}{version:03d}"
    text = f"{ROOT}.{type_code}.{issuer}.{serial}.{version:03d}."
    if len(issuer) != 18 or not 1 <= version <= 999 or not _SHAPE.fullmatch(text + "0"):
        raise TongbanError("identifier-malformed", type=type_code, version=version)
    return text + check_character(body)


def parse(identifier: str) -> Identifier:
    """Take apart without judging the check; raises TongbanError ``identifier-malformed``."""
    found = _SHAPE.fullmatch(identifier)
    if not found:
        raise TongbanError("identifier-malformed", type="", version="")
    part = found.groupdict()
    return Identifier(
        part["type"], part["issuer"], part["serial"], int(part["version"]), part["check"]
    )


@lru_cache(maxsize=256)
def check(identifier: str) -> Judgement:
    """Judge an identifier of any origin. Never raises; wrong shape, case or blanks: malformed."""
    found = _SHAPE.fullmatch(identifier)
    if not found:
        return "malformed"
    *segments, given = found.group("type", "issuer", "serial", "version", "check")
    body = "".join(segments)
    if given == check_character(body):
        return "ok"
    return "ok_variant_sd" if given == _variant_character(body) else "bad_check"


def check_character(body: str) -> str:
    """Return the ISO 7064 MOD 37,36 check character of digits and capital letters."""
    product = 36
    for character in body:
        product = (product + _ALPHABET.index(character)) % 36 or 36
        product = product * 2 % 37
    return _ALPHABET[(37 - product) % 36]


def _variant_character(body: str) -> str:
    """Return what software of one province computes: letters count from 11, other reductions."""
    product = 36
    for character in body:
        letter = character.isalpha()
        total = product + _ALPHABET.index(character) + letter
        if letter and total > 37:
            total %= 37
        elif not letter and total > 36:
            total %= 36
        product = (total % 36 or 36) * 2 % 37
    return _ALPHABET[36 - product]


_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def credit_code_ok(code: str) -> bool:
    """Tell whether a 统一社会信用代码 has 18 characters and the check character of GB 32100."""
    if len(code) != 18 or not set(code) <= set(_CREDIT_ALPHABET):
        return False
    total = sum(_CREDIT_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(code[:17]))
    return code[17] == _CREDIT_ALPHABET[-total % 31]
