"""What an agency and an auditor see of the exchange."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from hub.app import build_app
from tests.certificates.doubles import FATHER, MOTHER
from tests.exchange.conftest import ASKER, HOME, Border, free_port, write_peer
from tests.web.conftest import HTML, Visitor

PLACE = "school-enrolment/household-register"


@pytest.fixture
def visitor(border: Border) -> Iterator[Any]:
    with Visitor(build_app(border.asker), base_url=border.asker.settings.address) as found:
        yield found


@pytest.fixture
def agency(visitor: Any) -> Any:
    return visitor.sign_in("agency")


def ask(agency: Any, **changes: Any) -> Any:
    page = agency.page(f"/use?for={PLACE}").text
    once = re.search(r'name="once" value="([^"]+)"', page)
    assert once, page
    form = {
        "place": PLACE,
        "once": once[1],
        "case_no": "RX-2026-7",
        "purpose": "school-eligibility",
        "basis": "compulsory-education-12",
        "holder": FATHER,
        "fields": ["address"],
        "formats": ["data"],
        "region": HOME,
    }
    return agency.submit("/use", {**form, **changes})


def test_the_form_offers_the_regions_and_says_which_cannot_be_asked(
    border: Border, agency: Any
) -> None:
    page = agency.page(f"/use?for={PLACE}").text
    assert f'<option value="{HOME}">示例市 {HOME}</option>' in page
    assert f"本地区 {ASKER}" in page
    write_peer(border.asker, border.home, cut_from="2026-01-01T00:00:00+08:00")
    page = agency.page(f"/use?for={PLACE}").text
    assert f'<option value="{HOME}" disabled>示例市 {HOME}（已切断互认）</option>' in page
    write_peer(border.asker, border.home, per_minute="0")
    assert HOME not in agency.page(f"/use?for={PLACE}").text


def test_the_answer_shows_the_receipts_of_both_logs(border: Border, agency: Any) -> None:
    answer = ask(agency)
    assert answer.status_code == 200, answer.text
    assert "示例市测试路1号" in answer.text
    assert "日志回执" in answer.text
    assert "对方日志回执" in answer.text
    leaf = border.events(border.asker, "exchange-served")[-1]["peer_leaf"]
    assert leaf in answer.text.replace("&#43;", "+")
    assert leaf in border.leaves(border.home)


def test_a_copy_of_another_region_is_handed_out_once(agency: Any) -> None:
    page = ask(agency, formats=["data", "pdf"]).text
    ticket = re.search(r'name="ticket" value="([^"]+)"', page)
    assert ticket, page
    first = agency.submit("/use/copy", {"ticket": ticket[1]})
    assert (first.status_code, first.content[:4]) == (200, b"%PDF")
    assert agency.submit("/use/copy", {"ticket": ticket[1]}).status_code >= 400


def test_a_refusal_says_whose_it_is_and_keeps_the_form(border: Border, agency: Any) -> None:
    answer = ask(agency, holder=MOTHER)
    assert answer.status_code == 404
    assert f"由示例市 {HOME} 的节点答复，两地日志都有记录" in answer.text
    assert "可直接再次提交本页" not in answer.text
    assert f'value="{MOTHER}"' in answer.text
    assert f'<option value="{HOME}" selected>' in answer.text
    write_peer(border.asker, border.home, address=f'"http://127.0.0.1:{free_port()}"')
    answer = ask(agency)
    assert answer.status_code == 503
    assert "连接不上" in answer.text
    assert f"没有从示例市 {HOME} 的节点得到可用的答复" in answer.text
    unknown = ask(agency, region="410500")
    assert "请求没有发往外地" in unknown.text


def test_the_form_sent_again_after_a_lost_answer_is_the_same_question(
    border: Border, agency: Any
) -> None:
    before = len(border.events(border.home, "request-served"))
    border.proxy.behave(lambda answer: [(0.0, answer[:200])])
    lost = ask(agency)
    assert lost.status_code == 502
    assert "可直接再次提交本页，不会重复用证" in lost.text
    once = re.search(r'name="once" value="([^"]+)"', lost.text)
    assert once
    border.proxy.behave()
    again = ask(agency, once=once[1])
    assert again.status_code == 200
    assert "没有再次用证" in again.text
    assert len(border.events(border.home, "request-served")) == before + 1


def test_a_full_rate_says_when_to_try_again(border: Border, agency: Any) -> None:
    border.clocks[HOME].offset += border.clocks[HOME].offset.__class__(seconds=150)
    write_peer(border.home, border.asker, per_minute="1")
    ask(agency)
    answer = ask(agency)
    assert answer.status_code == 429
    assert re.search(r"[0-9]+ 秒后用同一幂等键重试", answer.text)


def test_an_auditor_sees_the_peers_leaf_and_matches_the_logs(border: Border, visitor: Any) -> None:
    from kernel.actors import system

    border.fetch()
    border.sequence()
    auditor = visitor.sign_in("auditor")
    leaf = border.events(border.asker, "exchange-served")[-1]["peer_leaf"]
    number = [row.no for row in border.rows(border.asker) if leaf.encode() in row.body][-1]
    assert leaf in auditor.page(f"/log?no={number}").text.replace("&#43;", "+")
    export = auditor.submit("/log/peers/export", {"region": HOME})
    assert export.status_code == 200
    assert export.text.startswith('{"format":"tongban-peer-log"')
    assert auditor.submit("/log/peers/export", {"region": "410500"}).status_code == 404

    from hub import peeraudit
    from hub.logbook import CHECK, READ

    lines = peeraudit.lines(border.home, system("auditor", rights=(CHECK, READ)), ASKER)
    assert isinstance(lines, Iterator)
    theirs = b"".join(lines)
    key = border.home.log.key.to_text()

    def match(data: bytes, typed: str = key) -> Any:
        form = {"csrf": auditor.csrf("/log/peers"), "key": typed}
        return auditor.post("/log/peers", data=form, files={"file": ("x", data)}, headers=HTML)

    good = match(theirs)
    assert good.status_code == 200
    assert "的日志一致" in good.text
    assert "公钥取自文件" not in good.text
    assert "公钥取自文件" in match(theirs, "").text
    cut = theirs.splitlines(keepends=True)
    lied = b"".join([cut[0], cut[1].replace(b'"index":', b'"index":1'), *cut[2:]])
    assert "的日志有出入" in match(lied).text
    assert match(b"nothing").status_code == 400
    assert match(theirs, border.asker.log.key.to_text()).status_code >= 400
    assert match(theirs, "x+y").status_code == 400


def test_the_log_of_a_peer_is_for_auditors(agency: Any) -> None:
    assert agency.get("/log/peers", headers=HTML).status_code == 403
    assert agency.submit("/log/peers/export", {"region": HOME}).status_code == 403
