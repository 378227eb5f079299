"""Joins the rooms of one hub. The only place that knows which adapter stands behind which port.

Every part is made when first asked for, so that a task that ingests never loads fonts, and the web
process never loads Polars before somebody looks at data.
"""

from __future__ import annotations

from hub.wiring.hub import Hub, open_hub

__all__ = ["Hub", "open_hub"]
