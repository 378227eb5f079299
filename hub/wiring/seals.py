"""Signer, certificate authority, seals, trust and verdicts of a hub."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from hub.wiring.data import DataParts

if TYPE_CHECKING:
    from hub.deferred import DeferredSigner
    from hub.judging import FencedInspector, TrustBook
    from hub.revocation import Publisher
    from hub.stampdesk import StampDesk
    from hub.stamping import Stamping
    from signing.authority import RegionalCA
    from signing.fence import Fence
    from signing.ocsp_responder import Responder
    from signing.seal_register import SealRegister
    from signing.sealing import Sealing
    from signing.seals import SealService
    from signing.signer.process import SignerProcess
    from signing.time.authority import TimeStampAuthority


class SealParts(DataParts):
    """Everything that signs or judges."""

    @cached_property
    def signer(self) -> SignerProcess:
        """The signer's own process; started, or found running."""
        from hub.wiring.devices import key_devices
        from signing.signer.process import SignerSetup, ensure

        settings = self.settings
        password = settings.keystore_password_file
        real = settings.environment == "production" or password is not None
        keystore = "encrypted_file" if real else "demo"
        setup = SignerSetup(
            settings.root,
            settings.environment,
            keystore,
            password,
            devices=key_devices(settings),
        )
        process = ensure(setup)
        self._closing.callback(process.stop)
        return process

    @cached_property
    def deferred(self) -> DeferredSigner:
        """The signer, not started before it is needed."""
        from hub.deferred import DeferredSigner

        return DeferredSigner(lambda: self.signer.client)

    @cached_property
    def seal_register(self) -> SealRegister:
        """The public register of seals."""
        from signing.seal_register import SealRegister

        return SealRegister(self.database.transactions, self.clock)

    @cached_property
    def authority(self) -> RegionalCA:
        """The region's certificate authority."""
        from signing.authority import RegionalCA
        from signing.seal_model import Region

        settings = self.settings
        demo = settings.environment != "production"
        return RegionalCA(
            region=Region(settings.region, settings.city, demo=demo, ocsp=settings.ocsp_address),
            signer=self.deferred,
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
            signer=self.deferred,
            authority=self.authority,
            glyphs=Glyphs(fonts),
            clock=self.clock,
            relist=self.revocation.relist,
            vault=self.vault,
        )

    @cached_property
    def revocation(self) -> Publisher:
        """The region's revocation lists."""
        from hub.revocation import Publisher

        return Publisher(
            home=self.settings.root,
            region=self.settings.region,
            transactions=self.database.transactions,
            authority=lambda: self.authority,
            clock=self.clock,
        )

    @cached_property
    def responder(self) -> Responder:
        """Tells which certificates of the issuing CA are good."""
        from signing.ocsp_responder import Responder

        return Responder(
            signer=lambda: self.deferred,
            authority=lambda: self.authority,
            transactions=self.database.transactions,
            clock=self.clock,
        )

    @cached_property
    def sealing(self) -> Sealing:
        """The use of seals."""
        from signing.sealing import Sealing

        return Sealing(
            transactions=self.database.transactions,
            objects=self.objects,
            signer=self.deferred,
            authority=self.authority,
            clock=self.clock,
        )

    @cached_property
    def time_authority(self) -> TimeStampAuthority:
        """The region's own time-stamp authority."""
        from signing.time.authority import TimeStampAuthority

        return TimeStampAuthority(
            signer=self.deferred, certificates=self.authority, clock=self.clock
        )

    @cached_property
    def stamping(self) -> Stamping | None:
        """Raises sealed files; None where nobody stamps time."""
        from hub.stamping import Stamping
        from hub.wiring import stamps
        from signing.formats.pdf.augment import Material

        given = self.settings
        if given.time_stamps == "none":
            return None
        abroad = given.time_stamps == "outside"
        return Stamping(
            stamps.outside(given, self.clock) if abroad else self.time_authority,
            authority=lambda: self.authority,
            statuses=self.responder,
            transactions=self.database.transactions,
            pdf_level=given.pdf_level,
            ofd=given.ofd_time_stamps,
            later=given.time_stamp_failure == "later",
            extra=lambda: stamps.chain(given, self.trust) if abroad else Material(),
        )

    @cached_property
    def stamp_desk(self) -> StampDesk | None:
        """The public time-stamp service; None where this hub stamps nothing itself."""
        from hub.stampdesk import StampDesk

        if self.settings.time_stamps != "own":
            return None
        return StampDesk(self.time_authority, self.database.transactions, self.clock)

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
        from hub.statuses import StatusBook

        statuses = StatusBook(self.settings.root, self.clock)
        return FencedInspector(self.settings.root, self.trust, self.fence, statuses)
