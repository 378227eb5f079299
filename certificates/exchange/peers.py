"""Reads ``$TONGBAN_HOME/registry/certificates/peers/<region>.toml``, strictly."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from certificates.errors import Code
from certificates.exchange.model import Peer, PeerKey
from certificates.matters import Matterbook, between_regions
from kernel import registry
from kernel.errors import TongbanError
from signing.algorithms import by_name

_REGION = re.compile(r"[0-9]{6}")
_ORG = re.compile(r"[0-9A-Z]{18}")
_KEYS = {"schema", "region", "name", "address", "per_minute", "cut_from", "keys", "handles"}
_LOCAL = ("127.0.0.1", "localhost", "::1")


def key_id(region: str, spki: bytes) -> str:
    """Return the name of a key in messages."""
    return f"{region}/{hashlib.sha256(spki).hexdigest()[:16]}"


def find(home: Path, region: str) -> Peer | None:
    """Return a peer, read anew; None where none is registered. Raises ``peer-file-invalid``."""
    member = registry.load("certificates", "peers", ".toml", home).members.get(region)
    return read(member) if member else None


def every(home: Path) -> tuple[Peer, ...]:
    """Return all peers by region; raises TongbanError ``peer-file-invalid``."""
    found = registry.load("certificates", "peers", ".toml", home)
    return tuple(read(member) for member in found.members.values())


def read(member: registry.Member) -> Peer:
    """Turn one file into a peer; raises TongbanError ``peer-file-invalid`` with file and reason."""
    try:
        return _peer(member.name, member.toml())
    except (KeyError, TypeError, ValueError, AttributeError, TongbanError) as error:
        reason = f"missing {error}" if isinstance(error, KeyError) else str(error)
        if isinstance(error, tomllib.TOMLDecodeError | TongbanError):
            reason = f"{type(error).__name__}: {error}"
        raise TongbanError(Code.PEER_FILE_INVALID, file=member.name, reason=reason) from None


def widened(book: Matterbook, peer: Peer) -> Matterbook:
    """Return the matters as a peer's bodies may use them, and nobody else.

    The matters stay the home hub's own: only those who may ask for them are added.
    """
    matters = {
        name: replace(matter, windows=peer.handles[name])
        for name, matter in between_regions(book).matters.items()
        if peer.handles.get(name)
    }
    closed = {name: replace(matter, org="") for name, matter in matters.items()}
    return Matterbook(closed, book.digest)


def opened(book: Matterbook, home: Path) -> Matterbook:
    """Return the matters as holders may allow their use: by peers' bodies too.

    A faulty peer file opens nothing and stops nobody else.
    """
    matters = dict(book.matters)
    for member in registry.load("certificates", "peers", ".toml", home).members.values():
        with contextlib.suppress(TongbanError):
            for name, orgs in read(member).handles.items():
                if name in matters:
                    found = matters[name]
                    matters[name] = replace(found, windows=(*found.windows, *orgs))
    return Matterbook(matters, book.digest)


def _peer(name: str, raw: Mapping[str, Any]) -> Peer:
    unknown = set(raw) - _KEYS
    if unknown or raw["schema"] != 1:
        raise ValueError(f"unknown: {', '.join(sorted(unknown)) or 'schema'}")
    region, per_minute = raw["region"], raw.get("per_minute", 600)
    if not _REGION.fullmatch(region) or region != name:
        raise ValueError("region is six digits and names the file")
    if not isinstance(per_minute, int) or not 0 < per_minute <= 100_000:
        raise ValueError("per_minute is 1 to 100000")
    handles = {matter: tuple(orgs) for matter, orgs in raw.get("handles", {}).items()}
    for org in (item for orgs in handles.values() for item in orgs):
        if not _ORG.fullmatch(org):
            raise ValueError("handles lists credit codes")
    keys = tuple(_key(region, item) for item in raw["keys"])
    if not keys:
        raise ValueError("no key")
    return Peer(
        region=region,
        name=str(raw["name"]),
        address=usable_address(raw["address"]),
        keys=keys,
        per_minute=per_minute,
        cut_from=_moment(raw.get("cut_from")),
        handles=handles,
    )


def _key(region: str, raw: Mapping[str, Any]) -> PeerKey:
    spki = base64.b64decode(raw["spki"], validate=True)
    by_name("ecdsa_p256").digest(b"", spki)
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    key = load_der_public_key(spki)
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("a key is P-256")  # noqa: TRY004 - a wrong value, not a wrong type of ours
    return PeerKey(key_id(region, spki), spki, _moment(raw.get("until")))


def usable_address(text: str) -> str:
    """Return a peer's address, its last slash cut; raises ValueError where none may be called."""
    parts = urlsplit(text)
    plain = parts.scheme == "http" and parts.hostname in _LOCAL
    if not parts.hostname or not (parts.scheme == "https" or plain):
        raise ValueError("address is https, or http on this machine")
    if parts.query or parts.fragment or parts.username or parts.password:
        raise ValueError("address has no query and no password")
    return text.rstrip("/")


def _moment(value: object) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError("a time with a zone belongs here")
    return value.astimezone(UTC)
