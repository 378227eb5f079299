"""Putting time stamps into the seals of a finished OFD file (GB/T 20520 tokens inside SES).

The token stands beside what is signed, so that it may come later than the seal: nothing that the
seal covers changes.
"""

from __future__ import annotations

from kernel.errors import TongbanError
from signing.algorithms.sm2_sm3 import NAME as SM2
from signing.formats.errors import FormatError
from signing.formats.ofd import package
from signing.ses import build
from signing.ses.der import DerError
from signing.ses.parse import parse_signature
from signing.time.check import stamped
from signing.time.ports import TimeStamps

VALUE = "/SignedValue.dat"
"""Ending of the files that hold signature values, as sealing names them."""
_FIRST_WITH_TOKEN = 4


def stamp(sealed: bytes, timestamps: TimeStamps) -> bytes:
    """Return the file with a token in each seal that has none.

    Raises TongbanError ``seal-not-possible`` for a file without a seal of GB/T 38540 or later, and
    whatever ``timestamps`` raises.
    """
    try:
        files = dict(package.read(sealed).files)
        values = [name for name in files if name.endswith(VALUE)]
        if not values:
            raise _not_possible("the file has no seal")
        for name in values:
            files[name] = _with_token(files[name], timestamps)
    except (FormatError, DerError) as error:
        raise _not_possible(f"{error.code} {error.detail}") from error
    return package.write([*files.items()])


def _with_token(value: bytes, timestamps: TimeStamps) -> bytes:
    held = parse_signature(value)
    if held.version < _FIRST_WITH_TOKEN:
        raise _not_possible(f"a seal of version {held.version} has no place for a token")
    if held.timestamp is not None:
        return value
    token = stamped(timestamps, held.signature, SM2)
    return build.signature(held.tbs, held.certificate, held.algorithm, held.signature, token)


def _not_possible(reason: str) -> TongbanError:
    return TongbanError("seal-not-possible", reason=reason)
