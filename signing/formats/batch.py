"""Sealing many files of one template: laid out, signed together elsewhere, finished, looked at.

The key is asked for many digests at once, so that one durable write and one round trip serve them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from signing.model import Placement, SealMaterial


@dataclass(frozen=True, slots=True)
class Laid:
    """A file laid out that waits for its signature over ``digest``."""

    digest: bytes
    finish: Callable[[bytes], bytes]
    """From the signature to the sealed file."""
    look: Callable[[bytes, SealMaterial, bytes], bool]
    material: SealMaterial

    def holds(self, sealed: bytes, signature: bytes) -> bool:
        """Tell whether the signature seals the finished file, by digests taken from it anew."""
        return self.look(sealed, self.material, signature)


def lay(
    file_format: str, unsealed: bytes, material: SealMaterial, place: Placement, at: datetime
) -> Laid | None:
    """Lay out a file of format ``ofd`` or ``pdf``; None where only a library can seal it.

    Raises TongbanError ``seal-not-possible``.
    """
    if file_format == "ofd":
        return _ofd(unsealed, material, place, at)
    return _pdf(unsealed, material, place, at)


def _ofd(unsealed: bytes, material: SealMaterial, place: Placement, at: datetime) -> Laid:
    from signing.formats.ofd import recheck, seal

    pending = seal.prepare(unsealed, material, (place,), at)
    return Laid(pending.digest, partial(seal.finish, pending), recheck.holds, material)


def _pdf(unsealed: bytes, material: SealMaterial, place: Placement, at: datetime) -> Laid | None:
    from signing.formats.pdf import recheck, seal

    pending = seal.prepare(unsealed, material, (place,), at)
    if pending is None:
        return None
    return Laid(pending.digest, pending.finish, recheck.holds, material)
