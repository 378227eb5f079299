"""Every type in every format: fills, reads back equal, is repeatable, and refuses what is wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certificates import typebook
from certificates.face import Table
from certificates.faces import FORMATS, compile_face
from certificates.faces.formats import reader
from certificates.faces.lint import lint
from certificates.fonts import Fonts
from certificates.metadata import ANNOTATION
from certificates.model import Template
from kernel.errors import TongbanError
from tests.certificates.samples import ANNOTATION as COPY
from tests.certificates.samples import RARE, rare_font, values, with_row

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


def test_both_formats_are_registered() -> None:
    assert FORMATS == ("ofd", "pdf")


@pytest.mark.parametrize(("name", "form"), EVERY)
def test_every_type_compiles_fills_and_passes_its_rehearsal(
    templates: dict, fonts: Fonts, name: str, form: str
) -> None:
    template, given = templates[name, form], values(BOOK[name])
    assert lint(form, BOOK[name], fonts, given, template.fill(given)) == ()


@pytest.mark.parametrize(("name", "form"), EVERY)
def test_the_seal_lies_on_the_first_page(templates: dict, name: str, form: str) -> None:
    template = templates[name, form]
    place, face = template.placement, template.kind.face
    assert place.page == 0
    assert 0 <= place.x_mm <= face.width - place.width_mm
    assert 0 <= place.y_mm <= face.height - place.height_mm


@pytest.mark.parametrize(("name", "form"), EVERY)
def test_equal_values_give_equal_bytes_also_from_another_template(
    templates: dict, fonts: Fonts, name: str, form: str
) -> None:
    given = values(BOOK[name], annotation=COPY)
    first = templates[name, form].fill(given)
    assert templates[name, form].fill(given) == first
    assert compile_face(form, BOOK[name], fonts).fill(given) == first


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "written",
    [
        "测" + RARE + "试",
        RARE * 3,
        "𬬭𫟹𬬻",
        "买买提江·阿卜杜热合曼·努尔艾合买提·测试之子",
        "Nguyen Test-Person de la Prueba",
        "张",
        "测试<&>\"'名",
        "一" * 40,
    ],
)
def test_names_read_back_as_written(templates: dict, fonts: Fonts, form: str, written: str) -> None:
    kind = BOOK["marriage"]
    given = values(kind, male_name=written)
    data = templates["marriage", form].fill(given)
    reading = reader(form)(data)
    assert bare(written) in bare(reading.pages[0])
    assert reading.metadata["KZ_NFXM"] == written
    assert lint(form, kind, fonts, given, data) == ()


def _named(name: str) -> bool:
    return bool(bare(name)) and "  " not in name and name.strip() == name


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.text("测试王李·欧阳司马吉𠮷𬬭AZaz -0123456789", min_size=1, max_size=24).filter(_named)
)
@pytest.mark.parametrize("form", FORMATS)
def test_any_name_of_known_characters_reads_back(
    templates: dict, fonts: Fonts, form: str, name: str
) -> None:
    given = values(BOOK["marriage"], female_name=name)
    assert lint(form, BOOK["marriage"], fonts, given, templates["marriage", form].fill(given)) == ()


@pytest.mark.parametrize("form", FORMATS)
def test_a_long_address_is_broken_and_still_whole(templates: dict, form: str) -> None:
    address = "示例市中原区测试街道第一社区试验路一百二十三号院三号楼二单元" * 2
    data = templates["household-register", form].fill(values(REGISTER, address=address))
    assert address in bare(reader(form)(data).pages[0])


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(("rows", "pages"), [(0, 1), (1, 1), (12, 1), (13, 2), (33, 2), (34, 3)])
def test_large_households_go_on_on_further_pages(
    templates: dict, fonts: Fonts, form: str, rows: int, pages: int
) -> None:
    given = values(REGISTER, rows=rows)
    data = templates["household-register", form].fill(given)
    reading = reader(form)(data)
    assert len(reading.pages) == pages
    assert lint(form, REGISTER, fonts, given, data) == ()
    for row in given.rows["members"]:
        assert sum(row["id_number"] in page for page in reading.pages) == 1
    assert f"第{pages}页 共{pages}页" in reading.pages[-1]


@pytest.mark.parametrize("form", FORMATS)
def test_the_row_after_the_last_one_says_that_nothing_follows(templates: dict, form: str) -> None:
    fill = templates["household-register", form].fill
    assert "以下空白" in reader(form)(fill(values(REGISTER, rows=11))).pages[0]
    assert "以下空白" not in reader(form)(fill(values(REGISTER, rows=12))).pages[0]


@pytest.mark.parametrize(("name", "form"), EVERY)
def test_a_copy_names_maker_cause_time_and_expiry_on_every_page(
    templates: dict, fonts: Fonts, name: str, form: str
) -> None:
    given = values(BOOK[name], rows=14, annotation=COPY)
    data = templates[name, form].fill(given)
    reading = reader(form)(data)
    level = [bare(page) for page in reading.pages]
    for page in level:
        for part in (COPY.maker[:6], "事由：新生儿出生", "2026年3月5日10:30", "2026年4月5日08:00"):
            assert part in page
    assert {name: reading.metadata[name] for name in ANNOTATION} == {
        "JZJZZSJ": "20260305103000",
        "JZJZZZ": COPY.maker,
        "JZJZZSY": COPY.cause,
        "JZJYXQJZSJ": "20260405080000",
    }
    assert lint(form, BOOK[name], fonts, given, data) == ()


@pytest.mark.parametrize(("name", "form"), EVERY)
def test_an_original_carries_no_annotation_even_if_it_was_handed_one(
    templates: dict, name: str, form: str
) -> None:
    given = values(BOOK[name])
    given = replace(given, metadata={**given.metadata, "JZJZZZ": "某机关"})
    reading = reader(form)(templates[name, form].fill(given))
    assert not set(ANNOTATION) & set(reading.metadata)
    assert "加注件" not in bare(reading.pages[0])


@pytest.mark.parametrize("form", FORMATS)
def test_the_longest_cause_an_interface_allows_fits_the_watermark(
    templates: dict, fonts: Fonts, form: str
) -> None:
    given = values(REGISTER, annotation=replace(COPY, cause="事由" * 100))
    assert (
        lint(form, REGISTER, fonts, given, templates["household-register", form].fill(given)) == ()
    )


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("name", "point"),
    [
        ("测\ue000试", "U+E000"),
        ("测\n试", "U+000A"),
        ("测\U00031350", "U+31350"),
        ("\u202e测", "U+202E"),
    ],
)
def test_a_character_no_font_has_stops_the_fill_and_is_named(
    templates: dict, form: str, name: str, point: str
) -> None:
    with pytest.raises(TongbanError) as caught:
        templates["marriage", form].fill(values(BOOK["marriage"], male_name=name))
    assert caught.value.code == "glyph-missing"
    assert caught.value.params["code_point"] == point


@pytest.mark.parametrize(("name", "form"), EVERY)
def test_a_missing_required_value_is_named(templates: dict, name: str, form: str) -> None:
    given = values(BOOK[name])
    spec = next(spec for spec in BOOK[name].fields if spec.required)
    for absent in (
        {k: v for k, v in given.fields.items() if k != spec.name},
        {**given.fields, spec.name: " "},
    ):
        with pytest.raises(TongbanError) as caught:
            templates[name, form].fill(replace(given, fields=absent))
        assert caught.value.code == "face-value-missing"
        assert caught.value.params["field"] == spec.name


@pytest.mark.parametrize("form", FORMATS)
def test_unknown_values_rows_and_missing_cells_are_named(templates: dict, form: str) -> None:
    fill, given = templates["household-register", form].fill, values(REGISTER)
    for wrong, code, field in [
        (replace(given, fields={**given.fields, "phone": "1"}), "face-value-unknown", "phone"),
        (replace(given, rows={"pets": []}), "face-value-unknown", "pets"),
        (with_row(given, "members", 0, name=""), "face-value-missing", "members.name"),
        (with_row(given, "members", 0, phone="1"), "face-value-unknown", "members.phone"),
    ]:
        with pytest.raises(TongbanError) as caught:
            fill(wrong)
        assert (caught.value.code, caught.value.params["field"]) == (code, field)


@pytest.mark.parametrize("form", FORMATS)
def test_what_fits_nowhere_is_refused_not_cut(templates: dict, form: str) -> None:
    with pytest.raises(TongbanError) as caught:
        templates["marriage", form].fill(values(BOOK["marriage"], male_name="测" * 120))
    assert (caught.value.code, caught.value.params["field"]) == ("face-overflow", "{male_name}")
    with pytest.raises(TongbanError) as caught:
        templates["household-register", form].fill(
            with_row(values(REGISTER), "members", 1, sex="男" * 40)
        )
    assert caught.value.params["field"] == "members.sex"


def test_more_rows_than_a_face_without_further_pages_holds_are_refused(fonts: Fonts) -> None:
    kind = replace(REGISTER, face=replace(REGISTER.face, continuation=()))
    with pytest.raises(TongbanError, match="face-overflow"):
        compile_face("pdf", kind, fonts).fill(values(kind, rows=13))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("character", ["\x00", "\n", "\x1b", "\ud842", "\uffff"])
def test_metadata_that_no_xml_can_hold_is_refused(
    templates: dict, form: str, character: str
) -> None:
    given = values(REGISTER)
    given = replace(given, metadata={**given.metadata, "CZZT": f"测{character}试"})
    with pytest.raises(TongbanError) as caught:
        templates["household-register", form].fill(given)
    assert caught.value.params["code_point"] == f"U+{ord(character):04X}"


@pytest.mark.parametrize("form", FORMATS)
def test_a_code_text_longer_than_any_qr_code_is_refused(templates: dict, form: str) -> None:
    with pytest.raises(TongbanError, match="face-overflow"):
        templates["household-register", form].fill(replace(values(REGISTER), qr="测" * 3000))


def test_an_unknown_format_is_refused(fonts: Fonts) -> None:
    with pytest.raises(TongbanError, match="format-unknown"):
        compile_face("docx", REGISTER, fonts)
    with pytest.raises(TongbanError, match="format-unknown"):
        reader("docx")


def test_a_type_whose_own_text_has_no_glyph_does_not_compile(fonts: Fonts) -> None:
    items = [
        replace(item, columns=(replace(item.columns[0], title="\ue001"), *item.columns[1:]))
        if isinstance(item, Table)
        else item
        for item in REGISTER.face.items
    ]
    kind = replace(REGISTER, face=replace(REGISTER.face, items=tuple(items)))
    for form in FORMATS:
        with pytest.raises(TongbanError, match="glyph-missing"):
            compile_face(form, kind, fonts)


@pytest.mark.parametrize("form", FORMATS)
def test_validity_is_printed_as_the_metadata_has_it(templates: dict, form: str) -> None:
    given = values(BOOK["marriage"])
    given = replace(given, metadata={**given.metadata, "ZZYXQJZRQ": "20280304"})
    page = reader(form)(templates["marriage", form].fill(given)).pages[0]
    assert "2026年3月5日至2028年3月4日" in bare(page)
