"""Reports on a verdict as files: JSON, HTML, and a PDF under the hub's own seal."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from hub.errors import Code
from kernel.clock import to_iso
from kernel.errors import TongbanError
from signing.reports import to_html, to_json

if TYPE_CHECKING:
    from hub.wiring import Hub

TYPE: Final = "verification-report"
"""Names reports among the things that a seal may be put on."""


class ReportFormat(StrEnum):
    """What a report is written as."""

    JSON = "json"
    HTML = "html"
    PDF = "pdf"


MEDIA: Final[Mapping[ReportFormat, str]] = {
    ReportFormat.JSON: "application/json",
    ReportFormat.HTML: "text/html",
    ReportFormat.PDF: "application/pdf",
}


def encode(
    body: Mapping[str, Any], wanted: ReportFormat, hub: Hub | None, sealed_at: datetime
) -> bytes:
    """Return a report as bytes; ``hub`` draws and seals PDF and may be None for the others.

    Equal reports give equal bytes; so do sealed ones of one hub with equal ``sealed_at``, which
    the signature states. Raises TongbanError ``report-seal-missing``.
    """
    if wanted is ReportFormat.JSON:
        return to_json(dict(body))
    if wanted is ReportFormat.HTML:
        return to_html(dict(body))
    assert hub is not None
    return _sealed(hub, body, sealed_at)


def _sealed(hub: Hub, body: Mapping[str, Any], at: datetime) -> bytes:
    from certificates.ports import SealOrder
    from hub.judging import HubJudge
    from hub.reportsheet import PLACEMENT, draw

    org = _org(hub)
    at = at.replace(microsecond=0)
    unsealed = draw(body, hub.fonts, demo=hub.settings.environment != "production")
    order = SealOrder(
        format="pdf",
        org=org,
        seal="official",
        number=f"{hashlib.sha256(unsealed).hexdigest()}/{to_iso(at)}",
        purpose=TYPE,
        at=at,
        placement=PLACEMENT,
        type=TYPE,
    )
    sealed = hub.sealer.seal(order, unsealed)
    if not HubJudge(hub.settings.root, hub.trust).judge(sealed, hub.clock.now()).passed:
        raise TongbanError(Code.REPORT_SEAL_MISSING)
    return sealed


def _org(hub: Hub) -> str:
    """Return the credit code of the body whose seal goes on reports.

    Outside production any seal of the hub may do: those announce themselves.
    """
    named = hub.settings.report_org
    if named or hub.settings.environment == "production":
        org = hub.directory.org(named) if named else None
        codes = [org.code] if org else []
    else:
        codes = [org.code for _, org in sorted(hub.directory.orgs.items())]
    for code in codes:
        if hub.sealing.find(code, TYPE) is not None:
            return code
    raise TongbanError(Code.REPORT_SEAL_MISSING)
