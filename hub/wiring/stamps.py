"""Settings of time stamps as the parts that stamp."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from hub.errors import Code
from hub.key_settings import TimeSettings
from kernel.clock import Clock
from kernel.errors import TongbanError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from signing.formats.pdf.augment import Material
    from signing.time.client import Outside, OutsideTimeStamps


def outside(settings: TimeSettings, clock: Clock) -> OutsideTimeStamps:
    """Return the client of the authority outside.

    Raises TongbanError ``setting-invalid``, ``time-stamp-address`` for an address that cannot be
    called or is neither https nor on this machine, ``certificate-unreadable``.
    """
    from signing.time.client import OutsideTimeStamps

    return OutsideTimeStamps(authority(settings), clock)


def authority(settings: TimeSettings) -> Outside:
    """Return what is configured of the authority outside; errors as in ``outside``."""
    from signing.time.client import Outside
    from signing.x509 import from_pem, parse

    path, url = settings.time_stamp_anchors, settings.time_stamp_url
    if path is None or not url or not path.is_file():
        given = {
            "TONGBAN_TIME_STAMP_URL": url,
            "TONGBAN_TIME_STAMP_ANCHORS": path and path.is_file(),
        }
        names = ", ".join(name for name, value in given.items() if not value)
        raise TongbanError(Code.SETTING_INVALID, names=names)
    found = Outside(
        address=url,
        anchors=tuple(parse(item) for item in from_pem(path.read_bytes())),
        policy=settings.time_stamp_policy,
        timeout_seconds=settings.time_stamp_timeout,
    )
    parts = found.parts()
    if parts.scheme != "https" and not _here(parts.hostname or ""):
        raise TongbanError("time-stamp-address", address=url)
    return found


def chain(settings: TimeSettings, lists: Iterable[bytes]) -> Material:
    """Return the certificates of the authority outside, and those of ``lists`` that are theirs."""
    from signing import crl
    from signing.formats.pdf.augment import Material

    anchors = authority(settings).anchors
    names = {cert.subject_raw for cert in anchors}
    parsed = ((item, crl.parse(item)) for item in lists)
    theirs = tuple(item for item, found in parsed if found and found.issuer_raw in names)
    return Material(tuple(cert.der for cert in anchors), theirs)


def _here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
