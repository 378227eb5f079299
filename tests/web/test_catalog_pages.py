from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog.model import Edge
from catalog.ports import Use
from hub import charts
from hub.gate import REPORTS
from hub.wiring import Hub
from kernel.ids import VersionId
from tests.web.standin import StandinCatalog, sample_resource
from tests.web.test_door import assert_problem


@pytest.fixture
def catalog(empty_hub: Hub) -> Iterator[StandinCatalog]:
    """The hub with one resource of plain data in its catalogue."""
    real = empty_hub.catalog
    standin = StandinCatalog(sample_resource())
    empty_hub.__dict__["catalog"] = standin
    yield standin
    empty_hub.__dict__["catalog"] = real


def test_an_empty_hub_says_what_will_appear(visitor: Any) -> None:
    for path in ("/", "/resources"):
        assert "目录里还没有资源" in visitor.page(path).text
    assert "日志还是空的" in visitor.page("/log").text
    assert "还没有运行记录" in visitor.page("/progress").text
    assert "没有与“人口”相符的资源" in visitor.page("/search?q=人口").text
    assert "请输入要找的内容" in visitor.page("/search?q=%20").text


def test_a_resource_shows_columns_quality_lineage_versions_and_metadata(
    visitor: Any, catalog: StandinCatalog
) -> None:
    page = visitor.page("/resources/population").text
    for text in ("公民身份号码", "id_number", "97", "一行不少，一行不多", "身份号码校验码正确"):
        assert text in page
    for text in ("常住人口_01.csv", "与上一版比较", "信息资源代码", "307001/000001"):
        assert text in page
    assert page.count('scope="col"') > 20
    assert page.count("<caption>") == page.count("<table>")


def test_the_home_page_and_search_lead_to_the_resource(
    visitor: Any, catalog: StandinCatalog
) -> None:
    assert 'href="/resources/population"' in visitor.page("/").text
    assert 'href="/resources/population"' in visitor.page("/search?q=人口").text
    assert "1,980" in visitor.page("/").text


def test_two_versions_are_compared_by_counts(visitor: Any, catalog: StandinCatalog) -> None:
    page = visitor.page("/resources/population/diff?before=population-1&after=population-2").text
    assert "+12" in page
    assert "address" in page


def test_an_unknown_resource_is_not_found_with_a_next_step(visitor: Any) -> None:
    page = visitor.page("/resources/nowhere")
    assert page.status_code == 404
    assert "resource-unknown" in page.text
    assert assert_problem(visitor.get("/v1/resources/nowhere"))["code"] == "resource-unknown"


def test_the_quarantine_is_for_the_steward_and_pages_through(
    visitor: Any, catalog: StandinCatalog
) -> None:
    path = "/resources/population/quarantine"
    assert visitor.page(path).status_code == 401
    visitor.sign_in("clerk")
    assert visitor.page(path).status_code == 403
    visitor.sign_in("steward")
    page = visitor.page(path).text
    assert "4101************12" in page
    assert 'rel="next"' in page
    assert 'rel="prev"' not in page
    last = visitor.page(f"{path}?offset=50&rule=id-check").text
    assert 'rel="next"' not in last
    assert 'rel="prev"' in last
    assert '<option value="id-check" selected>' in last


@pytest.mark.parametrize("query", ["offset=-1", "offset=x", "offset=999999999999"])
def test_a_nonsense_page_number_is_refused(
    visitor: Any, catalog: StandinCatalog, query: str
) -> None:
    visitor.sign_in("steward")
    assert visitor.page(f"/resources/population/quarantine?{query}").status_code == 422


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><b>', "{{7*7}}", "%", "'", "\u202e"]
)
def test_what_a_visitor_types_is_shown_as_text(
    visitor: Any, catalog: StandinCatalog, text: str
) -> None:
    page = visitor.get("/search", params={"q": text}, headers={"accept": "text/html"}).text
    assert "<script" not in page
    assert '"><b>' not in page
    assert "49" not in page.split("<main")[1].split("</main>")[0]


def test_data_docs_are_given_to_the_steward_under_a_policy_of_their_own(
    visitor: Any, empty_hub: Hub, catalog: StandinCatalog
) -> None:
    folder: Path = empty_hub.settings.root / REPORTS / "population" / "batch-2"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text("<!doctype html><title>docs</title>", "utf-8")
    path = "/data-docs/population/batch-2/index.html"
    assert visitor.page(path).status_code == 401
    assert visitor.sign_in("clerk").page(path).status_code == 403
    visitor.sign_in("steward")
    assert f'href="{path}"' in visitor.page("/resources/population").text
    answer = visitor.page(path)
    assert "sandbox" in answer.headers["content-security-policy"]
    for evil in ("..%2f..%2f..%2fhub.db", "%2e%2e/%2e%2e/keys/data.key", "nothing.html"):
        assert visitor.page(f"/data-docs/population/batch-2/{evil}").status_code == 404


def test_the_interface_gives_what_the_pages_show(
    visitor: Any, catalog: StandinCatalog, bearer: Any
) -> None:
    entry = visitor.get("/v1/resources").json()[0]
    assert (entry["id"], entry["about"]["provider_code"]) == ("population", "11410100MB0TE0038G")
    assert visitor.get("/v1/resources/population").json() == entry
    versions = visitor.get("/v1/resources/population/versions").json()
    assert versions[0]["rows_in"] == versions[0]["published"] + versions[0]["quarantined"]
    assert visitor.get("/v1/search?q=人口").json()[0]["resource"] == "population"
    assert assert_problem(visitor.get("/v1/search"))["code"] == "request-malformed"
    denied = visitor.get("/v1/resources/population/quarantine", headers=bearer(visitor))
    assert assert_problem(denied)["code"] == "not-permitted"


def test_lineage_is_laid_out_from_file_to_certificate_field_without_overlap() -> None:
    edges = [
        Edge(VersionId("v"), f"file{file}", f"列{column}", f"c{column}")
        for file in range(2)
        for column in range(15)
    ]
    uses = [Use("c1", "marriage", "male_name", "结婚证 · 男方姓名")]
    drawn = charts.lineage(edges, uses, {"c1": "姓名"})
    assert [kind for _, kind in drawn.heads] == ["file", "title", "column", "field"]
    assert len(drawn.boxes) == 2 + 15 + 15 + 1
    assert len(drawn.curves) == 2 * 15 + 15 + 1
    taken = {(box.kind, round(box.y)) for box in drawn.boxes}
    assert len(taken) == len(drawn.boxes)
    assert all(box.y >= 0 and box.y + box.height <= drawn.height for box in drawn.boxes)
    assert charts.lineage([], [], {}).boxes == ()


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("户号", 100, "户号"),
        ("公民身份号码" * 4, 80, "公民身份号…"),
        ("", 10, ""),
        ("x" * 99, 50, "xxxxx…"),
    ],
)
def test_a_long_label_is_cut_to_its_box(text: str, width: float, shown: str) -> None:
    assert charts.cut(text, width) == shown
