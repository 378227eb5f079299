"""What the issuer works with: ports joined in the wiring, the book of types, the hub's place."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from certificates.facevalues import VerifyAddress
from certificates.ports import Codes, Judge, Press, Sealer, Source
from certificates.sampling import Sampling, load
from certificates.typebook import Typebook
from kernel.clock import Clock
from kernel.ports import Objects, Probe, Transactions, Vault

_SERIAL = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def random_serial() -> str:
    """Return a 流水号 of 20 random digits and capital letters (103 bits): it says nothing."""
    return "".join(secrets.choice(_SERIAL) for _ in range(20))


@dataclass(frozen=True, slots=True)
class Tools:
    """Everything issuing needs, each by its narrowest port."""

    transactions: Transactions
    objects: Objects
    vault: Vault
    clock: Clock
    probe: Probe
    types: Typebook
    source: Source
    codes: Codes
    press: Press
    sealer: Sealer
    judge: Judge
    address: VerifyAddress
    division: str
    """GB/T 2260 code of the hub's region."""
    workers: int = 2
    """Parts of a batch that are sealed side by side."""
    sampling: Sampling = field(default_factory=load)
    """Which files of a batch get the full verdict."""
    serials: Callable[[], str] = random_serial
