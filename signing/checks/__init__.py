"""One check, one small function. ``all_checks`` finds them; policies say how much each code weighs.

To add one, add a file that offers ``check(case)``; give each code it raises a row in ``codes.toml``
and in every policy.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from functools import cache

from signing.checks.case import Case, Raised

Check = Callable[[Case], Iterable[Raised]]


@cache
def all_checks() -> tuple[tuple[str, Check], ...]:
    """Return every check with its name, in the order of names."""
    found: dict[str, Check] = {}
    for item in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{item.name}")
        if hasattr(module, "check"):
            found[item.name] = module.check
    return tuple(sorted(found.items()))
