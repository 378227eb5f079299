"""Signature algorithms, one file each: ``by_name``, ``by_oid``.

To add one, add a file that offers ``NAME``, ``OIDS`` and ``algorithm()``. Each file signs and
verifies *digests*: what a digest covers is the algorithm's own business (``Algorithm.digest``).

A file whose keys come in sizes offers ``SIZES`` too: ``rsa_pkcs1_4096`` is ``rsa_pkcs1`` whose new
keys have 4096 bits; ``rsa_pkcs1`` alone leaves the size to the file.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import ModuleType

from kernel.errors import TongbanError
from signing.algorithms.port import DEFAULT_SIGNER_ID, Algorithm

__all__ = ["DEFAULT_SIGNER_ID", "Algorithm", "by_name", "by_oid", "names", "variants"]


def names() -> tuple[str, ...]:
    """Return the names of all algorithms, sorted. Loads none of their libraries."""
    return tuple(sorted(_modules()))


def variants() -> tuple[str, ...]:
    """Return every name that ``by_name`` knows: ``names`` and those with the size of new keys."""
    sized = (f"{name}_{bits}" for name, item in _modules().items() for bits in _sizes(item))
    return tuple(sorted((*_modules(), *sized)))


@cache
def by_name(name: str) -> Algorithm:
    """Return the algorithm called ``name`` (``sm2_sm3``, ``ecdsa_p256``, ``rsa_pss_4096`` …).

    Raises TongbanError ``algorithm-unknown``; ``sm2-unavailable`` or ``sm2-self-test-failed`` where
    this machine cannot do what the algorithm needs.
    """
    if name not in variants():
        raise TongbanError("algorithm-unknown", algorithm=name)
    module = _modules().get(name)
    algorithm: Algorithm
    if module is None:
        base, _, bits = name.rpartition("_")
        algorithm = _modules()[base].algorithm(name, int(bits))
    else:
        algorithm = module.algorithm()
    return algorithm


def by_oid(oid: str) -> Algorithm:
    """Return the algorithm with the dotted signature ``oid``; errors as in ``by_name``."""
    for name, module in _modules().items():
        if oid in module.OIDS:
            return by_name(name)
    raise TongbanError("algorithm-unknown", algorithm=oid)


def _sizes(module: ModuleType) -> tuple[int, ...]:
    found: tuple[int, ...] = getattr(module, "SIZES", ())
    return found


@cache
def _modules() -> Mapping[str, ModuleType]:
    found: dict[str, ModuleType] = {}
    for item in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{item.name}")
        if hasattr(module, "algorithm"):
            found[module.NAME] = module
    return dict(sorted(found.items()))
