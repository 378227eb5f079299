"""How bytes arrive: one module per kind of file, each exporting ``CONNECTOR``."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

from catalog.errors import Code
from kernel.errors import TongbanError

if TYPE_CHECKING:
    from catalog.blocks import Connector


def names() -> tuple[str, ...]:
    """Return the kinds of file that can be read."""
    return tuple(sorted(found.name for found in pkgutil.iter_modules(__path__)))


def by_name(name: str) -> Connector:
    """Return a connector; raises TongbanError ``connector-unknown`` that lists those there are."""
    if name not in names():
        raise TongbanError(Code.CONNECTOR_UNKNOWN, connector=name, known=", ".join(names()))
    connector: Connector = importlib.import_module(f"{__name__}.{name}").CONNECTOR
    return connector
