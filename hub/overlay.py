"""Reads a hub's whole registry as its services would, and names what they could not use."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kernel import registry
from kernel.errors import TongbanError

if TYPE_CHECKING:
    from hub.settings import Settings

FOLDERS: tuple[tuple[str, str, str], ...] = (
    ("catalog", "sources", ".toml"),
    *(("identity", name, ".toml") for name in ("windows", "roles", "personas", "clients")),
    ("identity", "orgs", ".csv"),
    ("quality", "codes", ".csv"),
    ("quality", "suites", ".toml"),
    ("certificates", "types", ".toml"),
    ("certificates", "matters", ".toml"),
    ("certificates", "peers", ".toml"),
    ("intake", "journeys", ".toml"),
    ("signing", "policies", ".toml"),
    ("signing", "trust", ".toml"),
)
"""Every folder that a hub may overlay: room, folder, suffix of its members."""


@dataclass(frozen=True, slots=True)
class Part:
    """One folder: how many members it has in force, and how many of them are the hub's own."""

    name: str
    members: int
    own: int


def parts(home: Path) -> tuple[Part, ...]:
    """Count the members of every folder."""
    found = []
    for room, folder, suffix in FOLDERS:
        members = registry.load(room, folder, suffix, home).members.values()
        own = sum(member.origin == "overlay" for member in members)
        found.append(Part(f"{room}/{folder}", len(members), own))
    return tuple(found)


def unread(home: Path) -> tuple[str, ...]:
    """Return files below ``home/registry`` that nothing reads: a slip in a name stays unnoticed.

    Notes (``README.md``), files whose names start with ``_``, the certificates and signed files
    beside a trust list and revocation lists are meant to be there.
    """
    root = home / "registry"
    read = {(room, folder, suffix) for room, folder, suffix in FOLDERS}
    beside = (("trust", ".pem"), ("trust", ".json"), ("crls", ".crl"))
    read |= {("signing", folder, suffix) for folder, suffix in beside}
    strays = []
    for file in sorted(item for item in root.rglob("*") if item.is_file()):
        path = file.relative_to(root)
        known = len(path.parts) == 3 and (path.parts[0], path.parts[1], file.suffix) in read
        if not known and not file.name.startswith("_") and file.name != "README.md":
            strays.append(path.as_posix())
    return tuple(strays)


def faults(settings: Settings) -> Iterator[TongbanError]:
    """Load every folder as the services do and yield what they refuse, each fault once.

    Matters need the certificate types and journeys need both, so that one broken type is told once
    and hides the faults of what stands on it.
    """
    from catalog import sources

    yield from sources.load_each(settings.root)[1].values()
    for load in (_identity, _quality, _trust, _peers, _types):
        try:
            load(settings)
        except TongbanError as fault:
            yield fault
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            yield TongbanError("registry-unreadable", reason=str(error))


def _peers(settings: Settings) -> None:
    from certificates.exchange.peers import every

    every(settings.root)


def _identity(settings: Settings) -> None:
    from identity.directory import load_directory

    load_directory(region=settings.region, home=settings.root)


def _quality(settings: Settings) -> None:
    from quality.service import Standards

    synthetic = settings.environment != "production"
    standards = Standards.load(settings.root, synthetic=synthetic)
    for name in standards.suites:
        standards.suite(name)


def _trust(settings: Settings) -> None:
    from hub.revocation import lists_folder, lists_in
    from signing import policies
    from signing.trust import TrustStore

    TrustStore.load(settings.root).in_force(datetime.now(UTC))
    for name in registry.load("signing", "policies", ".toml", settings.root).members:
        policies.load(name, settings.root)
    for path in lists_folder(settings.root).glob("*.crl"):
        if not lists_in(path):
            raise TongbanError("registry-unreadable", reason=f"{path.name}: no revocation list")


def _types(settings: Settings) -> None:
    from certificates import matters, typebook
    from intake import journeys

    types = typebook.load(settings.root)
    known = matters.load(types, settings.root)
    journeys.load(known, types, settings.root)
