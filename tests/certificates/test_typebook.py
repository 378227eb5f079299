"""Certificate types as files: what loads, what an overlay does, what is refused and how."""

from __future__ import annotations

import csv
from importlib import resources
from pathlib import Path

import pytest

from certificates import typebook, typerules
from certificates.errors import Code
from certificates.face import Table, Text
from certificates.metadata import REQUIRED
from certificates.model import STATUS_TITLES, CertificateStatus
from kernel.errors import TongbanError, load_messages

MARRIAGE = (resources.files("certificates") / "types" / "marriage.toml").read_text("utf-8")
REGISTER = (resources.files("certificates") / "types" / "household-register.toml").read_text(
    "utf-8"
)


def overlay(home: Path, name: str, text: str | bytes) -> Path:
    folder = home / "registry" / "certificates" / "types"
    folder.mkdir(parents=True, exist_ok=True)
    data = text.encode() if isinstance(text, str) else text
    (folder / f"{name}.toml").write_bytes(data)
    return home


def test_the_defaults_load_with_what_the_issuer_needs() -> None:
    book = typebook.load()
    marriage, register = book["marriage"], book["household-register"]
    assert marriage.title == "结婚证"
    assert marriage.field("male_id").source == "marriage.male_id"
    assert (marriage.field("male_id").resource, marriage.field("male_id").column) == (
        "marriage",
        "male_id",
    )
    assert marriage.holder.names == ("male_name", "female_name")
    assert register.holder.where == {"relation": ("01", "02")}
    assert register.tables[0].resource == "population"
    assert register.tables[0].columns[4].kind == "date"
    assert marriage.validity.range_text == "长期"


def test_a_field_the_type_does_not_have_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="phone"):
        typebook.load()["marriage"].field("phone")


def test_every_type_is_marked_synthetic_where_its_code_is_made_up() -> None:
    for kind in typebook.load():
        assert kind.synthetic, kind.name


def test_only_bodies_named_may_issue() -> None:
    kind = typebook.load()["marriage"]
    assert kind.may_issue("11410100MB0TE010X4")
    assert not kind.may_issue("11410100MB0TE0038G")


def test_an_overlay_adds_and_replaces_types_and_changes_the_digest(tmp_path: Path) -> None:
    added = MARRIAGE.replace("N901", "N902").replace('title = "结婚证"', 'title = "补领结婚证"', 1)
    overlay(tmp_path, "marriage-again", added)
    overlay(tmp_path, "marriage", MARRIAGE.replace("several = false", "several = true"))
    book, default = typebook.load(tmp_path), typebook.load()
    assert book["marriage-again"].title == "补领结婚证"
    assert book["marriage"].several
    assert book.digest != default.digest
    assert book["marriage"].digest != default["marriage"].digest


def test_an_unknown_type_is_refused_by_name() -> None:
    with pytest.raises(TongbanError) as caught:
        typebook.load()["passport"]
    assert (caught.value.code, caught.value.params) == ("type-unknown", {"type": "passport"})


def test_two_types_with_one_code_are_refused(tmp_path: Path) -> None:
    overlay(tmp_path, "second", MARRIAGE)
    with pytest.raises(TongbanError) as caught:
        typebook.load(tmp_path)
    assert caught.value.params == {
        "file": "second",
        "key": "code",
        "reason": "code already used by marriage",
    }


@pytest.mark.parametrize(
    "text",
    ["title = ", "[face\n", b"\xff\xfe\x00", 'title = "a"\ntitle = "b"'],
    ids=["cut", "bracket", "encoding", "twice"],
)
def test_broken_toml_names_the_file(tmp_path: Path, text: str | bytes) -> None:
    overlay(tmp_path, "broken", text)
    with pytest.raises(TongbanError) as caught:
        typebook.load(tmp_path)
    assert caught.value.code == "type-unreadable"
    assert caught.value.params["file"] == "broken"


