from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import pytest
import structlog

from kernel.clock import FixedClock
from kernel.ports import Objects, Vault
from signing import store
from signing.authority import RegionalCA
from signing.drawing import Glyphs
from signing.keystores import Options, open_store
from signing.ports import Purpose
from signing.seal_model import Region
from signing.sealing import Sealing
from signing.seals import SealService
from signing.signer import server
from signing.signer.client import SignerClient
from signing.signer.desk import Desk
from signing.signer.ledger import Ledger
from signing.signer.place import socket_path
from signing.signer.process import SignerProcess, SignerSetup, ensure
from storage.probe import NoProbe
from tests.conftest import MakeDatabase
from tests.signing.requests import KEY
from tests.signing.world import World, root


@pytest.fixture(scope="session")
def glyphs() -> Glyphs:
    font = resources.files("pylopdf_fonts_zh_cn") / "NotoSerifSC-Regular.otf"
    return Glyphs([Path(str(font))])


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    clock = FixedClock(datetime(2026, 3, 2, tzinfo=UTC))
    keys = open_store("demo", Options(tmp_path, "test"))
    return Desk(keys, Ledger(tmp_path / "signer" / "answers.db", clock, NoProbe()))


@pytest.fixture
def world(
    *,
    desk: Desk,
    make_database: MakeDatabase,
    objects: Objects,
    clock: FixedClock,
    glyphs: Glyphs,
    vault: Vault,
) -> World:
    database = make_database(store.METADATA)
    transactions = database.transactions
    region = Region("410100", "示例市", demo=True)
    authority = RegionalCA(region=region, signer=desk, transactions=transactions, clock=clock)
    authority.establish(root())
    common = {
        "transactions": transactions,
        "objects": objects,
        "signer": desk,
        "authority": authority,
        "clock": clock,
    }
    return World(
        desk,
        transactions,
        objects,
        authority,
        SealService(**common, glyphs=glyphs, vault=vault),
        Sealing(**common),
        clock,
        database.journal,
    )


@pytest.fixture
def ready(desk: Desk) -> Desk:
    desk.create(KEY, "sm2_sm3", (Purpose.SEAL_OFD, Purpose.SEAL_PDF))
    return desk


@pytest.fixture
def process(tmp_path: Path) -> Iterator[SignerProcess]:
    started = ensure(SignerSetup(tmp_path / "home", "test"))
    started.client.create(KEY, "sm2_sm3", (Purpose.SEAL_OFD, Purpose.SEAL_PDF))
    yield started
    started.stop()


@pytest.fixture(autouse=True)
def logs() -> Iterator[None]:
    """The process sends its log lines to standard error; tests must not inherit that."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def local(ready: Desk, tmp_path: Path) -> Iterator[SignerClient]:
    """The server in a thread of this process."""
    path = socket_path(tmp_path / "local")
    running = server.SignerServer(path, ready)
    thread = threading.Thread(target=running.serve_forever, args=(0.02,))
    thread.start()
    client = SignerClient(path)
    yield client
    client.close()
    running.shutdown()
    running.server_close()
    thread.join()
