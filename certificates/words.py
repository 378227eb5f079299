"""Words of code tables, as a face prints them."""

from __future__ import annotations

from quality.service import Standards


class TableWords:
    """Implements ``certificates.ports.Codes`` over the hub's standards."""

    def __init__(self, standards: Standards) -> None:
        self._standards = standards

    def text(self, table: str, code: str) -> str:
        """Return the Chinese name of a code; the code itself where the table has none."""
        return self._standards.code_table(table).name_of(code) or code if code else ""
