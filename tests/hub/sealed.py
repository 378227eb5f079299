"""A hub of settings with seals, trust and three people's data; its signer runs by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from certificates import register_store
from certificates.register_model import Certificate
from hub.settings import load
from hub.wiring import Hub, open_hub
from kernel.clock import FixedClock
from signing.seal_model import Seal, SealApplication
from signing.trust import save
from tests.certificates.doubles import MemorySource, small_world
from tests.certificates.test_requests import OFFICE
from tests.signing.world import approver, root

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
TYPE, KEY = "marriage", "J410199-2020-000001"


@contextmanager
def sealed(home: Path, **settings: object) -> Iterator[Hub]:
    """Open it; certificates of ``TYPE`` can be issued for ``KEY``."""
    given = load(home=home, **{"environment": "test", "worker": False, **settings})
    with open_hub(given, clock=FixedClock(NOON)) as hub:
        ready(hub)
        yield hub


def ready(hub: Hub) -> None:
    """Establish authority, trust and the seal of the issuing body; join data in memory."""
    hub.authority.establish(root())
    kind = hub.typebook[TYPE]
    until = hub.clock.now() + timedelta(days=365)
    wanted = SealApplication(kind.issuing_code, kind.issuing_org, "410100", hub.clock.now(), until)
    applied = hub.seals.apply(approver("staff:ann", kind.issuing_code), wanted).value
    assert isinstance(applied, Seal)
    made = hub.seals.approve(approver("staff:bob", kind.issuing_code), applied.seal_id).value
    assert isinstance(made, Seal), made
    save(hub.authority.trust_list(1, days=3650), hub.settings.root)
    hub.__dict__["tools"] = replace(hub.tools, source=MemorySource(small_world()))


def issued(hub: Hub) -> Certificate:
    """Issue the one certificate."""
    done = hub.issuer.issue(OFFICE, TYPE, KEY).value
    assert isinstance(done, Certificate), done
    return done


def originals(hub: Hub, one: Certificate) -> dict[str, bytes]:
    """Return its sealed files by format."""
    found = hub.database.transactions.read(
        lambda tx: register_store.files(tx, [one.id], register_store.ORIGINAL)
    )
    return {item.format: hub.objects.get(item.digest) for item in found[one.id]}
