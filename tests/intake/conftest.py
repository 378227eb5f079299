from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from certificates.store import METADATA as CERTIFICATES
from intake.store import METADATA as INTAKE
from kernel.clock import FixedClock
from tests.certificates.doubles import make_bench
from tests.intake.rig import City


@pytest.fixture
def city(make_database: Any, objects: Any, vault: Any, clock: FixedClock, tmp_path: Path) -> City:
    database = make_database(CERTIFICATES, INTAKE)
    return City(make_bench(database.transactions, objects, vault, clock, tmp_path), database)
