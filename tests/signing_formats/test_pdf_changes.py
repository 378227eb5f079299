"""What is changed after a signature is told, however it is written, and judged by its level."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pyhanko.pdf_utils import generic

from bench.corpus import outcome
from signing.formats.pdf.xmp import told
from signing.policies import load
from signing.verify import inspect, judge

from . import pdfcraft
from .conftest import AT, Region
from .pdfcraft import dictionary, drawing, first, later, name, number, numbers, text, widget

NONE, FORMS = 1, 2
LEVELS: tuple[int | None, ...] = (NONE, FORMS, 3, None)
Change = Callable[[Any], None]


@pytest.fixture(scope="module")
def files(p256: Region) -> dict[int | None, bytes]:
    return {level: pdfcraft.signed(p256, level) for level in LEVELS}


def judged(data: bytes, region: Region) -> tuple[str, str, set[str]]:
    """Return the outcomes under both policies, and all codes of the stricter one."""
    evidence = inspect(data)
    strict, mild = (
        judge(evidence, load(policy), region.trust, AT) for policy in ("certificate", "archive")
    )
    return outcome(strict, anchored=True), outcome(mild, anchored=True), set(strict.codes)


def annotate(writer: Any, item: Any, *, listed: bool) -> None:
    page, reference = first(writer), writer.add_object(item)
    page[name("/Annots")] = generic.ArrayObject([*list.__iter__(page["/Annots"]), reference])
    writer.update_container(page)
    if listed:
        writer.root["/AcroForm"]["/Fields"].append(reference)
        writer.update_container(writer.root["/AcroForm"]["/Fields"])


def field(writer: Any, title: str) -> Any:
    fields = [item.get_object() for item in list.__iter__(writer.root["/AcroForm"]["/Fields"])]
    (found,) = (item for item in fields if item["/T"] == title)
    return found


def unsigned_field(writer: Any) -> None:
    annotate(writer, widget(writer, "More", 0, 0, 500, 700), listed=True)


def stray_widget(writer: Any) -> None:
    annotate(writer, widget(writer, "More", 0, 0, 500, 700), listed=False)


def stray_text(writer: Any) -> None:
    annotate(writer, widget(writer, "More", 0, 0, 500, 700, kind="/Tx"), listed=False)


def drawn_time_stamp(writer: Any) -> None:
    stamp = dictionary(Type=name("/DocTimeStamp"), SubFilter=name("/ETSI.RFC3161"))
    item = widget(writer, "More", 0, 0, 500, 700, V=writer.add_object(stamp))
    annotate(writer, item, listed=True)


def double(writer: Any) -> None:
    """The page shows a widget that looks like the seal's, which the form still names."""
    page, seal = first(writer), field(writer, "Seal1")
    box = [int(item) for item in seal["/Rect"]]
    twin = writer.add_object(widget(writer, "Seal1", *box))
    kept = [item for item in list.__iter__(page["/Annots"]) if item.get_object() is not seal]
    page[name("/Annots")] = generic.ArrayObject([*kept, twin])
    writer.update_container(page)


def page_count(writer: Any) -> None:
    writer.root["/Pages"][name("/Count")] = number(1)
    writer.update_container(writer.root["/Pages"])


def page_twice(writer: Any) -> None:
    pages = writer.root["/Pages"]
    pages["/Kids"].append(list.__getitem__(pages["/Kids"], 0))
    writer.update_container(pages)


def other_decoding(writer: Any) -> None:
    """The same octets are a page of other content under another filter."""
    page = first(writer)
    content = page["/Contents"]
    coded = dictionary(Filter=name("/ASCIIHexDecode"))
    reference = page.raw_get("/Contents").reference
    writer.objects[reference.generation, reference.idnum] = generic.StreamObject(
        dict(coded), encoded_data=content.encoded_data
    )


def information(writer: Any) -> None:
    writer.set_info(writer.add_object(dictionary(Title=text("another"), ZZBS=text("9"))))


def form_font(writer: Any) -> None:
    fonts = writer.root["/AcroForm"]["/DR"]["/Font"]
    fonts[name("/Helv")] = writer.add_object(dictionary(BaseFont=name("/Symbol")))
    writer.update_container(fonts)


def drawn_anew(writer: Any) -> None:
    writer.root["/AcroForm"][name("/NeedAppearances")] = generic.BooleanObject(value=True)
    writer.update_container(writer.root["/AcroForm"])


def rights_removed(writer: Any) -> None:
    writer.root[name("/Perms")] = dictionary()
    writer.update_root()


def other_metadata(writer: Any) -> None:
    put_metadata(writer, xmp(title="another"))


def put_metadata(writer: Any, data: bytes) -> None:
    writer.root[name("/Metadata")] = writer.add_object(generic.StreamObject(stream_data=data))
    writer.update_root()
    writer._update_meta = lambda: None


