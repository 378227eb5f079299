"""Canonical JSON: what has no canonical form is refused, the rest has exactly one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.canonical import canonical

VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(max_codepoint=127)), inner)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize("value", [0.5, 1.0, float("nan"), float("inf"), -0.0])
@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: [x], lambda x: {"a": {"b": [1, x]}}])
def test_floats_are_refused_at_any_depth(value: float, wrap: Any) -> None:
    with pytest.raises(TypeError, match="floats"):
        canonical(wrap(value))


@pytest.mark.parametrize("name", ["姓名", "é", "\U00020bb7", 1, None, True, b"a"])
def test_member_names_that_are_not_ascii_text_are_refused(name: Any) -> None:
    with pytest.raises(TypeError, match="member name"):
        canonical([{name: 1}])


@pytest.mark.parametrize(
    "value", [b"bytes", Decimal(1), datetime(2026, 1, 1, tzinfo=UTC), {1, 2}, object(), 1j]
)
def test_what_is_not_json_is_refused_by_its_type(value: Any) -> None:
    with pytest.raises(TypeError, match=f"not JSON: {type(value).__name__}"):
        canonical({"a": value})


def test_half_a_surrogate_pair_is_refused_as_it_has_no_bytes() -> None:
    with pytest.raises(UnicodeEncodeError):
        canonical("\ud842")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": None, "A": True, "": []}, '{"":[],"A":true,"a":null,"b":1}'),
        ((1, (2, "三")), '[1,[2,"三"]]'),
        ("\U00020bb7 \u007f \u2028", '"\U00020bb7 \u007f \u2028"'),
        ('\b\t\n\f\r"\\/\x00\x1f', '"\\b\\t\\n\\f\\r\\"\\\\/\\u0000\\u001f"'),
        (-(2**53) + 1, "-9007199254740991"),
    ],
)
def test_bytes_are_those_of_rfc_8785(value: Any, text: str) -> None:
    assert canonical(value) == text.encode("utf-8")


@given(VALUES)
def test_it_reads_back_and_writing_again_changes_nothing(value: Any) -> None:
    written = canonical(value)
    assert json.loads(written) == value
    assert canonical(json.loads(written)) == written
