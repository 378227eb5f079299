"""The short way of sealing an OFD file of ours: held to the long way, octet by octet."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certificates import typebook
from certificates.faces import compile_face
from certificates.fonts import Fonts
from certificates.model import CertificateType, Template
from signing.formats.ofd import layout, package
from signing.formats.ofd.parts import Parts
from signing.formats.ofd.seal import finish, prepare
from signing.formats.ofd.zipfields import CENTRAL, END
from signing.policies import load
from signing.verify import inspect, judge
from tests.certificates.samples import ANNOTATION, values

from .conftest import AT, Region

COMMON = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def kind() -> CertificateType:
    return typebook.load()["household-register"]


@pytest.fixture(scope="module")
def template(kind: CertificateType) -> Template:
    return compile_face("ofd", kind, Fonts.load([]))


@pytest.fixture(scope="module")
def face(template: Template, kind: CertificateType) -> bytes:
    return template.fill(values(kind))


@given(
    rows=st.integers(0, 30),
    name=st.text("测试甲乙丙丁&<>\"'王李张𠮷"[:-1], min_size=1, max_size=12),
    annotated=st.booleans(),
)
@COMMON
def test_both_ways_lay_out_the_same_file(
    template: Template,
    kind: CertificateType,
    sm2: Region,
    *,
    rows: int,
    name: str,
    annotated: bool,
) -> None:
    note = ANNOTATION if annotated else None
    fields = {key: name for key in values(kind).fields if "id" not in key and "date" not in key}
    unsealed = template.fill(values(kind, rows=rows, annotation=note, **fields))
    files = Parts().read(unsealed)
    assert files is not None
    short, long = layout.enter_plain(files), layout.enter(package.read(unsealed).files)
    assert short == long
    assert short is not None
    assert list(short.files.items()) == list(long.files.items())
    pending = prepare(unsealed, sm2.material(), [template.placement], AT)
    sealed = finish(pending, sm2.signer.sign(pending.digest))
    assert package.read(sealed).canonical
    assert judge(inspect(sealed), load("certificate"), sm2.trust, AT).passed


def test_a_package_is_read_as_the_strict_reader_reads_it(face: bytes, unsealed: bytes) -> None:
    parts = Parts()
    for data in (face, unsealed, face, package.write([]), package.write([("名.xml", b"")])):
        assert parts.read(data) == dict(package.read(data).files)


def test_any_changed_or_missing_octet_leaves_it_to_the_strict_reader(unsealed: bytes) -> None:
    parts = Parts()
    parts.read(unsealed)
    for place in range(len(unsealed)):
        changed = bytearray(unsealed)
        changed[place] ^= 1 << place % 8
        assert parts.read(bytes(changed)) is None, place
    for size in range(0, len(unsealed), 7):
        assert parts.read(unsealed[:size]) is None
        assert parts.read(unsealed[size or 1 :]) is None
    assert parts.read(unsealed + b"\0") is None


def test_a_comment_or_second_entry_of_a_name_is_no_plain_package() -> None:
    data = package.write([("a", b"1"), ("b", b"2")])
    end = data[-END.size :]
    assert Parts().read(data[: -END.size] + end[:-2] + b"\x01\x00c") is None
    twice = data.replace(b"b", b"a")
    assert len(twice) == len(data)
    assert Parts().read(twice) is None
    at = data.index(b"PK\x01\x02")
    made_by = CENTRAL.unpack_from(data, at)[1]
    assert made_by == 20
    assert Parts().read(data[: at + 4] + b"\x15" + data[at + 5 :]) is None


def test_what_is_known_depends_on_all_octets_of_a_part() -> None:
    parts = Parts()
    one, two = b"x" * 5000, b"x" * 4999 + b"y"
    assert parts.check_value("a", one) == Parts().check_value("b", one)
    assert parts.check_value("a", two) == Parts().check_value("b", two)
    assert parts.crc("a", one) != parts.crc("a", two)
    for number in range(1000):
        parts.crc(f"{number}", b"")
    assert parts.check_value("a", one) == Parts().check_value("b", one)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("OFD.xml", b"</ofd:DocBody>", b"</ofd:DocBody >"),
        ("OFD.xml", b"<ofd:DocBody>", b"<ofd:DocBody><!-- c -->"),
        ("OFD.xml", b"Doc_0/Document.xml", b"/Doc_0/Document.xml"),
        ("Doc_0/Document.xml", b"<ofd:Pages>", b"<ofd:Pages><!-- c -->"),
        ("Doc_0/Document.xml", b"<ofd:Page ", b"<ofd:Page  "),
        ("Doc_0/Document.xml", b"</ofd:Document>\n", b"</ofd:Document>\n<!-- c -->"),
    ],
)
def test_xml_in_another_spelling_goes_the_long_way(
    face: bytes, path: str, old: bytes, new: bytes
) -> None:
    files = dict(package.read(face).files)
    assert old in files[path]
    files[path] = files[path].replace(old, new, 1)
    assert layout.enter_plain(files) is None
    assert layout.enter(files).number == 1


def test_a_sealed_file_goes_the_long_way_and_is_closed(face: bytes, sm2: Region) -> None:
    pending = prepare(face, sm2.material(), [load_place()], AT)
    sealed = finish(pending, sm2.signer.sign(pending.digest))
    assert layout.enter_plain(package.read(sealed).files) is None


def load_place() -> layout.Placement:
    return layout.Placement(0, 120.0, 200.0, 40.0, 40.0)
