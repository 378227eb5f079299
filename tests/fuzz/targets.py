"""What a fuzzer drives: one function per parser, each raising only on what must never happen.

A target takes bytes nobody trusts. A refusal of the kind the parser promises is silence; any other
exception is a finding, and so is a verdict that passes on a file that is not one of the good ones.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import zipfile
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from typing import Final

from kernel.errors import TongbanError
from signing import crl, ocsp, ocsp_wire, x509
from signing import evidence as codec
from signing.checks.case import Trust
from signing.formats import cms
from signing.formats.errors import FormatError
from signing.formats.ofd import package
from signing.formats.pool import Notes, Pool
from signing.policies import load
from signing.ses import gbt35275
from signing.ses.der import DerError
from signing.ses.parse import parse_seal, parse_signature
from signing.time import wire
from signing.verify import inspect, judge

Target = Callable[[bytes], None]
AT: Final = datetime(2026, 3, 2, 1, 2, 3, tzinfo=UTC)
SMALL: Final = package.Limits(file_bytes=4 << 20, total_bytes=16 << 20, entry_bytes=8 << 20)


class FindingError(AssertionError):
    """A target saw what must not happen."""


def archive(data: bytes) -> None:
    """Read a package; what is read must be what the standard library reads, entry by entry."""
    try:
        found = package.read(data, SMALL)
    except FormatError:
        return
    with zipfile.ZipFile(io.BytesIO(data)) as other:
        names = [name for name in other.namelist() if not name.endswith("/")]
        if names != list(found.files):
            raise FindingError("entries differ from the standard library's")
        for name in names:
            if other.read(name) != found.files[name]:
                raise FindingError("bytes differ from the standard library's")
    if found.canonical and package.write(tuple(found.files.items())) != data:
        raise FindingError("called canonical, but it has another spelling")


def structures(data: bytes) -> None:
    """Read the bytes as every DER structure that files, peers and authorities send."""
    readers = (
        parse_seal,
        parse_signature,
        gbt35275.parse,
        crl.parse,
        ocsp.parse,
        ocsp_wire.read_request,
        ocsp_wire.read_status,
        wire.read_request,
        wire.read_answer,
        wire.read_token,
        wire.names_authority,
    )
    for read in readers:
        with contextlib.suppress(DerError):
            read(data)
    with contextlib.suppress(TongbanError):
        x509.parse(data)


def messages(data: bytes) -> None:
    """Check CMS over bytes it does not cover: read or noted, never valid."""
    facts = cms.check(data, b"not what was signed", Pool(), Notes(), "")
    # Instrumented comparisons let a fuzzer write the right digest into a message; that alone says
    # nothing. An enveloping message brings content of its own, which the caller compares.
    if facts.pades and facts.content_valid and facts.signature_valid:
        raise FindingError("a detached signature is valid over other bytes")


def files(good: Collection[str], trust: Trust) -> Target:
    """Return the target that inspects and judges whole files; only ``good`` digests may pass."""
    policies = tuple(load(name) for name in ("certificate", "archive"))

    def whole(data: bytes) -> None:
        found = inspect(data)
        again = codec.load(codec.dump(found))
        if again != found:
            raise FindingError("evidence does not survive being saved")
        for policy in policies:
            verdict = judge(again, policy, trust, AT)
            # The policy for archives admits changes in what no signature covers: the case of the
            # hexadecimal digits of a signature's own value, or updates after it.
            changed = hashlib.sha256(data).hexdigest() not in good
            if policy.name == "certificate" and verdict.passed and changed:
                raise FindingError("a changed file passes")
            if not verdict.passed and not verdict.codes:
                raise FindingError("refused without a reason")

    return whole


NAMES: Final = ("zip", "ofd", "der", "cms", "pdf")


def build(name: str, trust: Trust, good: Iterable[bytes]) -> Target:
    """Return the target of a name; files among ``good`` may pass."""
    plain: dict[str, Target] = {"zip": archive, "der": structures, "cms": messages}
    if name in plain:
        return plain[name]
    return files({hashlib.sha256(data).hexdigest() for data in good}, trust)
