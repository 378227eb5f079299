"""Certificates through the whole hub: register, journal, signer in its own process, files."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any

from bench.parties import KIND, couple
from bench.timing import spent
from certificates import typebook
from certificates.fonts import Fonts
from certificates.issue import Issuer
from certificates.model import CertificateType
from certificates.press import FacePress
from certificates.register_model import BatchResult, Certificate
from certificates.store import METADATA as CERTIFICATES
from certificates.tools import Tools
from hub.judging import HubJudge, TrustBook
from hub.rehearsal import Understudy
from hub.sealing import HubSealer
from kernel.actors import Actor, ActorKind, Reach, system
from kernel.clock import SystemClock
from signing import store as signing_store
from signing.authority import ACTION, RegionalCA
from signing.drawing import Glyphs
from signing.seal_model import Region, Seal, SealApplication
from signing.sealing import Sealing
from signing.seals import SealService
from signing.signer.process import SignerSetup, ensure
from signing.trust import save
from storage.database import open_database
from storage.objects.folder import FolderObjects
from storage.probe import NoProbe
from storage.vault import AeadVault

REGION = "410100"
OFFICE = system("bench", REGION, ("certificates.issue",))
ALONE, TOGETHER = 24, 1000
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """A published row."""

    version: str
    row_key: str
    values: dict[str, str]


class Couples:
    """Rows of a register in memory, found by their key."""

    def __init__(self, kind: CertificateType, count: int) -> None:
        """Make so many rows."""
        rows = [Record("v1", f"{number}", couple(kind, number)) for number in range(count)]
        self._by_key = {item.values[kind.key]: item for item in rows}

    def lookup(self, resource: str, column: str, values: Sequence[str]) -> list[Record]:  # noqa: ARG002 - a port
        """Return the rows with these keys."""
        return [self._by_key[value] for value in values if value in self._by_key]

    def scan(self, resource: str) -> Iterator[Record]:  # noqa: ARG002 - a port
        """Return all rows."""
        return iter(self._by_key.values())


class PlainWords:
    """Codes stay as they are."""

    def text(self, table: str, code: str) -> str:  # noqa: ARG002 - a port
        """Return the code."""
        return code


@contextmanager
def office(count: int, home: Path | None = None) -> Iterator[Tools]:
    """Give the tools of a small hub with one seal in use and so many couples to serve.

    With ``home`` the hub stays there, and is opened again where there is one already.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        place, clock = home or Path(scratch), SystemClock()
        database = open_database(f"sqlite:///{place / 'hub.db'}", clock)
        database.create(CERTIFICATES, signing_store.METADATA)
        process = ensure(SignerSetup(place, "test", "demo"))
        try:
            yield _tools(place, database.transactions, process.client, count)
        finally:
            process.stop()
            database.close()


def _tools(home: Path, transactions: Any, signer: Any, count: int) -> Tools:
    clock, objects = SystemClock(), FolderObjects(home / "objects")
    region = Region(REGION, "示例市", demo=True)
    authority = RegionalCA(region=region, signer=signer, transactions=transactions, clock=clock)
    authority.establish(Actor("system:bench", ActorKind.SYSTEM, rights={ACTION: Reach.ALL}))
    common: dict[str, Any] = {
        "transactions": transactions,
        "objects": objects,
        "signer": signer,
        "authority": authority,
        "clock": clock,
    }
    font = Path(str(resources.files("pylopdf_fonts_zh_cn") / "NotoSerifSC-Regular.otf"))
    book = typebook.load()
    if Sealing(**common).find(book[KIND].issuing_code, KIND) is None:
        _seal(SealService(**common, glyphs=Glyphs([font])), book[KIND], clock)
    save(authority.trust_list(1), home)
    return Tools(
        transactions=transactions,
        objects=objects,
        vault=AeadVault(bytes(32)),
        clock=clock,
        probe=NoProbe(),
        types=book,
        source=Couples(book[KIND], count),
        codes=PlainWords(),
        press=FacePress(Fonts.load()),
        sealer=HubSealer(Sealing(**common), clock, Understudy()),
        judge=HubJudge(home, TrustBook(home)),
        address=lambda identifier: f"https://hub.example/verify?id={identifier}",
        division=REGION,
    )


def _seal(seals: SealService, kind: CertificateType, clock: SystemClock) -> None:
    verbs = ("signing.seal-apply", "signing.seal-approve")
    until = clock.now() + timedelta(days=365)
    wanted = SealApplication(kind.issuing_code, kind.issuing_org, REGION, clock.now(), until)
    people = [
        Actor(
            f"staff:{name}",
            ActorKind.STAFF,
            org=kind.issuing_code,
            division=REGION,
            rights=dict.fromkeys(verbs, Reach.ORG),
        )
        for name in ("ann", "bob")
    ]
    applied = seals.apply(people[0], wanted).value
    assert isinstance(applied, Seal), applied
    assert isinstance(seals.approve(people[1], applied.seal_id).value, Seal)


def rows(stock: float) -> list[Row]:
    """Issue some certificates alone and many together; ``stock`` is pyHanko's time for one PDF."""
    from bench.signing import row

    with office(ALONE + TOGETHER) as tools:
        issuer = Issuer(tools)
        keys = [item.values[tools.types[KIND].key] for item in tools.source.scan(KIND)]
        times = []
        for key in keys[:ALONE]:
            start = spent()
            assert isinstance(issuer.issue(OFFICE, KIND, key).value, Certificate)
            times.append(spent() - start)
        alone = statistics.median(times)
        start, watch = spent(), time.perf_counter()
        done = issuer.issue_batch(OFFICE, KIND)
        together, seconds = spent() - start, time.perf_counter() - watch
        assert isinstance(done, tuple)
        issued = sum(item.issued for item in done if isinstance(item, BatchResult))
        assert issued == TOGETHER, done
    return [
        row("one certificate on demand, PDF + OFD, registered and logged", 1 / alone, "1/s"),
        row("one on demand : stock pyHanko sealing the PDF alone", stock / alone, "times", 4.0),
        row("batch: PDF + OFD, registered and logged, on this core", TOGETHER / together, "1/s"),
        row("batch : stock pyHanko sealing the PDF alone", stock * TOGETHER / together, "times"),
        row("batch by the clock on the wall", TOGETHER / seconds, "1/s"),
    ]
