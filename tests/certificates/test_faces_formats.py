"""What other software sees in the files: structure of PDF and of OFD."""

from __future__ import annotations

import io
from collections import Counter

import pytest
from lxml import etree

from certificates import typebook
from certificates.faces import compile_face
from certificates.faces.ofd.content import NAMESPACE
from certificates.faces.pdf import fontobjects
from certificates.fonts import Fonts
from certificates.model import CertificateType
from signing.formats.ofd import package
from tests.certificates.samples import ANNOTATION, RARE, rare_font, values

BOOK = typebook.load()
NAMES = [kind.name for kind in BOOK]
OFD = f"{{{NAMESPACE}}}"


@pytest.fixture(scope="module")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> Fonts:
    path = tmp_path_factory.mktemp("fonts") / "rare.ttf"
    path.write_bytes(rare_font())
    return Fonts.load([path])


@pytest.fixture(params=NAMES)
def kind(request: pytest.FixtureRequest) -> CertificateType:
    return BOOK[request.param]


def test_a_strict_reader_opens_the_pdf_and_finds_language_metadata_and_fonts(
    kind: CertificateType, fonts: Fonts
) -> None:
    from pyhanko.pdf_utils.reader import PdfFileReader

    data = compile_face("pdf", kind, fonts).fill(values(kind, rows=14, annotation=ANNOTATION))
    reader = PdfFileReader(io.BytesIO(data), strict=True)
    assert str(reader.root["/Lang"]) == "zh-CN"
    assert str(reader.trailer["/Info"]["/ZZLXMC"]) == kind.title
    packet = etree.fromstring(reader.root["/Metadata"].data)
    assert packet.findtext(".//{urn:oid:1.2.156.3005.2}ZZBS") == values(kind).identifier
    assert "/AcroForm" not in reader.root
    for page in reader.root["/Pages"]["/Kids"]:
        held = page.get_object()
        font = held["/Resources"]["/Font"]["/F2"]
        descendant = font["/DescendantFonts"][0].get_object()
        program = descendant["/FontDescriptor"]["/FontFile2"].data
        assert program[:4] == b"\0\1\0\0"
        assert len(descendant["/W"][1]) == fonts_glyphs(program)


def fonts_glyphs(program: bytes) -> int:
    from fontTools.ttLib import TTFont

    return int(TTFont(io.BytesIO(program))["maxp"].numGlyphs) - 1


def test_the_map_to_unicode_writes_surrogate_pairs(fonts: Fonts) -> None:
    embedded = fonts.embed("吉" + RARE, "T")
    cmap = fontobjects.to_unicode(embedded)
    assert b"<0001> <5409>" in cmap
    assert b"<0002> <D842DFB7>" in cmap


def test_long_maps_are_cut_into_blocks_of_one_hundred(fonts: Fonts) -> None:
    embedded = fonts.embed([chr(0x4E00 + no) for no in range(250)], "T")
    cmap = fontobjects.to_unicode(embedded)
    assert [line for line in cmap.split(b"\n") if b"beginbfchar" in line] == [
        b"100 beginbfchar",
        b"100 beginbfchar",
        b"50 beginbfchar",
    ]


def test_ofd_parts_refer_to_each_other_and_ids_are_distinct(
    kind: CertificateType, fonts: Fonts
) -> None:
    data = compile_face("ofd", kind, fonts).fill(values(kind, rows=40, annotation=ANNOTATION))
    held = package.read(data)
    assert held.canonical
    trees = {
        name: etree.fromstring(part) for name, part in held.files.items() if name.endswith(".xml")
    }
    ids = Counter(
        int(element.get("ID"))
        for tree in trees.values()
        for element in tree.iter()
        if element.get("ID")
    )
    assert max(ids.values()) == 1
    document = trees["Doc_0/Document.xml"]
    assert int(document.findtext(f".//{OFD}MaxUnitID")) >= max(ids)
    places = [e.get("BaseLoc") for e in document.iter(f"{OFD}Page", f"{OFD}TemplatePage")]
    assert {f"Doc_0/{place}" for place in places} < set(held.files)
    named = {e.text for e in trees["Doc_0/PublicRes.xml"].iter(f"{OFD}FontFile")}
    assert {f"Doc_0/Res/{file}" for file in named} < set(held.files)
    assert all(element.tag.startswith(OFD) for tree in trees.values() for element in tree.iter())


def test_ofd_steps_are_one_per_gap_and_rare_characters_stand_alone(fonts: Fonts) -> None:
    kind = BOOK["marriage"]
    data = compile_face("ofd", kind, fonts).fill(values(kind, male_name=f"测{RARE}试名"))
    page = etree.fromstring(package.read(data).files["Doc_0/Pages/Page_0/Content.xml"])
    for code in page.iter(f"{OFD}TextCode"):
        steps = (code.get("DeltaX") or "").split()
        assert len(steps) == len(code.text) - 1
        assert len(code.text) == 1 or all(ord(character) <= 0xFFFF for character in code.text)
    pieces = next(
        [code.text for code in item.iter(f"{OFD}TextCode")]
        for item in page.iter(f"{OFD}TextObject")
        if RARE in "".join(item.itertext())
    )
    assert pieces == ["测", RARE, "试名"]


def test_ofd_information_has_the_metadata_under_the_standards_names(
    kind: CertificateType, fonts: Fonts
) -> None:
    given = values(kind)
    head = etree.fromstring(
        package.read(compile_face("ofd", kind, fonts).fill(given)).files["OFD.xml"]
    )
    entries = {e.get("Name"): e.text for e in head.iter(f"{OFD}CustomData")}
    assert entries["ZZBS"] == given.identifier
    assert entries["certificate_version"] == "001"
    assert entries["certificate_area_code"] == "410100"
    assert len(head.findtext(f".//{OFD}DocID")) == 32
    assert head.findtext(f".//{OFD}CreationDate") == "2026-03-05"


def test_files_stay_small(kind: CertificateType, fonts: Fonts) -> None:
    given = values(kind)
    assert len(compile_face("pdf", kind, fonts).fill(given)) < 120_000
    assert len(compile_face("ofd", kind, fonts).fill(given)) < 200_000


def test_both_formats_show_the_same_picture(kind: CertificateType, fonts: Fonts) -> None:
    import pypdfium2
    from PIL import ImageChops, ImageFilter

    from tests.certificates.ofd_raster import render

    given, scale = values(kind, rows=2, annotation=ANNOTATION), 3
    with pypdfium2.PdfDocument(compile_face("pdf", kind, fonts).fill(given)) as document:
        pdf = document[0].render(scale=scale * 25.4 / 72).to_pil().convert("L")
    ofd = render(compile_face("ofd", kind, fonts).fill(given), 0, scale).convert("L")
    assert abs(pdf.width - ofd.width) <= 1
    size = min(pdf.width, ofd.width), min(pdf.height, ofd.height)
    soft = ImageFilter.GaussianBlur(3)
    box = (0, 0, *size)
    gap = ImageChops.difference(pdf.crop(box).filter(soft), ofd.crop(box).filter(soft))
    apart = sum(gap.histogram()[90:]) / (size[0] * size[1])
    assert apart < 0.0005
