from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from joserfc.jwk import ECKey

from audit.tree import leaf_hash
from certificates.issue import Issuer
from certificates.register_model import Certificate
from certificates.requests_model import CertificateAsk
from hub.app import build_app
from hub.demo.city import seals
from hub.settings import load
from hub.wiring import Hub, open_hub
from kernel.actors import Actor, ActorKind, Reach, system
from signing.seal_model import Seal, SealApplication
from signing.trust import save
from tests.certificates.doubles import MemorySource, small_world
from tests.certificates.test_requests import SCHOOL, SCHOOL_ASK
from tests.exchange.proxy import Proxy
from tests.web.conftest import register_client

ASKER, HOME = "410100", "410300"
AGENCY = Actor(
    "client:test-agency",
    ActorKind.CLIENT,
    org=SCHOOL,
    rights={"certificates.request": Reach.ALL},
)


class ShiftedClock:
    """The true time and an offset that a test may set."""

    offset = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def write_peer(hub: Hub, other: Hub, **changes: str) -> None:
    """Register ``other`` at ``hub`` as an administrator would."""
    spki = base64.b64encode(other.message_key.info().spki).decode()
    rows = {
        "schema": "1",
        "region": f'"{other.settings.region}"',
        "name": '"示例市"',
        "address": f'"{other.settings.address}"',
        "keys": f'[{{spki = "{spki}"}}]',
        "handles": f'{{school-enrolment = ["{SCHOOL}"]}}',
        **changes,
    }
    folder = hub.settings.root / "registry" / "certificates" / "peers"
    folder.mkdir(parents=True, exist_ok=True)
    text = "\n".join(f"{name} = {value}" for name, value in rows.items())
    (folder / f"{other.settings.region}.toml").write_text(text, "utf-8")


@dataclass
class Border:
    """Two hubs, each with its web server; the proxy stands before the home hub."""

    asker: Hub
    home: Hub
    proxy: Proxy
    certificate: Certificate
    ports: dict[str, int]
    clocks: dict[str, ShiftedClock]
    keys: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))

    def ask(self, **changes: Any) -> CertificateAsk:
        return replace(SCHOOL_ASK, **{"idempotency_key": f"k{next(self.keys)}", **changes})

    def fetch(self, ask: CertificateAsk | None = None, region: str = HOME) -> Any:
        return self.asker.exchange.fetch(AGENCY, ask or self.ask(), region).value

    def rows(self, hub: Hub) -> list[Any]:
        database = hub.database
        return database.transactions.read(lambda tx: database.journal.after(tx, 0, 99_999))

    def events(self, hub: Hub, kind: str) -> list[dict[str, Any]]:
        kinds = f"certificates.{kind}"
        return [json.loads(row.body)["data"] for row in self.rows(hub) if row.kind == kinds]

    def sequence(self) -> None:
        """Put every entry of both journals under a signed checkpoint."""
        for hub in (self.asker, self.home):
            sequencer = hub.log.sequencer()
            assert sequencer.run_once(force=True)
            # Leases are kept by a clock that tests shift: one left behind would outlive them.
            sequencer.close()

    def leaves(self, hub: Hub) -> dict[str, str]:
        """Return leaf hash to kind of every entry."""
        return {base64.b64encode(leaf_hash(row.body)).decode(): row.kind for row in self.rows(hub)}


@pytest.fixture(scope="session")
def agency_key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": "test-1"})


@pytest.fixture(scope="session")
def whole_border(tmp_path_factory: pytest.TempPathFactory, agency_key: ECKey) -> Iterator[Border]:
    with two_hubs(tmp_path_factory.mktemp("border"), agency_key) as border:
        yield border


@contextmanager
def two_hubs(folder: Path, agency_key: ECKey) -> Iterator[Border]:
    """Serve two hubs, the line between them through a proxy that can misbehave."""
    proxy = Proxy()
    ports = {ASKER: free_port(), HOME: free_port()}
    proxy.target = ports[HOME]
    bases = {ASKER: ports[ASKER], HOME: proxy.port}
    clocks = {region: ShiftedClock() for region in ports}
    hubs: dict[str, Hub] = {}
    for region, port in ports.items():
        home = folder / region
        register_client(home, agency_key)
        settings = load(
            home=home,
            region=region,
            port=port,
            base_url=f"http://127.0.0.1:{bases[region]}",
            environment="test",
            worker=False,
        )
        hubs[region] = open_hub(settings, clock=clocks[region])
        tools = replace(hubs[region].tools, source=MemorySource(small_world()))
        hubs[region].__dict__["tools"] = tools
    asker, home_hub = hubs[ASKER], hubs[HOME]
    seals(home_hub)
    all_seals(home_hub)
    save(home_hub.authority.trust_list(1), asker.settings.root)
    issue = system("issue", HOME, ("certificates.issue",))
    made = Issuer(home_hub.tools).issue(issue, "household-register", "H0001").value
    assert isinstance(made, Certificate), made
    servers = [_serve(hubs[region], port) for region, port in ports.items()]
    yield Border(asker, home_hub, proxy, made, ports, clocks)
    for server in servers:
        server.should_exit = True
    proxy.close()
    for hub in hubs.values():
        hub.close()


@pytest.fixture
def border(whole_border: Border) -> Iterator[Border]:
    """Give both hubs in good order, and put back what a test has changed."""
    write_peer(whole_border.asker, whole_border.home)
    write_peer(whole_border.home, whole_border.asker)
    whole_border.proxy.behave()
    yield whole_border
    whole_border.proxy.behave()
    for clock in whole_border.clocks.values():
        clock.offset = timedelta(0)


def _serve(hub: Hub, port: int) -> uvicorn.Server:
    config = uvicorn.Config(build_app(hub), port=port, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    threading.Thread(target=server.run, daemon=True).start()
    until = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < until, "the web server did not start"
        time.sleep(0.02)
    return server


def all_seals(hub: Hub) -> None:
    """Give each body a seal: this hub has no deliveries, so nobody has made any for them."""
    since = hub.clock.now().replace(microsecond=0) - timedelta(hours=1)
    applicant = system("applicant", HOME, ("signing.seal-apply",))
    approver = system("approver", HOME, ("signing.seal-approve",))
    for code, name in {kind.issuing_code: kind.issuing_org for kind in hub.typebook}.items():
        wanted = SealApplication(code, name, HOME, since, since + timedelta(days=900))
        applied = hub.seals.apply(applicant, wanted).value
        assert isinstance(applied, Seal), applied
        assert isinstance(hub.seals.approve(approver, applied.seal_id).value, Seal)
