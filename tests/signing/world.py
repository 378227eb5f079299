from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from kernel.actors import Actor, ActorKind, Reach
from kernel.clock import FixedClock
from kernel.ports import Journal, Objects, Transactions
from signing.authority import ACTION, RegionalCA
from signing.ports import Signer
from signing.seal_model import SealApplication
from signing.sealing import Sealing
from signing.seals import SealService

ORG = "11410100MB0TE0038G"


@dataclass
class World:
    """A hub's signing room over embedded parts, with the signer in this process."""

    signer: Signer
    transactions: Transactions
    objects: Objects
    authority: RegionalCA
    seals: SealService
    sealing: Sealing
    clock: FixedClock
    journal: Journal

    def wanted(self, **changes: object) -> SealApplication:
        values = {
            "org": ORG,
            "org_name": "示例市公安局",
            "division": "410100",
            "valid_from": self.clock.now(),
            "valid_to": self.clock.now() + timedelta(days=365),
            "types": ("household-register",),
        }
        return SealApplication(**{**values, **changes})  # type: ignore[arg-type]


def approver(name: str, org: str = ORG) -> Actor:
    rights = dict.fromkeys(
        (
            "signing.seal-apply",
            "signing.seal-approve",
            "signing.seal-use",
            "signing.seal-read",
        ),
        Reach.ORG,
    )
    return Actor(name, ActorKind.STAFF, org=org, division="410100", rights=rights)


def root() -> Actor:
    return Actor("system:setup", ActorKind.SYSTEM, rights={ACTION: Reach.ALL})
