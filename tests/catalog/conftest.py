from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.connectors import rest
from kernel.clock import FixedClock
from storage.probe import NoProbe
from tests.catalog.pagedrig import QUICK, people, rig_at
from tests.catalog.pagedservice import Service, serving
from tests.catalog.rig import Rig, build


@pytest.fixture
def rig(tmp_path: Path, clock: FixedClock) -> Rig:
    return build(tmp_path, clock, NoProbe())


@pytest.fixture
def service() -> Iterator[Service]:
    with serving(Service(people(90))) as service:
        yield service


@pytest.fixture
def paged(
    tmp_path: Path, clock: FixedClock, service: Service, monkeypatch: pytest.MonkeyPatch
) -> Rig:
    """A rig whose source is ``service``; it is asked again without long pauses."""
    monkeypatch.setattr(rest, "CONNECTOR", QUICK)
    return rig_at(tmp_path, clock, service.address, NoProbe())
