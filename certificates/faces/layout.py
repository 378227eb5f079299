"""Layout: a face and its values become sheets of marks, the same for every file format."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from certificates.face import Align, Box, Guilloche, Item, Line, Qr, Rosette, Table, Text
from certificates.faces import ornament, qr, watermark
from certificates.faces.fitting import Slot, fit
from certificates.faces.marks import Glyphs, Mark, Sheet
from certificates.faces.wording import check_names, fixed_words, table_rows, words
from certificates.fonts import Fonts
from certificates.model import CertificateType, FaceValues
from kernel.errors import TongbanError

_PAD = 1.0
"""Space between a cell's text and its rules, in millimetres."""

_NOTHING_BELOW = "以下空白"

_RECENT = 16
"""Certificates whose pages are kept."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A type's face with all that does not vary already set.

    ``first`` and ``continuation`` are the backgrounds; ``sheets`` lays out one certificate.
    """

    kind: CertificateType
    fonts: Fonts
    first: tuple[Mark, ...]
    continuation: tuple[Mark, ...]
    _recent: dict[int, tuple[FaceValues, tuple[Sheet, ...]]] = field(
        default_factory=dict, compare=False, repr=False
    )

    @classmethod
    def of(cls, kind: CertificateType, fonts: Fonts) -> Layout:
        """Set the backgrounds; raises TongbanError ``glyph-missing`` or ``face-overflow``."""
        face = kind.face
        return cls(
            kind=kind,
            fonts=fonts,
            first=_background(kind, fonts, face.items),
            continuation=_background(kind, fonts, face.continuation),
        )

    def sheets(self, values: FaceValues) -> tuple[Sheet, ...]:
        """Return the pages of one certificate; raises as ``Template.fill`` does.

        The last ones are kept, because a certificate is drawn in several formats one after the
        other and read back against its layout.
        """
        held = self._recent.get(id(values))
        if held is not None and held[0] is values:
            return held[1]
        made = self._sheets(values)
        if len(self._recent) >= _RECENT:
            self._recent.clear()
        self._recent[id(values)] = (values, made)
        return made

    def _sheets(self, values: FaceValues) -> tuple[Sheet, ...]:
        check_names(self.kind, values)
        rows = {spec.name: table_rows(self.kind, spec, values) for spec in self.kind.tables}
        shown = words(self.kind, values)
        shown |= {f"{name}_count": str(len(held)) for name, held in rows.items()}
        count = self._pages(rows)
        shown["pages"] = str(count)
        sheets = []
        for number in range(count):
            shown["page"] = str(number + 1)
            marks = self._marks(number, shown, rows, values)
            sheets.append(Sheet("continuation" if number else "first", marks))
        return tuple(sheets)

    def _marks(
        self,
        number: int,
        shown: Mapping[str, str],
        rows: Mapping[str, Sequence[Mapping[str, str]]],
        values: FaceValues,
    ) -> tuple[Mark, ...]:
        marks: list[Mark] = []
        for item in self.kind.face.continuation if number else self.kind.face.items:
            if isinstance(item, Text) and not _is_fixed(item):
                marks += set_text(self.kind, self.fonts, item, shown)
            elif isinstance(item, Qr):
                marks.append(qr.draw(values.qr, item))
            elif isinstance(item, Table):
                start, stop = self._slice(item.name, number)
                marks += self._cells(item, rows.get(item.name, ())[start:stop], more=start > 0)
        if values.annotation:
            marks += watermark.draw(self.kind.face, self.fonts, values.annotation)
        return tuple(marks)

    def _cells(
        self, table: Table, rows: Sequence[Mapping[str, str]], *, more: bool
    ) -> list[Glyphs]:
        marks: list[Glyphs] = []
        middle = table.y + (table.head_height or table.row_height) + table.row_height / 2
        for row in rows:
            left = table.x
            for column in table.columns:
                slot = _cell(
                    *(left, middle, column.width, column.align),
                    *(table.size, table.least, table.lines, table.colour),
                )
                found = fit(self.fonts, row[column.name], slot) if row[column.name] else ()
                if found is None:
                    raise TongbanError(
                        "face-overflow", type=self.kind.title, field=f"{table.name}.{column.name}"
                    )
                marks += found
                left += column.width
            middle += table.row_height
        if len(rows) < table.rows and (rows or not more):
            marks += self._nothing_below(table, middle)
        return marks

    def _nothing_below(self, table: Table, middle: float) -> tuple[Glyphs, ...]:
        wide = table.columns[0].width - 2 * _PAD
        slot = Slot(table.x + _PAD, middle, wide, table.size, 4, 1, "center", table.rule)
        return fit(self.fonts, _NOTHING_BELOW, slot) or ()

    def _slice(self, name: str, number: int) -> tuple[int, int]:
        first = _capacity(self.kind.face.items, name)
        further = _capacity(self.kind.face.continuation, name)
        if number == 0:
            return 0, first
        return first + further * (number - 1), first + further * number

    def _pages(self, rows: Mapping[str, Sequence[Mapping[str, str]]]) -> int:
        """Return how many pages the longest table needs; raises ``face-overflow``."""
        pages = 1
        for name, held in rows.items():
            left = len(held) - _capacity(self.kind.face.items, name)
            further = _capacity(self.kind.face.continuation, name)
            if left > 0 and not further:
                raise TongbanError("face-overflow", type=self.kind.title, field=name)
            pages = max(pages, 1 + -(-left // further) if left > 0 else 1)
        return pages


def set_text(
    kind: CertificateType, fonts: Fonts, item: Text, shown: Mapping[str, str]
) -> tuple[Glyphs, ...]:
    """Set a text item with its parts filled; raises TongbanError ``face-overflow``."""
    text = item.text.format_map(shown)
    if not text:
        return ()
    found = fit(fonts, text, _place(item))
    if found is None:
        raise TongbanError("face-overflow", type=kind.title, field=item.text)
    return found


@lru_cache(maxsize=1024)
def _place(item: Text) -> Slot:
    return Slot(
        x=item.x,
        y=item.y,
        width=item.width,
        size=item.size,
        least=item.least,
        lines=item.lines,
        align=item.align,
        colour=item.colour,
        spacing=item.spacing,
        weight=item.weight,
    )


@lru_cache(maxsize=4096)
def _cell(  # noqa: PLR0917 - plain values, as a key of the cache
    left: float,
    middle: float,
    width: float,
    align: Align,
    size: float,
    least: float,
    lines: int,
    colour: str,
) -> Slot:
    return Slot(left + _PAD, middle, width - 2 * _PAD, size, least, lines, align, colour)


@lru_cache(maxsize=1024)
def _is_fixed(item: Text) -> bool:
    return _parts(item) <= {"title", "demonstration"}


def _parts(item: Text) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(item.text) if name}


def _capacity(items: tuple[Item, ...], name: str) -> int:
    return sum(item.rows for item in items if isinstance(item, Table) and item.name == name)


def _background(kind: CertificateType, fonts: Fonts, items: tuple[Item, ...]) -> tuple[Mark, ...]:
    marks: list[Mark] = []
    for item in items:
        match item:
            case Text() if _is_fixed(item):
                marks += set_text(kind, fonts, item, fixed_words(kind))
            case Line():
                marks.append(ornament.line(item))
            case Box():
                marks.append(ornament.box(item))
            case Guilloche():
                marks.append(ornament.guilloche(item))
            case Rosette():
                marks.append(ornament.rosette(item))
            case Qr():
                marks.append(qr.ground(item))
            case Table():
                marks += _grid(kind, fonts, item)
            case _:
                pass
    return tuple(marks)


def _grid(kind: CertificateType, fonts: Fonts, table: Table) -> list[Mark]:
    """Return the rules and the heading of a table."""
    width = sum(column.width for column in table.columns)
    head = table.head_height or table.row_height
    bottom = table.y + head + table.row_height * table.rows
    marks: list[Mark] = [
        ornament.box(Box(table.x, table.y, width, head, table.rule, 0.2, table.head_fill)),
        ornament.box(Box(table.x, table.y, width, bottom - table.y, table.rule, 0.35)),
    ]
    for row in range(1, table.rows):
        y = table.y + head + table.row_height * row
        marks.append(ornament.line(Line(table.x, y, table.x + width, y, table.rule, 0.12)))
    left = table.x
    for place, column in enumerate(table.columns):
        if place:
            marks.append(ornament.line(Line(left, table.y, left, bottom, table.rule, 0.12)))
        title = Text(
            x=left + _PAD,
            y=table.y + head / 2,
            width=column.width - 2 * _PAD,
            text=column.title,
            size=table.size,
            align="center",
            colour=table.colour,
        )
        marks += set_text(kind, fonts, title, {})
        left += column.width
    return marks
