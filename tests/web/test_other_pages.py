from __future__ import annotations

import json
from typing import Any

import pytest

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


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"phases": 7}', "\x00"])
def test_a_broken_progress_file_is_an_empty_run(visitor: Any, run_file: Any, text: str) -> None:
    run_file.write_text(text, "utf-8")
    assert "还没有运行记录" in visitor.page("/progress").text


def test_the_log_page_looks_receipts_up(resident: Any, peopled_hub: Hub) -> None:
    rows = peopled_hub.database.transactions.read(
        lambda tx: peopled_hub.database.journal.after(tx, 0, 1)
    )
    page = resident.page(f"/log?no={rows[0].no}").text
    assert "尚待下一个检查点" in page
    for nonsense in ("0", "-1", "abc", "9" * 30, "１２", "99999999", "%00"):
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
