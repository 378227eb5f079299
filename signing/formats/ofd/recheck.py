"""A finished file looked at again: does its one seal hold over the files that are there.

For files made in batches, of which a sample gets a full verdict. Nothing of what the maker computed
is used but the signature value; digests are those of the parts in the package.
"""

from __future__ import annotations

import re

from signing.algorithms import by_name
from signing.algorithms.sm2_sm3 import sm3
from signing.formats.ofd.parts import known_parts
from signing.formats.ofd.seal import form_of
from signing.model import SealMaterial
from signing.ses import build, der

_FOLDER = "Doc_0/Signs/Sign_0"
_REFERENCE = re.compile(
    rb'<ofd:Reference FileRef="/([^"&<]+)"><ofd:CheckValue>([\w+/=]+)</ofd:CheckValue>'
    rb"</ofd:Reference>"
)
_TIME = re.compile(rb"<ofd:SignatureDateTime>(\d{14}Z)</ofd:SignatureDateTime>")
_LIST = re.compile(
    rb'<ofd:References CheckMethod="1\.2\.156\.10197\.1\.401">(.*)</ofd:References>', re.DOTALL
)


def holds(sealed: bytes, material: SealMaterial, signature: bytes) -> bool:
    """Tell whether ``signature`` by the material's key seals every part of the package."""
    parts = known_parts()
    files = parts.read(sealed)
    if files is None:
        return False
    description = files.get(f"{_FOLDER}/Signature.xml", b"")
    value = files.get(f"{_FOLDER}/SignedValue.dat", b"")
    listed = _LIST.search(description)
    if listed is None or _REFERENCE.sub(b"", listed[1]):
        return False
    told = {name.decode(): digest.decode() for name, digest in _REFERENCE.findall(listed[1])}
    own = {f"{_FOLDER}/Signature.xml", f"{_FOLDER}/SignedValue.dat"}
    there = {name: parts.check_value(name, data) for name, data in files.items() if name not in own}
    return told == there and _signed(description, value, material, signature)


def _signed(description: bytes, value: bytes, material: SealMaterial, signature: bytes) -> bool:
    """Tell whether the value is the material's signature over the description."""
    told = _TIME.search(description)
    try:
        at = der.parse_time(told[1], short=False) if told else None
    except der.DerError:
        at = None
    if at is None:
        return False
    form = form_of(material)
    wanted = build.to_be_signed(
        seal_der=material.seal_der,
        at=at,
        data_hash=sm3(description),
        property_info=f"/{_FOLDER}/Signature.xml",
        version=form.version,
    )
    if build.signature(wanted, material.certificate, form.oid, signature) != value:
        return False
    digest = form.beginnings.after(form.z + wanted).digest()
    return by_name(material.algorithm).verify_digest(form.spki, digest, signature)
