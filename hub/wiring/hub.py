"""The whole hub: certificates, intake and the log on top of the other parts."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from hub.adapters import DeferredSealer, LogProofs, PublishedRows
from hub.settings import Settings
from hub.wiring.exchange import ExchangeParts
from kernel.clock import Clock, SystemClock

if TYPE_CHECKING:
    from certificates.fonts import Fonts
    from certificates.grants import Grants
    from certificates.issue import Issuer
    from certificates.matters import Matterbook
    from certificates.register import Register
    from certificates.requests import Requests
    from certificates.tools import Tools
    from certificates.verify import Checks, Verify
    from hub.logdesk import LogDesk
    from hub.sealing import HubSealer
    from intake.cases import Cases
    from intake.journeys import Journeybook
    from kernel.ports import Probe


class Hub(ExchangeParts):
    """All services of one hub. Close it when done; ``with`` does."""

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

        return HubSealer(self.sealing, self.clock, Understudy(), self.stamping)

    @cached_property
    def tools(self) -> Tools:
        """What issuing and requests work with."""
        from certificates.press import FacePress
        from certificates.sampling import load
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
            sampling=load(self.settings.root),
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
        from certificates.exchange.peers import opened
        from certificates.grants import Grants
        from certificates.guardianship import PopulationGuardianship

        guardianship = PopulationGuardianship(self.tools.source)
        return Grants(self.tools, opened(self.matters, self.settings.root), guardianship)

    @cached_property
    def requests(self) -> Requests:
        """The one way to anything of a certificate."""
        from certificates.holdercodes import holder_code_types
        from certificates.requests import Requests

        return Requests(self.tools, self.matters, frozenset(holder_code_types()))

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
    def checks(self) -> Checks:
        """How many strangers asked for a status or a verdict, by the minute."""
        from certificates.verify import Checks

        return Checks(self.tools)

    @cached_property
    def journeys(self) -> Journeybook:
        """What each 一件事 asks for."""
        from intake.journeys import load

        return load(self.matters, self.typebook, self.settings.root)

    @cached_property
    def cases(self) -> Cases:
        """Window cases."""
        from certificates.guardianship import PopulationGuardianship
        from hub.intaking import BothFetch, PeerRegions, StepResults
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
                fetch=BothFetch(self),
                consents=self.grants,
                regions=PeerRegions(self.settings.root),
                results=StepResults(self),
                probe=tools.probe,
                division=tools.division,
            )
        )

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
    from storage.failures import of_files
    from storage.probe import from_environment

    with of_files("home"):
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
