from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import figures, words
from catalog.model import Cycle, Score
from kernel.actors import Actor, ActorKind, Reach
from kernel.clock import FixedClock
from kernel.errors import Refused, TongbanError
from kernel.ids import ResourceId
from quality.model import Dimension, RuleCount, Severity
from tests.catalog.rig import HEAD, ORG, Rig, rows


@pytest.fixture
def ready(rig: Rig) -> Rig:
    rig.deliver(HEAD + rows(0, 99) + "x|测试丙|9号\n")
    rig.ingest.run(rig.actor, "roll-source")
    return rig


def names(rig: Rig, asked: str) -> list[str]:
    hits = rig.catalog.search(rig.actor, asked)
    assert not isinstance(hits, Refused)
    return [hit.name for hit in hits]


@pytest.mark.parametrize(
    "asked",
    ["名册", "人口测试名册", "居民", "花名册", "公安局", "rkcsmc", "RKCS", "hmc", "册", "307001", "code", "编号 名册", "姓名"],
)  # fmt: skip
def test_an_entry_is_found(ready: Rig, asked: str) -> None:
    assert names(ready, asked) == ["人口测试名册"]


@pytest.mark.parametrize(
    "asked", ["册名", "医保", "名册 医保", "编 号码", '"', "* OR", "NEAR(", "!!", "'"]
)
def test_nothing_is_found_for_other_words_and_signs(ready: Rig, asked: str) -> None:
    assert names(ready, asked) == []


def test_an_empty_search_is_told(ready: Rig) -> None:
    with pytest.raises(TongbanError) as caught:
        ready.catalog.search(ready.actor, "　")
    assert caught.value.code == "search-empty"


def test_a_title_counts_more_than_a_mention(ready: Rig) -> None:
    other = replace(
        ready.source,
        name="other",
        resource=ResourceId("other"),
        about=replace(
            ready.source.about, name="婚姻登记", code="307001/000002", abstract="与人口测试名册核对"
        ),
    )
    ingest = replace(ready.ingest, sources={"other": other})
    folder = ready.home / "inbox" / "other"
    folder.mkdir()
    (folder / "a.csv").write_text(HEAD + rows(0, 5), "utf-8")
    ingest.run(ready.actor, "other")
    assert names(ready, "名册") == ["人口测试名册", "婚姻登记"]


@given(st.text(max_size=60))
def test_any_text_can_be_cut_into_words(text: str) -> None:
    for word in words.pairs(text):
        assert word
        assert not word.isspace()
        assert word.isascii() or len(word) <= 2


def test_words_are_overlapping_pairs_and_latin_runs() -> None:
    assert words.pairs("教育局 ＩＤ_1") == ["教育", "育局", "id_1"]
    assert words.pairs("𠮷") == ["𠮷"]


def test_two_words_of_one_group_find_each_other() -> None:
    assert "公民身份号码" in words.synonyms("身份证号")
    assert words.synonyms("没有") == ("没有",)


def test_sensitive_values_are_masked_and_open_ones_counted(ready: Rig) -> None:
    profile = ready.catalog.profile(ready.actor, "roll-1")
    assert not isinstance(profile, Refused)
    columns = {column.column: column for column in profile}
    assert columns["name"].shown == ()
    assert columns["sex"].shown == (("1", 99),)
    assert columns["code"].distinct == columns["code"].filled == 99


def test_a_quarantined_name_is_masked_and_a_line_told_by_its_size(ready: Rig) -> None:
    ready.deliver(HEAD + rows(0, 99) + "k1|秘密\ue000名|男\nkk\n", encoding="utf-8")
    ready.ingest.run(ready.actor, "roll-source")
    page = ready.catalog.quarantine(ready.actor, "roll-2")
    assert not isinstance(page, Refused)
    assert [(item.rule, item.value) for item in page.rows] == [
        ("name-format", "秘＊＊＊"),
        ("field-count", "2 bytes"),
    ]


