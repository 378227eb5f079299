"""Tables of the room: the journal and the leases."""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    event,
)

METADATA = MetaData()

GUARDS: dict[str, tuple[str, ...]] = {
    "sqlite": tuple(
        f"CREATE TRIGGER IF NOT EXISTS storage_journal_no_{verb.lower()} "
        f"BEFORE {verb} ON storage_journal "
        "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
        for verb in ("UPDATE", "DELETE")
    ),
    "postgresql": (
        """CREATE OR REPLACE FUNCTION storage_journal_guard() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the journal is append-only' USING ERRCODE = '23000'; END $$""",
        """CREATE OR REPLACE TRIGGER storage_journal_guard
        BEFORE UPDATE OR DELETE OR TRUNCATE ON storage_journal
        FOR EACH STATEMENT EXECUTE FUNCTION storage_journal_guard()""",
    ),
}
"""Statements per dialect that make the journal refuse change. They stop slips, not a
database owner: what stops him is the log of ``audit`` over the journal."""

JOURNAL = Table(
    "storage_journal",
    METADATA,
    Column("no", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True),
    Column("at", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("storage_journal_subject", "subject", "no"),
    sqlite_autoincrement=True,
    info={"guards": GUARDS},
)
"""Append-only. ``body`` is canonical JSON and the leaf of the audit log."""

LEASES = Table(
    "storage_lease",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("until", Text, nullable=False),
)

for _dialect, _statements in GUARDS.items():
    for _statement in _statements:
        event.listen(
            JOURNAL,
            "after_create",
            DDL(_statement).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call] # SQLAlchemy's own
        )
