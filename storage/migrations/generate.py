"""Writes the revisions that lead from the newest one to the rooms' present tables.

``python -m storage.migrations.generate SLUG`` adds one file for each room whose tables differ:
``versions/0007_catalog_slug.py``. Read what it wrote, correct it where data must move, commit it.
"""

from __future__ import annotations

import argparse
import importlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from alembic import command
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations import ops
from sqlalchemy import Connection, MetaData, Table

from storage.database import engines
from storage.migrations import FOLDER, VERSION_TABLE, configuration, head

ROOMS = ("storage", "identity", "quality", "catalog", "signing", "audit", "certificates", "intake")
_INDENT = " " * 4


def stores(rooms: Sequence[str] = ROOMS) -> dict[str, MetaData]:
    """Import each room's stores and return their METADATA; rooms without tables are left out.

    A room's tables may be split over ``store.py`` and further modules ``*_store.py``.
    """
    found: dict[str, MetaData] = {}
    for room in rooms:
        folder = Path(importlib.import_module(room).__path__[0])
        whole = MetaData()
        for path in sorted(folder.rglob("*store.py")):
            name = ".".join(path.relative_to(folder.parent).with_suffix("").parts)
            metadata = getattr(importlib.import_module(name), "METADATA", None)
            for table in metadata.tables.values() if metadata is not None else ():
                if table.name not in whole.tables:
                    table.to_metadata(whole)
        if whole.tables:
            found[room] = whole
    return found


def generate(
    slug: str, rooms: dict[str, MetaData], versions: Path = FOLDER / "versions"
) -> list[Path]:
    """Write the missing revisions and return their paths, in order."""
    written: list[Path] = []
    with tempfile.TemporaryDirectory() as folder:
        writer, reader = engines(f"sqlite:///{folder}/schema.db")
        try:
            for room, metadata in rooms.items():
                with writer.begin() as connection:
                    if head(versions):
                        command.upgrade(configuration(connection, versions), "head")
                    changes = _changes(connection, room, metadata)
                if changes:
                    written.append(_write(slug, room, metadata, changes, versions))
        finally:
            writer.dispose()
            reader.dispose()
    return written


def _changes(connection: Connection, room: str, metadata: MetaData) -> list[ops.MigrateOperation]:
    unmanaged = tuple(
        prefix for table in metadata.tables.values() for prefix in table.info.get("unmanaged", ())
    )

    def mine(name: str | None, kind: str, _parents: object) -> bool:
        if kind != "table" or name is None:
            return True
        return name.startswith(f"{room}_") and not (unmanaged and name.startswith(unmanaged))

    context = MigrationContext.configure(
        connection,
        opts={
            "version_table": VERSION_TABLE,
            "compare_type": True,
            "include_name": mine,
            "target_metadata": metadata,
        },
    )
    upgrade = produce_migrations(context, metadata).upgrade_ops
    for change in upgrade.ops if upgrade else ():
        if isinstance(change, ops.CreateTableOp):
            change.info = {}  # guards are written out as statements instead
    return [] if upgrade is None else list(upgrade.ops)


def _write(
    slug: str,
    room: str,
    metadata: MetaData,
    changes: list[ops.MigrateOperation],
    versions: Path,
) -> Path:
    before = head(versions)
    number = f"{int(before[:4] or '0') + 1:04d}"
    name = f"{number}_{room}_{slug}"
    steps = list(_steps(metadata, changes))
    text = _HEADER.format(room=room, slug=slug, name=name, before=repr(before or None))
    text += "def upgrade() -> None:\n" + f'{_INDENT}"""Apply."""\n'
    text += "".join(f"{_INDENT}{step}()\n" for step, _ in steps)
    text += "".join(f"\n\ndef {step}() -> None:\n{body}" for step, body in steps)
    path = versions / f"{name}.py"
    path.write_text(text, "utf-8")
    tidy = ["check", "--fix", "-q", "--select", "I,F401,E501,RUF100"]
    for arguments in (["format", "-q"], tidy):
        subprocess.run([sys.executable, "-m", "ruff", *arguments, str(path)], check=False)
    return path


_HEADER = '''"""{room}: {slug}."""
# ruff: noqa: E501 - statements are kept as they were generated

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "{name}"
down_revision = {before}


'''


def _steps(metadata: MetaData, changes: list[ops.MigrateOperation]) -> Iterator[tuple[str, str]]:
    """Yield a function's name and body for each table: small functions are read more easily."""
    groups: dict[str, list[ops.MigrateOperation]] = {}
    for change in changes:
        name = str(getattr(change, "table_name", "") or "other")
        groups.setdefault(name, []).append(change)
    for name, own in groups.items():
        code = render_python_code(ops.UpgradeOps(own), render_as_batch=True)
        body = _INDENT + re.sub(r"^\s*# ###.*\n?", "", code, flags=re.MULTILINE).strip() + "\n"
        if any(isinstance(change, ops.CreateTableOp) for change in own):
            body += _guards(metadata.tables[name])
        yield f"_{name}", body


def _guards(table: Table) -> str:
    """Return statements for the triggers a table asks for in ``info["guards"]``, per dialect."""
    guards: dict[str, tuple[str, ...]] = table.info.get("guards", {})
    text = ""
    for dialect, statements in guards.items():
        text += f'{_INDENT}if op.get_bind().dialect.name == "{dialect}":\n'
        for statement in statements:
            text += f"{_INDENT * 2}op.execute({' '.join(statement.split())!r})\n"
    return text


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m storage.migrations.generate")
    parser.add_argument("slug", help="what changes, in a word: first, add_window")
    slug = parser.parse_args().slug
    for path in generate(slug, stores()):
        sys.stdout.write(f"{path.relative_to(FOLDER.parent.parent)}\n")


if __name__ == "__main__":
    main()
