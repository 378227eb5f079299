"""What intake needs from the rooms below, as narrow as each use allows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from certificates.grants_model import Grant, GrantOffer
from certificates.ports import Guardianship, Source
from certificates.requests_model import CertificateAnswer, CertificateAsk
from kernel.actors import Actor
from kernel.errors import Refused
from kernel.ports import Recorded

__all__ = ["Consents", "Fetch", "Guardianship", "Source"]


class Fetch(Protocol):
    """The one way to anything of a certificate: ``certificates.requests.Requests``."""

    def fetch(self, actor: Actor, ask: CertificateAsk) -> Recorded[CertificateAnswer | Refused]:
        """Answer one request; refusals are values."""


class Consents(Protocol):
    """How a person allows uses: ``certificates.grants.Grants``."""

    def give_all(
        self, actor: Actor, offers: Sequence[GrantOffer]
    ) -> Recorded[tuple[Grant, ...] | Refused]:
        """Give several grants in one act: all or none."""

    def own(self, actor: Actor) -> tuple[Grant, ...] | Refused:
        """Return grants the actor gave and grants on its certificates, latest first."""
