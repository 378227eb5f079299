"""What the doctor asks about other regions: do their hubs answer, how long do their lists count."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from pathlib import Path

from certificates.exchange.model import Peer
from certificates.exchange.peers import every
from hub.findings import Finding
from signing.trust import TrustList, TrustStore

_SECONDS = 3.0
_SOON = timedelta(days=14)
_DRIFT = 30.0
"""Seconds by which the clocks of two hubs may differ before messages are refused."""


def peers(home: Path) -> Iterator[Finding]:
    """Yield a finding for each registered peer; raises TongbanError ``peer-file-invalid``."""
    found = every(home)
    if not found:
        yield Finding("peers", "ok", "没有登记 none registered")
    now = datetime.now(UTC)
    for peer in found:
        told = f"{peer.region} {peer.address}"
        if peer.cut_from is not None and peer.cut_from <= now:
            yield Finding("peers", "ok", f"{told}: 已切断 cut off")
        else:
            yield _reached(peer, told)


def lists(home: Path, region: str) -> Iterator[Finding]:
    """Yield a finding for each trust list held, and for each peer without one.

    Raises TongbanError ``trust-list-unreadable``, ``peer-file-invalid``.
    """
    now = datetime.now(UTC)
    held = TrustStore.load(home).lists
    if not held:
        yield Finding("trust", "ok", "没有信任列表 no trust list")
    for trust in held:
        yield _in_time(trust, now, own=trust.region == region)
    known = {trust.region for trust in held}
    for peer in every(home):
        if peer.region not in known:
            yield Finding(
                "trust",
                "fault",
                f"{peer.region}: 没有信任列表 no trust list",
                "取得该地区的列表与信任锚指纹，执行 tongban trust import。",
                "Get that region's list and its anchor's fingerprint; run tongban trust import.",
            )


def _reached(peer: Peer, told: str) -> Finding:
    request = urllib.request.Request(f"{peer.address.rstrip('/')}/healthz")  # noqa: S310 - the registry takes http and https alone
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_SECONDS) as answer:
            dated = answer.headers.get("Date")
    except (OSError, HTTPException) as error:
        reason = f"HTTP {error.code}" if isinstance(error, urllib.error.HTTPError) else ""
        return Finding(
            "peers",
            "warning",
            f"{told}: {reason or type(error).__name__}",
            "联系该地区；地址有变则重新执行 tongban peer add。",
            "Ask that region; where its address has changed, run tongban peer add again.",
        )
    moment = _moment(dated)
    drift = abs((datetime.now(UTC) - moment).total_seconds()) if moment else 0.0
    if drift > _DRIFT:
        return Finding(
            "peers",
            "fault",
            f"{told}: {drift:.0f} s",
            "两地时钟不一致，请双方校时（NTP）。",
            "The clocks of the two hubs differ: both should be set (NTP).",
        )
    return Finding("peers", "ok", told)


def _moment(text: str | None) -> datetime | None:
    """Read a Date header; an absent or odd one says nothing about the clock."""
    try:
        found = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _in_time(trust: TrustList, now: datetime, *, own: bool) -> Finding:
    told = f"{trust.region} 第 {trust.version} 号 no. {trust.version} → {trust.expires:%Y-%m-%d}"
    if trust.cut_at(now):
        return Finding("trust", "ok", f"{told}: 已切断 cut off")
    if now < trust.expires - _SOON and trust.issued <= now:
        return Finding("trust", "ok", told)
    steps = (
        "向该地区索取新列表，执行 tongban trust import。",
        "Get its new list; tongban trust import.",
    )
    if own:
        steps = (
            "执行 tongban trust export，送交各地区。",
            "Run tongban trust export; send it out.",
        )
    return Finding("trust", "warning" if trust.in_force(now) else "fault", told, *steps)
