"""The pages in a real browser: accessible, readable at 360 px, complete without JavaScript."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Error, Page

from certificates import preview
from hub.app import build_app
from hub.wiring import Hub
from tests.browser import Browsers, browsers
from tests.certificates.doubles import BABY, FATHER
from tests.web.standin import StandinCatalog, sample_resource

pytestmark = pytest.mark.services
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c63f8cfc0f01f0005000201f2a3c2a60000000049454e44ae426082"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browsers]:
    with browsers() as held:
        yield held


@pytest.fixture(scope="module")
def address(peopled_hub: Hub) -> Iterator[str]:
    """Serve the peopled hub with one resource in its catalogue; faces are a pixel."""
    patch = pytest.MonkeyPatch()
    patch.setattr(preview, "png", lambda pdf, width: PIXEL)
    patch.setitem(peopled_hub.__dict__, "catalog", StandinCatalog(sample_resource()))
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(build_app(peopled_hub), log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    patch.undo()


Open = Callable[..., Page]


@pytest.fixture
def visit(browser: Browsers, address: str) -> Iterator[Open]:
    contexts = []

    def start(persona: str = "", *, width: int = 1200, script: bool = True) -> Page:
        context = browser.context(
            viewport={"width": width, "height": 800},
            locale="zh-CN",
            base_url=address,
            java_script_enabled=script,
        )
        contexts.append(context)
        page = context.new_page()
        if persona:
            page.goto("/sign-in")
            page.click(f'form:has(input[value="{persona}"]) button')
        return page

    yield start
    for context in contexts:
        with suppress(Error):  # a browser that died took its pages along
            context.close()


def opened_case(visit: Open) -> str:
    """Open the newborn's case as the clerk (again, if it is open) and return its path."""
    page = visit("clerk")
    page.goto("/cases")
    page.fill("#subject", BABY)
    page.fill("#applicant", FATHER)
    page.click('form[action="/cases"] button')
    return page.url.partition("?")[0]


def handed_in(visit: Open) -> str:
    """Have the guardian agree and the clerk hand the first step in, without any script."""
    path = opened_case(visit)
    guardian = visit("holder", script=False)
    guardian.goto(path)
    if guardian.query_selector('input[name="confirm"]'):
        guardian.check('input[name="confirm"]')
        guardian.click('form[action$="/consent"] button')
    clerk = visit("clerk", script=False)
    clerk.goto(path)
    if clerk.query_selector('section form[action$="/meet"]'):
        clerk.click('section form[action$="/meet"] button')
    if clerk.query_selector('form[action$="/submit"]'):
        clerk.click('form[action$="/submit"] button')
    assert "已提交，部门办理中" in clerk.content()
    return path


def ask(page: Page, case_no: str) -> None:
    """Use the household register by law, as the agency of the page."""
    page.goto("/use?for=school-enrolment/household-register")
    page.fill("#case_no", case_no)
    page.check('[name="basis"] >> nth=0')
    page.fill("#holder", FATHER)
    page.check('[name="fields"][value="address"]')
    page.check('[name="fields"][value="members"]')
    page.click('form[action="/use"] button')


PAGES = [
    ("", "/"),
    ("", "/sign-in"),
    ("", "/search?q=人口"),
    ("", "/search?q=没有"),
    ("", "/resources"),
    ("", "/resources/population"),
    ("", "/resources/population/diff?before=population-1&after=population-2"),
    ("", "/verify"),
    ("", "/log"),
    ("", "/progress"),
    ("", "/nowhere"),
    ("", "/me"),
    ("clerk", "/certificates"),
    ("steward", "/resources/population/quarantine"),
    ("approver", "/certificates"),
    ("approver", "certificate"),
    ("holder", "/me"),
    ("holder", "/me/grants/new"),
    ("holder", "/me/grants/new?for=school-enrolment/household-register"),
    ("clerk", "/cases"),
    ("clerk", "case"),
    ("holder", "case"),
    ("midwife", "/tasks"),
    ("midwife", "task"),
    ("agency", "/use"),
    ("agency", "/use?for=school-enrolment/household-register"),
    ("agency", "refused"),
    ("agency", "used"),
    ("auditor", "/log?no=1"),
    ("steward", "/seals"),
    ("officer", "/seals/new"),
    ("officer", "seal"),
]


BOTH = {
    "/",
    "/resources/population",
    "/verify",
    "/me",
    "case",
    "certificate",
    "seal",
    "task",
    "used",
}
"""Pages also looked at in English: one of each build."""


