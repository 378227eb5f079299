"""Fonts: coverage, missing characters, embedded subsets, the cache of outlines."""

from __future__ import annotations

import errno
import io
import struct
import threading
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from certificates.fonts import Fonts, truetype
from certificates.fonts.book import packaged
from certificates.fonts.outline import UNITS, FontFile, Glyph
from kernel.errors import TongbanError
from tests.certificates.samples import RARE, rare_font

TEXT = "居民户口簿，张三 Ab1·𬬭"


@pytest.fixture(scope="module")
def fonts() -> Fonts:
    return Fonts.load()


@pytest.fixture
def rare(tmp_path: Path) -> Path:
    path = tmp_path / "rare.ttf"
    path.write_bytes(rare_font())
    return path


def test_every_character_of_the_general_standard_table_is_covered(fonts: Fonts) -> None:
    from pypinyin_dict.pinyin_data import ktghz2013

    table = {chr(point) for point in ktghz2013.pinyin_dict}
    assert len(table) >= 8105
    assert fonts.missing("".join(sorted(table))) == ()


def test_a_missing_character_is_named_with_its_code_point() -> None:
    fonts = Fonts([FontFile.open(packaged("text")[0])])
    with pytest.raises(TongbanError) as caught:
        fonts.width("张" + RARE)
    assert caught.value.code == "glyph-missing"
    assert caught.value.params == {"char": RARE, "code_point": "U+20BB7"}
    assert fonts.missing("张𠮷三𠮷") == (RARE,)


@pytest.mark.parametrize("character", ["\n", "\t", "\x00", "\ue000", "\U000e0100", "\ufffe"])
def test_control_private_and_selector_characters_are_missing_not_blank(
    fonts: Fonts, character: str
) -> None:
    with pytest.raises(TongbanError, match="glyph-missing"):
        fonts.glyph(character)


def test_a_configured_file_supplies_a_rare_character(rare: Path) -> None:
    fonts = Fonts.load([rare])
    assert fonts.width(RARE) == 1.0
    embedded = fonts.embed("张" + RARE, "Test")
    assert TTFont(io.BytesIO(embedded.data)).getBestCmap().keys() == {ord("张"), ord(RARE)}


def test_the_first_face_in_order_wins(rare: Path) -> None:
    fonts = Fonts.load([rare])
    assert fonts.names[0].startswith("NotoSerif")
    assert fonts.names[1] == "rare.ttf"
    assert fonts.names[-1].startswith("NotoSans")


def test_an_embedded_font_is_sound_and_holds_exactly_the_text(fonts: Fonts) -> None:
    embedded = fonts.embed(TEXT, "Test")
    font = TTFont(io.BytesIO(embedded.data), checkChecksums=2)
    for tag in tuple(font.keys()):
        font[tag]  # parses
    assert set(font.getBestCmap()) == {ord(character) for character in TEXT}
    assert font["maxp"].numGlyphs == len(set(TEXT)) + 1
    assert font["head"].unitsPerEm == UNITS
    order = font.getGlyphOrder()
    for character, number in embedded.numbers.items():
        assert font.getBestCmap()[ord(character)] == order[number]
        assert font["hmtx"][order[number]][0] == embedded.advances[character]


def test_glyph_zero_is_blank_so_that_no_box_can_appear(fonts: Fonts) -> None:
    font = TTFont(io.BytesIO(fonts.embed("张", "Test").data))
    assert font["glyf"][".notdef"].numberOfContours == 0


def test_converted_outlines_stay_within_two_units_of_the_original(fonts: Fonts) -> None:
    original = TTFont(packaged("text")[0])
    converted = TTFont(io.BytesIO(fonts.embed(TEXT, "Test").data))
    for character in "居民户口簿张三":
        pen = _Bounds()
        name = original.getBestCmap()[ord(character)]
        expected = pen.of(original, name)
        found = pen.of(converted, converted.getBestCmap()[ord(character)])
        assert max(abs(a - b) for a, b in zip(expected, found, strict=True)) <= 2


class _Bounds:
    def of(self, font: TTFont, name: str) -> tuple[float, ...]:
        from fontTools.pens.boundsPen import BoundsPen

        glyphs = font.getGlyphSet()
        pen = BoundsPen(glyphs)
        glyphs[name].draw(pen)
        return pen.bounds


