"""Policies: how much each code of a verdict weighs and which algorithms are permitted.

One TOML file each, overlaid by the hub's.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from kernel import registry
from kernel.errors import TongbanError
from signing.model import Severity, SubIndication

DIGESTS = frozenset({"sm3", "sha224", "sha256", "sha384", "sha512"})
"""Digests that a row may name; MD5 and SHA-1 have codes of their own."""


@dataclass(frozen=True, slots=True)
class CodeText:
    """What a code means: sub-indication (None: it never decides) and its sentence."""

    code: str
    sub: SubIndication | None
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Policy:
    """A named table of severities; ``digest`` is the SHA-256 of the file it came from.

    ``permitted``: kind of key (``sm2``, ``p256``, ``rsa-2048`` for that size and longer, or the
    OID of a curve) to the digests that it may sign. A kind without a row is not permitted.
    """

    name: str
    title: str
    severities: Mapping[str, Severity]
    permitted: Mapping[str, tuple[str, ...]]
    digest: str

    def severity(self, code: str) -> Severity:
        """Return what this policy makes of a code; one it does not know is refused."""
        return self.severities.get(code, Severity.REJECT)


@cache
def code_texts() -> Mapping[str, CodeText]:
    """Return all codes with their texts, sorted by code."""
    raw = tomllib.loads((resources.files("signing.checks") / "codes.toml").read_text("utf-8"))
    return MappingProxyType(
        {
            code: CodeText(
                code,
                SubIndication(row["sub"]) if row["sub"] != "-" else None,
                row["zh"],
                row["en"],
            )
            for code, row in raw.items()
        }
    )


def load(name: str, home: Path | None = None) -> Policy:
    """Return a policy by name; raises TongbanError ``policy-unknown`` or ``policy-unreadable``."""
    found = registry.load("signing", "policies", ".toml", home).members
    member = found.get(name)
    if member is None:
        raise TongbanError("policy-unknown", policy=name, known=", ".join(found))
    try:
        raw = member.toml()
        rows = {code: Severity(value) for code, value in raw["severity"].items()}
        permitted = _permitted(raw.get("permitted", {}))
        title = str(raw["title"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TongbanError("policy-unreadable", policy=name, reason=error) from error
    missing = sorted(set(code_texts()) - set(rows))
    if missing:
        raise TongbanError("policy-unreadable", policy=name, reason=f"no row for {missing[0]}")
    if not permitted:
        raise TongbanError("policy-unreadable", policy=name, reason="no table [permitted]")
    return Policy(name, title, MappingProxyType(rows), permitted, member.digest)


def _permitted(raw: Mapping[str, Sequence[str]]) -> Mapping[str, tuple[str, ...]]:
    """Read the rows; raises ValueError for a row that could not be meant."""
    rows: dict[str, tuple[str, ...]] = {}
    for key, digests in raw.items():
        bits = key.removeprefix("rsa-")
        if bits != key and not (bits.isascii() and bits.isdigit()):
            raise ValueError(f"permitted key {key}")
        if isinstance(digests, str) or not set(digests) <= DIGESTS:
            raise ValueError(f"permitted digests of {key}")
        rows[key] = tuple(digests)
    return MappingProxyType(rows)
