"""What a window works with: ports joined in the wiring, the books of journeys and matters."""

from __future__ import annotations

from dataclasses import dataclass

from certificates.matters import Matterbook
from intake.journeys import Journeybook
from intake.ports import Consents, Fetch, Guardianship, Regions, Results, Source
from kernel.clock import Clock
from kernel.ports import Objects, Probe, Transactions, Vault


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything intake needs, each by its narrowest port. ``division`` is the hub's region."""

    transactions: Transactions
    objects: Objects
    vault: Vault
    clock: Clock
    journeys: Journeybook
    matters: Matterbook
    source: Source
    guardianship: Guardianship
    fetch: Fetch
    consents: Consents
    regions: Regions
    results: Results
    probe: Probe
    division: str
