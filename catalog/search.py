"""Search over entries: FTS5 on SQLite, text vectors and trigrams on PostgreSQL, same words.

The index row is written in the transaction of the entry, so that the two cannot part.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, text

from catalog import words
from catalog.model import Resource
from catalog.tables import SEARCH, WORDS

_RANKED = 2000
"""Hits that are ranked at most: broad words would else cost a rank per entry."""
_TITLE_WEIGHT = 4.0


def index(connection: Connection, resource: Resource) -> None:
    """Write the search row of an entry, replacing an older one."""
    about = resource.about
    title = " ".join([*words.pairs(about.name), words.initials(about.name)])
    body = " ".join(
        word
        for part in (
            *about.aliases, *about.keywords, about.provider, about.category, about.abstract,
            about.code, resource.id,
            *(item.name for item in resource.items), *(item.column for item in resource.items),
        )
        for word in words.pairs(part)
    )  # fmt: skip
    row = {
        "resource": resource.id,
        "title": about.name,
        "title_words": title,
        "body_words": " ".join((body, *(words.initials(alias) for alias in about.aliases))),
    }
    connection.execute(delete(SEARCH).where(SEARCH.c.resource == resource.id))
    connection.execute(insert(SEARCH).values(row))
    if connection.dialect.name == "sqlite":
        connection.execute(
            text("DELETE FROM catalog_search_words WHERE resource = :resource"),
            {"resource": resource.id},
        )
        connection.execute(
            text(
                "INSERT INTO catalog_search_words (resource, title_words, body_words) "
                "VALUES (:resource, :title_words, :body_words)"
            ),
            row,
        )


def find(
    connection: Connection, query: str, more: Sequence[Sequence[str]], limit: int
) -> list[tuple[str, float]]:
    """Return (resource, score) best first. Words of the query must all occur, or a synonym each."""
    asked = [part for part in query.split() if words.runs(part)]
    if not asked:
        return []
    if len(asked) == 1 and len("".join(words.runs(asked[0]))) == 1:
        return _by_title(connection, "".join(words.runs(asked[0])), limit)
    if connection.dialect.name == "sqlite":
        return _sqlite(connection, asked, more, limit)
    return _postgres(connection, asked, more, limit)


def _by_title(connection: Connection, character: str, limit: int) -> list[tuple[str, float]]:
    query = SEARCH.select().where(SEARCH.c.title.contains(character, autoescape=True))
    found = connection.execute(query.order_by(SEARCH.c.title).limit(limit))
    return [(row.resource, 1.0) for row in found]


def _sqlite(
    connection: Connection, asked: Sequence[str], more: Sequence[Sequence[str]], limit: int
) -> list[tuple[str, float]]:
    match = " AND ".join(
        "(" + " OR ".join(_phrase(word) for word in words.synonyms(part, more)) + ")"
        for part in asked
    )
    statement = text(
        "SELECT resource, bm25(catalog_search_words, 0.0, :weight, 1.0) AS rank FROM "
        "catalog_search_words WHERE catalog_search_words MATCH :match AND rowid IN (SELECT rowid "
        "FROM catalog_search_words WHERE catalog_search_words MATCH :match LIMIT :ranked) "
        "ORDER BY rank, resource LIMIT :limit"
    )
    values = {"match": match, "weight": _TITLE_WEIGHT, "ranked": _RANKED, "limit": limit}
    return [(row.resource, -row.rank) for row in connection.execute(statement, values)]


def _phrase(word: str) -> str:
    """Return a quoted FTS5 phrase; a Latin word also finds what begins with it."""
    tokens = words.pairs(word)
    quoted = '"' + " ".join(tokens).replace('"', "") + '"'
    return f"{quoted} *" if tokens and tokens[-1].isascii() else quoted


def _postgres(
    connection: Connection, asked: Sequence[str], more: Sequence[Sequence[str]], limit: int
) -> list[tuple[str, float]]:
    match = " & ".join(
        "(" + " | ".join(_lexemes(word) for word in words.synonyms(part, more)) + ")"
        for part in asked
    )
    statement = text(
        f"SELECT resource, ts_rank({WORDS}, CAST(:match AS tsquery)) + similarity(title, :plain) "  # noqa: S608 - a constant
        f"AS rank FROM catalog_search WHERE {WORDS} @@ CAST(:match AS tsquery) "
        "ORDER BY rank DESC, resource LIMIT :limit"
    )
    values = {"match": match, "plain": " ".join(asked), "limit": limit}
    return [(row.resource, float(row.rank)) for row in connection.execute(statement, values)]


def _lexemes(word: str) -> str:
    """Return the conjunction of a word's pairs; a Latin word also finds what begins with it."""
    tokens = words.pairs(word)
    return "(" + " & ".join(f"'{token}'{':*' if token.isascii() else ''}" for token in tokens) + ")"
