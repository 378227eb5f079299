"""Which encoding a file has, and lines of bytes to lines of text without losing one.

GB 18030 keeps 0x0A and 0x22 out of its trail bytes, so cutting raw bytes at newlines is safe; the
separator ``|`` can be a trail byte, so fields are found after decoding only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from catalog.errors import Code
from kernel.errors import TongbanError

UTF8 = "utf-8"
GB18030 = "gb18030"
BOM = b"\xef\xbb\xbf"
_OTHER_BOMS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_EDGE = 1024 * 1024
_INNER = 64 * 1024
_SAMPLES = 16


def detect(path: Path, name: str, declared: str = "auto") -> str:
    """Return ``utf-8`` or ``gb18030``, judged on head, tail and 16 stretches between.

    The encoding in which fewer sampled lines fail wins, because a broken line must not decide.
    Raises TongbanError ``encoding-unknown`` for other byte order marks, for binary files and when
    more than one line in twenty fails in either.
    """
    with path.open("rb") as file:
        head = file.read(4)
    for mark, title in _OTHER_BOMS.items():
        if head.startswith(mark):
            raise TongbanError(Code.ENCODING_UNKNOWN, file=name, found=title)
    if head.startswith(BOM):
        return UTF8
    candidates = (UTF8, GB18030) if declared == "auto" else (declared,)
    bad = dict.fromkeys(candidates, 0)
    lines = 0
    for sample in _samples(path):
        if b"\x00" in sample:
            raise TongbanError(Code.ENCODING_UNKNOWN, file=name, found="binary")
        lines += sample.count(b"\n") + (not sample.endswith(b"\n"))
        for encoding in candidates:
            bad[encoding] += _failing(sample, encoding)
    best = min(candidates, key=lambda encoding: bad[encoding])
    if bad[best] > max(1, lines // 20) or (lines and bad[best] >= lines):
        raise TongbanError(Code.ENCODING_UNKNOWN, file=name, found="?")
    return best


def _samples(path: Path) -> Iterator[bytes]:
    """Yield stretches of whole lines; small files come whole."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= 2 * _EDGE + _SAMPLES * _INNER:
            yield file.read()
            return
        yield _whole_lines(file.read(_EDGE), first=True)
        step = (size - 2 * _EDGE) // _SAMPLES
        for number in range(_SAMPLES):
            file.seek(_EDGE + number * step)
            yield _whole_lines(file.read(_INNER), first=False)
        file.seek(-_EDGE, os.SEEK_END)
        yield _whole_lines(file.read(), first=False, last=True)


def _whole_lines(data: bytes, *, first: bool, last: bool = False) -> bytes:
    begin = 0 if first else data.find(b"\n") + 1
    end = len(data) if last else data.rfind(b"\n") + 1
    return data[begin:end]


def _failing(sample: bytes, encoding: str) -> int:
    return len(to_utf8(sample, encoding)[1])


def decode(line: bytes, encoding: str) -> str | None:
    """Return the text, or None where a byte does not belong to the encoding."""
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        return None


def to_utf8(data: bytes, encoding: str) -> tuple[bytes, list[int]]:
    """Return ``data`` in UTF-8 and the numbers (from 0) of lines that cannot be decoded.

    Such a line is left empty in the result, so that the other lines keep their numbers.
    """
    good: list[str] = []
    bad: list[int] = []
    begin = line = 0
    while True:
        try:
            text = data[begin:].decode(encoding)
        except UnicodeDecodeError as error:
            # No encoding read here has a newline inside a character, so that the fault lies in
            # one line and what comes before and after it can be decoded in one piece.
            fault = begin + error.start
            start = data.rfind(b"\n", begin, fault) + 1 or begin
            good.append(data[begin:start].decode(encoding))
            line += data.count(b"\n", begin, start)
            bad.append(line)
            end = data.find(b"\n", fault)
            begin = end if end >= 0 else len(data)
        else:
            break
    if not bad and encoding == UTF8:
        return data, []
    return "".join((*good, text)).encode(UTF8), bad
