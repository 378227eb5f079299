"""监护关系 by data: the guardians that the population register names for a minor."""

from __future__ import annotations

from certificates.ports import Source

COLUMNS = ("guardian1_id", "guardian2_id")


class PopulationGuardianship:
    """Implements ``certificates.ports.Guardianship`` over the published population."""

    def __init__(self, source: Source, resource: str = "population") -> None:
        self._source = source
        self._resource = resource

    def guardians(self, code: str) -> tuple[str, ...]:
        """Return the guardians' codes of one minor; empty where the data name none.

        Two rows of one person that name different guardians prove nothing: both are left out.
        """
        wanted = code.strip().upper()
        found = {
            tuple(record.values.get(column, "") for column in COLUMNS)
            for record in self._source.lookup(self._resource, "id_number", [wanted])
        }
        if len(found) != 1:
            return ()
        return tuple(guardian for guardian in found.pop() if guardian)