def test_equal_characters_give_equal_bytes_in_any_order_and_from_any_cache(
    tmp_path: Path, fonts: Fonts
) -> None:
    expected = fonts.embed(TEXT, "Test").data
    assert fonts.embed("".join(reversed(TEXT)) * 2, "Test").data == expected
    cached = Fonts.load(cache=tmp_path)
    assert cached.embed(TEXT, "Test").data == expected
    cached.flush()
    assert Fonts.load(cache=tmp_path).embed(TEXT, "Test").data == expected


def test_a_glyph_is_converted_once_for_all_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Fonts.load(cache=tmp_path)
    first.width(TEXT)
    first.flush()
    monkeypatch.setattr(FontFile, "glyph", _refuse)
    assert Fonts.load(cache=tmp_path).width(TEXT) > 0


def _refuse(self: FontFile, number: int) -> Glyph:
    raise AssertionError


def test_damaged_cache_files_are_left_out(tmp_path: Path) -> None:
    first = Fonts.load(cache=tmp_path)
    first.width(TEXT)
    first.flush()
    (held,) = [path for path in tmp_path.rglob("*.glyphs") if path.stat().st_size > 1000]
    data = bytearray(held.read_bytes())
    data[-5] ^= 1
    held.write_bytes(data)
    (held.parent / "0123.glyphs").write_bytes(b"junk")
    assert Fonts.load(cache=tmp_path).embed(TEXT, "T").data == first.embed(TEXT, "T").data


def test_many_small_cache_files_are_merged(tmp_path: Path) -> None:
    for point in range(0x4E00, 0x4E00 + 70):
        fonts = Fonts([FontFile.open(packaged("text")[0])], tmp_path)
        fonts._caches[0]._known.clear()
        fonts.glyph(chr(point))
        fonts.flush()
    assert len(list(tmp_path.rglob("*.glyphs"))) <= 66
    merged = Fonts([FontFile.open(packaged("text")[0])], tmp_path)
    assert len(merged._caches[0]._known) == 70


def test_a_full_disk_costs_time_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    fonts = Fonts.load(cache=tmp_path)
    assert fonts.width(TEXT) > 0
    fonts.flush()
    assert not list(tmp_path.rglob("*.glyphs"))


def test_a_cache_below_a_file_costs_time_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    fonts = Fonts.load(cache=tmp_path / "file" / "fonts")
    assert fonts.width(TEXT) > 0
    fonts.flush()


def test_threads_share_fonts_and_folder(tmp_path: Path) -> None:
    shared, found = Fonts.load(cache=tmp_path), []
    texts = ["".join(chr(0x5000 + 40 * no + step) for step in range(60)) for no in range(4)]

    def work(text: str) -> None:
        own = Fonts.load(cache=tmp_path)
        found.append(shared.embed(text, "T").data == own.embed(text, "T").data)
        own.flush()

    threads = [threading.Thread(target=work, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 4


@pytest.mark.parametrize(
    "data", [b"", b"no font", b"\0\1\0\0" + b"\xff" * 200, b"OTTO" + bytes(60)]
)
def test_a_file_that_is_no_font_is_refused_by_name(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken.ttf"
    path.write_bytes(data)
    with pytest.raises(TongbanError) as caught:
        Fonts.load([path])
    assert caught.value.code == "font-unreadable"
    assert caught.value.params["font"] == "broken.ttf"


def test_an_absent_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(TongbanError, match="font-unreadable"):
        Fonts.load([tmp_path / "absent.ttf"])


@pytest.mark.parametrize("restriction", [0x0002, 0x0100, 0x0200])
def test_a_font_that_may_not_be_embedded_is_refused(tmp_path: Path, restriction: int) -> None:
    data = bytearray(rare_font())
    entry = data.index(b"OS/2")
    offset = struct.unpack_from(">I", data, entry + 8)[0]
    struct.pack_into(">H", data, offset + 8, restriction)
    path = tmp_path / "restricted.ttf"
    path.write_bytes(data)
    with pytest.raises(TongbanError) as caught:
        Fonts.load([path])
    assert caught.value.params["reason"] == "embedding not allowed"


def test_no_face_at_all_is_refused() -> None:
    with pytest.raises(TongbanError, match="font-unreadable"):
        Fonts([])


def test_an_empty_text_embeds_as_a_sound_font(fonts: Fonts) -> None:
    embedded = fonts.embed("", "Test")
    assert TTFont(io.BytesIO(embedded.data))["maxp"].numGlyphs == 1
    assert truetype.build("T", {}, ascent=800, descent=-200, notice="") != b""
