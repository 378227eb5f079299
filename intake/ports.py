"""What intake needs from the rooms below, as narrow as each use allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from certificates.grants_model import Grant, GrantOffer
from certificates.ports import Guardianship, Source
from certificates.requests_model import CertificateAnswer, CertificateAsk
from intake.model import PeerEntry
from kernel.actors import Actor
from kernel.errors import Refused
from kernel.ids import CertificateId
from kernel.ports import Recorded

__all__ = ["Consents", "Fetch", "Fetched", "Guardianship", "Regions", "Result", "Results", "Source"]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a certificate gave; ``peer`` is the entry of the other region's hub, if any."""

    answer: CertificateAnswer
    peer: PeerEntry | None = None


class Fetch(Protocol):
    """The one way to anything of a certificate, here or in another region.

    Implemented over ``certificates.requests.Requests`` and ``certificates.exchange``.
    """

    def fetch(self, actor: Actor, ask: CertificateAsk, region: str) -> Recorded[Fetched | Refused]:
        """Answer one request; refusals are values. ``origin`` in their params is the region that
        failed or refused, where another one was asked.
        """


class Regions(Protocol):
    """Whom certificates can be exchanged with. Implemented over the registered peers."""

    def known(self) -> Mapping[str, str]:
        """Return the names of the other regions by code (GB/T 2260)."""


class Consents(Protocol):
    """How a person allows uses: ``certificates.grants.Grants``."""

    def give_all(
        self, actor: Actor, offers: Sequence[GrantOffer]
    ) -> Recorded[tuple[Grant, ...] | Refused]:
        """Give several grants in one act: all or none."""

    def own(self, actor: Actor) -> tuple[Grant, ...] | Refused:
        """Return grants the actor gave and grants on its certificates, latest first."""


@dataclass(frozen=True, slots=True)
class Result:
    """The certificate that a step ended with: id, 电子证照标识 and printed number (证照编号)."""

    certificate: CertificateId
    identifier: str
    number: str


class Results(Protocol):
    """Makes the certificates that granted steps end with. Implemented over ``certificates.issue``.

    ``org`` is the deciding department: only an issuer of the type makes one. Both verbs give the
    same certificate again when it is there already, and go on with one left half made.
    """

    def issue(self, org: str, kind: str, key: str) -> Recorded[Result | Refused]:
        """Issue the certificate of a key. Refused: ``register-awaited`` while the published data
        hold no such row, and whatever the issuer refuses.
        """

    def renew(
        self, org: str, kind: str, key: str, shows: Mapping[str, str]
    ) -> Recorded[Result | Refused]:
        """Issue the next version, which shows the values by field (``members.id_number``).

        Refused: ``register-awaited`` while the published data do not show them.
        """
