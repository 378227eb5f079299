from __future__ import annotations

from pathlib import Path

import pytest

from kernel.clock import FixedClock
from storage.probe import NoProbe
from tests.catalog.rig import Rig, build


@pytest.fixture
def rig(tmp_path: Path, clock: FixedClock) -> Rig:
    return build(tmp_path, clock, NoProbe())
