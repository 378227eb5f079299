"""A certificate type compiled to OFD: template pages and a font made once, pages made per file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from certificates.faces.layout import Layout
from certificates.faces.marks import Glyphs, Mark, Sheet
from certificates.faces.ofd import content, parts
from certificates.fonts import Embedded, Fonts
from certificates.metadata import of_file
from certificates.model import CertificateType, FaceValues
from kernel.clock import BEIJING
from signing.formats.ofd import package
from signing.formats.ofd.parts import known_parts
from signing.model import Placement

FONT_NAME = "TongbanSong"
_FIXED_FONT, _OWN_FONT = 1, 2
_TEMPLATES = {"first": 3, "continuation": 4}
_FIRST_ID = 10


@dataclass(frozen=True, slots=True)
class OfdTemplate:
    """See ``certificates.model.Template``."""

    layout: Layout
    font: Embedded
    """Font of the template pages."""
    backgrounds: dict[str, bytes]
    """Finished template pages by name."""
    next_id: int
    """First object id that the template pages leave free."""

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
        """Return the unsealed OFD; see ``certificates.model.Template.fill``."""
        return self.draw(values, self.layout.sheets(values))

    def draw(self, values: FaceValues, sheets: Sequence[Sheet]) -> bytes:
        """Return the unsealed OFD of values whose words are set already."""
        characters = {c for s in sheets for m in s.marks if isinstance(m, Glyphs) for c in m.text}
        own = self.layout.fonts.embed(characters, FONT_NAME)
        entries = of_file(self.kind, values)
        box = _box(self.kind)
        ids = count(self.next_id)
        page_ids = [next(ids) for _ in sheets]
        pages = [self._page(sheet, own, ids, box) for sheet in sheets]
        used = [name for name in self.backgrounds if any(s.background == name for s in sheets)]
        document = parts.document(
            box=box,
            largest=next(ids),
            templates={_TEMPLATES[name]: f"Temps/Temp_{no}/Content.xml" for no, name in _no(used)},
            pages={own_id: f"Pages/Page_{no}/Content.xml" for no, own_id in enumerate(page_ids)},
        )
        head = parts.root(
            doc_id=_doc_id(values, document, pages),
            title=self.kind.title,
            author=entries.get("ZZBFJG", self.kind.issuing_org),
            created=values.issued_at.astimezone(BEIJING).date(),
            entries=entries,
        )
        fonts = ((_FIXED_FONT, self.font, "fixed.ttf"), (_OWN_FONT, own, "own.ttf"))
        return package.write(
            [
                ("OFD.xml", head),
                ("Doc_0/Document.xml", document),
                ("Doc_0/PublicRes.xml", parts.resources(fonts)),
                *((f"Doc_0/Res/{file}", font.data) for _, font, file in fonts),
                *(
                    (f"Doc_0/Temps/Temp_{no}/Content.xml", self.backgrounds[name])
                    for no, name in _no(used)
                ),
                *((f"Doc_0/Pages/Page_{no}/Content.xml", page) for no, page in enumerate(pages)),
            ],
            known_parts().crc,
        )

    def _page(self, sheet: Sheet, font: Embedded, ids: Iterator[int], box: str) -> bytes:
        layer = next(ids)
        drawn = content.objects(sheet.marks, font, _OWN_FONT, ids, box)
        template = _TEMPLATES[sheet.background]
        return parts.page(drawn, layer=layer, kind="Body", box=box, template=template)


def compile_ofd(kind: CertificateType, fonts: Fonts) -> OfdTemplate:
    """Compile a type; raises TongbanError ``glyph-missing`` or ``face-overflow``."""
    return of_layout(Layout.of(kind, fonts))


def of_layout(layout: Layout) -> OfdTemplate:
    """Compile a laid-out type, whose layout several formats may share; raises as above."""
    kind, fonts = layout.kind, layout.fonts
    named: list[tuple[str, tuple[Mark, ...]]] = [("first", layout.first)]
    if layout.continuation:
        named.append(("continuation", layout.continuation))
    characters = {c for _, ms in named for m in ms if isinstance(m, Glyphs) for c in m.text}
    font = fonts.embed(characters, FONT_NAME)
    fonts.flush()
    ids, box = count(_FIRST_ID), _box(kind)
    backgrounds = {}
    for name, marks in named:
        layer = next(ids)
        drawn = content.objects(marks, font, _FIXED_FONT, ids, box)
        backgrounds[name] = parts.page(drawn, layer=layer, kind="Background", box=box)
    return OfdTemplate(layout=layout, font=font, backgrounds=backgrounds, next_id=next(ids))


def _box(kind: CertificateType) -> str:
    return f"0 0 {content.number(kind.face.width)} {content.number(kind.face.height)}"


def _no(names: Sequence[str]) -> list[tuple[int, str]]:
    return list(enumerate(names))


def _doc_id(values: FaceValues, document: bytes, pages: Sequence[bytes]) -> str:
    """Return 32 hex digits that depend on the content alone, so that filling is repeatable."""
    total = hashlib.sha256(values.identifier.encode() + document)
    for page in pages:
        total.update(page)
    return total.hexdigest()[:32]
