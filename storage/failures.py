"""Turns errors of drivers and of the operating system into the room's closed set."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from kernel.errors import TongbanError
from storage.errors import Code

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_RETRY = frozenset({"40001", "40P01"})


def sqlstate(error: BaseException) -> str:
    """Return the SQLSTATE of a PostgreSQL error wrapped by SQLAlchemy, or an empty text."""
    origin = getattr(error, "orig", None)
    return str(getattr(origin, "sqlstate", "") or "")


def may_retry(error: BaseException) -> bool:
    """Tell whether PostgreSQL asks for the transaction to be run again."""
    return isinstance(error, exc.DBAPIError) and sqlstate(error) in _RETRY


def of_database(error: exc.DBAPIError) -> Exception:
    """Return the failure that a database error stands for; unknown ones are returned unchanged."""
    text = str(error.orig).lower()
    state = sqlstate(error)
    code: Code | None = None
    if state == "53100" or "disk is full" in text or "disk i/o error" in text:
        code = Code.DISK_FULL
    elif state in _RETRY or "locked" in text or "busy" in text:
        code = Code.DATABASE_BUSY
    elif "malformed" in text or "not a database" in text:
        code = Code.DATABASE_CORRUPT
    elif "readonly" in text or "unable to open" in text:
        code = Code.STORE_UNWRITABLE
    elif state == "42P01" or "no such table" in text:
        return TongbanError(Code.SCHEMA_DIFFERS, difference=_first_line(error))
    elif _unreachable(error, state):
        code = Code.DATABASE_UNAVAILABLE
    if code is None:
        return error
    return TongbanError(code, what="database", reason=_first_line(error))


def _first_line(error: exc.DBAPIError) -> str:
    return str(error.orig).split("\n", 1)[0]


def _unreachable(error: exc.DBAPIError, state: str) -> bool:
    # A refused connection has no SQLSTATE: nobody was there to give one.
    refused = isinstance(error, exc.OperationalError) and "connection" in str(error.orig)
    lost = error.connection_invalidated or state.startswith(("08", "57P", "28", "3D"))
    return lost or (refused and not state)


@contextmanager
def translated() -> Iterator[None]:
    """Raise the room's failure instead of SQLAlchemy's operational errors.

    Integrity errors pass unchanged: they are answers to a room's question, not failures.
    """
    try:
        yield
    except exc.IntegrityError:
        raise
    except exc.DBAPIError as error:
        failure = of_database(error)
        if failure is error:
            raise
        raise failure from error


@contextmanager
def of_files(what: str) -> Iterator[None]:
    """Raise ``disk-full`` or ``store-unwritable`` instead of OSError while writing ``what``."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise TongbanError(Code.DISK_FULL, what=what) from error
        reason = error.strerror or type(error).__name__
        raise TongbanError(Code.STORE_UNWRITABLE, what=what, reason=reason) from error
