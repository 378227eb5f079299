"""The container is refused before anything inside is believed."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing.checks.case import Trust
from signing.formats.errors import FormatError
from signing.formats.ofd import package
from signing.formats.ofd.xml import locate
from signing.model import Indication
from signing.policies import load
from signing.verify import inspect, judge
from tests.taxonomy.packages import XML, disagreeing, encrypted, hidden, zipped

from .conftest import AT, NS, unsealed_files


def refused(data: bytes, limits: package.Limits | None = None) -> str:
    with pytest.raises(FormatError) as caught:
        package.read(data, limits)
    return caught.value.code


def test_what_is_written_is_read_and_written_the_same() -> None:
    files = [*unsealed_files(), ("Doc_0/Res/中文𠮷.png", b"1"), ("empty", b"")]
    data = package.write(files)
    found = package.read(data)
    assert list(found.files.items()) == files
    assert found.canonical
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [name for name, _ in files]


def test_other_peoples_archives_are_read() -> None:
    found = package.read(zipped(unsealed_files()))
    assert dict(found.files) == dict(unsealed_files())
    assert not found.canonical


def test_archives_written_as_a_stream_are_read() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise OSError

        def tell(self) -> int:
            raise OSError

    out = Pipe()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in unsealed_files():
            archive.writestr(name, data)
    assert dict(package.read(out.getvalue()).files) == dict(unsealed_files())


@pytest.mark.parametrize(
    "name", ["../a", "a/../b", "/a", "a//b", "./a", "a\\b", "C:/a", "a\x00b", "a\nb", "", "a/.."]
)
def test_row_36_a_path_that_leads_outside(name: str) -> None:
    with pytest.raises(ValueError, match="not a package path"):
        package.write([(name, b"x")])
    good = package.write([("AAAAAA", b"x")])
    raw = name.encode()
    if 0 < len(raw) <= 6 and len(raw) == len(name):
        bad = package.write([("A" * len(raw), b"x")]).replace(b"A" * len(raw), raw)
        assert refused(bad) == "E_ZIP_PATH_ESCAPE"
    assert package.read(good)


def test_row_34_two_entries_of_one_name() -> None:
    data = package.write([("AAA", b"1"), ("BBB", b"2")]).replace(b"BBB", b"AAA")
    assert refused(data) == "E_ZIP_DUPLICATE_ENTRY"


@pytest.mark.parametrize(
    "names", [("Doc/a.xml", "DOC/A.xml"), ("é", "e\u0301"), ("ａ.xml", "a.xml")]
)
def test_row_37_names_that_can_be_confused(names: tuple[str, str]) -> None:
    data = package.write([(names[0], b"1"), (names[1], b"2")])
    assert refused(data) == "E_ZIP_CASE_COLLISION"


def test_row_35_structure() -> None:
    good = package.write(unsealed_files())
    assert refused(b"prefix" + good) == "E_ZIP_STRUCTURE"
    assert refused(good + b"\x00") == "E_ZIP_STRUCTURE"
    for cut in (1, 22, 100, len(good) // 2, len(good) - 30):
        assert refused(good[:-cut]) == "E_ZIP_STRUCTURE"
    assert refused(b"") == "E_ZIP_STRUCTURE"
    assert refused(b"PK\x05\x06" + bytes(10)) == "E_ZIP_STRUCTURE"


def test_row_35_an_entry_that_only_the_local_headers_show() -> None:
    one, two = package.write([("a", b"1")]), package.write([("a", b"1"), ("b", b"2")])
    assert refused(hidden(one, two)) == "E_ZIP_STRUCTURE"


@pytest.mark.parametrize("at", [10, 14, 18, 22])
def test_row_35_local_header_and_directory_disagree(at: int) -> None:
    assert refused(disagreeing(at, package.write([("a", b"12345")]))) == "E_ZIP_STRUCTURE"


def test_row_38_a_bomb_is_refused_before_it_is_inflated() -> None:
    bomb = zipped([("a", bytes(60 * 1024 * 1024))])
    assert len(bomb) < 100_000
    assert refused(bomb) == "E_ZIP_BOMB"


def test_row_38_too_many_entries_and_too_much_in_all() -> None:
    many = zipped([(f"f{n}", b"") for n in range(50)])
    assert refused(many, package.Limits(entries=49)) == "E_ZIP_BOMB"
    assert refused(many, package.Limits(file_bytes=100)) == "E_ZIP_BOMB"
    big = zipped([("a", bytes(1000)), ("b", bytes(1000))])
    assert refused(big, package.Limits(total_bytes=1999)) == "E_ZIP_BOMB"
    assert refused(big, package.Limits(entry_bytes=999)) == "E_ZIP_BOMB"


def test_row_38_a_size_that_lies_is_found_while_inflating() -> None:
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packed.compress(bytes(10_000)) + packed.flush()
    data = bytearray(zipped([("a", bytes(10_000))]))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(mark) + offset
        data[at : at + 4] = struct.pack("<L", 10)
    assert body
    assert refused(bytes(data)) == "E_ZIP_STRUCTURE"


def test_row_39_features_that_are_not_allowed() -> None:
    assert refused(zipped([("a", b"x")], zipfile.ZIP_BZIP2)) == "E_ZIP_FEATURE"
    assert refused(zipped([("a", b"x")], external_attr=0o120777 << 16)) == "E_ZIP_FEATURE"
    assert refused(encrypted(package.write([("a", b"x")]))) == "E_ZIP_FEATURE"


def test_a_file_that_is_also_a_folder_is_refused() -> None:
    assert refused(package.write([("a", b"1"), ("a/b", b"2")])) == "E_ZIP_STRUCTURE"


BROKEN = [("E_FORMAT", b"<a>"), ("E_FORMAT", b""), ("E_FORMAT", b"<a>\xff\xfe</a>")]


@pytest.mark.parametrize(("code", "data"), [*XML.values(), *BROKEN])
def test_row_40_dangerous_xml(code: str, data: bytes) -> None:
    files = dict(unsealed_files())
    files["OFD.xml"] = data
    found = inspect(package.write(list(files.items())))
    assert [item.code for item in found.observations] == [code]
    verdict = judge(found, load("archive"), Trust(), AT)
    assert verdict.indication is Indication.TOTAL_FAILED


def test_row_40_dangerous_xml_on_a_page_that_only_viewers_read() -> None:
    files = dict(unsealed_files())
    files["Doc_0/Pages/Page_0/Content.xml"] = XML["entity"][1]
    found = inspect(package.write(list(files.items())))
    assert [item.code for item in found.observations] == ["E_XML_DTD"]


def test_an_entity_in_a_file_is_never_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    files = dict(unsealed_files())
    text = f'<!DOCTYPE o [<!ENTITY s SYSTEM "{secret.as_uri()}">]><ofd:OFD {NS}>&s;</ofd:OFD>'
    files["OFD.xml"] = text.encode()
    assert "SECRET" not in repr(inspect(package.write(list(files.items()))))


@pytest.mark.parametrize(
    ("location", "folder", "path"),
    [
        ("/a/b", "x", "a/b"),
        ("b", "x/y", "x/y/b"),
        ("./b", "x", "x/b"),
        ("../b", "x/y", "x/b"),
        ("b", "", "b"),
    ],
)
def test_locations(location: str, folder: str, path: str) -> None:
    assert locate(location, folder) == path


@pytest.mark.parametrize("location", ["../../a", "/..", "http://a/b", "c:\\x", "\\\\server\\a"])
def test_locations_that_leave_the_package(location: str) -> None:
    with pytest.raises(FormatError, match="E_REF_PATH_ESCAPE"):
        locate(location, "x")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_bytes_of_any_kind_never_crash_the_reader(data: bytes) -> None:
    for head in (b"", b"PK\x03\x04", b"%PDF-1.7\n"):
        found = inspect(head + data)
        verdict = judge(found, load("certificate"), Trust(), AT)
        assert not verdict.passed
        assert verdict.codes


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_package_never_crashes_and_never_passes(data: st.DataObject) -> None:
    good = package.write(unsealed_files())
    start = data.draw(st.integers(0, len(good)))
    size = data.draw(st.integers(0, 40))
    other = data.draw(st.binary(max_size=40))
    verdict = judge(
        inspect(good[:start] + other + good[start + size :]), load("archive"), Trust(), AT
    )
    assert not verdict.passed