def go(visit: Open, page: Page, place: str) -> None:
    if place == "certificate":
        page.goto("/certificates")
        page.click("tbody th a")
    elif place == "case":
        page.goto(opened_case(visit))
    elif place == "task":
        handed_in(visit)
        page.goto("/tasks")
        page.click("tbody th a")
    elif place == "seal":
        page.goto("/seals/new")
        page.click('form[action="/seals"] button')
        page.wait_for_url("**/seals/*done=applied")
    elif place in {"used", "refused"}:
        ask(page, "RX-2026-9" if place == "used" else "RX 9")
        assert (page.query_selector("#receipt") is not None) is (place == "used")
    else:
        page.goto(place)


@pytest.mark.parametrize(("persona", "place"), PAGES)
def test_axe_finds_nothing_serious(visit: Open, persona: str, place: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = visit(persona)
    for language in ("zh-CN", "en") if place in BOTH else ("zh-CN",):
        page.goto(f"/?lang={language}")
        go(visit, page, place)
        found = Axe().run(page).response["violations"]
        grave = [
            (item["id"], [node["html"][:160] for node in item["nodes"]])
            for item in found
            if item["impact"] in {"serious", "critical"}
        ]
        assert not grave, grave
        assert page.get_attribute("html", "lang") == language


@pytest.mark.parametrize(("persona", "place"), PAGES)
def test_nothing_overflows_a_narrow_telephone(visit: Open, persona: str, place: str) -> None:
    page = visit(persona, width=360)
    go(visit, page, place)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_chinese_is_drawn_by_a_chinese_font(visit: Open) -> None:
    page = visit()
    page.goto("/sign-in")
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    for selector in ("h1", "main p", ".nav a"):
        node = session.send("DOM.querySelector", {"nodeId": root, "selector": selector})
        fonts = session.send("CSS.getPlatformFontsForNode", {"nodeId": node["nodeId"]})["fonts"]
        names = {font["familyName"] for font in fonts}
        assert any("CJK" in name or "WenQuanYi" in name for name in names), names
        assert not any("JP" in name or "KR" in name for name in names), names


def test_the_keyboard_reaches_the_content_first_and_shows_where_it_is(visit: Open) -> None:
    page = visit()
    page.goto("/")
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.className")
    assert focused == "skip"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_case_is_walked_and_decided_without_any_script(visit: Open) -> None:
    path = handed_in(visit)
    officer = visit("midwife", script=False)
    officer.goto("/tasks")
    officer.click("tbody th a")
    officer.check('[value="granted"]')
    officer.click('form[action^="/tasks/"] button')
    assert "已办结，窗口可以继续下一步" in officer.content()
    clerk = visit("clerk", script=False)
    clerk.goto(path)
    clerk.click('.notice form[action$="/meet"] button')
    assert "使用前一步的结果，免提交" in clerk.content()


def test_the_holder_downloads_the_sealed_original(visit: Open) -> None:
    page = visit("holder", script=False)
    page.goto("/me")
    page.click('a[href^="/certificates/"] >> nth=0')
    with page.expect_download() as waiting:
        page.click('form[action$="/files/ofd"] button')
    assert waiting.value.suggested_filename.endswith(".ofd")


def test_a_file_is_verified_without_any_script(visit: Open) -> None:
    page = visit(script=False)
    page.goto("/verify")
    file: Any = {"name": "空白.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"}
    page.set_input_files("#file", file)
    page.click("main form button")
    assert "空白.pdf" in page.content()
    assert page.query_selector(".verdict") is not None


def test_the_browser_reports_no_breach_of_the_content_policy(visit: Open) -> None:
    page = visit("steward")
    page.wait_for_load_state("networkidle")  # signing in ends with a page of its own
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("requestfailed", lambda request: said.append(request.url))
    for place in ("/", "/resources/population", "/verify", "/log"):
        # Leaving a page while its icon is on the way would count as a failed request.
        page.goto(place, wait_until="networkidle")
    assert not said


def test_axe_would_find_what_is_wrong(visit: Open) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = visit()
    page.goto("/")
    page.evaluate("document.querySelector('main').innerHTML = '<img src=x><button></button>'")
    found = {item["id"] for item in Axe().run(page).response["violations"]}
    assert {"image-alt", "button-name"} <= found


KILLED: list[str] = []


def test_a_browser_that_dies_is_started_anew(visit: Open) -> None:
    page = visit()
    page.goto("/verify")
    if not KILLED:
        KILLED.append("once")
        session = page.context.browser.new_browser_cdp_session()  # type: ignore[union-attr] # launched here
        session.send("Browser.crash")
    page.goto("/")
    assert KILLED == ["once"]
    assert page.title()
