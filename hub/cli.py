"""The command line ``tongban``. One file per command in ``hub/commands``, imported when called."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

EXIT_ENVIRONMENT = 4
ROOMS = (
    *("kernel", "storage", "identity", "quality", "catalog"),
    *("signing", "audit", "certificates", "intake", "hub"),
)


def intruder(root: Path) -> str | None:
    """Return the file of a room that does not lie below ``root``, or None when all do.

    Distributions called ``intake``, ``certificates`` or ``kernel`` exist elsewhere; one of them
    earlier on the path would silently replace a room.
    """
    for room in ROOMS:
        spec = importlib.util.find_spec(room)
        origin = Path(spec.origin).resolve() if spec and spec.origin else None
        if origin is None or not origin.is_relative_to(root):
            return f"{room}: {origin}"
    return None


def main() -> None:
    """Check that every room is ours, then run the command."""
    found = intruder(Path(__file__).resolve().parent.parent)
    if found:
        sys.stderr.write(f"不是通办的模块 / not a module of Tongban: {found}\n")
        sys.stderr.write("下一步：移除同名软件包 / next: remove the package of that name\n")
        sys.exit(EXIT_ENVIRONMENT)
    from hub.commands import build
    from hub.faults import told

    with told():
        build()(prog_name="tongban")
