"""A seal in use, as those who seal with it see it: what it gives, and its key's signatures."""

from __future__ import annotations

from collections.abc import Callable

from kernel.actors import Actor
from kernel.errors import Refused
from signing.model import SealMaterial
from signing.sealing import Ready, Wanted

from .world import World


def material(world: World, actor: Actor, seal: str, algorithm: str) -> SealMaterial | Refused:
    found = world.sealing.ready(actor, seal, [algorithm])
    return found if isinstance(found, Refused) else found.materials[algorithm]


def signature(
    world: World, actor: Actor, seal: str, algorithm: str, *, number: str, approval: str
) -> Callable[[bytes], bytes] | Refused:
    """Return the function that signs one number's digest under an approval."""
    found = world.sealing.ready(actor, seal, [algorithm], [approval])
    if isinstance(found, Refused):
        return found
    ready: Ready = found
    return lambda digest: world.sealing.signed(
        ready, [Wanted(algorithm, approval, number, digest)]
    )[0]
