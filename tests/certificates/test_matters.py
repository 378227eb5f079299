"""Matters that would let an agency have more than it may, or nothing at all, do not load."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from certificates import matters, typebook
from kernel.errors import TongbanError

TEXT = (resources.files("certificates") / "matters" / "school-enrolment.toml").read_text("utf-8")
TYPES = typebook.load()
LONG = "核" * 300


def lay(home: Path, text: str | bytes, name: str = "boarding") -> None:
    folder = home / "registry" / "certificates" / "matters"
    folder.mkdir(parents=True, exist_ok=True)
    data = text if isinstance(text, bytes) else text.encode()
    (folder / f"{name}.toml").write_bytes(data)


def fault(home: Path) -> TongbanError:
    with pytest.raises(TongbanError) as caught:
        matters.load(TYPES, home)
    assert caught.value.code == "matter-invalid"
    assert caught.value.params["matter"]
    return caught.value


OTHER = TEXT.replace("000105001001", "000105001009")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("retention_days = 180", "retention_days = 0", "at least one day"),
        ("retention_days = 180", 'retention_days = "long"', "retention_days"),
        ("核验适龄儿童入学资格", LONG, "at most"),
        ('type = "household-register"', 'type = "passport"', "no certificate type passport"),
        ('"address", "members"]', '"address", "members", "salary"]', "no field salary"),
        ('"address", "members"]', '"address", "members.salary"]', "no field members.salary"),
        ('basis = ["consent", ', 'basis = ["custom", ', "no basis custom"),
        ('basis = ["consent", "compulsory-education-12"]', "basis = []", "are needed"),
        ('formats = ["data", "ofd", "pdf"]', "formats = []", "are needed"),
        (', "address", "members"]', ', "members"]', "a copy shows the whole face, also address"),
        ('"address", "members"]', '"address", "members.name"]', "the whole face, also members"),
        ("[[needs]]", "[needs]", "needs"),
        ("[[purposes]]", "[[purpose]]", "purpose"),
        ('title_en = "Enrolment', 'titel_en = "Enrolment', "titel_en"),
        ("synthetic = true", "synthetic = ", "line"),
    ],
)
def test_a_faulty_entry_is_named(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in OTHER
    lay(tmp_path, OTHER.replace(old, new))
    assert told in fault(tmp_path).params["reason"]


def test_another_encoding_is_a_fault_of_the_file(tmp_path: Path) -> None:
    lay(tmp_path, OTHER.encode("gb18030"))
    assert fault(tmp_path).params["matter"] == "boarding"


def test_two_matters_cannot_share_a_code(tmp_path: Path) -> None:
    lay(tmp_path, TEXT)
    assert "used twice" in fault(tmp_path).params["reason"]


def test_data_alone_may_leave_parts_of_the_face_out(tmp_path: Path) -> None:
    data = OTHER.replace('formats = ["data", "ofd", "pdf"]', 'formats = ["data"]')
    lay(tmp_path, data.replace(', "address", "members"]', ', "members.name"]'))
    found = matters.load(TYPES, tmp_path).get("boarding")
    assert found is not None
    assert found.needs[0].fields == ("household_number", "head_name", "members.name")


def test_a_table_is_covered_by_its_name_or_by_all_its_columns() -> None:
    kind = TYPES["household-register"]
    table = kind.tables[0]
    columns = [f"{table.name}.{column.name}" for column in table.columns]
    assert matters.covered(kind, [table.name], columns[0])
    assert matters.covered(kind, columns, table.name)
    assert not matters.covered(kind, columns[1:], table.name)
    assert not matters.covered(kind, columns[1:], columns[0])
    assert not matters.covered(kind, [], "address")
    assert matters.known(kind, columns[0])
    assert not matters.known(kind, f"{table.name}.none")
