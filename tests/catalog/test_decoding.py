"""Text is decoded in one piece around the lines that cannot be, and never across a line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from catalog.decoding import decode, to_utf8


def line_by_line(data: bytes, encoding: str) -> tuple[bytes, list[int]]:
    texts = [decode(line, encoding) for line in data.split(b"\n")]
    bad = [number for number, text in enumerate(texts) if text is None]
    return "\n".join(text or "" for text in texts).encode(), bad


@given(
    encoding=st.sampled_from(["utf-8", "gb18030"]),
    text=st.text(alphabet="测试甲a|\n𠮷0,", max_size=60),
    spoiled=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=5),
)
def test_the_same_lines_fail_as_when_each_is_decoded_alone(
    encoding: str, text: str, spoiled: list[tuple[int, int]]
) -> None:
    data = bytearray(text.encode(encoding))
    for place, value in spoiled:
        if data:
            data[place % len(data)] = value
    assert to_utf8(bytes(data), encoding) == line_by_line(bytes(data), encoding)
