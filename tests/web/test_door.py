"""What every route promises, whoever asks and whatever they send."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from hub import app as door
from hub.app import build_app
from hub.doorway import HEADERS
from hub.messages import ROOMS
from hub.problems import message
from hub.wiring import Hub
from kernel.errors import load_messages

PARAMETER = re.compile(r"\{[^}]+\}")


def routes() -> list[tuple[str, str]]:
    import hub.api
    import hub.pages

    return sorted(
        (method, PARAMETER.sub("1", route.path))
        for package in (hub.api, hub.pages)
        for router in door.routers(package)
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    )


def assert_problem(answer: Any) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body: dict[str, Any] = answer.json()
    assert body["status"] == answer.status_code
    for member in ("type", "title", "code", "detail", "detail_en", "next", "next_en"):
        assert body[member], member
        assert "{" not in body[member], f"unfilled: {body[member]}"
    assert body["type"] == f"urn:tongban:error:{body['code']}"
    assert re.fullmatch(r"[0-9a-f]{32}", body["trace_id"])
    assert answer.headers["x-trace-id"] == body["trace_id"]
    return body


@pytest.mark.parametrize(("method", "path"), routes())
def test_a_stranger_gets_an_answer_or_a_problem_and_changes_nothing(
    visitor: Any, method: str, path: str
) -> None:
    client = visitor
    answer = client.request(method, path, follow_redirects=False)
    assert answer.status_code < 500
    assert "Traceback" not in answer.text
    for name, value in HEADERS.items():
        if not path.startswith("/data-docs"):
            assert answer.headers[name] == value
    if answer.status_code >= 400:
        assert_problem(answer)
    if method != "GET":
        assert answer.status_code in {400, 401, 403, 404, 422}, answer.text


@pytest.mark.parametrize(
    "path", [path for method, path in routes() if method == "GET" and not path.startswith("/v1")]
)
def test_a_browser_gets_a_page_in_the_right_language(visitor: Any, path: str) -> None:
    client = visitor
    for query, language in (
        ("", "zh-CN"),
        ("?lang=en", "en"),
        ("", "en"),
        ("?lang=zh-CN", "zh-CN"),
    ):
        answer = client.get(path + query, headers={"accept": "text/html"})
        if answer.headers["content-type"].startswith("text/html"):
            assert f'<html lang="{language}">' in answer.text
            assert "<script" not in answer.text
            assert " style=" not in answer.text
            assert answer.text.count("<h1") == 1


def test_an_unknown_page_and_method_are_problems(empty_hub: Hub) -> None:
    client = TestClient(build_app(empty_hub), raise_server_exceptions=False)
    assert assert_problem(client.get("/v1/nowhere"))["code"] == "page-not-found"
    wrong = client.delete("/v1/resources")
    assert assert_problem(wrong)["code"] == "method-not-allowed"
    assert wrong.headers["allow"] == "GET"


def test_a_failure_inside_says_nothing_about_itself(
    empty_hub: Hub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    canary = "410199199001010014"

    def broken(actor: object) -> None:
        raise ValueError(f"no row for {canary} 测试某某")

    monkeypatch.setattr(empty_hub.catalog, "resources", broken)
    client = TestClient(build_app(empty_hub), raise_server_exceptions=False)
    body = assert_problem(client.get("/v1/resources"))
    assert (body["status"], body["code"]) == (500, "internal-error")
    page = client.get("/resources", headers={"accept": "text/html"})
    assert page.status_code == 500
    seen = capsys.readouterr()
    for text in (str(body), page.text, seen.out, seen.err):
        assert canary not in text
        assert "测试某某" not in text
        assert "Traceback" not in text
    assert body["trace_id"] in seen.err
    assert '"kind": "ValueError"' in seen.err


def test_no_personal_data_reaches_the_log_lines(
    empty_hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    canaries = ("410199199001010014", "测试甲乙丙")
    client = TestClient(build_app(empty_hub), raise_server_exceptions=False)
    for text in canaries:
        client.get(f"/search?q={text}")
        client.get(f"/v1/search?q={text}")
        client.get(f"/resources/{text}")
        client.get(f"/{text}?name={text}")
        client.post("/v1/certificate-requests", json={"holder": {"code": text}, "x": text})
        client.post("/oauth/token", data={"grant_type": text, "client_assertion": text})
        client.get(
            f"/verify?id={text}", headers={"cookie": f"tongban_session={text.encode().hex()}"}
        )
        client.post("/verify", files={"file": (f"{text}.pdf", text.encode())})
    seen = capsys.readouterr()
    assert seen.err.count('"event": "answered"') >= 16
    for text in canaries:
        assert text not in seen.err + seen.out


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 422),
        (b"[" * 100_000, "application/json", 422),
        (b'{"matter": "\\ud800"}', "application/json", 422),
        (b"\xff\xfe", "application/json", 422),
        (b"x=1", "application/x-www-form-urlencoded", 422),
        (b"", "application/json", 422),
        (b"null", "application/json", 422),
        (b" " * (2 << 20), "application/json", 413),
    ],
)
def test_a_bad_body_is_a_problem_that_quotes_no_value(
    visitor: Any, bearer: Any, body: bytes, kind: str, status: int
) -> None:
    headers = {**bearer(visitor), "content-type": kind}
    answer = visitor.post("/v1/certificate-requests", content=body, headers=headers)
    assert assert_problem(answer)["status"] == status


def test_a_body_grows_no_further_than_its_limit_even_unannounced(visitor: Any, bearer: Any) -> None:
    sent = 0

    def endless() -> Any:
        nonlocal sent
        while sent < 100 << 20:
            sent += 1 << 16
            yield b" " * (1 << 16)

    answer = visitor.post("/v1/certificate-requests", content=endless(), headers=bearer(visitor))
    assert assert_problem(answer)["code"] == "request-too-large"


def test_every_code_of_every_room_is_found_by_the_door() -> None:
    for room in ROOMS:
        for code in load_messages(room):
            assert message(code).code == code
    assert message("no-such-code").code == "internal-error"


def test_alive_ready_and_figures(visitor: Any) -> None:
    assert visitor.get("/healthz").json() == {"status": "ok"}
    assert visitor.get("/readyz").json() == {"status": "ready", "failing": []}
    visitor.get("/v1/resources")
    figures = visitor.get("/metrics").text
    assert 'tongban_requests_total{route="/v1/resources",status="200"}' in figures


def test_not_ready_when_the_database_does_not_answer(
    empty_hub: Hub, visitor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise OSError

    monkeypatch.setattr(empty_hub.identity, "ping", fails)
    answer = visitor.get("/readyz")
    assert (answer.status_code, answer.json()["failing"]) == (503, ["database"])
