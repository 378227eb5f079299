"""The lint of faces, previews and drawn codes."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from certificates import typebook
from certificates.faces import FORMATS, compile_face
from certificates.faces.formats import reader
from certificates.faces.layout import Layout
from certificates.faces.lint import compare, lint
from certificates.faces.reading import Reading
from certificates.fonts import Fonts
from certificates.model import Template
from tests.certificates.samples import rare_font, values, with_row

BOOK = typebook.load()
EVERY = [(kind.name, name) for kind in BOOK for name in FORMATS]
REGISTER = BOOK["household-register"]


@pytest.fixture(scope="module")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> Fonts:
    path = tmp_path_factory.mktemp("fonts") / "rare.ttf"
    path.write_bytes(rare_font())
    return Fonts.load([path])


@pytest.fixture(scope="module")
def templates(fonts: Fonts) -> dict[tuple[str, str], Template]:
    return {(name, form): compile_face(form, BOOK[name], fonts) for name, form in EVERY}


def bare(text: str) -> str:
    return "".join(text.split())


class TestLint:
    """The lint finds each fault it is there for."""

    def reading(self, **changes: object) -> tuple[Layout, Reading]:
        layout = Layout.of(REGISTER, Fonts.load())
        given = values(REGISTER)
        good = reader("ofd")(compile_face("ofd", REGISTER, layout.fonts).fill(given))
        return layout, replace(good, **changes)

    @pytest.mark.parametrize(
        ("changes", "fault"),
        [
            ({"pages": ()}, "0 pages instead of 1"),
            ({"faults": ("font 2 is not embedded as TrueType",)}, "not embedded"),
            ({"metadata": {}}, "metadata ZZBS is missing"),
        ],
    )
    def test_structure_and_metadata(self, changes: dict, fault: str) -> None:
        layout, reading = self.reading(**changes)
        assert any(fault in found for found in compare(layout, values(REGISTER), reading))

    @pytest.mark.parametrize(
        ("old", "new", "fault"),
        [
            ("测试", "测", "U+8BD5 missing"),
            ("居民", "居民民", "U+6C11 found"),
            ("户主姓名", "主户姓名", "torn"),
        ],
    )
    def test_text(self, old: str, new: str, fault: str) -> None:
        layout, reading = self.reading()
        pages = (reading.pages[0].replace(old, new, 1),)
        assert any(
            fault in found
            for found in compare(layout, values(REGISTER), replace(reading, pages=pages))
        )

    def test_other_metadata_and_a_number_that_is_not_on_the_face(self) -> None:
        layout, reading = self.reading()
        changed = replace(
            reading, metadata={**reading.metadata, "CZZT": "另一人", "JZJZZZ": "某机关"}
        )
        faults = compare(layout, values(REGISTER), changed)
        assert "metadata CZZT is not what was to be written" in faults
        assert "metadata JZJZZZ belongs to annotated copies and to them alone" in faults
        other = replace(values(REGISTER), identifier="x")
        assert "metadata ZZBS is not the identifier on the face" in compare(layout, other, reading)

    @pytest.mark.parametrize("form", FORMATS)
    @pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"PK\x03\x04 not a zip"])
    def test_what_does_not_open_is_a_fault_not_an_exception(self, form: str, data: bytes) -> None:
        assert lint(form, REGISTER, Fonts.load(), values(REGISTER), data)


def spoilt(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    return data.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (b"/FontFile2 ", b"/FontFileX ", "font not embedded on page 1"),
        (b"<zz:ZZBH>J4", b"<zz:ZZBH>J5", "ZZBH differs between XMP and document information"),
        (b"<zz:CZZT>", b"<zz:CZZY>", "metadata CZZT is missing"),
        (b"<x:xmpmeta", b"<y:xmpmeta", "metadata ZZBS is missing"),
    ],
)
def test_the_lint_sees_what_is_wrong_inside_a_pdf(
    templates: dict, fonts: Fonts, old: bytes, new: bytes, fault: str
) -> None:
    given = values(REGISTER)
    data = spoilt(templates["household-register", "pdf"].fill(given), old, new)
    if b"CZZY" in new:
        data = spoilt(data, b"</zz:CZZT>", b"</zz:CZZY>")
    assert any(fault in found for found in lint("pdf", REGISTER, fonts, given, data))


@pytest.mark.parametrize(
    ("path", "content", "fault"),
    [
        ("Doc_0/Res/own.ttf", None, "font 2 is not embedded as TrueType"),
        ("Doc_0/Res/own.ttf", b"OTTO", "font 2 is not embedded as TrueType"),
        ("Doc_0/Pages/Page_0/Content.xml", None, "part missing or broken"),
        ("Doc_0/Temps/Temp_0/Content.xml", b"<page", "part missing or broken"),
        ("OFD.xml", None, "part missing or broken"),
    ],
)
def test_the_lint_sees_what_is_wrong_inside_an_ofd(
    templates: dict, fonts: Fonts, path: str, content: bytes | None, fault: str
) -> None:
    from signing.formats.ofd import package

    given = values(REGISTER)
    files = dict(package.read(templates["household-register", "ofd"].fill(given)).files)
    files.pop(path)
    if content is not None:
        files[path] = content
    data = package.write(list(files.items()))
    assert any(fault in found for found in lint("ofd", REGISTER, fonts, given, data))


@pytest.mark.parametrize("form", FORMATS)
def test_an_optional_value_may_be_absent(templates: dict, fonts: Fonts, form: str) -> None:
    kind = BOOK["marriage"]
    given = values(kind)
    given = replace(given, fields={k: v for k, v in given.fields.items() if k != "office"})
    assert lint(form, kind, fonts, given, templates["marriage", form].fill(given)) == ()


def test_a_preview_is_a_picture_of_the_page(templates: dict) -> None:
    from PIL import Image

    from certificates.preview import png

    data = templates["household-register", "pdf"].fill(values(REGISTER, rows=13))
    picture = Image.open(io.BytesIO(png(data, page=1, width=420)))
    assert picture.size[0] == 420
    assert abs(picture.size[1] - 594) <= 1
    with pytest.raises(IndexError):
        png(data, page=2)


def test_the_code_modules_are_drawn_where_they_belong(templates: dict, tmp_path: Path) -> None:
    import pypdfium2
    import segno

    from certificates.face import Qr
    from certificates.faces.qr import QUIET

    given = values(BOOK["marriage"])
    picture = (
        pypdfium2.PdfDocument(templates["marriage", "pdf"].fill(given))[0]
        .render(scale=6)
        .to_pil()
        .convert("L")
    )
    place = next(item for item in BOOK["marriage"].face.items if isinstance(item, Qr))
    matrix = segno.make(given.qr, error="m", micro=False, boost_error=False, mask=3).matrix
    module = place.size / (len(matrix) + 2 * QUIET)
    scale = 72 * 6 / 25.4
    for down, row in enumerate(matrix):
        for across, dark in enumerate(row):
            x = (place.x + (across + QUIET + 0.5) * module) * scale
            y = (place.y + (down + QUIET + 0.5) * module) * scale
            assert (picture.getpixel((int(x), int(y))) < 128) == bool(dark), (down, across)


def test_every_word_of_the_code_tables_fits_its_column(fonts: Fonts) -> None:
    import csv
    from importlib import resources

    layout = Layout.of(REGISTER, fonts)
    for spec in REGISTER.tables[0].columns:
        if spec.codes:
            text = (resources.files("quality") / "codes" / f"{spec.codes}.csv").read_text("utf-8")
            lines = [line for line in text.splitlines() if not line.startswith("#")]
            for row in csv.DictReader(lines):
                layout.sheets(with_row(values(REGISTER), "members", 0, **{spec.name: row["name"]}))
