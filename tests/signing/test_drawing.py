"""Seals drawn by rule: any length of name stays legible, inside the ring, and apart."""

from __future__ import annotations

import io
from pathlib import Path

import pypdfium2
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from lxml import etree
from PIL import Image, ImageChops

from kernel.errors import TongbanError
from signing.drawing import Drawing, Glyphs, Op, RoundSeal, Shape, png, round_seal
from signing.drawing.model import contours

NAME = "示例省示例市某某经济技术开发区管理委员会行政审批服务局综合窗口政务服务中心办公室"


def boxes(drawing: Drawing) -> list[tuple[float, float, float, float]]:
    out = []
    for shape in drawing.shapes:
        points = [point for part in contours(shape) for point in part]
        xs, ys = [x for x, _ in points], [y for _, y in points]
        out.append((min(xs), min(ys), max(xs), max(ys)))
    return out


@pytest.mark.parametrize("length", [2, 4, 5, 8, 12, 16, 20, 24, 25, 30, 38, 40])
@pytest.mark.parametrize("second", ["", "演示专用章", "婚姻登记业务办理专用印章"])
def test_every_length_is_legible(glyphs: Glyphs, length: int, second: str) -> None:
    name = (NAME * 2)[:length]
    drawing = round_seal(RoundSeal(name, second), glyphs)
    assert len(drawing.shapes) == 2 + length + len(second)
    inner = 20 - 1.2
    for shape, box in list(zip(drawing.shapes, boxes(drawing), strict=True))[2:]:
        points = [point for part in contours(shape) for point in part]
        reach = max(((x - 20) ** 2 + (y - 20) ** 2) ** 0.5 for x, y in points)
        assert reach < inner, "the name stays clear of the ring"
        assert max(box[2] - box[0], box[3] - box[1]) > 1.0, "no character shrinks away"


@pytest.mark.parametrize("length", [4, 12, 24, 25, 40])
def test_characters_do_not_touch(glyphs: Glyphs, length: int) -> None:
    drawing = round_seal(RoundSeal((NAME * 2)[:length], "演示专用章"), glyphs)
    total = None
    apart = 0
    for shape in drawing.shapes:
        single = type(drawing)(40, 40, (shape,))
        alpha = (
            Image.open(io.BytesIO(png(single, 150)))
            .getchannel("A")
            .point(lambda a: a > 127 and 255)
        )
        apart += alpha.histogram()[255]
        total = alpha if total is None else ImageChops.lighter(total, alpha)
    shared = apart - total.histogram()[255]
    assert shared <= apart * 0.001


def test_the_png_is_transparent_red_and_of_the_asked_resolution(glyphs: Glyphs) -> None:
    drawing = round_seal(RoundSeal("示例市公安局"), glyphs)
    for dpi in (300, 600):
        image = Image.open(io.BytesIO(png(drawing, dpi)))
        assert image.mode == "RGBA"
        assert image.size == (round(40 / 25.4 * dpi),) * 2
        assert round(image.info["dpi"][0]) == dpi
    assert image.getpixel((2, 2))[3] == 0
    assert image.getpixel((image.width // 2, image.height // 2)) == (218, 18, 26, 255)
    assert png(drawing) == png(round_seal(RoundSeal("示例市公安局"), glyphs))


def test_the_vector_forms_show_the_same_as_the_picture(glyphs: Glyphs) -> None:
    drawing = round_seal(RoundSeal("示例市公安局", "户籍专用章"), glyphs)
    root = etree.fromstring(drawing.svg().encode())
    assert root.get("width") == "40mm"
    assert len(root.findall(".//{*}path")) == len(drawing.shapes)
    side = 40 / 25.4 * 72
    content = drawing.pdf_operators()
    page = (
        b"%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 %.4f %.4f]/Contents 4 0 R>>endobj\n"
        b"4 0 obj<</Length %d>>stream\n%s\nendstream endobj\ntrailer<</Root 1 0 R>>\n"
    ) % (side, side, len(content), content)
    document = pypdfium2.PdfDocument(page)
    shown = document[0].render(scale=200 / 72).to_pil().convert("L")
    ours = Image.open(io.BytesIO(png(drawing, 200)))
    ground = Image.new("RGBA", ours.size, "white")
    ground.alpha_composite(ours)
    ours = ground.convert("L").resize(shown.size)
    difference = ImageChops.difference(ours, shown).histogram()
    assert sum(difference[128:]) < 0.004 * ours.width * ours.height


@pytest.mark.parametrize(
    ("name", "second"), [("局", ""), ("", ""), ("名" * 41, ""), ("示例市局", "专" * 13)]
)
def test_names_out_of_bounds_are_refused(glyphs: Glyphs, name: str, second: str) -> None:
    with pytest.raises(TongbanError, match="seal-name-length"):
        round_seal(RoundSeal(name, second), glyphs)


def test_spaces_do_not_count(glyphs: Glyphs) -> None:
    assert round_seal(RoundSeal(" 示例 市局\n"), glyphs) == round_seal(
        RoundSeal("示例市局"), glyphs
    )


def test_a_missing_glyph_names_the_character(glyphs: Glyphs) -> None:
    with pytest.raises(TongbanError) as caught:
        round_seal(RoundSeal("示例\U0001fbff局"), glyphs)
    assert caught.value.params["code_point"] == "U+1FBFF"
    with pytest.raises(TongbanError, match="seal-glyph-missing"):
        round_seal(RoundSeal("示例市局"), Glyphs([]))


def test_a_font_that_is_none_is_named(tmp_path: Path) -> None:
    noise = tmp_path / "noise.otf"
    noise.write_bytes(b"noise")
    for path in (noise, tmp_path / "absent.otf"):
        with pytest.raises(TongbanError, match=f"seal-font-unreadable.*{path.name}"):
            Glyphs([path])


def test_truetype_outlines_are_drawn_as_exactly_as_others(tmp_path: Path) -> None:
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    pen.qCurveTo((500, 1000), (1000, 0))
    pen.closePath()
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder([".notdef", "hill"])
    font.setupCharacterMap({ord("山"): "hill"})
    font.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "hill": pen.glyph()})
    font.setupHorizontalMetrics({".notdef": (1000, 0), "hill": (1000, 0)})
    font.setupHorizontalHeader(ascent=880, descent=-120)
    font.setupOS2()
    font.setupPost()
    font.save(tmp_path / "hill.ttf")
    glyphs = Glyphs([tmp_path / "hill.ttf"])
    ops = glyphs.outline("山", lambda u, v: (u, v))
    assert [op.verb for op in ops if op.verb in "QC"] == ["C"]
    polygon = next(contours(Shape(ops)))
    assert min(y for _, y in polygon) == pytest.approx(0.38 - 0.5, abs=0.02), "the curve's top"


def test_shapes_without_an_area_leave_no_mark(glyphs: Glyphs) -> None:
    line = Shape((Op("M", ((1, 1),)), Op("L", ((2, 2),)), Op("M", ((3, 3),))), 0.1)
    for shape in (Shape(()), line):
        image = Image.open(io.BytesIO(png(Drawing(10, 10, (shape,)), 100)))
        assert image.getchannel("A").getbbox() is None


def test_a_font_without_characters_is_named(tmp_path: Path) -> None:
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder([".notdef"])
    font.setupCharacterMap({})
    font.setupGlyf({".notdef": TTGlyphPen(None).glyph()})
    font.setupHorizontalMetrics({".notdef": (1000, 0)})
    font.save(tmp_path / "empty.ttf")
    with pytest.raises(TongbanError, match="seal-font-unreadable"):
        Glyphs([tmp_path / "empty.ttf"])
