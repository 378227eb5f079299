from __future__ import annotations

import json
import re
from typing import Any

import pytest
from sqlalchemy import Engine, event

from hub.wiring import Hub
from kernel.clock import BEIJING


@pytest.fixture
def run_file(empty_hub: Hub) -> Any:
    folder = empty_hub.settings.root / "run"
    folder.mkdir(exist_ok=True)
    path = folder / "progress.json"
    yield path
    path.unlink(missing_ok=True)


def phases(**changes: Any) -> str:
    phase = {
        "name": "issue", "zh": "制证", "en": "issue", "state": "running",
        "seconds": 3.21, "done": 120, "total": 200,
    }  # fmt: skip
    return json.dumps({"phases": [{**phase, **changes}], "finished": False, "ok": False})


def test_progress_refreshes_itself_until_stopped_or_done(visitor: Any, run_file: Any) -> None:
    run_file.write_text(phases(), "utf-8")
    page = visitor.page("/progress")
    assert page.headers["refresh"] == "2"
    assert "120 / 200" in page.text
    assert "refresh" not in visitor.page("/progress?live=no").headers
    run_file.write_text(phases().replace('"finished": false', '"finished": true'), "utf-8")
    done = visitor.page("/progress")
    assert "refresh" not in done.headers
    assert "有步骤失败" in done.text


def test_progress_shows_each_city_apart(visitor: Any, run_file: Any) -> None:
    rows = [
        {**json.loads(phases(**phase))["phases"][0], "region": region, "city": city}
        for region, city in (("410100", "郑州市"), ("410300", "洛阳市"))
        for phase in ({"name": "world", "state": "done"}, {"name": "issue"})
    ]
    run_file.write_text(json.dumps({"phases": rows, "finished": False, "ok": False}), "utf-8")
    page = visitor.page("/progress").text
    assert re.findall(r"<h2>(\S+) ", page) == ["郑州市", "洛阳市"]
    assert page.count('<li class="done">') == page.count('<li class="running">') == 2


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"phases": 7}', "\x00"])
def test_a_broken_progress_file_is_an_empty_run(visitor: Any, run_file: Any, text: str) -> None:
    run_file.write_text(text, "utf-8")
    page = visitor.page("/progress")
    assert "还没有运行记录" in page.text
    assert "停止刷新" in page.text
    assert page.headers["refresh"] == "2"
    assert "refresh" not in visitor.page("/progress?live=no").headers


def test_the_log_page_looks_receipts_up(resident: Any, peopled_hub: Hub) -> None:
    rows = peopled_hub.database.transactions.read(
        lambda tx: peopled_hub.database.journal.after(tx, 0, 1)
    )
    page = resident.page(f"/log?no={rows[0].no}").text
    assert "尚待下一个检查点" in page
    for nonsense in ("0", "-1", "abc", "9" * 30, "１２", "99999999"):
        assert "没有这个流水号" in resident.page(f"/log?no={nonsense}").text, nonsense


def test_only_the_auditor_sees_who_is_busy(resident: Any) -> None:
    assert "最近条目" not in resident.page("/log").text
    assert "最近条目" in resident.sign_in("auditor").page("/log").text


def test_times_are_beijing_times(resident: Any, peopled_hub: Hub) -> None:
    page = resident.sign_in("holder").page("/me").text
    assert "示例市民政局" in page
    now = peopled_hub.clock.now().astimezone(BEIJING)
    path = page.split('href="/certificates/')[1].split('"')[0]
    assert f"{now:%Y-%m-%d}" in resident.page(f"/certificates/{path}").text


def test_the_style_sheet_and_the_mark_are_ours_alone(visitor: Any) -> None:
    css = visitor.get("/static/tongban.css")
    assert css.headers["content-type"].startswith("text/css")
    assert "url(" not in css.text
    assert "@import" not in css.text
    assert visitor.get("/static/chop.svg").status_code == 200
    assert visitor.get("/static/../app.py").status_code == 404


UNKNOWN = [
    ("steward", "/resources/nothing"),
    ("steward", "/resources/nothing/quarantine"),
    ("steward", "/resources/nothing/diff?before=a&after=b"),
    ("holder", "/certificates/nothing"),
    ("holder", "/certificates/nothing/face.png"),
    ("clerk", "/cases/nothing"),
    ("officer", "/tasks/nothing/birth-registration"),
    ("", "/nothing"),
]


@pytest.mark.parametrize(("persona", "path"), UNKNOWN)
def test_what_is_not_there_is_told_in_the_language_chosen(
    resident: Any, persona: str, path: str
) -> None:
    if persona:
        resident.sign_in(persona)
    for language, words in (("zh-CN", "没有找到"), ("en", "Not found")):
        answer = resident.page(path + ("&" if "?" in path else "?") + f"lang={language}")
        assert answer.status_code == 404
        assert f'<html lang="{language}">' in answer.text
        assert words in answer.text


def test_breadcrumbs_in_chinese_say_so_on_an_english_page(resident: Any) -> None:
    resident.sign_in("holder")
    path = resident.page("/me").text.split('href="/certificates/')[1].split('"')[0]
    english = resident.page(f"/certificates/{path}?lang=en").text
    assert '<span aria-current="page" lang="zh-CN">' in english
    assert '<a href="/me">Mine</a>' in english
    chinese = resident.page(f"/certificates/{path}?lang=zh-CN").text
    assert '<span aria-current="page">' in chinese


def test_a_verify_form_without_a_file_keeps_the_policy(visitor: Any) -> None:
    answer = visitor.post("/verify", data={"policy": "archive"}, headers={"accept": "text/html"})
    assert answer.status_code == 400
    assert "file-missing" in answer.text
    assert 'value="archive" checked' in answer.text


def figure(page: str, title: str) -> int:
    found = re.search(rf"<dt>{title}</dt><dd>([0-9,]+)</dd>", page)
    assert found, title
    return int(found[1].replace(",", ""))


def test_the_home_page_counts_what_is_stored_with_few_statements(
    resident: Any, bearer: Any
) -> None:
    from tests.web.test_requests import ask

    before = resident.page("/").text
    headers = bearer(resident)
    assert ask(resident, headers, case_no="count-1").status_code == 200
    assert ask(resident, headers, case_no="count-2", purpose="").status_code >= 400
    said: list[str] = []

    def listen(*call: Any) -> None:
        said.append(call[2])

    event.listen(Engine, "before_cursor_execute", listen)
    after = resident.page("/").text
    event.remove(Engine, "before_cursor_execute", listen)
    assert figure(after, "已答复用证") == figure(before, "已答复用证") + 1
    assert figure(after, "已拒绝用证") == figure(before, "已拒绝用证") + 1
    assert figure(after, "已签发证照") == 2
    assert 0 < len([text for text in said if text.startswith("SELECT")]) <= 8, said
