"""Personal name seals and seam strips: any name stays legible, no pixel of a seal is lost."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageChops

from kernel.errors import TongbanError
from signing.drawing import (
    LONGEST_PERSON,
    Drawing,
    Glyphs,
    PersonalSeal,
    RoundSeal,
    personal_seal,
    png,
    round_seal,
    strips,
)
from signing.drawing.model import contours

LONG = "测试古丽·阿卜杜热合曼示例测试人员" * 3


def boxes(drawing: Drawing) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of every character; the frame is left out."""
    found = []
    for shape in drawing.shapes[1:]:
        points = [point for part in contours(shape) for point in part]
        xs, ys = [x for x, _ in points], [y for _, y in points]
        found.append((min(xs), min(ys), max(xs), max(ys)))
    return found


def image(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGBA")


@pytest.mark.parametrize("length", [*range(2, 12), 16, 20, 25, 31, LONGEST_PERSON])
@pytest.mark.parametrize("fill_up", [True, False])
def test_every_personal_name_is_legible(glyphs: Glyphs, length: int, *, fill_up: bool) -> None:
    drawing = personal_seal(PersonalSeal(LONG[:length], fill_up), glyphs)
    written = max(length, 4) if fill_up else length
    found = boxes(drawing)
    assert len(found) == written
    for at, (left, top, right, bottom) in enumerate(found):
        assert min(left, top) > 1.0 + 0.3, "clear of the frame"
        assert max(right, bottom) < 19.0 - 0.3
        letter = (LONG[:length] + "之印")[at] if at < length else "印"
        if letter != "·":
            assert max(right - left, bottom - top) > 1.4, "no character shrinks away"
    assert not [
        (one, two)
        for at, one in enumerate(found)
        for two in found[:at]
        if one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]
    ], "characters lie apart"


def test_columns_run_from_the_right_and_short_names_are_filled_up(glyphs: Glyphs) -> None:
    first, second, third, last = boxes(personal_seal(PersonalSeal("测试人"), glyphs))
    assert first[0] > third[2]
    assert first[3] < second[1]
    assert third[3] < last[1]


@pytest.mark.parametrize("name", ["", "测", " 测 ", "测" * (LONGEST_PERSON + 1)])
def test_a_name_too_short_or_too_long_is_refused(glyphs: Glyphs, name: str) -> None:
    with pytest.raises(TongbanError, match="seal-name-length"):
        personal_seal(PersonalSeal(name), glyphs)


def test_a_character_without_a_glyph_is_refused_and_never_a_box(glyphs: Glyphs) -> None:
    with pytest.raises(TongbanError, match="seal-glyph-missing"):
        personal_seal(PersonalSeal("测\U000f0000"), glyphs)


@pytest.mark.parametrize("count", [2, 3, 5, 20])
def test_strips_put_together_are_the_seal(glyphs: Glyphs, count: int) -> None:
    whole = png(round_seal(RoundSeal("示例市测试局", "户籍专用章"), glyphs), 150)
    parts = [image(part) for part in strips(whole, count)]
    widths = {part.width for part in parts}
    assert max(widths) - min(widths) <= 1
    joined = Image.new("RGBA", image(whole).size)
    left = 0
    for part in parts:
        joined.paste(part, (left, 0))
        left += part.width
    assert left == joined.width
    assert ImageChops.difference(joined, image(whole)).getbbox() is None
    assert all(Image.open(io.BytesIO(part)).info["dpi"] for part in strips(whole, count))


@pytest.mark.parametrize("count", [-1, 0, 1, 10_000])
def test_a_seal_is_not_cut_into_nothing(glyphs: Glyphs, count: int) -> None:
    with pytest.raises(TongbanError, match="seal-not-possible"):
        strips(png(round_seal(RoundSeal("示例市测试局"), glyphs), 72), count)
