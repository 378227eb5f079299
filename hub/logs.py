"""Structured log lines on standard error: JSON, UTC, no personal data by construction.

Every line is an event name with fields from a closed set; anything else is dropped, so that a field
added in haste cannot carry a name or an id number out.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

FIELDS: Final = frozenset(
    {
        "event", "level", "timestamp", "logger",
        "method", "route", "status", "ms", "trace",
        "code", "kind", "where", "duty", "count", "seconds", "region", "port",
    }
)  # fmt: skip


class Lines:
    """Writes each line to whatever standard error is at that moment."""

    def __init__(self, *names: str) -> None:
        """Names given to ``structlog.get_logger`` say nothing that the event does not."""

    def msg(self, line: str) -> None:
        """Write one line at once."""
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    debug = info = warning = error = critical = msg


def configure(level: str) -> None:
    """Set up structlog for the process; ``level`` as in the settings."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_known_fields,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=Lines,
        cache_logger_on_first_use=False,
    )
    # the access log of the server prints paths with queries, which may hold personal data
    logging.getLogger("uvicorn.access").disabled = True


def only_known_fields(
    logger: object, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Drop fields that are not in the closed set (a structlog processor)."""
    del logger, method
    return {name: value for name, value in event.items() if name in FIELDS}
