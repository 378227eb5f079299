"""A certificate type compiled to PDF: a fixed byte prefix, and what is added per certificate.

The prefix holds the fonts and backgrounds that all certificates of a type share; it is built and
compressed once. A filled file is the prefix, the varying objects, table and trailer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from certificates.faces.layout import Layout
from certificates.faces.marks import POINT, Glyphs, Mark, Sheet
from certificates.faces.pdf import content, fontobjects, syntax, xmp
from certificates.fonts import Embedded, Fonts
from certificates.metadata import of_file
from certificates.model import CertificateType, FaceValues
from kernel.clock import BEIJING
from signing.model import Placement

FONT_NAME = "TongbanSong"
_FIXED_FONT, _OWN_FONT = "F1", "F2"
_CATALOG = 1


@dataclass(frozen=True, slots=True)
class PdfTemplate:
    """See ``certificates.model.Template``."""

    layout: Layout
    prefix: bytes
    offsets: tuple[int, ...]
    """Where each object of the prefix begins; objects are numbered from 1."""
    backgrounds: dict[str, int]
    """Object number of the form of each background."""

    @property
    def kind(self) -> CertificateType:
        """Return the type it draws."""
        return self.layout.kind

    @property
    def placement(self) -> Placement:
        """Return where the seal goes."""
        seal = self.kind.face.seal
        return Placement(0, seal.x, seal.y, seal.width, seal.height)

    def fill(self, values: FaceValues) -> bytes:
        """Return the unsealed PDF; see ``certificates.model.Template.fill``."""
        return self.draw(values, self.layout.sheets(values))

    def draw(self, values: FaceValues, sheets: Sequence[Sheet]) -> bytes:
        """Return the unsealed PDF of values whose words are set already."""
        first = len(self.offsets) + 1
        varying = self._objects(values, sheets, first)
        added = syntax.body(varying, first, len(self.prefix))
        whole = self.prefix + added.data
        name = hashlib.sha256(added.data).hexdigest()[:32].upper().encode()
        trailer = {
            "Root": b"%d 0 R" % _CATALOG,
            "Info": b"%d 0 R" % (first + 2),
            "ID": b"[<%s><%s>]" % (name, name),
        }
        return whole + syntax.ending((*self.offsets, *added.offsets), len(whole), trailer)

    def _objects(self, values: FaceValues, sheets: Sequence[Sheet], first: int) -> list[bytes]:
        """Return pages tree, metadata, information, font, then page and content per sheet."""
        entries = of_file(self.kind, values)
        characters = {c for s in sheets for m in s.marks if isinstance(m, Glyphs) for c in m.text}
        font = self.layout.fonts.embed(characters, FONT_NAME)
        font_at = first + 3
        page_at = font_at + fontobjects.COUNT
        kids = b" ".join(b"%d 0 R" % (page_at + 2 * no) for no in range(len(sheets)))
        at = values.issued_at.astimezone(BEIJING)
        author = entries.get("ZZBFJG", self.kind.issuing_org)
        packet = xmp.packet(self.kind.title, author, at, entries)
        objects = [
            b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(sheets), kids),
            syntax.stream(packet, b"/Type/Metadata/Subtype/XML", level=0),
            _information(self.kind.title, author, syntax.date_string(at), entries),
            *fontobjects.objects(font, font_at, once=False),
        ]
        for place, sheet in enumerate(sheets):
            own = page_at + 2 * place
            objects += self._page(sheet, font, parent=first, font_at=page_at - 1, stream=own + 1)
        return objects

    def _page(
        self, sheet: Sheet, font: Embedded, *, parent: int, font_at: int, stream: int
    ) -> list[bytes]:
        face = self.kind.face
        states = b"".join(
            b"/%s<</ca %.2f/CA %.2f>>" % (content.state_name(alpha).encode(), alpha, alpha)
            for alpha in content.alphas(sheet.marks)
        )
        page = (
            b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 %s]/Contents %d 0 R/Resources<<"
            b"/Font<</%s %d 0 R>>/XObject<</B %d 0 R>>/ExtGState<<%s>>>>>>"
        ) % (
            *(parent, _size(face.width, face.height), stream, _OWN_FONT.encode(), font_at),
            *(self.backgrounds[sheet.background], states),
        )
        drawn = content.write(sheet.marks, font, _OWN_FONT, face.height)
        return [page, syntax.stream(b"/B Do\n" + drawn, level=syntax.EACH)]


def compile_pdf(kind: CertificateType, fonts: Fonts) -> PdfTemplate:
    """Compile a type; raises TongbanError ``glyph-missing`` or ``face-overflow``."""
    return of_layout(Layout.of(kind, fonts))


def of_layout(layout: Layout) -> PdfTemplate:
    """Compile a laid-out type, whose layout several formats may share; raises as above."""
    kind, fonts = layout.kind, layout.fonts
    backgrounds = {"first": layout.first}
    if layout.continuation:
        backgrounds["continuation"] = layout.continuation
    marks = [mark for held in backgrounds.values() for mark in held]
    characters = {c for mark in marks if isinstance(mark, Glyphs) for c in mark.text}
    font = fonts.embed(characters, FONT_NAME)
    font_at = _CATALOG + 1
    forms_at = font_at + fontobjects.COUNT
    following = forms_at + len(backgrounds)
    fixed = [
        _catalog(pages=following, metadata=following + 1),
        *fontobjects.objects(font, font_at, once=True),
        *(_form(kind, held, font, forms_at - 1) for held in backgrounds.values()),
    ]
    fonts.flush()
    built = syntax.body(fixed, _CATALOG, len(syntax.HEADER))
    return PdfTemplate(
        layout=layout,
        prefix=syntax.HEADER + built.data,
        offsets=built.offsets,
        backgrounds={name: forms_at + no for no, name in enumerate(backgrounds)},
    )


def _catalog(*, pages: int, metadata: int) -> bytes:
    return (
        b"<</Type/Catalog/Pages %d 0 R/Metadata %d 0 R/Lang(zh-CN)"
        b"/ViewerPreferences<</DisplayDocTitle true>>>>"
    ) % (pages, metadata)


def _form(kind: CertificateType, marks: Sequence[Mark], font: Embedded, font_at: int) -> bytes:
    entries = (b"/Type/XObject/Subtype/Form/BBox[0 0 %s]/Resources<</Font<</%s %d 0 R>>>>") % (
        _size(kind.face.width, kind.face.height),
        _FIXED_FONT.encode(),
        font_at,
    )
    drawn = content.write(marks, font, _FIXED_FONT, kind.face.height)
    return syntax.stream(drawn, entries, level=syntax.ONCE)


def _information(title: str, author: str, date: bytes, entries: dict[str, str]) -> bytes:
    held = b"".join(
        b"/%s %s" % (name.encode(), syntax.text_string(value)) for name, value in entries.items()
    )
    return b"<</Title %s/Author %s/Creator(Tongban)/Producer(Tongban)/CreationDate %s%s>>" % (
        *(syntax.text_string(title), syntax.text_string(author), date, held),
    )


def _size(width: float, height: float) -> bytes:
    return f"{syntax.number(width / POINT)} {syntax.number(height / POINT)}".encode()
