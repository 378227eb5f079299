"""Sealing a plain PDF by one update written from a form: what pyHanko would write, and no more.

What does not depend on the document (picture, certificates, signature dictionary) is made once
for a seal. Tests hold the result to pyHanko's, object by object, and to independent judges.
"""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from kernel.clock import BEIJING
from signing.algorithms import by_name
from signing.formats.pdf.cmsform import CmsForm
from signing.formats.pdf.plain import Plain, read
from signing.formats.running import Beginnings
from signing.model import Placement, SealMaterial

POINTS_PER_MM = 72 / 25.4
FIELD = b"Seal1"
_OBJECTS = 6
"""Form, widget, two images, appearance, signature: numbered from the first free number on."""
_RANGE_WIDTH = 48
_LARGEST = 10**10 - 1
_EXTENSIONS = (
    b"/Extensions<</ESIC<</Type/DeveloperExtensions/BaseVersion/1.7/ExtensionLevel 1>>"
    b"/ISO_[<</Type/DeveloperExtensions/BaseVersion/2.0/ExtensionLevel 32002"
    b"/URL(https://www.iso.org/standard/45875.html)/ExtensionRevision(:2022)>>]>>/Version/2.0"
)
"""Says which extensions of PDF 1.7 the signature uses (EN 319 142-1, ISO/TS 32002)."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An update that waits for the signature over ``digest``."""

    digest: bytes
    form: CmsForm
    attributes: bytes
    unsealed: bytes
    head: bytes
    """The update up to the signature value."""
    tail: bytes

    def finish(self, signature: bytes) -> bytes:
        """Return the sealed file with the signature value in its place."""
        value = self.form.whole(self.attributes, signature).hex().upper().encode()
        padded = value.ljust(2 * self.form.size, b"0")
        return b"".join((self.unsealed, self.head, b"<", padded, b">", self.tail))


@dataclass(frozen=True, slots=True)
class Appearance:
    """How a seal looks in a file: opacity and colours, packed, their size, the seal's name."""

    mask: bytes
    image: bytes
    pixels: tuple[int, int]
    name: bytes

    def around(
        self,
        plain: Plain,
        rect: tuple[int, int, int, int],
        at: datetime,
        *,
        length: int,
        gap: int,
        second: bytes,
    ) -> tuple[bytes, bytes]:
        """Return the update of a file of ``length`` octets, before and behind the value.

        ``gap`` are the octets of the value with its brackets, ``second`` the second half of the
        file identifier.
        """
        parts, offsets = self._objects(plain, rect, length)
        number = plain.size + _OBJECTS - 1
        opening = b"%d 0 obj\n<</Contents " % number
        head = b"".join((*parts, opening))
        before = length + len(head)
        after = before + gap
        offsets[number] = before - len(opening)
        rest = self._signature(at)
        ending = _ending(plain, offsets, second, after + _RANGE_WIDTH + len(rest))
        span = b"/ByteRange[0 %d %d %d" % (before, after, _RANGE_WIDTH + len(rest) + len(ending))
        return head, b"".join((span.ljust(_RANGE_WIDTH - 1), b"]", rest, ending))

    def _objects(
        self, plain: Plain, rect: tuple[int, int, int, int], offset: int
    ) -> tuple[list[bytes], dict[int, int]]:
        """Return all objects before the signature, and where each begins."""
        first = plain.size
        x1, y1, x2, y2 = rect
        wide, high = x2 - x1, y2 - y1
        drawn = b"q %s 0 0 %s 0 0 cm /ImgSeal Do Q" % (_number(wide), _number(high))
        bodies = {
            plain.root: b"%s/AcroForm %d 0 R%s/Perms<</DocMDP %d 0 R>>>>"
            % (plain.catalog[:-2], first, _EXTENSIONS, first + 5),
            plain.page: b"%s/Annots[%d 0 R]>>" % (plain.page_object[:-2], first + 1),
            first: b"<</Fields[%d 0 R]/SigFlags 3>>" % (first + 1),
            first + 1: (
                b"<</FT/Sig/T(%s)/Type/Annot/Subtype/Widget/F 132/Rect[%d %d %d %d]"
                b"/P %d 0 R/AP<</N %d 0 R>>/V %d 0 R>>"
            )
            % (FIELD, x1, y1, x2, y2, plain.page, first + 4, first + 5),
            first + 2: _image(self.pixels, b"/ColorSpace/DeviceGray", self.mask),
            first + 3: _image(
                self.pixels, b"/SMask %d 0 R/ColorSpace/DeviceRGB" % (first + 2), self.image
            ),
            first + 4: (
                b"<</Type/XObject/Subtype/Form/BBox[0 0 %d %d]"
                b"/Resources<</XObject<</ImgSeal %d 0 R>>>>/Length %d>>stream\n%s\nendstream"
            )
            % (wide, high, first + 3, len(drawn), drawn),
        }
        parts, offsets = [], {}
        for number, body in bodies.items():
            part = b"%d 0 obj\n%s\nendobj\n" % (number, body)
            offsets[number] = offset
            offset += len(part)
            parts.append(part)
        return parts, offsets

    def _signature(self, at: datetime) -> bytes:
        """Return the signature dictionary from behind its range on."""
        moment = f"{at.astimezone(BEIJING):%Y%m%d%H%M%S}+08'00'".encode()
        return (
            b"/Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M(D:%s)/Name %s"
            b"/Reference[<</Type/SigRef/TransformMethod/DocMDP"
            b"/TransformParams<</Type/TransformParams/V/1.2/P 1>>>>]>>\nendobj\n"
        ) % (moment, self.name)


