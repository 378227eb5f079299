"""A signer that is started, or found running, at its first use and not when the hub opens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kernel.errors import Refused
from signing.ports import KeyInfo, SignAnswer, Signer, SignRequest


@dataclass(frozen=True, slots=True)
class DeferredSigner:
    """``signing.ports.Signer``; looking at seals needs neither the process nor its password."""

    start: Callable[[], Signer]

    def sign(self, request: SignRequest) -> SignAnswer | Refused:
        """Sign once per number and purpose."""
        return self.start().sign(request)

    def sign_many(self, requests: Sequence[SignRequest]) -> tuple[SignAnswer | Refused, ...]:
        """Sign a batch."""
        return self.start().sign_many(requests)

    def create(self, name: str, algorithm: str, purposes: Sequence[str]) -> KeyInfo:
        """Make a key or return the equal existing one."""
        return self.start().create(name, algorithm, purposes)

    def key(self, name: str) -> KeyInfo | None:
        """Describe a key, or None."""
        return self.start().key(name)

    def all_keys(self) -> tuple[KeyInfo, ...]:
        """Describe all keys, by name."""
        return self.start().all_keys()
