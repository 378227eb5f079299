"""Signing an OFD file without a seal: a signature of type ``Sign``, GB/T 35275 SignedData.

The same two steps as for seals: ``prepare`` says what is to be signed, ``finish`` adds the value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from kernel.errors import TongbanError
from signing.algorithms import by_name
from signing.algorithms.sm2_sm3 import NAME as SM2
from signing.algorithms.sm2_sm3 import sm3
from signing.formats.errors import FormatError
from signing.formats.ofd import layout, package
from signing.model import SignDigest
from signing.ses import signed_data
from signing.ses.signed_data import Form
from signing.x509 import parse as parse_certificate


@dataclass(frozen=True, slots=True)
class Pending:
    """A laid-out file that waits for its SM2 signature over ``digest``."""

    digest: bytes
    signed: bytes
    form: Form
    certificates: tuple[bytes, ...]
    value_path: str
    files: Mapping[str, bytes]


def sign(
    unsigned: bytes,
    certificates: Sequence[bytes],
    at: datetime,
    key: SignDigest,
    form: Form = Form.ATTACHED,
    *,
    later: bool = False,
) -> bytes:
    """Return the signed file; every file of it is covered, and with ``later`` more may follow.

    ``certificates`` (DER) has the signer's, of an SM2 key, first; ``form`` is the spelling.
    Raises TongbanError ``seal-not-possible`` with the reason, and whatever ``key`` raises.
    """
    pending = prepare(unsigned, certificates, at, form, later=later)
    return finish(pending, key(pending.digest))


def prepare(
    unsigned: bytes,
    certificates: Sequence[bytes],
    at: datetime,
    form: Form = Form.ATTACHED,
    *,
    later: bool = False,
) -> Pending:
    """Lay out the signed file; raises TongbanError ``seal-not-possible`` with the reason."""
    try:
        return _prepare(unsigned, tuple(certificates), at, form, later=later)
    except FormatError as error:
        raise TongbanError("seal-not-possible", reason=f"{error.code} {error.detail}") from error


def finish(pending: Pending, signature: bytes) -> bytes:
    """Return the signed file with the DER signature in its place."""
    value = signed_data.build(pending.form, pending.signed, pending.certificates, signature)
    return package.write([*pending.files.items(), (pending.value_path, value)])


def _prepare(
    unsigned: bytes, certificates: tuple[bytes, ...], at: datetime, form: Form, *, later: bool
) -> Pending:
    if not certificates:
        raise TongbanError("seal-not-possible", reason="no certificate of the signer")
    site = layout.enter(package.read(unsigned).files)
    layout.enlist(site, "Sign", 0)
    description = layout.describe(site, at=at, later=later, with_seal=False)
    site.files[site.description] = description
    signed = signed_data.to_be_signed(form, sm3(description), at)
    signer = parse_certificate(certificates[0])
    return Pending(
        digest=by_name(SM2).digest(signed, signer.spki),
        signed=signed,
        form=form,
        certificates=certificates,
        value_path=site.value,
        files=site.files,
    )
