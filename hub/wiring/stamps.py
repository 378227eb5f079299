"""Settings of time stamps as the parts that stamp."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from hub.errors import Code
from hub.key_settings import TimeSettings
from kernel.clock import Clock
from kernel.errors import TongbanError

if TYPE_CHECKING:
    from hub.judging import TrustBook
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


def chain(settings: TimeSettings, known: TrustBook) -> Material:
    """Return the certificates of the authority outside, and what ``known`` has of their issuing:
    revocation lists and responders' answers.
    """
    from signing import crl, ocsp
    from signing.formats.pdf.augment import Material

    anchors = authority(settings).anchors
    names = {cert.subject_raw for cert in anchors}
    lists = ((item, crl.parse(item)) for item in known.crls())
    answers = ((item, ocsp.parse(item)) for item in known.ocsps())
    return Material(
        tuple(cert.der for cert in anchors),
        tuple(item for item, found in lists if found and found.issuer_raw in names),
        tuple(
            item
            for item, found in answers
            if found and any(one.cert_id.names(by) for one in found.singles for by in anchors)
        ),
    )


def _here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
