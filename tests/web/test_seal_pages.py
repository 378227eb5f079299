"""Seals at the door: the public register, and the pages of applicant, approver and steward."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hub.settings import load
from hub.wiring import Hub, open_hub
from tests.signing.world import root


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    settings = load(home=tmp_path_factory.mktemp("seals") / "hub", environment="test", worker=False)
    with open_hub(settings) as opened:
        opened.authority.establish(root())
        yield opened


@pytest.fixture
def persona(hub: Hub, visitor_for: Callable[[Hub], Any]) -> Callable[[str], Any]:
    return lambda name: visitor_for(hub).sign_in(name)


def applied(officer: Any, **changes: Any) -> str:
    form = {"second_line": "户籍专用章", "years": "3", **changes}
    answer = officer.submit("/seals", form)
    assert answer.status_code == 303, answer.text
    path = str(answer.headers["location"])
    return path.removeprefix("/seals/").partition("?")[0]


def test_without_seals_the_list_says_so(empty_hub: Hub, visitor_for: Callable[[Hub], Any]) -> None:
    page = visitor_for(empty_hub).sign_in("steward").page("/seals")
    assert page.status_code == 200
    assert "没有这样的印章" in page.text
    assert "申请印章" not in page.text
    assert visitor_for(empty_hub).get("/v1/seals").json()["seals"] == []


def test_who_may_not_read_seals_is_told_and_strangers_sign_in(
    empty_hub: Hub, visitor_for: Callable[[Hub], Any]
) -> None:
    clerk = visitor_for(empty_hub).sign_in("clerk")
    assert clerk.page("/seals").status_code == 403
    assert 'href="/seals"' not in clerk.page("/").text
    assert visitor_for(empty_hub).page("/seals").status_code in {401, 403}
    assert visitor_for(empty_hub).sign_in("approver").page("/seals/new").status_code == 403


def test_a_seal_goes_through_its_life_on_the_pages(persona: Callable[[str], Any]) -> None:
    officer, approver = persona("officer"), persona("approver")
    key = applied(officer)
    path = f"/seals/{key}"
    page = officer.page(f"{path}?done=applied").text
    assert "等候另一人批准" in page
    assert 'action="/seals/' not in page
    assert officer.submit(f"{path}/approve").status_code == 403
    assert "批准并制作" in approver.page(path).text
    assert approver.get(f"{path}/picture.png").content.startswith(b"\x89PNG")
    done = approver.submit(f"{path}/approve")
    assert done.headers["location"] == f"{path}?done=approve"
    missing = approver.submit(f"{path}/suspend", {"reason": " "})
    assert missing.status_code == 422
    assert "seal-reason-missing" in missing.text
    assert approver.submit(f"{path}/suspend", {"reason": "遗失介质"}).status_code == 303
    assert "遗失介质" in approver.page(path).text
    assert approver.submit(f"{path}/resume").status_code == 303
    renewed = officer.submit(f"{path}/renew")
    after = renewed.headers["location"].removeprefix("/seals/").partition("?")[0]
    assert approver.submit(f"/seals/{after}/approve").status_code == 303
    assert f'href="/seals/{after}"' in approver.page(path).text
    unconfirmed = approver.submit(f"{path}/revoke", {"reason": "closed"})
    assert "confirmation-missing" in unconfirmed.text
    assert 'value="closed"' in unconfirmed.text
    ended = approver.submit(f"{path}/revoke", {"reason": "closed", "confirm": "yes"})
    assert ended.status_code == 303
    assert "已吊销" in approver.page(path).text
    assert approver.submit(f"{path}/resume").status_code == 409
    assert approver.submit(f"{path}/nonsense").status_code == 409
    assert "已注销" in approver.page("/seals?state=revoked").text
    for english in ("/seals?lang=en", f"{path}?lang=en"):
        assert "revoked" in approver.page(english).text


def test_a_refused_application_keeps_what_was_typed(persona: Callable[[str], Any]) -> None:
    officer = persona("officer")
    page = officer.submit("/seals", {"second_line": "某" * 20, "years": "3"})
    assert page.status_code == 422
    assert "某" * 20 in page.text
    named = applied(officer, second_line="", personal="yes", person="测试丁")
    assert "测试丁" not in officer.page(f"/seals/{named}").text


def test_forms_need_the_code_of_the_session(persona: Callable[[str], Any]) -> None:
    officer = persona("officer")
    answer = officer.post("/seals", data={"csrf": "0" * 64}, follow_redirects=False)
    assert answer.status_code == 403


def test_the_register_is_open_may_be_cached_and_names_nobody(
    hub: Hub, persona: Callable[[str], Any], visitor_for: Callable[[Hub], Any]
) -> None:
    officer, approver = persona("officer"), persona("approver")
    waiting, key = applied(officer), applied(officer)
    approver.submit(f"/seals/{key}/approve")
    stranger = visitor_for(hub)
    answer = stranger.get(f"/v1/seals/{key}")
    assert answer.status_code == 200
    found = answer.json()
    assert (found["schema"], found["region"], found["seal"]) == (1, "410100", key)
    assert len(found["certificates"]) == 2
    assert "persona:" not in answer.text
    assert answer.headers["cache-control"].startswith("public, max-age=")
    again = stranger.get(f"/v1/seals/{key}", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    approver.submit(f"/seals/{key}/suspend", {"reason": "lost"})
    changed = stranger.get(f"/v1/seals/{key}", headers={"if-none-match": answer.headers["etag"]})
    assert changed.json()["state"] == "suspended"
    listed = stranger.get("/v1/seals", params={"limit": 1}).json()
    assert listed["after"] == listed["seals"][0]["seal"]
    everything: list[str] = []
    after = ""
    while page := stranger.get("/v1/seals", params={"after": after}).json():
        everything += [item["seal"] for item in page["seals"]]
        if not (after := page["after"]):
            break
    assert key in everything
    assert waiting not in everything
    for bad in ("/v1/seals/none", f"/v1/seals/{'x' * 200}", "/v1/seals?limit=0"):
        answer = stranger.get(bad)
        assert answer.status_code in {400, 404, 422}
        assert answer.headers["content-type"] == "application/problem+json"
    assert not re.search(r"测试", str(listed))
