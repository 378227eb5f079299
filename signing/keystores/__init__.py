"""Key stores, one file each: ``open_store``. Known to the signer and to the wiring alone.

To add one, add a file that offers ``NAME`` and ``open_store(options)``.
"""

from __future__ import annotations

import importlib
import pkgutil

from kernel.errors import TongbanError
from signing.keystores.options import Options
from signing.ports import KeyStore

__all__ = ["Options", "names", "open_store"]


def names() -> tuple[str, ...]:
    """Return the kinds of key stores there are."""
    return tuple(
        sorted(
            item.name
            for item in pkgutil.iter_modules(__path__)
            if hasattr(importlib.import_module(f"{__name__}.{item.name}"), "NAME")
        )
    )


def open_store(kind: str, options: Options) -> KeyStore:
    """Open a key store, making an empty one on first use.

    Raises TongbanError ``keystore-unknown``, ``demo-keystore-refused``, ``keystore-locked``,
    ``keystore-unlock-missing``, ``keystore-corrupt``, ``keystore-setting-missing`` or
    ``keystore-unavailable``.
    """
    if kind not in names():
        raise TongbanError("keystore-unknown", keystore=kind)
    module = importlib.import_module(f"{__name__}.{kind}")
    store: KeyStore = module.open_store(options)
    return store
