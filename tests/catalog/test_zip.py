from __future__ import annotations

import io
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import connectors, sources
from catalog.model import Source, State
from kernel.clock import FixedClock
from kernel.errors import TongbanError
from kernel.ports import Digest
from storage.objects.names import name_of
from storage.probe import NoProbe
from tests.catalog.rig import HEAD, SOURCE, build, rows

ZIP = connectors.by_name("zip")
TEXT = (HEAD + rows(0, 200)).encode("utf-8-sig")


def source(**changes: object) -> Source:
    known = sources.parse("roll-source", SOURCE.format(connector="zip").encode())
    return replace(known, delivery=replace(known.delivery, **{"block_bytes": 2000} | changes))


def packed(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return into.getvalue()


def flagged(data: bytes, bits: int) -> bytes:
    """Set flags of the first entry in both of its headers."""
    changed = bytearray(data)
    for at in (6, changed.index(b"PK\x01\x02") + 8):
        changed[at] |= bits
    return bytes(changed)


def declaring(data: bytes, size: int) -> bytes:
    """Let the first entry claim another unpacked size."""
    changed = bytearray(data)
    for at in (22, changed.index(b"PK\x01\x02") + 24):
        struct.pack_into("<L", changed, at, size)
    return bytes(changed)


def code_of(path: Path, data: bytes, known: Source | None = None) -> TongbanError:
    path.write_bytes(data)
    with pytest.raises(TongbanError) as caught:
        ZIP.examine(path, path.name, known or source())
    return caught.value


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.zip"


def test_two_files_none_and_a_crowd_are_refused_with_their_count(path: Path) -> None:
    for count in (0, 2, 65, 3000):
        data = packed(*((f"{number}.csv", TEXT[:60]) for number in range(count)))
        fault = code_of(path, data)
        assert (fault.code, fault.params["count"]) == ("archive-files", str(count))


@pytest.mark.parametrize(
    "name", ["../a.csv", "x/../../a.csv", "/etc/a.csv", "..\\a.csv", "C:\\a.csv", "a\0.csv"]
)
def test_a_path_that_leads_out_is_refused(path: Path, name: str) -> None:
    data = packed(("a" * len(name), TEXT)).replace(b"a" * len(name), name.encode())
    assert code_of(path, data).code == "archive-path"


def test_a_bomb_is_stopped_by_its_ratio_whatever_size_it_claims(path: Path) -> None:
    bomb = packed(("a.csv", b"0" * (32 << 20)))
    fault = code_of(path, bomb)
    assert (fault.code, fault.params["ratio"]) == ("archive-bomb", "200")


def test_more_than_the_limit_is_refused_before_and_while_unpacking(path: Path) -> None:
    data = packed(("a.csv", TEXT))
    assert code_of(path, data, source(max_bytes=100)).code == "delivery-too-large"
    assert code_of(path, declaring(data, 99), source(max_bytes=100)).code == "archive-damaged"


@pytest.mark.parametrize("bits", [0x1, 0x41])
def test_an_encrypted_entry_is_refused(path: Path, bits: int) -> None:
    assert code_of(path, flagged(packed(("a.csv", TEXT)), bits)).code == "archive-encrypted"


def test_a_wrong_checksum_is_told(path: Path) -> None:
    data = packed(("a.csv", TEXT), method=zipfile.ZIP_STORED)
    fault = code_of(path, data.replace(b"c000001", b"c900001", 1))
    assert (fault.code, fault.params["reason"]) == ("archive-damaged", "checksum")


def test_damage_in_the_packed_bytes_is_told(path: Path) -> None:
    data = bytearray(packed(("a.csv", TEXT)))
    data[60:70] = b"\xff" * 10
    assert code_of(path, bytes(data)).code == "archive-damaged"


def test_an_archive_whose_end_is_missing_is_truncated(path: Path) -> None:
    data = packed(("a.csv", TEXT))
    for cut in (len(data) - 5, 40, 2):
        assert code_of(path, data[:cut]).code == "delivery-truncated"


@pytest.mark.parametrize("data", [b"", b"x", HEAD.encode(), b"\x1f\x8b" + bytes(40)])
def test_what_is_no_archive_is_told(path: Path, data: bytes) -> None:
    assert code_of(path, data).code == "archive-damaged"


def test_other_compression_methods_are_refused(path: Path) -> None:
    data = packed(("a.csv", TEXT), method=zipfile.ZIP_LZMA)
    assert code_of(path, data).params["reason"] == "compression method"


def test_a_64_bit_directory_is_refused(path: Path) -> None:
    data = packed(("a.csv", TEXT))
    end = data.index(b"PK\x05\x06")
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    assert code_of(path, data[:end] + locator + data[end:]).params["reason"] == "zip64"


def test_an_empty_file_inside_and_a_missing_header_are_told(path: Path) -> None:
    assert code_of(path, packed(("a.csv", b""))).code == "delivery-empty"
    assert code_of(path, packed(("a.csv", b"1|2|3\n"))).code == "columns-missing"


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), min_size=1, max_size=4))
def test_changed_bytes_never_escape_the_closed_set(
    path: Path, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(packed(("名册.csv", TEXT[:400])))
    for at, bits in changes:
        data[at % len(data)] ^= bits
    path.write_bytes(data)
    code = "archive-"
    try:
        ZIP.examine(path, path.name, source())
    except TongbanError as fault:
        code = fault.code
    assert code.startswith(("archive-", "delivery-"))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_rows_are_those_of_the_file_inside(path: Path, encoding: str, method: int) -> None:
    data = packed(
        ("名册/", b""), ("名册/a.csv", (HEAD + rows(0, 300)).encode(encoding)), method=method
    )
    path.write_bytes(data)
    known = source()
    layout = ZIP.examine(path, path.name, known)
    blocks = list(ZIP.blocks(path, path.name, known, layout, layout.start))
    found = [row for block in blocks for row in block.frame.rows()]
    assert len(blocks) > 1
    assert found[0] == ("c000000", "测试甲", "男", 2, "a.zip")
    assert len(found) == 300
    rest = list(ZIP.blocks(path, path.name, known, layout, blocks[0].end))
    assert [block.frame.rows() for block in rest] == [block.frame.rows() for block in blocks[1:]]


def test_the_archive_is_kept_as_delivered_and_becomes_a_version(
    tmp_path: Path, clock: FixedClock
) -> None:
    rig = build(tmp_path, clock, NoProbe(), "zip")
    data = packed(("a.csv", TEXT))
    folder = tmp_path / "inbox" / "roll-source"
    folder.mkdir(parents=True)
    (folder / "a.zip").write_bytes(data)
    outcome = rig.ingest.run(rig.actor, "roll-source")
    assert (outcome.state, outcome.counts.published) == (State.PUBLISHED, 200)
    assert rig.ingest.objects.get(Digest(name_of(data))) == data
