"""电子证照标识: published vectors, versions, and every single-character error."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates import numbering
from kernel.errors import TongbanError

VECTORS = list(
    csv.DictReader((Path(__file__).parent / "identifier_vectors.csv").open("r", encoding="utf-8"))
)
TYPE, ISSUER = "11100000000013127D001", "11410100MB0TE5T287"
SERIALS = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=64)


@pytest.mark.parametrize("vector", VECTORS, ids=[row["note"] for row in VECTORS])
def test_published_identifiers_are_judged_as_expected(vector: dict[str, str]) -> None:
    assert numbering.check(vector["identifier"]) == vector["expected"]


@given(SERIALS, st.integers(1, 999))
def test_made_identifiers_pass_and_parse_back(serial: str, version: int) -> None:
    identifier = numbering.make(TYPE, ISSUER, serial, version)
    assert numbering.check(identifier) == "ok"
    parsed = numbering.parse(identifier)
    assert (parsed.type_code, parsed.issuer, parsed.serial, parsed.version) == (
        TYPE,
        ISSUER,
        serial,
        version,
    )
    assert str(parsed) == identifier


@given(SERIALS, st.data())
def test_one_wrong_character_never_passes_as_ok(serial: str, data: st.DataObject) -> None:
    identifier = numbering.make(TYPE, ISSUER, serial, 1)
    place = data.draw(st.integers(len(numbering.ROOT) + 1, len(identifier) - 1))
    other = data.draw(st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    changed = identifier[:place] + other + identifier[place + 1 :]
    if changed != identifier:
        assert numbering.check(changed) != "ok"


@given(st.text())
def test_any_text_is_judged_without_an_exception(text: str) -> None:
    assert numbering.check(text) in {"ok", "ok_variant_sd", "bad_check", "malformed"}


@pytest.mark.parametrize(
    ("type_code", "issuer", "serial", "version"),
    [
        ("SHORT", ISSUER, "1", 1),
        (TYPE, "340100", "1", 1),
        (TYPE, ISSUER, "", 1),
        (TYPE, ISSUER, "a1", 1),
        (TYPE, ISSUER, "1" * 65, 1),
        (TYPE, ISSUER, "1", 0),
        (TYPE, ISSUER, "1", 1000),
        (TYPE, ISSUER, "1\n", 1),
    ],
)
def test_malformed_parts_are_refused(
    type_code: str, issuer: str, serial: str, version: int
) -> None:
    with pytest.raises(TongbanError) as caught:
        numbering.make(type_code, issuer, serial, version)
    assert caught.value.code == "identifier-malformed"


def test_parsing_what_is_no_identifier_fails_by_name() -> None:
    with pytest.raises(TongbanError, match="identifier-malformed"):
        numbering.parse("1.2.156")


@pytest.mark.parametrize(
    ("code", "fine"),
    [
        ("91410100MA0TE5T16M", True),
        ("11410100MBTE5TA068", True),
        ("11100000000013338W", True),
        ("11100000MB03271699", True),
        ("11100000MB03271698", False),
        ("1110000000001333IW", False),
        ("1110000000001333", False),
        ("", False),
    ],
)
def test_credit_codes_are_judged_by_their_check_character(code: str, fine: bool) -> None:
    assert numbering.credit_code_ok(code) is fine