MISTAKES = [
    ('title = "结婚证"', "", "title", "is missing"),
    ('title = "结婚证"', "title = 5", "title", "str is needed"),
    ('title = "结婚证"', 'title = "结婚证"\nowner = "x"', "owner", "unknown"),
    ("several = false", 'several = "no"', "several", "bool is needed"),
    ('issuers = ["11410100MB0TE010X4"]', 'issuers = "x"', "issuers", "a list"),
    ('issuers = ["11410100MB0TE010X4"]', "issuers = [1]", "issuers", "str is needed"),
    ("N901", "N90", "code", "three digits"),
    ("N901", "Q901", "code", "begin with defining_code"),
    (
        'issuing_code = "11410100MB0TE010X4"',
        'issuing_code = "11410100MB0TE010X5"',
        "issuing_code",
        "GB 32100",
    ),
    ('area_code = "410100"', 'area_code = "41"', "area_code", "six digits"),
    ('kind = "natural"', 'kind = "person"', "holder.kind", "one of natural"),
    ('names = ["male_name", "female_name"]', 'names = ["male_name"]', "holder.codes", "one code"),
    ('code_type = "111"', 'code_type = "112"', "holder.code_type", "GB/T 36903"),
    ('code_type = "111"', 'code_type = "001"', "holder.code_type", "legal"),
    (
        'code_type_title = "公民身份号码"',
        'code_type_title = "身份证"',
        "holder.code_type_title",
        "公民身份号码",
    ),
    ("[validity]", '[validity]\nyears = "two"', "validity.years", "int is needed"),
    ("[validity]", "[validity]\nyears = true", "validity.years", "int is needed"),
    ("[validity]", "[[validity]]", "validity", "a table"),
    ('name = "male_id"', 'name = "male_name"', "fields.male_name", "distinct"),
    ('name = "male_id"', 'name = "number"', "fields.number", "reserved"),
    ('name = "male_id"', 'name = "Male"', "fields.Male", "small letters"),
    (
        'source = "marriage.male_id"',
        'source = "male_id"',
        "fields.male_id.source",
        "resource.column",
    ),
    ('extension = "KZ_DJJG"', 'extension = "DJJG"', "fields.office.extension", "KZ_"),
    ('text = "{male_id}"', 'text = "{maleid}"', "face.items[16].text", "nothing fills {maleid}"),
    ('text = "{male_id}"', 'text = "{male_id"', "face.items[16].text", "expected"),
    (
        'text = "{male_id}"',
        'text = "{male_id}"\nalign = "middle"',
        "face.items[16].align",
        "one of left",
    ),
    ('[[face.items]]\nkind = "qr"', '[[face.items]]\nkind = "code"', "kind", "one of text, line"),
    ('kind = "qr"\nx = 33', 'kind = "qr"\nx = 280', "face.items", "outside"),
    (
        'kind = "qr"\nx = 33\ny = 136\nsize = 34',
        'kind = "line"\nx1 = 1\ny1 = 1\nx2 = 2\ny2 = 1',
        "face.items",
        "qr place",
    ),
    ('colour = "@pale"', 'colour = "@plum"', "colour", "no colour @plum"),
    ('colour = "@pale"', 'colour = "red"', "colour", "#1a2b3c"),
    ("[face.colours]\n", "[face.colours]\nodd = 3\n", "face.colours", "strings"),
    ("[face.seal]\nx = 203", "[face.seal]\nx = 290", "face.seal", "outside"),
    ("[face]\nwidth = 297", "[face]\nwidth = 'wide'", "face.width", "float is needed"),
]


@pytest.mark.parametrize(
    ("old", "new", "key", "reason"), MISTAKES, ids=[f"{m[2]}: {m[3]}" for m in MISTAKES]
)
def test_each_mistake_names_file_key_and_reason(
    tmp_path: Path, old: str, new: str, key: str, reason: str
) -> None:
    assert old in MARRIAGE
    text = MARRIAGE.replace(old, new) if old == "N901" else MARRIAGE.replace(old, new, 1)
    overlay(tmp_path, "marriage", text)
    with pytest.raises(TongbanError) as caught:
        typebook.load(tmp_path)
    assert caught.value.code == "type-malformed"
    assert caught.value.params["file"] == "marriage"
    assert key in caught.value.params["key"]
    assert reason in caught.value.params["reason"]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('name = "members"\nx', 'name = "children"\nx', "face.items"),
        (
            'name = "marital_status"\ntitle = "婚姻状况"\nwidth',
            'name = "status"\ntitle = "婚姻状况"\nwidth',
            "columns",
        ),
        ('source = "population.sex"', 'source = "people.sex"', "tables.members"),
        ("rows = 12", "rows = 40", "face.items"),
    ],
)
def test_tables_on_the_face_must_match_tables_of_the_type(
    tmp_path: Path, old: str, new: str, key: str
) -> None:
    assert old in REGISTER
    overlay(tmp_path, "household-register", REGISTER.replace(old, new, 1))
    with pytest.raises(TongbanError) as caught:
        typebook.load(tmp_path)
    assert key in caught.value.params["key"]


def test_a_type_without_fields_is_refused(tmp_path: Path) -> None:
    overlay(tmp_path, "empty", 'title = "空"\nfields = []')
    with pytest.raises(TongbanError) as caught:
        typebook.load(tmp_path)
    assert caught.value.code == "type-malformed"


def test_every_type_satisfies_its_rules_and_draws_all_it_knows() -> None:
    for kind in typebook.load():
        assert list(typerules.mistakes(kind)) == []
        drawn = "".join(item.text for item in kind.face.items if isinstance(item, Text))
        missing = [spec.name for spec in kind.fields if f"{{{spec.name}}}" not in drawn]
        assert missing == [], kind.name
        for part in (
            "{number}",
            "{identifier}",
            "{valid}",
            "{issued}",
            "{issuing_org}",
            "{demonstration}",
        ):
            assert part in drawn, (kind.name, part)
        tables = {item.name for item in kind.face.items if isinstance(item, Table)}
        assert tables == {table.name for table in kind.tables}


def test_every_code_of_the_room_has_a_message_and_every_message_a_code() -> None:
    assert {code.value for code in Code} == set(load_messages("certificates"))


def test_every_status_has_a_title() -> None:
    assert set(STATUS_TITLES) == set(CertificateStatus)


def test_what_the_standard_obliges_is_required_of_every_file() -> None:
    text = (resources.files("certificates") / "codes" / "metadata.csv").read_text("utf-8")
    rows = [row for row in csv.DictReader(text.splitlines()) if row["obligation"].startswith("M")]
    assert {row["pinyin_name"] or row["english_name"] for row in rows} == set(REQUIRED)
