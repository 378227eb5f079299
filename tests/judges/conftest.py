"""One session of the judges serves all tests here."""

from __future__ import annotations

import pytest

from tests.judges.opinions import MissingError
from tests.judges.peers import PeerFile, peer_files
from tests.judges.trial import Trial, hold


@pytest.fixture(scope="session")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return hold(tmp_path_factory.mktemp("judges"))


@pytest.fixture(scope="session")
def peers() -> dict[str, PeerFile]:
    try:
        return peer_files()
    except MissingError as error:
        pytest.skip(str(error))
