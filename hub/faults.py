"""Failures on the command line: the message and the next step, never a traceback."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from kernel.errors import TongbanError, load_messages

EXIT_FAILED = 1
EXIT_ENVIRONMENT = 4
_ROOMS = (
    "hub", "catalog", "quality", "storage", "certificates", "intake", "signing", "audit",
    "identity",
)  # fmt: skip
_ENVIRONMENT = frozenset({"storage", "hub"})


@contextmanager
def told() -> Iterator[None]:
    """Print a failure in Chinese and English and exit: 4 for the environment, else 1."""
    try:
        yield
    except TongbanError as error:
        room = tell(error.code, error.params)
        sys.exit(EXIT_ENVIRONMENT if room in _ENVIRONMENT else EXIT_FAILED)


def tell(code: str, params: Mapping[str, str]) -> str:
    """Write the message of a code to standard error and return the room it belongs to."""
    for room in _ROOMS:
        try:
            found = load_messages(room).get(code)
        except FileNotFoundError:
            continue
        if found is not None:
            sys.stderr.write(f"{code}\n{found.text(params)}\n{found.text(params, english=True)}\n")
            sys.stderr.write(f"下一步：{found.next_step(params)}\n")
            sys.stderr.write(f"next: {found.next_step(params, english=True)}\n")
            return room
    sys.stderr.write(f"{code}\n")
    return ""
