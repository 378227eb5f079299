"""What intake needs of certificates, joined: both ways to fetch, the peers, results of steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from certificates.requests_model import CertificateAsk
from certificates.results import Made, Results
from intake.model import PeerEntry
from intake.ports import Fetched, Result
from kernel import registry
from kernel.actors import Actor, ActorKind, Reach
from kernel.errors import Refused, TongbanError
from kernel.ports import Recorded

if TYPE_CHECKING:
    from hub.wiring import Hub


@dataclass(frozen=True, slots=True)
class BothFetch:
    """``intake.ports.Fetch``: the own register for the own region, the exchange for others."""

    hub: Hub

    def fetch(self, actor: Actor, ask: CertificateAsk, region: str) -> Recorded[Fetched | Refused]:
        """Answer one request."""
        if region == self.hub.settings.region:
            own = self.hub.requests.fetch(actor, ask)
            if isinstance(own.value, Refused):
                return Recorded(own.value, own.journal)
            return Recorded(Fetched(own.value), own.journal)
        done = self.hub.exchange.fetch(actor, ask, region)
        if isinstance(done.value, Refused):
            return Recorded(done.value, done.journal)
        entry = done.value.entry
        peer = PeerEntry(entry.subject, entry.leaf)
        return Recorded(Fetched(done.value.answer, peer), done.journal)


@dataclass(frozen=True, slots=True)
class PeerRegions:
    """``intake.ports.Regions`` over the registered peers, read anew each time."""

    home: Path

    def known(self) -> Mapping[str, str]:
        """Return the names of the peers by region; a faulty file leaves out its own peer alone."""
        from certificates.exchange.peers import read

        found: dict[str, str] = {}
        for name, member in registry.load(
            "certificates", "peers", ".toml", self.home
        ).members.items():
            try:
                found[name] = read(member).name
            except TongbanError:
                continue
        return found


@dataclass(frozen=True, slots=True)
class StepResults:
    """``intake.ports.Results`` over the issuer, on the authority of the deciding department."""

    hub: Hub

    def issue(self, org: str, kind: str, key: str) -> Recorded[Result | Refused]:
        """Issue the certificate of a key, once."""
        return _told(self._results().ensure(self._actor(org), kind, key))

    def renew(
        self, org: str, kind: str, key: str, shows: Mapping[str, str]
    ) -> Recorded[Result | Refused]:
        """Issue the next version, once it shows the values."""
        return _told(self._results().renew(self._actor(org), kind, key, shows))

    def _results(self) -> Results:
        return Results(self.hub.tools, self.hub.issuer)

    def _actor(self, org: str) -> Actor:
        """Return the department's issuing system: it reaches the department's own types alone."""
        return Actor(
            "system:results",
            ActorKind.SYSTEM,
            "results",
            org=org,
            division=self.hub.settings.region,
            rights={"certificates.issue": Reach.ORG},
        )


def _told(done: Recorded[Made | Refused]) -> Recorded[Result | Refused]:
    made = done.value
    if isinstance(made, Refused):
        return Recorded(made, done.journal)
    one = made.certificate
    return Recorded(Result(one.id, one.identifier, made.number), done.journal)
