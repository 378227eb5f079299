"""Pictures of pages of files that nobody trusts: right where they can be, harmless always."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from certificates.previews import Limits, Pages, Previewer
from certificates.previews import fenced as fenced_side
from certificates.previews import ofd as ofd_drawer
from certificates.previews import pdf as pdf_drawer
from signing.formats.errors import FormatError
from signing.formats.ofd import package

NS = 'xmlns:ofd="http://www.ofdspec.org/2016"'
RED_CORNER = (
    '<ofd:PathObject ID="4" Boundary="0 0 210 297" Fill="true" Stroke="false">'
    '<ofd:FillColor Value="255 0 0"/><ofd:AbbreviatedData>M 0 0 L 105 0 L 105 148 L 0 148 C'
    "</ofd:AbbreviatedData></ofd:PathObject>"
)


def ofd(content: str, box: str = "0 0 210 297", pages: int = 1) -> bytes:
    listed = "".join(f'<ofd:Page ID="{no + 1}" BaseLoc="P{no}.xml"/>' for no in range(pages))
    page = (
        f'<ofd:Page {NS}><ofd:Content><ofd:Layer ID="90">{content}</ofd:Layer></ofd:Content></ofd:Page>'
    ).encode()
    return package.write(
        [
            (
                "OFD.xml",
                f"<ofd:OFD {NS}><ofd:DocBody><ofd:DocRoot>D/Document.xml</ofd:DocRoot>"
                "</ofd:DocBody></ofd:OFD>".encode(),
            ),
            (
                "D/Document.xml",
                f"<ofd:Document {NS}><ofd:CommonData><ofd:PageArea><ofd:PhysicalBox>{box}"
                f"</ofd:PhysicalBox></ofd:PageArea></ofd:CommonData><ofd:Pages>{listed}</ofd:Pages>"
                "</ofd:Document>".encode(),
            ),
            *((f"D/P{no}.xml", page) for no in range(pages)),
        ]
    )


def pdf(pages: int = 1, *, turn: int = 0, size: tuple[float, float] = (595, 842)) -> bytes:
    import pypdfium2

    document = pypdfium2.PdfDocument.new()
    for _ in range(pages):
        document.new_page(*size).set_rotation(turn)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def opened(pages: Pages, at: int = 0) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(pages.pictures[at].data))).convert("RGB")


def test_both_formats_are_drawn_in_a_process_of_their_own() -> None:
    found = Previewer().pages(pdf(4), "pdf", ("2",))
    assert (found.count, found.failed, found.pictures[0].number) == (4, "", 3)
    found = Previewer().pages(ofd(RED_CORNER), "ofd")
    assert (found.count, found.failed) == (1, "")
    image = opened(found)
    assert image.getpixel((10, 10)) == (255, 0, 0)
    assert image.getpixel((image.width - 10, image.height - 10)) == (255, 255, 255)


@pytest.mark.parametrize("data", [b"", b"junk", b"%PDF-1.7\n1 0 obj", b"PK\x03\x04" + bytes(40)])
@pytest.mark.parametrize("kind", ["pdf", "ofd"])
def test_rubbish_gives_no_picture_and_no_error(data: bytes, kind: str) -> None:
    drawer = pdf_drawer if kind == "pdf" else ofd_drawer
    with pytest.raises(Exception, match=r".*"):
        drawer.draw(data, (), 100)


def test_a_rubbish_file_is_told_from_one_that_costs_too_much() -> None:
    assert Previewer().pages(b"%PDF-1.7 junk", "pdf").failed == "unreadable"
    hasty = Previewer(Limits(wall_seconds=0.001))
    assert hasty.pages(pdf(), "pdf").failed == "limit"
    small = Previewer(Limits(memory_bytes=30 * 1024**2))
    assert small.pages(pdf(), "pdf").failed == "limit"
    assert Previewer(Limits(file_bytes=10)).pages(pdf(), "pdf").failed == "limit"


def test_pages_nobody_has_are_replaced_by_the_first() -> None:
    assert [item.number for item in pdf_drawer.draw(pdf(2), ("7", "x", "²"), 100).pictures] == [1]
    assert [item.number for item in ofd_drawer.draw(ofd("", pages=2), ("7",), 100).pictures] == [1]


def test_a_page_of_any_shape_stays_small() -> None:
    for size in ((14400, 3), (3, 14400)):
        image = opened(pdf_drawer.draw(pdf(size=size), (), 100))
        assert image.width <= 101
        assert image.height <= 201
    image = opened(ofd_drawer.draw(ofd(RED_CORNER, "0 0 1 90000"), (), 100))
    assert image.height <= 201


def test_a_turned_page_says_so() -> None:
    found = pdf_drawer.draw(pdf(turn=90), (), 100).pictures[0]
    assert found.turn == 90
    assert found.width > found.height


@pytest.mark.parametrize(
    "content",
    [
        '<ofd:PathObject Boundary="0 0 nan 1"/>',
        (
            '<ofd:PathObject Boundary="0 0 1 1"><ofd:AbbreviatedData>M 1e300 0 L 2'
            " 2</ofd:AbbreviatedData></ofd:PathObject>"
        ),
        (
            '<ofd:PathObject Boundary="0 0 1 1"><ofd:AbbreviatedData>X 1 2</ofd:AbbreviatedData>'
            "</ofd:PathObject>"
        ),
        (
            '<ofd:PathObject Boundary="0 0 1 1" LineWidth="1e9"><ofd:AbbreviatedData>M 0 0 L 9 9'
            "</ofd:AbbreviatedData></ofd:PathObject>"
        ),
        (
            '<ofd:TextObject Boundary="0 0 9 9" Font="1" Size="1e9"><ofd:TextCode>a</ofd:TextCode>'
            "</ofd:TextObject>"
        ),
        (
            '<ofd:TextObject Boundary="0 0 9 9" Font="1" Size="3"><ofd:TextCode X="0" Y="3" '
            'DeltaX="g 99999999999 1">测试</ofd:TextCode></ofd:TextObject>'
        ),
        '<ofd:ImageObject Boundary="0 0 9 9" ResourceID="77"/>',
        "<ofd:CompositeObject/>",
    ],
)
def test_what_cannot_be_drawn_is_left_out_and_told(content: str) -> None:
    found = ofd_drawer.draw(ofd(RED_CORNER + content), (), 200).pictures[0]
    assert not found.whole


def test_curves_grey_and_turned_text_are_drawn() -> None:
    content = (
        '<ofd:PathObject Boundary="0 0 210 297" Fill="true"><ofd:FillColor Value="128"/>'
        "<ofd:AbbreviatedData>M 10 10 B 50 10 90 50 90 90 Q 50 90 10 90 C</ofd:AbbreviatedData>"
        '</ofd:PathObject><ofd:TextObject Boundary="0 0 210 297" CTM="0.7 -0.7 0.7 0.7 60 200" '
        'Font="1" Size="40"><ofd:FillColor Value="0 0 255"/><ofd:TextCode X="0" Y="0">测'
        "</ofd:TextCode></ofd:TextObject>"
    )
    colours = opened(ofd_drawer.draw(ofd(content), (), 300)).getcolors(1 << 20)
    assert colours is not None
    assert {(128, 128, 128), (0, 0, 255)} <= {colour for _, colour in colours}


def test_dangerous_xml_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(FormatError):
        ofd_drawer.draw(ofd("").replace(b"<ofd:Document ", b"<!DOCTYPE x>", 1), (), 100)


def test_an_answer_of_a_process_that_was_taken_over_is_checked() -> None:
    good = {
        "page": "0", "number": 1, "width": 210.0, "height": 297.0, "media": "image/png",
        "data": "AAAA", "left": 0.0, "top": 0.0, "turn": 0, "whole": True,
    }  # fmt: skip
    answer = {"pictures": [good], "count": 1, "failed": ""}
    assert fenced_side._checked(answer, 3).pictures
    assert fenced_side._checked(answer | {"failed": "<b>"}, 3).failed == "limit"
    assert len(fenced_side._checked(answer | {"pictures": [good] * 9}, 3).pictures) == 3
    for name, value in (
        ("media", "image/svg+xml"),
        ("data", 'x" onerror="'),
        ("width", float("nan")),
        ("height", 1e9),
        ("turn", 45),
    ):
        with pytest.raises(ValueError, match="no "):
            fenced_side._checked({**answer, "pictures": [good | {name: value}]}, 3)


def test_a_picture_too_large_for_a_page_is_sent_as_jpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    from certificates.previews import pack

    monkeypatch.setattr(pack, "_LARGE", 10)
    assert pack.pack(Image.new("RGB", (9, 9)))[0] == "image/jpeg"
