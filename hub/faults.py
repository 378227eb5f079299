"""Failures on the command line: the message and the next step, never a traceback."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from hub.errors import Code
from hub.messages import owner
from kernel.errors import TongbanError

EXIT_FAILED = 1
EXIT_ENVIRONMENT = 4
_ENVIRONMENT = frozenset({"storage", "hub"})


@contextmanager
def told() -> Iterator[None]:
    """Print a failure in Chinese and English and exit: 4 for the environment, else 1.

    The environment is at fault where storage, the hub's own set-up or the signer fails.
    """
    try:
        yield
    except TongbanError as error:
        sys.exit(tell(error.code, error.params))
    except Exception as error:  # noqa: BLE001 - no traceback reaches a user; its text may quote data
        sys.stderr.write(f"{type(error).__name__}  {where(error)}\n")
        tell(Code.INTERNAL, {"trace": "-"})
        sys.exit(EXIT_FAILED)


def where(error: BaseException) -> str:
    """Return names and lines of the innermost calls; never the message, which may quote data."""
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames[-4:]))


def tell(code: str, params: Mapping[str, str]) -> int:
    """Write the message of a code to standard error and return the exit code that goes with it."""
    found = owner(code)
    if found is None:
        sys.stderr.write(f"{code}\n")
        return EXIT_FAILED
    room, words = found
    sys.stderr.write(f"{code}\n{words.text(params)}\n{words.text(params, english=True)}\n")
    sys.stderr.write(f"下一步：{words.next_step(params)}\n")
    sys.stderr.write(f"next: {words.next_step(params, english=True)}\n")
    at_fault = room in _ENVIRONMENT or (room == "signing" and words.status >= 500)
    return EXIT_ENVIRONMENT if at_fault else EXIT_FAILED
