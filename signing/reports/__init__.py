"""Reports on one verdict for three readers, from one source: the verdict and its evidence.

``simple`` is one page for the clerk, ``detailed`` the tree of checks for the auditor,
``diagnostic`` the evidence for the engineer. Each is plain JSON (``docs/formats/report.md``) and
self-contained HTML made of that JSON. A report adds nothing that the verdict does not say, reads
no clock and fetches nothing: equal input gives equal bytes.
"""

from __future__ import annotations

from signing.reports.build import report
from signing.reports.model import ReportKind
from signing.reports.render import to_html, to_json

__all__ = ["ReportKind", "report", "to_html", "to_json"]