@dataclass(frozen=True, slots=True)
class SealForm:
    """What all files sealed with one seal have in common."""

    cms: CmsForm
    appearance: Appearance
    beginnings: Beginnings = field(compare=False)

    def prepare(self, unsealed: bytes, plain: Plain, placement: Placement, at: datetime) -> Pending:
        """Lay out the update that seals a plain file at ``placement``."""
        running = self.beginnings.after(unsealed)
        head, tail = self.appearance.around(
            plain,
            box(placement, plain.height),
            at,
            length=len(unsealed),
            gap=2 * self.cms.size + 2,
            second=running.copy().digest()[:16].hex().upper().encode(),
        )
        running.update(head)
        running.update(tail)
        attributes = self.cms.attributes(running.digest())
        digest = self.cms.to_sign(attributes)
        return Pending(digest, self.cms, attributes, unsealed, head, tail)


def prepare(
    unsealed: bytes, material: SealMaterial, place: Placement, at: datetime
) -> Pending | None:
    """Lay out the sealed file, or return None for a file that is not plain."""
    plain = read(unsealed, place.page)
    if plain is None or len(unsealed) > _LARGEST // 2:
        return None
    return form_of(material).prepare(unsealed, plain, place, at)


def box(placement: Placement, height: float) -> tuple[int, int, int, int]:
    """Return a placement as a PDF rectangle in whole points, origin at the page's bottom left."""
    x1, y2 = placement.x_mm * POINTS_PER_MM, height - placement.y_mm * POINTS_PER_MM
    x2 = x1 + placement.width_mm * POINTS_PER_MM
    y1 = y2 - placement.height_mm * POINTS_PER_MM
    return round(x1), round(y1), round(x2), round(y2)


@lru_cache(maxsize=16)
def form_of(material: SealMaterial) -> SealForm:
    """Return the form of a seal."""
    from PIL import Image

    method = by_name(material.algorithm)

    with Image.open(io.BytesIO(material.picture_png)) as picture:
        drawn = picture.convert("RGBA")
    colour, alpha = drawn.convert("RGB").tobytes(), drawn.getchannel("A").tobytes()
    return SealForm(
        cms=CmsForm.of(material, method),
        appearance=Appearance(
            mask=zlib.compress(alpha, 9),
            image=zlib.compress(colour, 9),
            pixels=drawn.size,
            name=b"<FEFF" + material.name.encode("utf-16-be").hex().upper().encode() + b">",
        ),
        beginnings=Beginnings(method.digest_name),
    )


def _image(pixels: tuple[int, int], entries: bytes, packed: bytes) -> bytes:
    return (
        b"<</Type/XObject/Subtype/Image/Width %d/Height %d%s/BitsPerComponent 8"
        b"/Filter/FlateDecode/Length %d>>stream\n%s\nendstream"
    ) % (*pixels, entries, len(packed), packed)


def _number(value: float) -> bytes:
    return f"{value:g}".encode()


def _ending(plain: Plain, offsets: dict[int, int], second: bytes, table: int) -> bytes:
    """Return cross-reference section and trailer of the update, which begin at ``table``."""
    lines = [b"xref\n"]
    for number in sorted(offsets):
        if number - 1 not in offsets:
            run = next(size for size in range(1, len(offsets) + 1) if number + size not in offsets)
            lines.append(b"%d %d\n" % (number, run))
        lines.append(b"%010d 00000 n \n" % offsets[number])
    lines.append(
        b"trailer\n<</Size %d/Root %d 0 R%s/ID[<%s><%s>]/Prev %d>>\nstartxref\n%d\n%%%%EOF\n"
        % (
            *(plain.size + _OBJECTS, plain.root, plain.info, plain.first_id, second),
            *(plain.table, table),
        )
    )
    return b"".join(lines)
