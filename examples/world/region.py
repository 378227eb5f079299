"""A city other than the one whose organisations the packages name: its own bodies and codes.

The packages' defaults speak of the made-up departments of 410100. A hub of another region gets
the same files in its overlay, with the region's own credit codes, names and area code.
"""

from __future__ import annotations

import re

from examples.world import ids
from examples.world.places import HOME

FOLDERS = (
    ("identity", "orgs"),
    ("certificates", "types"),
    ("certificates", "matters"),
)
"""Registries that name organisations or the region."""
_CREDIT = re.compile(rf"(?<![0-9A-Z])([159Y][1-9]){HOME}([0-9A-Z]{{9}})[0-9A-Z](?![0-9A-Z])")
_AREA = re.compile(rf'(?m)^area_code = "{HOME}"$')
_NAME = "示例市"


def credit_code(code: str, region: str) -> str:
    """Return the credit code of the same department in another region."""
    return _CREDIT.sub(lambda found: _moved(found, region), code)


def localise(text: str, region: str, city: str) -> str:
    """Return a registry file for a region: 示例市公安局 becomes 示例洛阳市公安局."""
    moved = _CREDIT.sub(lambda found: _moved(found, region), text)
    moved = _AREA.sub(f'area_code = "{region}"', moved)
    return moved.replace(_NAME, f"示例{city}")


def _moved(found: re.Match[str], region: str) -> str:
    return ids.credit_code(f"{found[1]}{region}{found[2][:8]}")
