from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.wiring import Hub
from tests.web.standin import StandinCatalog, sample_resource


@pytest.fixture
def catalog(empty_hub: Hub) -> Iterator[StandinCatalog]:
    """The hub with one resource of plain data in its catalogue."""
    real = empty_hub.catalog
    standin = StandinCatalog(sample_resource())
    empty_hub.__dict__["catalog"] = standin
    yield standin
    empty_hub.__dict__["catalog"] = real
