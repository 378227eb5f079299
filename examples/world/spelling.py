"""Spellings that departments use and that standardising must put right: no row is lost by them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import polars as pl

from examples.world.places import Places
from quality import loading

_WIDE = {chr(48 + n): chr(0xFF10 + n) for n in range(10)} | {"X": "Ｘ"}
_SEXES = {"1": ("男", "男性"), "2": ("女", "女性")}


class Speller:
    """Rewrites the cells of a batch and counts what it did by kind of spelling."""

    def __init__(self, where: Places) -> None:
        """Take the names of nations and former division codes from the code tables."""
        tables, _ = loading.tables(None, synthetic=False)
        self._nations = {code: row.name for code, row in tables["nation"].rows.items()}
        self._former = where.former
        self.repaired: Counter[str] = Counter()

    def population(self, people: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
        """Return a population batch as the police system would write it."""
        count = people.height
        chance = [pl.Series(rng.random(count)) for _ in range(8)]
        return people.with_columns(
            self.date(people["birth_date"], rng),
            self._sex(people["sex"], chance[0]),
            self._named(people["nation"], chance[1], self._nations, "nation-by-name"),
            self.id_number(people["id_number"], rng),
            self._lower(people["guardian1_id"], chance[2]),
            self._lower(people["guardian2_id"], chance[3]),
            self.name(people["name"], chance[4]),
            self._change(
                people["division"],
                (chance[5] < 0.2) & people["division"].is_in(list(self._former)),
                "division-former-code",
                lambda rows: rows.replace(self._former),
            ),
            self._change(
                people["address"],
                chance[6] < 0.01,
                "address-full-width",
                lambda rows: rows.str.replace_many(_WIDE),
            ),
            self._named(people["relation"], chance[7], {"02": "户主"}, "relation-by-name"),
        )

    def date(self, days: pl.Series, rng: np.random.Generator) -> pl.Series:
        """Return dates in four spellings, a quarter each."""
        style = rng.integers(4, size=len(days))
        year, month, day = days.str.slice(0, 4), days.str.slice(5, 2), days.str.slice(8, 2)
        month, day = month.str.strip_chars_start("0"), day.str.strip_chars_start("0")
        forms = (
            ("date-slashes", year + "/" + month + "/" + day),
            ("date-solid", days.str.replace_all("-", "")),
            ("date-chinese", year + "年" + month + "月" + day + "日"),
        )
        found = days
        for number, (kind, written) in enumerate(forms, 1):
            chosen = pl.Series(style == number)
            self.repaired[kind] += int(chosen.sum())
            found = written.zip_with(chosen, found)
        return found.alias(days.name)

    def id_number(self, ids: pl.Series, rng: np.random.Generator) -> pl.Series:
        """Return ids partly with lower-case x, in 15 digits or in full-width digits."""
        chance = pl.Series(rng.random(len(ids)))
        found = self._lower(ids, pl.Series(rng.random(len(ids))))
        old = (chance < 0.02) & (ids.str.slice(6, 4) < "1999")
        found = self._change(
            found, old, "id-15-digits", lambda rows: rows.str.slice(0, 6) + rows.str.slice(8, 9)
        )
        return self._change(
            found, chance > 0.99, "id-full-width", lambda rows: rows.str.replace_many(_WIDE)
        )

    def name(self, names: pl.Series, chance: pl.Series) -> pl.Series:
        """Return names partly padded with ideographic spaces (U+3000)."""
        found = self._change(names, chance < 0.01, "name-u3000", lambda rows: rows + "\u3000")
        return self._change(found, chance > 0.995, "name-u3000", lambda rows: "\u3000" + rows)

    def _lower(self, ids: pl.Series, chance: pl.Series) -> pl.Series:
        chosen = (chance < 0.5) & ids.str.ends_with("X")
        return self._change(ids, chosen, "id-lower-x", lambda rows: rows.str.to_lowercase())

    def _sex(self, codes: pl.Series, chance: pl.Series) -> pl.Series:
        short = {code: names[0] for code, names in _SEXES.items()}
        long = {code: names[1] for code, names in _SEXES.items()}
        found = self._change(codes, chance > 0.7, "sex-by-name", lambda rows: rows.replace(short))
        return self._change(found, chance > 0.95, "", lambda _: codes.replace(long))

    def _named(
        self, codes: pl.Series, chance: pl.Series, table: Mapping[str, str], kind: str
    ) -> pl.Series:
        chosen = (chance < 0.1) & codes.is_in(list(table))
        return self._change(codes, chosen, kind, lambda rows: rows.replace(dict(table)))

    def _change(self, cells: pl.Series, chosen: pl.Series, kind: str, change: object) -> pl.Series:
        chosen = chosen.fill_null(value=False)
        if kind:
            self.repaired[kind] += int(chosen.sum())
        changed = change(cells) if callable(change) else cells
        return changed.zip_with(chosen, cells).alias(cells.name)
