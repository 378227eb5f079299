"""Joins the rooms of one hub. The only place that knows which adapter stands behind which port.

Every part is made when first asked for, so that a task that ingests never loads fonts, and the web
process never loads Polars before somebody looks at data.
"""

from __future__ import annotations

import contextlib
from functools import cached_property
from typing import TYPE_CHECKING, Self

from hub.adapters import (
    CertificateUses,
    DeferredSealer,
    LogProofs,
    PublishedRows,
    holder_code_types,
)
from hub.settings import Settings
from kernel.clock import Clock, SystemClock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog.ingest.service import Ingest
    from catalog.model import Source
    from catalog.parts import PartCache
    from catalog.rows import Rows
    from catalog.service import Catalog
    from certificates.fonts import Fonts
    from certificates.grants import Grants
    from certificates.issue import Issuer
    from certificates.matters import Matterbook
    from certificates.register import Register
    from certificates.requests import Requests
    from certificates.tools import Tools
    from certificates.typebook import Typebook
    from certificates.verify import Verify
    from hub.judging import FencedInspector, TrustBook
    from hub.logdesk import LogDesk
    from hub.sealing import HubSealer
    from identity.directory import Directory
    from identity.service import Identity
    from intake.cases import Cases
    from intake.journeys import Journeybook
    from kernel.ports import Objects, Probe
    from quality.service import Standards
    from signing.authority import RegionalCA
    from signing.fence import Fence
    from signing.sealing import Sealing
    from signing.seals import SealService
    from signing.signer.process import SignerProcess
    from storage.database import Database
    from storage.vault import AeadVault


