"""Tables of the room. No personal data: rows of departments live in Parquet, not here."""

from __future__ import annotations

from sqlalchemy import DDL, Column, Index, Integer, MetaData, Table, Text, UniqueConstraint, event

METADATA = MetaData()

RESOURCE = Table(
    "catalog_resource",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("org", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("current", Text),
    Column("updated_at", Text, nullable=False),
)
"""An entry; ``about`` is canonical JSON of its metadata, ``digest`` covers it and the items."""

ITEM = Table(
    "catalog_item",
    METADATA,
    Column("resource", Text, primary_key=True),
    Column("column", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("length", Integer, nullable=False),
    Column("source_column", Text, nullable=False),
    Column("sensitive", Integer, nullable=False),
    Column("description", Text, nullable=False),
)

VERSION = Table(
    "catalog_version",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("resource", Text, nullable=False),
    Column("org", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("batch", Text, nullable=False),
    Column("delivery", Text, nullable=False),
    Column("rules_digest", Text, nullable=False),
    Column("manifest", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("counts", Text, nullable=False),
    Column("score", Text, nullable=False),
    Column("published_at", Text, nullable=False),
    Column("added", Integer, nullable=False),
    Column("removed", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    UniqueConstraint("resource", "number"),
)
"""Immutable. ``content`` is the digest over parts and findings: equal content, no new version."""

PART = Table(
    "catalog_part",
    METADATA,
    Column("version", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("object", Text, nullable=False),
    Column("rows", Integer, nullable=False),
)

LOOKUP = Table(
    "catalog_lookup",
    METADATA,
    Column("version", Text, primary_key=True),
    Column("column", Text, primary_key=True),
    Column("object", Text, nullable=False),
)
"""Indexes of columns: derived from the parts, safe to delete."""

QUARANTINE = Table(
    "catalog_quarantine",
    METADATA,
    Column("batch", Text, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("column", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("dimension", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("bad", Integer, nullable=False),
    Column("threshold", Text, nullable=False),
)
"""How often each rule was broken in a batch; the rows themselves are objects."""

LINEAGE = Table(
    "catalog_lineage",
    METADATA,
    Column("version", Text, primary_key=True),
    Column("source_file", Text, primary_key=True),
    Column("column", Text, primary_key=True),
    Column("source_column", Text, nullable=False),
    Column("element", Text, nullable=False),
)

INGEST = Table(
    "catalog_ingest",
    METADATA,
    Column("batch", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("org", Text, nullable=False),
    Column("delivery", Text, nullable=False),
    Column("rules_digest", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Text),
    Column("counts", Text, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("findings", Text, nullable=False),
    Column("at", Text, nullable=False),
    Index("catalog_ingest_resource", "resource", "at"),
)
"""One row per batch. ``day`` is the Beijing date by which its facts are judged, also on resume."""

_FTS5 = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS catalog_search_words USING fts5("
    "resource UNINDEXED, title_words, body_words, tokenize = 'unicode61 remove_diacritics 0')"
)
_TRIGRAMS = (
    "CREATE INDEX IF NOT EXISTS catalog_search_title ON catalog_search "
    "USING gin (title gin_trgm_ops)"
)
WORDS = (
    "array_to_tsvector(array_remove(string_to_array(title_words || ' ' || body_words, ' '), ''))"
)
"""The text vector of a row on PostgreSQL, made without its parser, which drops Han in C locales."""

_INDEXES = {
    "sqlite": (_FTS5,),
    "postgresql": (
        "CREATE EXTENSION IF NOT EXISTS pg_trgm",
        f"CREATE INDEX IF NOT EXISTS catalog_search_words ON catalog_search USING gin ({WORDS})",
        _TRIGRAMS,
    ),
}

SEARCH = Table(
    "catalog_search",
    METADATA,
    Column("resource", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("title_words", Text, nullable=False),
    Column("body_words", Text, nullable=False),
    info={"guards": _INDEXES, "unmanaged": ("catalog_search_words", "catalog_search_title")},
)
"""Words are overlapping pairs of characters made by ``catalog.words``, parted by spaces.

``guards`` are the statements that follow the table's creation; ``unmanaged`` begins the names of
what they make, which only the database's own language can describe.
"""

for _dialect, _statements in _INDEXES.items():
    for _statement in _statements:
        event.listen(
            SEARCH,
            "after_create",
            DDL(_statement).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call] # SQLAlchemy's own
        )
