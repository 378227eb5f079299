"""A second reading of RFC 9421 and RFC 9530, written from the standards alone.

It shares no line with what hubs run, so that the two can judge each other's messages.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from certificates.exchange.message import Message

LABEL = "tongban"
"""Label of our signatures."""
ALGORITHM = "ecdsa-p256-sha256"
_COORDINATE = 32
_ITEM = re.compile(r'"([!#-\[\]-~]+)"((?:;req|;key="[a-z*][a-z0-9_.*-]*")*)(?: |$)')
_MEMBER = re.compile(r"([a-z*][a-z0-9_.*-]*)=\(([^()]*)\)((?:;[a-z*][a-z0-9_.*-]*=[^;,]+)*)")
_PARAMETER = re.compile(r';([a-z*][a-z0-9_.*-]*)=(?:(-?[0-9]{1,15})|"([ !#-\[\]-~]*)")')
_VALUE = re.compile(r"([a-z*][a-z0-9_.*-]*)=(:[A-Za-z0-9+/=]*:)")


class MalformedError(ValueError):
    """A message carries no signature of this form, or lacks what it says is covered."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature covers. ``parameters`` as written: numbers stay text."""

    label: str
    components: tuple[str, ...]
    parameters: Mapping[str, str]
    text: str = field(repr=False)
    """The inner list with its parameters, exactly as written; ends the signature base."""
    signature: bytes = field(default=b"", repr=False)


def content_digest(body: bytes) -> str:
    """Return the value of ``Content-Digest`` with SHA-256."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def signature_input(components: Sequence[str], parameters: Mapping[str, int | str]) -> str:
    """Return the inner list; components such as ``"@method";req`` come quoted as in the RFC."""
    shown = "".join(
        f";{name}={value}" if isinstance(value, int) else f';{name}="{value}"'
        for name, value in parameters.items()
    )
    return f"({' '.join(components)}){shown}"


def base(message: Message, components: Sequence[str], text: str) -> bytes:
    """Return the signature base (RFC 9421 §2.5); MalformedError where a component is missing."""
    if len(set(components)) != len(components):
        raise MalformedError("a component is covered twice")
    lines = [f"{item}: {_component(message, item)}" for item in components]
    return "\n".join([*lines, f'"@signature-params": {text}']).encode("ascii", "strict")


def read(message: Message, label: str = LABEL) -> Signed:
    """Read the signature called ``label`` out of the fields; raises MalformedError."""
    inputs, values = (
        message.headers.get("signature-input", ""),
        message.headers.get("signature", ""),
    )
    members = [found for found in _MEMBER.finditer(inputs) if found[1] == label]
    signatures = [found for found in _VALUE.finditer(values) if found[1] == label]
    if len(members) != 1 or len(signatures) != 1:
        raise MalformedError("no signature, or more than one, of the label")
    _, inside, rest = members[0].groups()
    parameters = {name: number or text for name, number, text in _PARAMETER.findall(rest)}
    if "".join(found[0] for found in _PARAMETER.finditer(rest)) != rest:
        raise MalformedError("parameters of the signature")
    text = members[0][0][len(label) + 1 :]
    return Signed(label, _items(inside), parameters, text, _bytes(signatures[0][2]))


def to_der(raw: bytes) -> bytes:
    """Turn ``r || s`` of RFC 9421 §3.3.4 into DER; raises MalformedError."""
    if len(raw) != 2 * _COORDINATE:
        raise MalformedError("length of the signature")
    r, s = (int.from_bytes(raw[at : at + _COORDINATE], "big") for at in (0, _COORDINATE))
    return encode_dss_signature(r, s)


def from_der(der: bytes) -> bytes:
    """Turn a DER signature into ``r || s``."""
    return b"".join(part.to_bytes(_COORDINATE, "big") for part in decode_dss_signature(der))


def fields(text: str, raw: bytes) -> dict[str, str]:
    """Return the two fields that carry a signature."""
    value = base64.b64encode(raw).decode()
    return {"signature-input": f"{LABEL}={text}", "signature": f"{LABEL}=:{value}:"}


def _items(inside: str) -> tuple[str, ...]:
    found = list(_ITEM.finditer(inside))
    if "".join(item[0] for item in found) != inside:
        raise MalformedError("covered components")
    return tuple(item[0].rstrip(" ") for item in found)


def _component(message: Message, item: str) -> str:
    found = _ITEM.fullmatch(item)
    if found is None:
        raise MalformedError("name of a component")
    name, flags = found[1], found[2]
    if ";req" in flags:
        if message.request is None or message.request.status:
            raise MalformedError("no request to bind to")
        message = message.request
    if name.startswith("@"):
        return _derived(message, name)
    value = message.headers.get(name)
    if value is None:
        raise MalformedError(f"field {name} is missing")
    value = value.strip()
    key = re.search(r';key="([^"]*)"', flags)
    return _member(value, key[1]) if key else value


def _derived(message: Message, name: str) -> str:
    parts = urlsplit(message.url)
    known = {
        "@method": message.method,
        "@target-uri": message.url,
        "@authority": parts.netloc.lower() if message.url else "",
        "@path": (parts.path or "/") if message.url else "",
        "@status": str(message.status or ""),
    }
    if not known.get(name) or (name == "@status") != bool(message.status):
        raise MalformedError(f"{name} is missing")
    return known[name]


def _member(value: str, key: str) -> str:
    for pattern in (_VALUE, _MEMBER):
        for found in pattern.finditer(value):
            if found[1] == key:
                return found[0][len(key) + 1 :]
    raise MalformedError(f"member {key} is missing")


def _bytes(value: str) -> bytes:
    try:
        return base64.b64decode(value.strip(":"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedError("signature is no Base64") from error
