"""The XML parts of an OFD package around the page contents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from xml.sax.saxutils import escape, quoteattr

from certificates.faces.ofd.content import HEAD, NAMESPACE
from certificates.fonts import Embedded

XMLNS = f'xmlns:ofd="{NAMESPACE}"'


def root(
    *, doc_id: str, title: str, author: str, created: date, entries: Mapping[str, str]
) -> bytes:
    """Return ``OFD.xml``: document information with the certificate's metadata (7.4)."""
    custom = "".join(
        f"<ofd:CustomData Name={quoteattr(name)}>{escape(value)}</ofd:CustomData>\n"
        for name, value in entries.items()
    )
    return (
        f'{HEAD}<ofd:OFD {XMLNS} Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo>'
        f"<ofd:DocID>{doc_id}</ofd:DocID><ofd:Title>{escape(title)}</ofd:Title>"
        f"<ofd:Author>{escape(author)}</ofd:Author>"
        f"<ofd:CreationDate>{created.isoformat()}</ofd:CreationDate>"
        "<ofd:DocUsage>Normal</ofd:DocUsage><ofd:Creator>Tongban</ofd:Creator>\n"
        f"<ofd:CustomDatas>\n{custom}</ofd:CustomDatas></ofd:DocInfo>"
        "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>\n"
    ).encode()


def document(
    *, box: str, largest: int, templates: Mapping[int, str], pages: Mapping[int, str]
) -> bytes:
    """Return ``Document.xml``; ``templates`` and ``pages`` map ids to locations (7.5)."""
    template_pages = "".join(
        f'<ofd:TemplatePage ID="{own}" ZOrder="Background" BaseLoc="{place}"/>'
        for own, place in templates.items()
    )
    held = "".join(f'<ofd:Page ID="{own}" BaseLoc="{place}"/>' for own, place in pages.items())
    return (
        f"{HEAD}<ofd:Document {XMLNS}><ofd:CommonData><ofd:MaxUnitID>{largest}</ofd:MaxUnitID>"
        f"<ofd:PageArea><ofd:PhysicalBox>{box}</ofd:PhysicalBox></ofd:PageArea>"
        f"<ofd:PublicRes>PublicRes.xml</ofd:PublicRes>{template_pages}</ofd:CommonData>"
        f"<ofd:Pages>{held}</ofd:Pages></ofd:Document>\n"
    ).encode()


def resources(fonts: Sequence[tuple[int, Embedded, str]]) -> bytes:
    """Return ``PublicRes.xml`` with the embedded fonts as id, font and file name (7.9)."""
    held = "".join(
        f'<ofd:Font ID="{own}" FontName="{font.name}" FamilyName="{font.name}" Serif="true">'
        f"<ofd:FontFile>{file}</ofd:FontFile></ofd:Font>"
        for own, font, file in fonts
    )
    return (
        f'{HEAD}<ofd:Res {XMLNS} BaseLoc="Res"><ofd:Fonts>{held}</ofd:Fonts></ofd:Res>\n'
    ).encode()


def page(content: str, *, layer: int, kind: str, box: str, template: int | None = None) -> bytes:
    """Return a page or template page with one layer of ``kind`` Background or Body (7.7)."""
    used = f'<ofd:Template TemplateID="{template}" ZOrder="Background"/>' if template else ""
    return (
        f"{HEAD}<ofd:Page {XMLNS}>{used}"
        f"<ofd:Area><ofd:PhysicalBox>{box}</ofd:PhysicalBox></ofd:Area>"
        f'<ofd:Content><ofd:Layer ID="{layer}" Type="{kind}">\n{content}</ofd:Layer>'
        "</ofd:Content></ofd:Page>\n"
    ).encode()
