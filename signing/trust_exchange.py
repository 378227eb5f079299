"""Takes other regions' trust lists into a hub, and cuts a region off.

What is trusted lies in ``registry/signing/trust`` (``signing.trust``); the signed files that led
there are kept beside it as ``<region>-<number>.json``, so that history can be shown and checked.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from kernel.clock import to_iso
from kernel.errors import TongbanError
from signing.trust import TrustList, TrustStore, save
from signing.trust_file import SignedList, read
from signing.x509 import Cert

_KEPT = re.compile(r"(?P<region>[0-9]{6,12})-(?P<number>[0-9]{1,18})\.json")


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: the list that is now held, the number before it, 0 for none."""

    trust: TrustList
    before: int
    changed: bool


def fingerprint(cert: Cert) -> str:
    """Return the SHA-256 of a certificate in lower-case hex."""
    return hashlib.sha256(cert.der).hexdigest()


def held(home: Path, region: str) -> TrustList | None:
    """Return the list of exactly this region, in force or not; None for none."""
    found = (item for item in TrustStore.load(home).lists if item.region == region)
    return max(found, key=lambda item: item.version, default=None)


def history(home: Path, region: str) -> tuple[int, ...]:
    """Return the numbers of the signed lists of a region that were ever accepted, ascending."""
    names = (_KEPT.fullmatch(path.name) for path in _folder(home).glob(f"{region}-*.json"))
    return tuple(sorted(int(name["number"]) for name in names if name and name["region"] == region))


def import_list(
    data: bytes, home: Path, at: datetime, *, anchor: str = "", allow_demo: bool = True
) -> Imported:
    """Check a signed file and hold its list from now on; the same file again changes nothing.

    ``anchor`` is the SHA-256 fingerprint of one of its anchors, got in another way: needed for the
    first list of a region and for one that no anchor held vouches for. A cut stays, unless the list
    is vouched for by ``anchor`` and shares no anchor with the one held.

    Raises TongbanError ``trust-list-malformed``, ``trust-list-demo``, ``trust-list-not-in-force``,
    ``trust-anchor-needed``, ``trust-anchor-unknown``, ``trust-list-signature``,
    ``trust-list-rollback``.
    """
    signed = read(data)
    fresh, now = signed.trust, held(home, signed.trust.region)
    if fresh.demo and not allow_demo:
        raise TongbanError("trust-list-demo", region=fresh.region)
    _check_vouched(signed, now, at, anchor)
    numbers = history(home, fresh.region)
    before = max((now.version if now else 0, *numbers))
    known = _folder(home) / f"{fresh.region}-{fresh.version}.json"
    if now is not None and replace(now, cut=None) == fresh:
        keep(data, fresh, home)
        return Imported(now, before, changed=False)
    # A list whose file is kept but which is not held: the import before was interrupted.
    resumed = fresh.version == before and known.exists() and known.read_bytes() == data
    if fresh.version <= before and not resumed:
        raise TongbanError(
            "trust-list-rollback", region=fresh.region, version=fresh.version, held=before
        )
    if not fresh.in_force(at):
        raise TongbanError(
            "trust-list-not-in-force",
            region=fresh.region,
            issued=to_iso(fresh.issued),
            expires=to_iso(fresh.expires),
        )
    keep(data, fresh, home)
    taken = replace(fresh, cut=_cut_after(now, fresh, anchor))
    save(taken, home)
    return Imported(taken, before, changed=True)


def keep(data: bytes, trust: TrustList, home: Path) -> Path:
    """Keep the signed file of a list for the history; returns where."""
    folder = _folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{trust.region}-{trust.version}.json"
    fresh = path.with_suffix(".fresh")
    fresh.write_bytes(data)
    fresh.replace(path)
    return path


def cut(home: Path, region: str, since: datetime) -> TrustList:
    """Stop trusting a region from a moment on; a cut can be moved to an earlier time only.

    Raises TongbanError ``trust-region-unknown``.
    """
    now = held(home, region)
    if now is None:
        raise TongbanError("trust-region-unknown", region=region)
    moment = since.replace(microsecond=0)
    ended = replace(now, cut=min(moment, now.cut) if now.cut else moment)
    save(ended, home)
    return ended


def _check_vouched(signed: SignedList, now: TrustList | None, at: datetime, anchor: str) -> None:
    """Raise unless an anchor given, or else one that is held, vouches for the list."""
    region = signed.trust.region
    if anchor:
        wanted = anchor.replace(":", "").strip().lower()
        believed = tuple(cert for cert in signed.trust.anchors if fingerprint(cert) == wanted)
        if not believed:
            raise TongbanError("trust-anchor-unknown", anchor=wanted[:64])
    elif now is None:
        raise TongbanError("trust-anchor-needed", region=region)
    else:
        believed = now.anchors
    if not signed.vouched(believed, at):
        raise TongbanError("trust-list-signature", region=region)


def _cut_after(now: TrustList | None, fresh: TrustList, anchor: str) -> datetime | None:
    """Return the cut that stays: only anchors that are all new, given by hand, begin anew."""
    if now is None:
        return None
    shared = {cert.der for cert in now.anchors} & {cert.der for cert in fresh.anchors}
    return None if anchor and not shared else now.cut


def _folder(home: Path) -> Path:
    return home / "registry" / "signing" / "trust"
