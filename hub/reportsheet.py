"""A report on a verdict as PDF pages: the same values as in its JSON and HTML, set line by line.

Nothing here reads a clock or a locale: equal reports give equal bytes.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from certificates.faces.fitting import LEADING, wrap
from certificates.faces.marks import POINT, Glyphs
from certificates.faces.pdf import content, fontobjects, syntax, xmp
from certificates.fonts import Fonts
from hub.views import moment
from kernel.clock import BEIJING, from_iso
from signing.model import Placement

PLACEMENT: Final = Placement(0, 156.0, 10.0, 40.0, 40.0)
"""Where the seal goes: beside the title of the first page, whatever the report says."""
MOST_LINES: Final = 6000
"""Lines of a report; what is longer is told to be in the JSON alone."""
_WIDTH, _HEIGHT, _SIDE, _TOP, _BOTTOM = 210.0, 297.0, 18.0, 18.0, 20.0
_BESIDE: Final = 54.0
"""No line reaches under the seal above this height on the first page."""
_FONT: Final = "TongbanSong"
_UNSEEN: Final = "\u25a1"
_TITLES: Final = {"simple": "简要报告", "detailed": "详细报告", "diagnostic": "诊断报告"}
_OUTCOMES: Final[Mapping[str | None, str]] = {
    "TOTAL_PASSED": "通过",
    "TOTAL_FAILED": "不通过",
    "INDETERMINATE": "无法判定",
    None: "未盖章",
}
_SEVERITIES: Final = {"reject": "否决", "indeterminate": "存疑", "warn": "提示", "passed": "通过"}
_INK, _SOFT, _RED = "#14233a", "#46546a", "#a8231c"


@dataclass(frozen=True, slots=True)
class Line:
    """One paragraph before it is broken: size in points, indent and space above in millimetres."""

    text: str
    size: float = 10.0
    indent: float = 0.0
    above: float = 0.0
    colour: str = _INK
    weight: float = 0.0


def draw(body: Mapping[str, Any], fonts: Fonts, *, demo: bool) -> bytes:
    """Return the unsealed PDF of a report."""
    pages = list(_pages(fonts, [_plain(fonts, line) for line in _lines(body, demo=demo)]))
    numbered = [
        (*marks, _footer(fonts, body, number, len(pages))) for number, marks in enumerate(pages, 1)
    ]
    return _file(numbered, fonts, body)


def _lines(body: Mapping[str, Any], *, demo: bool) -> Iterator[Line]:
    file, told, result = body["file"], body["judged"], body["result"]
    yield Line("电子印章核验报告", 18, weight=0.3)
    yield Line(
        f"{_TITLES[body['report']]} · Verification report, {body['report']}", 9, colour=_SOFT
    )
    if demo:
        yield Line("演示环境：报告由演示密钥盖章，不具法律效力。DEMONSTRATION", 9, colour=_RED)
    yield Line(f"结论：{_OUTCOMES[result['indication']]}", 13, above=3, weight=0.3)
    yield Line(result["zh"], 11, above=1)
    yield Line(result["advice"], 10)
    yield Line(result["en"], 9, colour=_SOFT)
    yield from _facts(
        ("文件", file["name"] or "—"),
        ("格式", f"{file['format']}，{file['size']} 字节"),
        ("文件摘要 SHA-256", file["sha256"]),
        ("核验时刻", f"北京时间 {moment(told['at'])}"),
        ("核验策略", f"{told['policy_title']}（{told['policy']}）"),
        ("策略摘要", told["policy_sha256"]),
        ("证据摘要", told["evidence_sha256"]),
    )
    if result["indication"]:
        yield from _facts(
            ("EN 319 102-1", _joined(result["indication"], result["sub_indications"]))
        )
    yield from {"simple": _simple, "detailed": _detailed, "diagnostic": _diagnostic}[
        body["report"]
    ](body)


def _facts(*pairs: tuple[str, str]) -> Iterator[Line]:
    for place, (term, value) in enumerate(pairs):
        yield Line(f"{term}：{value}", 9.5, above=0 if place else 2)


def _joined(indication: str, subs: Sequence[str]) -> str:
    return " / ".join((indication, *subs))


def _simple(body: Mapping[str, Any]) -> Iterator[Line]:
    for item in body["reasons"]:
        yield Line(f"{_SEVERITIES[item['severity']]}：{item['zh']}", above=1)
    for number, signature in enumerate(body["signatures"], 1):
        yield Line(f"第 {number} 个签章", 12, above=4, weight=0.3)
        yield Line(signature["zh"])
        for item in signature["reasons"]:
            yield Line(f"{_SEVERITIES[item['severity']]}：{item['zh']}", indent=5)


def _detailed(body: Mapping[str, Any]) -> Iterator[Line]:
    yield Line("整个文件", 12, above=4, weight=0.3)
    yield from _checks(body["checks"])
    for number, item in enumerate(body["signatures"], 1):
        yield Line(f"第 {number} 个签章：{item['name']}", 12, above=4, weight=0.3)
        proven = "时间戳证明" if item["time_source"] == "timestamp" else "签章者声明"
        yield from _facts(
            ("结论", _joined(item["indication"], item["sub_indications"])),
            ("签章时间", f"{moment(item['time'])}（{proven}）"),
            ("印章编码", item["seal_id"] or "—"),
            ("签章证书", item["signer"] or "—"),
            ("颁发者", item["issuer"] or "—"),
            ("结构", f"{item['structure']} {item['level']}".strip()),
            *(
                (("吊销列表", f"{row['issuer']}，{moment(row['this_update'])}"))
                for row in item["revocation"]
            ),
        )
        yield from _checks(item["checks"])


def _checks(checks: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    for check in checks:
        clause = f"（{check['clause']}）" if check["clause"] else ""
        yield Line(
            f"{_SEVERITIES[check['state']]}  {check['zh']}{clause} {check['en']}", 9.5, above=1
        )
        for item in check["findings"]:
            where = f"（{item['path']}）" if item["path"] else ""
            yield Line(
                f"{_SEVERITIES[item['severity']]} {item['code']} {item['zh']}{where}", 9, indent=5
            )
            yield Line(f"{item['en']} {item['detail']}".strip(), 8, indent=5, colour=_SOFT)


def _diagnostic(body: Mapping[str, Any]) -> Iterator[Line]:
    for name, title in (("verdict", "结论 verdict"), ("evidence", "证据 evidence")):
        yield Line(title, 12, above=4, weight=0.3)
        text = json.dumps(body[name], ensure_ascii=False, indent=2)
        for row in text.split("\n"):
            plain = row.lstrip(" ")
            yield Line(plain, 7.5, indent=(len(row) - len(plain)) * 1.2)


def _plain(fonts: Fonts, line: Line) -> Line:
    """Return the line without characters that would rearrange a page or that no face has."""
    kept = (
        char if char.isprintable() or unicodedata.category(char) == "Zs" else _UNSEEN
        for char in line.text
    )
    text = "".join(kept)
    for char in fonts.missing(text):
        text = text.replace(char, _UNSEEN)
    return Line(text, line.size, line.indent, line.above, line.colour, line.weight)


def _pages(fonts: Fonts, lines: Iterable[Line]) -> Iterator[list[Glyphs]]:
    marks: list[Glyphs] = []
    y = _TOP
    for line, text, space in _broken(fonts, lines):
        leading = line.size * POINT * LEADING * 1.15
        if y + space + leading > _HEIGHT - _BOTTOM:
            yield marks
            marks, y = [], _TOP
        y += leading + (space if marks else 0.0)
        x = _SIDE + line.indent
        if text:
            marks.append(Glyphs(x, round(y, 3), line.size, text, 0.0, line.colour, line.weight))
    if marks:
        yield marks


def _broken(fonts: Fonts, lines: Iterable[Line]) -> Iterator[tuple[Line, str, float]]:
    """Yield printed lines, those beside the seal shorter, with the space above each."""
    height, count = _TOP, 0
    for line in lines:
        text, above = line.text, line.above
        leading = line.size * POINT * LEADING * 1.15
        height += above
        beside = height < _BESIDE
        room = _WIDTH - 2 * _SIDE - line.indent - (PLACEMENT.width_mm + 4 if beside else 0)
        for part in wrap(fonts, text, room / (line.size * POINT)) or [text]:
            count += 1
            if count > MOST_LINES:
                yield Line(""), "……其余内容见 JSON 报告 · the rest is in the JSON report", 3.0
                return
            height += leading
            yield line, part, above
            above = 0.0


def _footer(fonts: Fonts, body: Mapping[str, Any], number: int, of: int) -> Glyphs:
    text = f"第 {number} 页，共 {of} 页 · 文件 SHA-256 {body['file']['sha256'][:16] or '—'}"
    return Glyphs(_SIDE, _HEIGHT - 10, 8, _plain(fonts, Line(text)).text, 0.0, _SOFT)


def _file(pages: Sequence[Sequence[Glyphs]], fonts: Fonts, body: Mapping[str, Any]) -> bytes:
    font = fonts.embed({char for marks in pages for mark in marks for char in mark.text}, _FONT)
    title, at = "电子印章核验报告", from_iso(body["judged"]["at"]).astimezone(BEIJING)
    entries = {"CXBGLX": body["report"], "CXWJZY": body["file"]["sha256"]}
    font_at, page_at = 5, 5 + fontobjects.COUNT
    kids = b" ".join(b"%d 0 R" % (page_at + 2 * no) for no in range(len(pages)))
    size = b"%s %s" % tuple(syntax.number(v / POINT).encode() for v in (_WIDTH, _HEIGHT))
    objects = [
        (
            b"<</Type/Catalog/Pages 2 0 R/Metadata 3 0 R/Lang(zh-CN)"
            b"/ViewerPreferences<</DisplayDocTitle true>>>>"
        ),
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(pages), kids),
        syntax.stream(xmp.packet(title, "", at, entries), b"/Type/Metadata/Subtype/XML", level=0),
        b"<</Title %s/Creator(Tongban)/Producer(Tongban)/CreationDate %s>>"
        % (syntax.text_string(title), syntax.date_string(at)),
        *fontobjects.objects(font, font_at, once=True),
    ]
    for place, marks in enumerate(pages):
        objects += [
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %s]/Contents %d 0 R/Resources<<"
            b"/Font<</F1 %d 0 R>>>>>>" % (size, page_at + 2 * place + 1, page_at - 1),
            syntax.stream(content.write(marks, font, "F1", _HEIGHT), level=syntax.ONCE),
        ]
    built = syntax.body(objects, 1, len(syntax.HEADER))
    whole = syntax.HEADER + built.data
    name = hashlib.sha256(whole).hexdigest()[:32].upper().encode()
    trailer = {"Root": b"1 0 R", "Info": b"4 0 R", "ID": b"[<%s><%s>]" % (name, name)}
    return whole + syntax.ending(built.offsets, len(whole), trailer)
