"""Every way in which a structure of a seal can be no DER is refused, by one error."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.ses import der
from signing.ses.der import DerError, Node


def node(text: str) -> Node:
    return der.whole(bytes.fromhex(text))


@pytest.mark.parametrize(
    "text",
    ["", "30", "1f0100", "3080", "3085ff", "308500000000010000", "308201", "3081", "30817f", "30820080", "3003aa", "300201"],
)  # fmt: skip
def test_malformed_headers_are_refused(text: str) -> None:
    with pytest.raises(DerError):
        der.whole(bytes.fromhex(text))


def test_bytes_after_the_structure_are_named() -> None:
    with pytest.raises(DerError) as caught:
        node("050000")
    assert "E_ASN1_TRAILING_DATA" in str(caught.value.args)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("0400", Node.children),
        ("3000", Node.first),
        ("3000", lambda one: one.exactly(1)),
        ("0400", lambda one: one.expect(0x30)),
        ("0200", Node.integer),
        ("02020001", Node.integer),
        ("0202ff80", Node.integer),
        ("0400", Node.integer),
        ("0100", Node.boolean),
        ("010101", Node.boolean),
        ("0300", Node.bits),
        ("03020780", Node.bits),
        ("0300", Node.octets),
        ("0400", Node.text),
        ("0c01ff", Node.text),
        ("0600", Node.oid),
        ("06022a86", Node.oid),
        ("06032a8001", Node.oid),
        ("0400", Node.time),
        ("170d3236303233303030303030305a", Node.time),
    ],
)
def test_values_of_the_wrong_kind_or_form_are_refused(
    text: str, asked: Callable[[Node], object]
) -> None:
    with pytest.raises(DerError):
        asked(node(text))


@pytest.mark.parametrize(
    "text",
    ["", "20261124", "20261324000000Z", "20260230000000Z", "20261124250000Z", "20261124000000+9900", "20261124000000-2400", "00010101000000+2300", "99991231235959-2300", "２０２６1124000000Z", "20261124000000X"],
)  # fmt: skip
def test_times_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(DerError):
        der.parse_time(text.encode(), short=False)


@pytest.mark.parametrize(
    ("text", "short", "moment"),
    [
        ("20261124080000Z", False, datetime(2026, 11, 24, 8, tzinfo=UTC)),
        ("20261124080000", False, datetime(2026, 11, 24, 0, tzinfo=UTC)),
        ("20261124080000-0130", False, datetime(2026, 11, 24, 9, 30, tzinfo=UTC)),
        ("20261124080000.5Z", False, datetime(2026, 11, 24, 8, 0, 0, 500000, tzinfo=UTC)),
        ("491124080000Z", True, datetime(2049, 11, 24, 8, tzinfo=UTC)),
        ("501124080000Z", True, datetime(1950, 11, 24, 8, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_every_form_seen(text: str, short: bool, moment: datetime) -> None:
    assert der.parse_time(text.encode(), short=short) == moment


def test_nesting_has_an_end() -> None:
    data = b"\x30\x00"
    for _ in range(der.MAX_DEPTH + 1):
        data = b"\x30" + bytes([len(data)]) + data if len(data) < 128 else data
    with pytest.raises(DerError):
        der.check_depth(der.whole(data))
    der.check_depth(node("30023000"))


@given(st.binary(max_size=40))
def test_any_bytes_give_a_structure_that_is_them_or_the_one_error(data: bytes) -> None:
    try:
        assert der.whole(data).raw == data
    except DerError:
        return


def test_values_read_as_written() -> None:
    assert node("0202ff7f").integer() == -129
    assert node("0101ff").boolean()
    assert node("06082a811ccf5501822d").oid() == "1.2.156.10197.1.301"
    assert node("170d3236313132343038303030305a").time() == datetime(2026, 11, 24, 8, tzinfo=UTC)
    assert node("0302007f").bits() == b"\x7f"
    assert node("0c03e6b58b").text() == "测"
    assert node("30020500").exactly(1)[0] == node("30020500").first()
