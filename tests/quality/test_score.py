from __future__ import annotations

import pytest

from quality.masking import mask
from quality.model import Dimension, Mask, RuleCount, Severity
from quality.score import Scores, score


def count(dimension: Dimension, bad: int, rows: int = 1000) -> RuleCount:
    return RuleCount("r", "c", "t", rows, bad, 0.1, Severity.ERROR, dimension)


def test_a_dimension_is_the_share_of_rows_without_a_finding() -> None:
    counts = [
        count(Dimension.COMPLETENESS, 10),
        count(Dimension.VALIDITY, 100),
        count(Dimension.VALIDITY, 50),
        count(Dimension.CONSISTENCY, 0),
    ]
    found = score(counts, rows=1000, unreadable=50)
    assert found == Scores(99, 80, 100, 100, 100)
    assert found.total == 95


def test_one_bad_row_among_many_is_not_a_hundred() -> None:
    assert score([count(Dimension.UNIQUENESS, 1)], rows=1_000_000).uniqueness == 99


def test_nothing_delivered_scores_nothing() -> None:
    assert score([], rows=0).validity == 0


@pytest.mark.parametrize(("age", "points"), [(0, 100), (2, 100), (3, 50), (4, 0), (400, 0)])
def test_timeliness_falls_after_the_promised_rhythm(age: int, points: int) -> None:
    assert score([], rows=1, age_days=age, fresh_days=2).timeliness == points


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        ("410199199001010011", Mask.ID, "41" + "＊" * 15 + "1"),
        ("123", Mask.ID, "＊＊＊"),
        ("测试甲", Mask.NAME, "测＊＊"),
        ("测", Mask.NAME, "＊"),
        ("郑州市金水区示例路1号", Mask.ADDRESS, "郑州市金水区" + "＊" * 5),
        ("郑州市", Mask.ADDRESS, "＊＊＊"),
        ("01", Mask.NONE, "01"),
        ("", Mask.ID, ""),
    ],
)
def test_personal_values_are_covered(value: str, kind: Mask, shown: str) -> None:
    assert mask(value, kind) == shown
