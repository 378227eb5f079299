from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.app import build_app
from hub.pages.sign_in import local
from hub.settings import load
from hub.wiring import Hub, open_hub
from kernel.errors import Refused

PERSONAS = ["steward", "approver", "officer", "insurer", "clerk", "holder", "agency", "auditor"]


@pytest.mark.parametrize("persona", PERSONAS)
def test_each_persona_signs_in_and_out(visitor: Any, persona: str) -> None:
    visitor.sign_in(persona)
    home = visitor.page("/")
    assert f'value="{visitor.csrf()}"' in home.text
    assert visitor.submit("/sign-out").status_code == 303
    assert 'action="/sign-out"' not in visitor.page("/").text


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(visitor: Any) -> None:
    answer = visitor.post("/sign-in", data={"persona": "clerk"}, follow_redirects=False)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_the_session_cookie_is_secure_behind_https(tmp_path: Path, visitor_type: Any) -> None:
    settings = load(home=tmp_path, environment="test", worker=False, base_url="https://hub.example")
    with open_hub(settings) as hub:
        asker = visitor_type(build_app(hub))
        answer = asker.post("/sign-in", data={"persona": "clerk"}, follow_redirects=False)
        assert "secure" in answer.headers["set-cookie"].lower()
        assert "max-age" in answer.headers["strict-transport-security"]


def test_signing_in_again_ends_the_session_before(visitor: Any, empty_hub: Hub) -> None:
    old = visitor.sign_in("clerk").cookies["tongban_session"]
    visitor.sign_in("steward")
    assert empty_hub.identity.actor_of_session(old) == Refused("session-ended")


def test_production_offers_no_persona(tmp_path: Path, visitor_type: Any) -> None:
    with open_hub(load(home=tmp_path, environment="production", worker=False)) as hub:
        asker = visitor_type(build_app(hub), raise_server_exceptions=False)
        page = asker.page("/sign-in")
        assert "正式环境不提供演示身份" in page.text
        assert 'name="persona"' not in page.text
        answer = asker.post("/sign-in", data={"persona": "steward"}, follow_redirects=False)
        assert answer.json()["code"] == "persona-refused"
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_form_from_another_site_is_refused(visitor: Any, headers: dict[str, str]) -> None:
    answer = visitor.post("/sign-in", data={"persona": "clerk"}, headers=headers)
    assert answer.json()["code"] == "origin-foreign"
    visitor.sign_in("clerk")
    code = visitor.csrf()
    answer = visitor.post("/sign-out", data={"csrf": code}, headers=headers)
    assert answer.json()["code"] == "origin-foreign"


def test_a_form_without_or_with_another_sessions_code_is_refused(
    visitor: Any, empty_hub: Hub, visitor_type: Any
) -> None:
    other = visitor_type(build_app(empty_hub)).sign_in("clerk")
    visitor.sign_in("clerk")
    for code in ("", "0" * 64, other.csrf()):
        answer = visitor.post("/sign-out", data={"csrf": code})
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf-missing")
    assert "persona" in visitor.page("/").text or visitor.csrf()


def test_a_dead_or_guessed_session_is_a_stranger(visitor: Any) -> None:
    for token in ("", "x" * 43, "%00", '"'):
        visitor.cookies.set("tongban_session", token)
        assert visitor.page("/me").status_code == 401
    assert visitor.page("/").status_code == 200


@pytest.mark.parametrize(
    ("target", "safe"),
    [
        ("/me", "/me"),
        ("/cases/1?a=b", "/cases/1?a=b"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nset-cookie: x=1", "/"),
        ("", "/"),
    ],
)
def test_after_sign_in_one_stays_on_this_hub(visitor: Any, target: str, safe: str) -> None:
    assert local(target) == safe
    answer = visitor.post(
        "/sign-in", data={"persona": "clerk", "then": target}, follow_redirects=False
    )
    assert answer.headers["location"] == safe


MENU = {
    "steward": ({"/resources", "/verify", "/log"}, {"/certificates", "/cases", "/me"}),
    "approver": ({"/certificates"}, {"/cases", "/me"}),
    "clerk": ({"/cases"}, {"/certificates", "/me"}),
    "holder": ({"/me", "/cases"}, {"/certificates"}),
    "auditor": ({"/log"}, {"/certificates", "/cases", "/me"}),
}


@pytest.mark.parametrize("persona", MENU)
def test_the_menu_shows_what_the_role_may_do(visitor: Any, persona: str) -> None:
    page = visitor.sign_in(persona).page("/").text
    menu = page.split('aria-label="主导航"')[1].split("</nav>")[0]
    there, absent = MENU[persona]
    assert all(f'href="{path}"' in menu for path in there)
    assert not any(f'href="{path}"' in menu for path in absent)


FORBIDDEN = {
    "/certificates": {"steward", "clerk", "agency", "auditor"},
    "/me": {"steward", "approver", "clerk", "agency", "auditor"},
    "/cases": {"steward", "approver", "agency", "auditor"},
    "/me/grants/new": {"steward", "approver", "clerk", "agency", "auditor"},
}


@pytest.mark.parametrize(
    ("path", "persona"),
    [(path, name) for path, names in FORBIDDEN.items() for name in sorted(names)],
)
def test_a_page_of_another_role_says_so_plainly(visitor: Any, path: str, persona: str) -> None:
    page = visitor.sign_in(persona).page(path)
    assert page.status_code == 403
    assert "没有权限" in page.text
    assert "not-permitted" in page.text


def test_visitors_are_independent(make_visitor: Callable[[], Any]) -> None:
    first, second = make_visitor(), make_visitor()
    first.sign_in("clerk")
    assert second.page("/me").status_code == 401
