"""Whom a hub trusts: one list per region, kept as files, read into plain values.

A list lies in ``$TONGBAN_HOME/registry/signing/trust/<name>.toml`` and names PEM files beside it::

    schema = 1
    region = "410100"
    name = "示例市"
    version = 1
    issued = 2026-01-01T00:00:00Z
    expires = 2027-01-01T00:00:00Z
    anchors = ["410100-anchors.pem"]
    cas = ["410100-cas.pem"]
    seal_makers = ["410100-seal-makers.pem"]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kernel import registry
from kernel.actors import covers
from kernel.errors import TongbanError
from signing.x509 import Cert, from_pem, parse, to_pem

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class TrustList:
    """What one region vouches for.

    ``anchors`` end every path; ``cas`` help to build paths, because sealed files carry none;
    ``seal_makers`` (制章机构) alone may make seals. A list is in force from ``issued`` to before
    ``expires``.
    """

    region: str
    name: str
    version: int
    issued: datetime
    expires: datetime
    anchors: tuple[Cert, ...]
    cas: tuple[Cert, ...] = ()
    seal_makers: tuple[Cert, ...] = ()
    demo: bool = False
    """True: made by demo keys; verdicts that rest on it must say so."""
    cut: datetime | None = None
    """Since when the hub trusts the region no more; kept across imports."""

    def in_force(self, moment: datetime) -> bool:
        """Tell whether the list may be used at ``moment``."""
        return self.issued <= moment < self.expires and not self.cut_at(moment)

    def cut_at(self, moment: datetime) -> bool:
        """Tell whether the region is cut off at ``moment``."""
        return self.cut is not None and self.cut <= moment


@dataclass(frozen=True, slots=True)
class TrustStore:
    """All lists of a hub; ``digest`` names exactly this content and is kept with each verdict."""

    lists: tuple[TrustList, ...] = ()
    digest: str = ""

    @classmethod
    def load(cls, home: Path) -> TrustStore:
        """Read the hub's folder. No list at all is an empty store: nothing is trusted.

        Raises TongbanError ``trust-list-unreadable`` naming the file.
        """
        folder = home / "registry" / "signing" / "trust"
        found = registry.load("signing", "trust", ".toml", home)
        lists = []
        for member in found.members.values():
            try:
                lists.append(_parse(member.toml(), folder))
            except (KeyError, TypeError, ValueError, OSError, TongbanError) as error:
                reason = f"{type(error).__name__}: {error}"
                file = f"{member.name}.toml"
                raise TongbanError("trust-list-unreadable", file=file, reason=reason) from error
        return cls(tuple(lists), found.digest)

    @classmethod
    def from_pems(cls, *pems: bytes) -> TrustStore:
        """Make a store of certificates given by hand (``--trust FILE``).

        Self-issued certificates become anchors, other CAs help to build paths, and the rest count
        as seal makers. Without any self-issued one, all given certificates are anchors. Raises
        TongbanError ``certificate-unreadable``.
        """
        certs = tuple(parse(der) for pem in pems for der in from_pem(pem))
        roots = tuple(item for item in certs if item.subject_raw == item.issuer_raw)
        return cls(
            (
                TrustList(
                    region="",
                    name="given by hand",
                    version=0,
                    issued=datetime.min.replace(tzinfo=UTC),
                    expires=datetime.max.replace(tzinfo=UTC),
                    anchors=roots or certs,
                    cas=tuple(item for item in certs if item.ca and item not in roots),
                    seal_makers=tuple(item for item in certs if not item.ca),
                ),
            )
        )

    def in_force(self, moment: datetime) -> tuple[TrustList, ...]:
        """Return the lists that may be used at ``moment``."""
        return tuple(item for item in self.lists if item.in_force(moment))

    def cut_at(self, moment: datetime) -> tuple[TrustList, ...]:
        """Return the lists of regions that are cut off at ``moment``."""
        return tuple(item for item in self.lists if item.cut_at(moment))

    def anchors(self, moment: datetime) -> tuple[Cert, ...]:
        """Return the anchors of all lists in force, in the order of the lists."""
        return tuple(cert for item in self.in_force(moment) for cert in item.anchors)

    def cas(self, moment: datetime) -> tuple[Cert, ...]:
        """Return the intermediate CAs of all lists in force."""
        return tuple(cert for item in self.in_force(moment) for cert in item.cas)

    def seal_makers(self, moment: datetime) -> tuple[Cert, ...]:
        """Return the seal makers of all lists in force."""
        return tuple(cert for item in self.in_force(moment) for cert in item.seal_makers)

    def region(self, division: str, moment: datetime) -> TrustList | None:
        """Return the list in force whose region covers the division, the narrowest first."""
        fit = [item for item in self.in_force(moment) if covers(item.region, division)]
        return max(fit, key=lambda item: len(item.region.rstrip("0")), default=None)


def save(trust: TrustList, home: Path) -> Path:
    """Write a list and its PEM files into the hub's folder; returns the TOML file.

    The TOML file is replaced last, so that a reader sees the old list or the new one.
    """
    folder = home / "registry" / "signing" / "trust"
    folder.mkdir(parents=True, exist_ok=True)
    parts: Mapping[str, tuple[Cert, ...]] = {
        "anchors": trust.anchors,
        "cas": trust.cas,
        "seal_makers": trust.seal_makers,
    }
    lines = [
        f"schema = {SCHEMA}",
        f'region = "{trust.region}"',
        f"name = {_quoted(trust.name)}",
        f"version = {trust.version}",
        f"issued = {trust.issued.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        f"expires = {trust.expires.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        f"demo = {str(trust.demo).lower()}",
    ]
    if trust.cut is not None:
        lines.append(f"cut = {trust.cut.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    for part, certs in parts.items():
        name = f"{trust.region}-{part.replace('_', '-')}-{trust.version}.pem"
        (folder / name).write_bytes(b"".join(to_pem(item.der) for item in certs))
        lines.append(f'{part} = ["{name}"]' if certs else f"{part} = []")
    target = folder / f"{trust.region}.toml"
    fresh = target.with_suffix(".fresh")
    fresh.write_text("\n".join(lines) + "\n", "utf-8")
    fresh.replace(target)
    return target


def _quoted(text: str) -> str:
    clean = "".join(letter for letter in text if letter.isprintable())
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _parse(raw: Mapping[str, Any], folder: Path) -> TrustList:
    if raw["schema"] != SCHEMA:
        raise ValueError(f"schema {raw['schema']} is not {SCHEMA}")
    issued, expires = _moment(raw["issued"]), _moment(raw["expires"])
    if not issued < expires:
        raise ValueError("expires is not after issued")
    return TrustList(
        region=str(raw["region"]),
        name=str(raw["name"]),
        version=int(raw["version"]),
        issued=issued,
        expires=expires,
        anchors=_certs(raw["anchors"], folder),
        cas=_certs(raw.get("cas", ()), folder),
        seal_makers=_certs(raw.get("seal_makers", ()), folder),
        demo=bool(raw.get("demo", False)),
        cut=_moment(raw["cut"]) if "cut" in raw else None,
    )


def _moment(value: object) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError("a time with a zone belongs here")
    return value.astimezone(UTC)


def _certs(files: Iterable[str], folder: Path) -> tuple[Cert, ...]:
    found: list[Cert] = []
    for name in files:
        if Path(name).name != name:
            raise ValueError(f"not a plain file name: {name}")
        found += [parse(der) for der in from_pem((folder / name).read_bytes())]
    return tuple(found)
