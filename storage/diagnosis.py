"""Looks at a database from outside, changing nothing: what ``tongban doctor`` asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, text

from storage import migrations
from storage.database import engines
from storage.failures import translated

_BLIND = frozenset({"C", "POSIX"})


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """``revision`` is empty before the first start; ``locale`` is empty for SQLite."""

    kind: str
    revision: str
    newest: str
    locale: str
    now: datetime
    """The server's clock, UTC; this machine's own for SQLite."""

    @property
    def blind(self) -> bool:
        """Tell whether character classes are those of ``C``: trigrams of Chinese are then empty."""
        return self.locale in _BLIND


def look_at(url: str) -> DatabaseState:
    """Connect and look. Raises ``database-url``, ``database-unavailable`` and what storage raises.

    The file of a SQLite address must exist: connecting would make it.
    """
    writer, reader = engines(url)
    try:
        with translated(), reader.connect() as connection:
            kind = connection.dialect.name
            revision = migrations.context(connection).get_current_revision() or ""
            locale, now = _server(connection) if kind == "postgresql" else ("", datetime.now(UTC))
            return DatabaseState(kind, revision, migrations.head(), locale, now)
    finally:
        writer.dispose()
        reader.dispose()


def _server(connection: Connection) -> tuple[str, datetime]:
    query = "SELECT datctype, clock_timestamp() FROM pg_database WHERE datname=current_database()"
    row = connection.execute(text(query)).one()
    moment: datetime = row[1]
    return str(row[0]), moment.astimezone(UTC)
