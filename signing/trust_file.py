"""A region's trust list as one signed, numbered, expiring file (``docs/formats/trust-list.md``).

The file is RFC 8785 JSON: the list, and signatures over its canonical bytes by keys which the
region's anchors certified for trust lists (``id-tsl-kp-tslSigning``) and for nothing else.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kernel.canonical import canonical
from kernel.errors import TongbanError
from kernel.ports import Json
from signing.algorithms import by_name
from signing.trust import SCHEMA, TrustList
from signing.x509 import TRUST_LIST_SIGNING, Cert, is_issued_by, parse

LARGEST = 1024 * 1024
"""No file above this many bytes is read."""
_CONTEXT = b"tongban trust list 1\n"
"""Stands before the signed bytes, so that no signature over anything else can serve."""
_PARTS = ("anchors", "cas", "seal_makers")
_MOST = 200
_REGION = re.compile(r"[0-9]{6}(?:[0-9]{6})?")
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_NAME_LENGTH = 100


@dataclass(frozen=True, slots=True)
class ListSigner:
    """Signs a list: a certificate by an anchor, its algorithm, and who signs a digest with it."""

    certificate: Cert
    algorithm: str
    sign: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class ListSignature:
    """One signature as the file has it."""

    certificate: Cert
    algorithm: str
    value: bytes


@dataclass(frozen=True, slots=True)
class SignedList:
    """What a file says; nothing of it is believed before ``vouched`` holds."""

    trust: TrustList
    signatures: tuple[ListSignature, ...]

    def vouched(self, anchors: Iterable[Cert], at: datetime) -> bool:
        """Tell whether every signature fits, and an anchor certified one of the signers.

        The signer must be certified directly by the anchor, for trust lists, and be valid at
        ``at``, as must the anchor. A wrong signature beside a right one spoils the file.
        """
        signed = message(self.trust)
        if not all(_fits(item, signed) for item in self.signatures):
            return False
        believed = tuple(anchors)
        return any(
            _may_sign(item.certificate, at)
            and any(
                anchor.valid_at(at) and is_issued_by(item.certificate, anchor)
                for anchor in believed
            )
            for item in self.signatures
        )


def message(trust: TrustList) -> bytes:
    """Return the bytes that are signed: a line of context and the canonical list."""
    return _CONTEXT + canonical(_plain(trust))


def write(trust: TrustList, signers: Sequence[ListSigner]) -> bytes:
    """Return the file of a list with a signature by each signer."""
    signed = message(trust)
    signatures = []
    for signer in signers:
        digest = by_name(signer.algorithm).digest(signed, signer.certificate.spki)
        value = signer.sign(digest)
        signatures.append(ListSignature(signer.certificate, signer.algorithm, value))
    return _file(trust, signatures)


def read(data: bytes) -> SignedList:
    """Read a file; its bytes must be the canonical ones of what they say.

    Raises TongbanError ``trust-list-malformed``.
    """
    if len(data) > LARGEST:
        raise TongbanError("trust-list-malformed", reason=f"more than {LARGEST} bytes")
    try:
        raw = json.loads(data)
        found = SignedList(_list(raw["list"]), tuple(_signature(one) for one in raw["signatures"]))
        _check_canonical(found, data)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError, TongbanError) as error:
        reason = f"{type(error).__name__}: {error}"[:200]
        raise TongbanError("trust-list-malformed", reason=reason) from error
    return found


def _check_canonical(found: SignedList, data: bytes) -> None:
    """Raise ValueError unless the bytes are the one spelling of what was read out of them."""
    if _file(found.trust, found.signatures) != data:
        raise ValueError("not the canonical bytes of a list")


def _file(trust: TrustList, signatures: Iterable[ListSignature]) -> bytes:
    written: list[Json] = [
        {
            "algorithm": item.algorithm,
            "certificate": _text(item.certificate.der),
            "signature": _text(item.value),
        }
        for item in signatures
    ]
    return canonical({"list": _plain(trust), "signatures": written})


def _plain(trust: TrustList) -> dict[str, Json]:
    """Return what is signed. ``cut`` is the reader's own decision and no part of it."""
    return {
        "schema": SCHEMA,
        "region": trust.region,
        "name": trust.name,
        "version": trust.version,
        "issued": trust.issued.astimezone(UTC).strftime(_TIME),
        "expires": trust.expires.astimezone(UTC).strftime(_TIME),
        "demo": trust.demo,
        "anchors": [_text(cert.der) for cert in trust.anchors],
        "cas": [_text(cert.der) for cert in trust.cas],
        "seal_makers": [_text(cert.der) for cert in trust.seal_makers],
    }


def _list(raw: Mapping[str, Any]) -> TrustList:
    anchors, cas, makers = (tuple(_cert(one) for one in raw[part][:_MOST]) for part in _PARTS)
    found = TrustList(
        region=str(raw["region"]),
        name=str(raw["name"]),
        version=int(raw["version"]),
        issued=_moment(raw["issued"]),
        expires=_moment(raw["expires"]),
        anchors=anchors,
        cas=cas,
        seal_makers=makers,
        demo=bool(raw["demo"]),
    )
    if not _REGION.fullmatch(found.region):
        raise ValueError("region is no division code")
    if not (found.name.isprintable() and 0 < len(found.name) <= _NAME_LENGTH):
        raise ValueError("name is empty, too long or not printable")
    if found.version < 1 or not found.issued < found.expires or not anchors:
        raise ValueError("number, validity or anchors are missing")
    return found


def _signature(raw: Mapping[str, Any]) -> ListSignature:
    name = str(raw["algorithm"])
    by_name(name)
    return ListSignature(_cert(raw["certificate"]), name, _bytes(raw["signature"]))


def _fits(item: ListSignature, signed: bytes) -> bool:
    try:
        method, spki = by_name(item.algorithm), item.certificate.spki
        return method.verify_digest(spki, method.digest(signed, spki), item.value)
    except TongbanError:  # a key of another algorithm
        return False


def _may_sign(cert: Cert, at: datetime) -> bool:
    return TRUST_LIST_SIGNING in cert.extended_key_usage and not cert.ca and cert.valid_at(at)


def _cert(text: object) -> Cert:
    return parse(_bytes(text))


def _bytes(text: object) -> bytes:
    if not isinstance(text, str):
        raise TypeError("base64 belongs here")
    return base64.b64decode(text, validate=True)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _moment(text: object) -> datetime:
    return datetime.strptime(str(text), _TIME).replace(tzinfo=UTC)
