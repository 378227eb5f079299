"""A finished file looked at again: does its one signature hold over the octets that are there.

For files made in batches from a form, of which a sample gets a full verdict. Nothing of what the
maker computed is used but the signature value; all digests are taken from the file itself.
"""

from __future__ import annotations

import re

from signing.formats.pdf.quick import form_of
from signing.model import SealMaterial

_RANGE = re.compile(rb"/ByteRange\[0 (\d{1,10}) (\d{1,10}) (\d{1,10}) *\]")


def holds(sealed: bytes, material: SealMaterial, signature: bytes) -> bool:
    """Tell whether ``signature`` by the material's key seals every octet of the file.

    The CMS must be the one spelling that the form has for it, padded with zeros.
    """
    form = form_of(material)
    start = sealed.rfind(b"/ByteRange[")
    found = _RANGE.match(sealed, start) if start > 0 else None
    if found is None:
        return False
    first, second, rest = map(int, found.groups())
    digits = sealed[first + 1 : second - 1]
    framed = sealed[first : first + 1] == b"<" and sealed[second - 1 : second] == b">"
    if not (0 < first < second <= start and framed and second + rest == len(sealed)):
        return False
    running = form.beginnings.after(sealed[:first])
    running.update(memoryview(sealed)[second:])
    attributes = form.cms.attributes(running.digest())
    value = form.cms.whole(attributes, signature).hex().upper().encode()
    padded = len(value) <= len(digits) and digits == value.ljust(len(digits), b"0")
    digest = form.cms.to_sign(attributes)
    return padded and form.cms.method.verify_digest(form.cms.spki, digest, signature)