def xmp(*, title: str, saved: str = "2026-01-01T00:00:00Z") -> bytes:
    return (
        "<x:xmpmeta xmlns:x='adobe:ns:meta/' x:xmptk='a tool'>"
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
        "<rdf:Description rdf:about='' xmlns:xmp='http://ns.adobe.com/xap/1.0/'"
        f" xmlns:dc='http://purl.org/dc/elements/1.1/' xmp:ModifyDate='{saved}'>"
        f"<xmp:MetadataDate>{saved}</xmp:MetadataDate><dc:title>{title}</dc:title>"
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def private_data(writer: Any) -> None:
    writer.root[name("/PieceInfo")] = dictionary(Tool=dictionary(Private=text("other")))
    writer.update_root()


def page_labels(writer: Any) -> None:
    label = dictionary(P=text("B"))
    nums = generic.ArrayObject([number(0), label])
    writer.root[name("/PageLabels")] = dictionary(Nums=nums)
    writer.update_root()


def validation_data(writer: Any) -> None:
    writer.root[name("/DSS")] = writer.add_object(dictionary(Certs=generic.ArrayObject()))
    writer.update_root()


def filled(writer: Any) -> None:
    item = field(writer, "name")
    item[name("/V")] = text("new")
    item[name("/AP")] = dictionary(N=drawing(writer, b"BT (new) Tj ET"))
    writer.update_container(item)


def note(writer: Any) -> None:
    item = dictionary(
        Type=name("/Annot"), Subtype=name("/FreeText"), Rect=numbers(0, 0, 9, 9), Contents=text("x")
    )
    annotate(writer, item, listed=False)


def invisible_field(writer: Any) -> None:
    annotate(writer, widget(writer, "More", 0, 0, 0, 0), listed=True)


NEVER = (page_count, page_twice, other_decoding, form_font, double, drawn_time_stamp)
ANNOTATIONS = (unsigned_field, stray_widget, stray_text, note)
FILLING = (
    *(information, other_metadata, private_data),
    *(drawn_anew, filled, rights_removed, invisible_field),
)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("change", [*NEVER, page_labels], ids=lambda item: item.__name__)
def test_no_level_allows_other_content(
    change: Change, level: int | None, files: dict[int | None, bytes], p256: Region
) -> None:
    strict, mild, codes = judged(later(files[level], change), p256)
    if change is drawn_time_stamp and level != NONE:
        assert "E_SIGNATURE_SCOPE" in codes  # the stamp itself is none
    else:
        assert "E_CHANGED_AFTER_SEAL" in codes
    assert (strict, mild) == ("reject", "reject")


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("change", [*ANNOTATIONS, *FILLING], ids=lambda item: item.__name__)
def test_levels_allow_what_the_standard_says(
    change: Change, level: int | None, files: dict[int | None, bytes], p256: Region
) -> None:
    allowed = level is None or level > (FORMS if change in ANNOTATIONS else NONE)
    strict, mild, codes = judged(later(files[level], change), p256)
    if change is rights_removed and level is None:
        assert (strict, mild) == ("indeterminate", "accept")
        return
    assert ("E_CHANGED_AFTER_SEAL" in codes) is not allowed
    assert ("W_CHANGED_AFTER_SEAL" in codes) is allowed
    assert (strict, mild) == (("indeterminate", "accept") if allowed else ("reject", "reject"))


def test_a_locked_field_may_not_be_filled_in(p256: Region) -> None:
    """ISO 32000-2 clause 12.8.2.4; the archive says so and leaves the rest to its reader."""
    for locked, found in (("name", True), ("nam", False), ("amount", False)):
        data = pdfcraft.signed(p256, FORMS, (locked,))
        strict, mild, codes = judged(later(data, filled), p256)
        assert ("E_LOCKED_FIELD" in codes) is found
        assert (strict, mild) == ("reject" if found else "indeterminate", "accept")


def test_objects_that_no_table_lists_are_not_overlooked(
    files: dict[int | None, bytes], p256: Region
) -> None:
    hidden = b"\n1 0 obj\n<</Type/Catalog>>\nendobj\n%%EOF\n"
    assert judged(files[None] + hidden, p256)[:2] == ("reject", "reject")
    assert judged(files[None] + b"\n% a remark\n", p256)[:2] == ("reject", "accept")
    extended = later(files[NONE], validation_data)
    assert judged(extended, p256)[:2] == ("accept", "accept")
    assert judged(extended + hidden, p256)[:2] == ("reject", "reject")
    assert judged(extended + b"\n% a remark\n", p256)[:2] == ("reject", "accept")


def test_numbers_written_in_another_way_are_no_change(
    files: dict[int | None, bytes], p256: Region
) -> None:
    def rewritten(writer: Any) -> None:
        page = first(writer)
        page[name("/MediaBox")] = generic.ArrayObject(
            generic.FloatObject(f"{int(item)}.00") for item in page["/MediaBox"]
        )
        writer.update_container(page)

    assert "E_CHANGED_AFTER_SEAL" not in judged(later(files[NONE], rewritten), p256)[2]


@pytest.mark.parametrize(
    ("after", "alike"),
    [
        (xmp(title="one"), True),
        (xmp(title="one", saved="2026-02-02T00:00:00Z"), True),
        (xmp(title="two"), False),
        (xmp(title=""), False),
        (b"not XMP", False),
        (b"<!DOCTYPE x [<!ENTITY e 'one'>]><x>&e;</x>", False),
    ],
)
def test_metadata_count_by_what_they_say(after: bytes, alike: bool) -> None:
    before = told(generic.StreamObject(stream_data=xmp(title="one")))
    assert before
    assert (told(generic.StreamObject(stream_data=after)) == before) is alike
