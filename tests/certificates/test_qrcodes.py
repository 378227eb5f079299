"""Codes made from what was learnt are those that segno makes."""

from __future__ import annotations

import random
from typing import Any

import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st

from certificates.faces import qrcodes
from certificates.faces.qr import rows
from certificates.faces.qrcodes import Code, code
from kernel.errors import TongbanError

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def by_segno(text: str) -> Code:
    mode = "byte" if text.isascii() else None
    given: Any = text.encode() if text.isascii() else text
    made = segno.make(given, error="m", micro=False, boost_error=False, mask=3, mode=mode)
    rows = [list(row) for row in made.matrix]
    return Code(len(rows), int("".join(str(bit) for row in rows for bit in row), 2))


def serial(chance: random.Random) -> str:
    return "".join(chance.choice(ALPHABET) for _ in range(20))


def test_every_code_of_a_batch_is_segnos() -> None:
    chance = random.Random(20260305)
    for _ in range(150):
        text = f"https://hub.example/v/1.2.156.3005.2.X.{serial(chance)}.001.{serial(chance)[0]}"
        assert code(text) == by_segno(text)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.text(st.characters(min_codepoint=0, max_codepoint=127), min_size=17, max_size=17),
        min_size=2,
        max_size=8,
    )
)
def test_any_texts_of_one_length_in_any_order(texts: list[str]) -> None:
    for text in (*texts, *texts):
        assert code(text) == by_segno(text)


def test_no_text_waits_for_more_than_a_few_lessons(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    own = qrcodes._made
    monkeypatch.setattr(qrcodes, "_made", lambda *given: made.append(given) or own(*given))
    texts = ["a" * 61, "Z" * 61, *("Q" * place + "a" * (61 - place) for place in range(61))]
    for text in texts:
        made.clear()
        assert code(text) == by_segno(text)
        assert len(made) <= 7
    for _ in range(7):
        code("Z" * 7 + "a" * 54)
    made.clear()
    code("Z" * 7 + "a" * 54)
    assert not made, "what was learnt is used"


@pytest.mark.parametrize("text", ["测试" * 20, "é" * 10, "a"])
def test_other_texts_are_left_to_segno(text: str) -> None:
    assert code(text) == by_segno(text)


def test_a_text_too_long_for_any_code_is_refused() -> None:
    for text in ("x" * 3000, "测" * 3000):
        with pytest.raises(TongbanError, match="face-overflow"):
            code(text)


def test_runs_are_the_dark_modules_row_by_row() -> None:
    made = Code(4, 0b0110_1011_0000_1111)
    assert rows(made) == ((0x0102,), (0x0001, 0x0202), (), (0x0004,))