def test_an_agency_of_another_organisation_sees_only_its_own(ready: Rig) -> None:
    rights = {"catalog.read": Reach.ORG, "catalog.quarantine": Reach.ORG}
    own = Actor("a", ActorKind.STAFF, org=ORG, rights=rights)
    other = replace(own, org="11410100MB0TE002XG")
    assert len(ready.catalog.resources(own)) == 1  # type: ignore[arg-type]
    assert ready.catalog.resources(other) == ()
    assert ready.catalog.search(other, "名册") == ()
    assert isinstance(ready.catalog.resource(other, "roll"), Refused)
    assert isinstance(ready.catalog.quarantine(other, "roll-1"), Refused)


def test_the_quarantine_is_paged_and_filtered(ready: Rig) -> None:
    ready.deliver(HEAD + rows(0, 99) + "".join(f"k{n}|测试|9号\n" for n in range(30)) + "坏\n")
    ready.ingest.run(ready.actor, "roll-source")
    first = ready.catalog.quarantine(ready.actor, "roll-2", limit=20)
    last = ready.catalog.quarantine(ready.actor, "roll-2", offset=20, limit=20)
    one = ready.catalog.quarantine(ready.actor, "roll-2", rule="field-count")
    assert not isinstance(first, Refused)
    assert not isinstance(last, Refused)
    assert not isinstance(one, Refused)
    assert (first.total, len(first.rows), len(last.rows)) == (31, 20, 11)
    assert first.by_rule == {"code-unknown": 30, "field-count": 1}
    assert (one.total, one.rows[0].value) == (1, "3 bytes")


def test_unknown_names_are_told(ready: Rig) -> None:
    catalog, actor = ready.catalog, ready.actor
    for call, code in (
        (lambda: catalog.resource(actor, "no"), "resource-unknown"),
        (lambda: catalog.profile(actor, "no-1"), "version-unknown"),
        (lambda: catalog.quarantine(actor, "no-1"), "version-unknown"),
        (lambda: catalog.diff(actor, "no-1", "roll-1"), "version-unknown"),
        (lambda: catalog.lookup("roll", "no", ["1"]), "column-unknown"),
    ):
        with pytest.raises(TongbanError) as caught:
            call()
        assert caught.value.code == code
    assert catalog.lookup("no", "code", ["1"]) == []
    assert list(catalog.scan("no")) == []
    assert catalog.rows.record("roll-1", "9:9") is None


def test_lineage_goes_from_a_title_to_a_standard_column(ready: Rig) -> None:
    lineage = ready.catalog.lineage(ready.actor, "roll-1")
    assert not isinstance(lineage, Refused)
    assert {
        (edge.source_file, edge.source_column, edge.column, edge.element) for edge in lineage.edges
    } == {
        ("a.csv", "编号", "code", "text"),
        ("a.csv", "姓名", "name", "person_name"),
        ("a.csv", "性别", "sex", "sex"),
    }


def test_freshness_falls_when_the_promised_cycle_passes(ready: Rig, clock: FixedClock) -> None:
    fresh = ready.catalog.score(ready.actor, "roll")
    clock.advance(days=2)
    stale = ready.catalog.score(ready.actor, "roll")
    assert isinstance(fresh, Score)
    assert isinstance(stale, Score)
    assert (fresh.timeliness, stale.timeliness) == (100, 50)
    assert stale.total < fresh.total
    assert figures.timeliness(Cycle.YEARLY, "2026-01-01T00:00:00.000Z", clock.now()) == 100


def test_a_score_of_100_means_that_nothing_was_found() -> None:
    def total(bad: int) -> RuleCount:
        return RuleCount("r", "c", "", 1_000_000, bad, 1.0, Severity.ERROR, Dimension.VALIDITY)

    assert figures.score([total(0)]).validity == 100
    assert figures.score([total(1)]).validity == 99
    assert figures.score([]).total == 100
