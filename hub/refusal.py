"""A refused value on its way from an endpoint to the handler that words it."""

from __future__ import annotations

from typing import TypeVar

from kernel.errors import Refused
from kernel.ports import Recorded

T = TypeVar("T")


class Refusal(Exception):  # noqa: N818 - a refusal is no error: it is an answer on its way out
    """Carries a refused value from an endpoint to the handler that words it."""

    def __init__(self, refused: Refused, *, recorded: bool = False, **extra: str) -> None:
        """``recorded``: the journal has it already. ``extra`` are further members of the problem,
        such as ``error`` of RFC 6749.
        """
        super().__init__(refused.code)
        self.refused = refused
        self.recorded = recorded
        self.extra = extra


def released(recorded: Recorded[T | Refused]) -> T:
    """Return the committed value, or raise its refusal. State changes pass through here only."""
    value = recorded.value
    if isinstance(value, Refused):
        raise Refusal(value, recorded=bool(recorded.journal))
    return value


def granted(value: T | Refused) -> T:
    """Return the value of a read, or raise its refusal."""
    if isinstance(value, Refused):
        raise Refusal(value)
    return value
