"""Names that nobody bears. Every character is in the serif face that certificates are set in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

FAMILIES = ("测试", "示例", "样本", "虚构", "演示")
MALE = (
    "伟", "强", "磊", "军", "勇", "杰", "涛", "明", "超", "刚", "建国", "建军", "志强", "子轩",
    "浩然", "宇航", "俊杰", "文博", "家豪", "思远", "一鸣", "天佑", "喆", "昇", "镕",
)  # fmt: skip
FEMALE = (
    "芳", "娜", "敏", "静", "丽", "艳", "娟", "霞", "燕", "玲", "秀英", "桂兰", "玉珍", "雨桐",
    "诗涵", "欣怡", "梓萱", "佳怡", "思琪", "语嫣", "婉清", "若曦", "婧", "珺", "妍",
)  # fmt: skip
RARE = ("𠮷", "𬬭", "𬭚", "𬴊", "𫍯", "𬶋", "𫖯", "𬘭", "𬭎")
"""Characters of plane 2: U+20BB7, which people bear though it is in no standard list, and some of
extensions C and E from the 8,105 通用规范汉字."""
PARTED = ("艾力", "买买提", "古丽", "阿依", "吐尔逊", "努尔")
"""Given names after a separator dot, for the households of nation 05."""
_RARE_SHARE = 0.004

Texts = npt.NDArray[np.object_]
Ints = npt.NDArray[np.int64]


def given(rng: np.random.Generator, male: npt.NDArray[np.bool_]) -> Texts:
    """Return a given name per person; a few end in a character of plane 2."""
    count = len(male)
    boys = np.array(MALE, dtype=object)[rng.integers(len(MALE), size=count)]
    girls = np.array(FEMALE, dtype=object)[rng.integers(len(FEMALE), size=count)]
    names: Texts = np.where(male, boys, girls)
    rare = np.flatnonzero(rng.random(count) < _RARE_SHARE)
    names[rare] = np.array(RARE, dtype=object)[rng.integers(len(RARE), size=len(rare))]
    return names


def full(rng: np.random.Generator, family: Ints, names: Texts, nation: Texts) -> Texts:
    """Return whole names: family and given name, with a dot for nation 05."""
    families = np.array(FAMILIES, dtype=object)[family]
    found: Texts = families + names
    dotted = np.flatnonzero(nation == "05")
    parts = np.array(PARTED, dtype=object)[rng.integers(len(PARTED), size=len(dotted))]
    found[dotted] = families[dotted] + "·" + parts
    return found


def column(texts: Texts) -> pl.Series:
    """Return an array of texts and None as a column."""
    return pl.Series(texts.tolist(), dtype=pl.String)