class Hub:
    """All services of one hub. Close it when done; ``with`` does."""

    def __init__(self, settings: Settings, database: Database, clock: Clock, probe: Probe) -> None:
        self.settings = settings
        self.database = database
        self.clock = clock
        self.probe = probe
        self._closing = contextlib.ExitStack()
        self._closing.callback(database.close)

    def __enter__(self) -> Self:
        """Return self."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Stop child processes of this hub and close the database."""
        self._closing.close()

    # -- storage -----------------------------------------------------------------------------

    @cached_property
    def objects(self) -> Objects:
        """Content-addressed files."""
        from storage.objects import open_objects

        settings = self.settings
        return open_objects(settings.objects_url or settings.root / "objects", self.probe)

    @cached_property
    def vault(self) -> AeadVault:
        """Encrypted columns and blind indexes under the hub's data key."""
        from storage.vault import AeadVault, create_key, load_key

        path = self.settings.root / "keys" / "data.key"
        with contextlib.suppress(FileExistsError):
            if not path.exists():
                create_key(path)
        return AeadVault(load_key(path))

    # -- identity ----------------------------------------------------------------------------

    @cached_property
    def directory(self) -> Directory:
        """Organisations, windows, roles, personas and clients."""
        from identity.directory import load_directory

        return load_directory(region=self.settings.region, home=self.settings.root)

    @cached_property
    def identity(self) -> Identity:
        """Who is asking."""
        from identity.service import Identity

        address = self.settings.address
        return Identity(
            transactions=self.database.transactions,
            clock=self.clock,
            vault=self.vault,
            directory=self.directory,
            environment=self.settings.environment,
            audiences=(f"{address}/oauth/token", address),
        )

    # -- quality and catalogue ---------------------------------------------------------------

    @cached_property
    def standards(self) -> Standards:
        """Data elements, code tables, suites."""
        from quality.service import Standards

        synthetic = self.settings.environment != "production"
        return Standards.load(self.settings.root, clock=self.clock, synthetic=synthetic)

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """The deliveries of the departments, by name."""
        from catalog.sources import load

        return load(self.settings.root)

    @cached_property
    def parts(self) -> PartCache:
        """Local copies of published parts."""
        from catalog.parts import PartCache

        return PartCache(self.objects, self.settings.root / "cache" / "parts")

    @cached_property
    def catalog(self) -> Catalog:
        """The catalogue as people and pages use it."""
        from catalog.service import Catalog

        return Catalog(
            transactions=self.database.transactions,
            objects=self.objects,
            cache=self.parts,
            standards=self.standards,
            clock=self.clock,
            uses=CertificateUses(self.typebook),
        )

    @cached_property
    def rows(self) -> Rows:
        """Rows of published versions, for certificates, intake and cross-resource rules."""
        return self.catalog.rows

    @cached_property
    def ingest(self) -> Ingest:
        """The pipeline of deliveries."""
        from catalog.ingest.service import Ingest
        from hub.gate import ChildGate

        root = self.settings.root
        synthetic = self.settings.environment != "production"
        return Ingest(
            sources=self.sources,
            inbox=self.settings.deliveries,
            work=root / "work",
            transactions=self.database.transactions,
            objects=self.objects,
            cache=self.parts,
            standards=self.standards,
            references=self.rows,
            gate=ChildGate(root, self.standards, synthetic=synthetic),
            clock=self.clock,
            probe=self.probe,
        )

    # -- signing -----------------------------------------------------------------------------

    @cached_property
    def signer(self) -> SignerProcess:
        """The signer's own process; started, or found running."""
        from signing.signer.process import SignerSetup, ensure

        settings = self.settings
        password = settings.keystore_password_file
        keystore = "encrypted_file" if password else "demo"
        process = ensure(SignerSetup(settings.root, settings.environment, keystore, password))
        self._closing.callback(process.stop)
        return process

    @cached_property
    def authority(self) -> RegionalCA:
        """The region's certificate authority."""
        from signing.authority import RegionalCA
        from signing.seal_model import Region

        settings = self.settings
        demo = settings.environment != "production"
        return RegionalCA(
            region=Region(settings.region, settings.city, demo=demo),
            signer=self.signer.client,
            transactions=self.database.transactions,
            clock=self.clock,
        )

    @cached_property
    def seals(self) -> SealService:
        """The register of seals."""
        from certificates.fonts.book import packaged
        from signing.drawing import Glyphs
        from signing.seals import SealService

        fonts = [*packaged("text"), *self.settings.font_paths]
        return SealService(
            transactions=self.database.transactions,
            objects=self.objects,
            signer=self.signer.client,
            authority=self.authority,
            glyphs=Glyphs(fonts),
            clock=self.clock,
        )

    @cached_property
    def sealing(self) -> Sealing:
        """The use of seals."""
        from signing.sealing import Sealing

        return Sealing(
            transactions=self.database.transactions,
            objects=self.objects,
            signer=self.signer.client,
            authority=self.authority,
            clock=self.clock,
        )

    @cached_property
    def trust(self) -> TrustBook:
        """Whose seals count here."""
        from hub.judging import TrustBook

        return TrustBook(self.settings.root)

    @cached_property
    def fence(self) -> Fence:
        """Processes that read untrusted files."""
        from signing.fence import Fence

        fence = Fence(workers=1)
        self._closing.callback(fence.close)
        return fence

    @cached_property
    def inspector(self) -> FencedInspector:
        """Judges files from outside."""
        from hub.judging import FencedInspector

        return FencedInspector(self.settings.root, self.trust, self.fence)

    # -- certificates and intake -------------------------------------------------------------

    @cached_property
    def typebook(self) -> Typebook:
        """The certificate types."""
        from certificates.typebook import load

        return load(self.settings.root)

    @cached_property
    def fonts(self) -> Fonts:
        """Outlines for faces."""
        from certificates.fonts import Fonts

        return Fonts.load(self.settings.font_paths, self.settings.root / "cache" / "fonts")

    @cached_property
    def sealer(self) -> HubSealer:
        """Applies seals for certificates."""
        from hub.rehearsal import Understudy
        from hub.sealing import HubSealer

        return HubSealer(self.sealing, self.clock, Understudy())

    @cached_property
    def tools(self) -> Tools:
        """What issuing and requests work with."""
        from certificates.press import FacePress
        from certificates.tools import Tools
        from certificates.words import TableWords
        from hub.judging import HubJudge

        address = self.settings.address
        return Tools(
            transactions=self.database.transactions,
            objects=self.objects,
            vault=self.vault,
            clock=self.clock,
            probe=self.probe,
            types=self.typebook,
            source=PublishedRows(self),
            codes=TableWords(self.standards),
            press=FacePress(self.fonts),
            sealer=DeferredSealer(self),
            judge=HubJudge(self.settings.root, self.trust),
            address=lambda identifier: f"{address}/verify?id={identifier}",
            division=self.settings.region,
        )

    @cached_property
    def issuer(self) -> Issuer:
        """Issues certificates."""
        from certificates.issue import Issuer

        return Issuer(self.tools)

    @cached_property
    def register(self) -> Register:
        """The register of certificates."""
        from certificates.register import Register

        return Register(self.tools)

    @cached_property
    def matters(self) -> Matterbook:
        """What each 事项 may use."""
        from certificates.matters import load

        return load(self.typebook, self.settings.root)

    @cached_property
    def grants(self) -> Grants:
        """Holders' authorisations."""
        from certificates.grants import Grants
        from certificates.guardianship import PopulationGuardianship

        guardianship = PopulationGuardianship(self.tools.source)
        return Grants(self.tools, self.matters, guardianship)

    @cached_property
    def requests(self) -> Requests:
        """The one way to anything of a certificate."""
        from certificates.requests import Requests

        return Requests(self.tools, self.matters, holder_code_types())

    @cached_property
    def verify(self) -> Verify:
        """Verdict, register status and log proof of a file."""
        from certificates.verify import Verify

        return Verify(
            self.tools,
            register=self.register,
            inspector=self.inspector,
            journal=self.database.journal,
            proofs=LogProofs(self),
        )

    @cached_property
    def journeys(self) -> Journeybook:
        """The journeys (一件事)."""
        from intake.journeys import load

        return load(self.matters, self.typebook, self.settings.root)

    @cached_property
    def cases(self) -> Cases:
        """Window cases."""
        from certificates.guardianship import PopulationGuardianship
        from intake.cases import Cases
        from intake.desk import Desk

        tools = self.tools
        return Cases(
            Desk(
                transactions=tools.transactions,
                objects=tools.objects,
                vault=tools.vault,
                clock=tools.clock,
                journeys=self.journeys,
                matters=self.matters,
                source=tools.source,
                guardianship=PopulationGuardianship(tools.source),
                fetch=self.requests,
                consents=self.grants,
                division=tools.division,
            )
        )

    # -- audit -------------------------------------------------------------------------------

    @cached_property
    def log(self) -> LogDesk:
        """The Merkle log: sequencer, receipts, checks."""
        from hub.logdesk import LogDesk

        return LogDesk(self)


def open_hub(settings: Settings, *, clock: Clock | None = None, probe: Probe | None = None) -> Hub:
    """Open the hub in ``settings.home`` and bring its database up to date.

    Raises TongbanError of storage; nothing of other rooms is loaded yet.
    """
    from hub.schema import bring_up_to_date
    from storage.database import open_database
    from storage.probe import from_environment

    settings.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    probe = probe or from_environment()
    clock = clock or SystemClock()
    database = open_database(settings.database, clock, probe)
    try:
        bring_up_to_date(settings.database, database)
    except BaseException:
        database.close()
        raise
    return Hub(settings, database, clock, probe)
