"""Which real servers the tests of a session used, in which version, and how many tests passed with each.

Every run of the mark ``services`` prints the table and keeps it in var/services.json; ``python -m tests.proven``
(``make services-table``) writes it into docs/deploy.md.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "var" / "services.json"
DOC = ROOT / "docs" / "deploy.md"
BEGIN, END = "<!-- services: written by make services-table -->", "<!-- services end -->"
COMES = {
    "postgres": "Debian",
    "redis": "Debian",
    "minio": "Go module",
    "versitygw": "Go module",
    "airflow": "requirements.lock",
    "celery": "requirements.lock",
    "chromium": "Debian",
}
BY_FIXTURE = {"postgres_url": "postgres", "browser": "chromium"}
"""Servers that live for a whole session: a test that asks for the fixture uses them."""

versions: dict[str, str] = {}
_now: set[str] = set()
_passed: Counter[str] = Counter()


def used(name: str, version: str = "") -> None:
    """Note that the test that runs now uses a server."""
    _now.add(name)
    if version:
        versions[name] = version


def begin() -> None:
    """Forget what the test before used."""
    _now.clear()


def passed(item: pytest.Item) -> None:
    """Count a passed test for every server it used."""
    fixtures = getattr(item, "fixturenames", ())
    names = _now | {BY_FIXTURE[name] for name in fixtures if name in BY_FIXTURE}
    _passed.update(names & set(versions))


def rows() -> list[dict[str, str | int]]:
    """Return the table of this session, by name."""
    return [
        {"name": name, "version": versions[name], "tests": _passed[name]}
        for name in sorted(versions)
        if _passed[name]
    ]


def keep(found: Iterable[dict[str, str | int]]) -> None:
    """Keep the table for ``make services-table``.

    Of two runs with one version of a server the one with more tests is kept, whichever was later.
    """
    before = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else []
    kept = {str(row["name"]): row for row in before}
    for row in found:
        old = kept.get(str(row["name"]))
        if old is None or old["version"] != row["version"] or old["tests"] < row["tests"]:
            kept[str(row["name"])] = row
    KEPT.parent.mkdir(exist_ok=True)
    text = json.dumps([kept[name] for name in sorted(kept)], indent=1)
    KEPT.write_text(f"{text}\n", "utf-8")


def table(found: Iterable[dict[str, str | int]]) -> str:
    """Return the table in Markdown."""
    lines = ["| server | version | from | tests passed with it |", "|---|---|---|---|"]
    lines += [
        f"| {row['name']} | `{row['version']}` | {COMES.get(str(row['name']), '')} | {row['tests']} |"
        for row in found
    ]
    return "\n".join(lines)


def main() -> int:
    """Write the kept table into docs/deploy.md."""
    if not KEPT.exists():
        sys.stderr.write("No table yet. Next: make test-services\n")
        return 1
    text = DOC.read_text("utf-8")
    made = f"{BEGIN}\n{table(json.loads(KEPT.read_text('utf-8')))}\n{END}"
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    DOC.write_text(pattern.sub(lambda _: made, text), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
