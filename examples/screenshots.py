"""Pictures of the pages for the documentation, taken by Chromium from a hub that ran the demo.

``python -m examples.screenshots var/demo/410100 docs/screenshots`` starts the hub's web process,
signs in as the demo personas and writes one PNG for each page named below.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

PORT: Final = 8699
BASE: Final = f"http://127.0.0.1:{PORT}"
HEIGHT: Final = 1500
"""Pixels of a page that a picture keeps at most."""
STARTS_WITHIN: Final = 60.0
HOLDER: Final = "registry/identity/personas/holder.toml"


@contextmanager
def served(home: Path) -> Iterator[None]:
    """Run the web process of a hub until the block ends; it ends with its standard input."""
    command = [sys.executable, "-m", "hub.serve", "--home", str(home), "--port", str(PORT)]
    with subprocess.Popen([*command, "--with-parent"], stdin=subprocess.PIPE) as process:
        until = time.monotonic() + STARTS_WITHIN
        while not answers() and time.monotonic() < until:
            time.sleep(0.2)
        try:
            yield
        finally:
            if process.stdin:
                process.stdin.close()
            process.wait(30)


def answers() -> bool:
    """Tell whether the hub is ready."""
    asked = HTTPConnection("127.0.0.1", PORT, timeout=1)
    try:
        asked.request("GET", "/readyz")
        return asked.getresponse().status == 200
    except OSError:
        return False
    finally:
        asked.close()


def first(selector: str) -> Callable[[Page], None]:
    """Return an action that follows the first link of ``selector``."""

    def act(page: Page) -> None:
        page.click(f"{selector} >> nth=0")
        page.wait_for_load_state()

    return act


def enter(page: Page, persona: str) -> None:
    """Sign in as a demo persona."""
    page.goto("/sign-in")
    page.click(f'form:has(input[value="{persona}"]) button')


def nothing(page: Page) -> None:
    """Leave the page as it is."""
    del page


def upload(sample: Path) -> Callable[[Page], None]:
    """Return an action that has a sample verified."""

    def act(page: Page) -> None:
        page.set_input_files("#file", sample)
        page.click("main form button")
        page.wait_for_selector(".verdict")

    return act


def ask(holder: str) -> Callable[[Page], None]:
    """Return an action that uses the household register of a person by law."""

    def act(page: Page) -> None:
        page.fill("#case_no", "RX-2026-0001")
        page.check('[name="basis"] >> nth=0')
        page.fill("#holder", holder)
        for name in ("household_number", "head_name", "address"):
            page.check(f'[name="fields"][value="{name}"]')
        page.click('form[action="/use"] button')
        page.wait_for_selector("#receipt")

    return act


def decided(home: Path) -> Callable[[Page], None]:
    """Return an action by which the clerk hands in a newborn's first step and an officer opens it.

    The second newborn is taken: the demo has walked the first one's case to its end.
    """
    born = json.loads((home / "inbox" / "truth.json").read_text("utf-8"))["babies"][1]

    def act(page: Page) -> None:
        page.fill("#subject", born["child"]["id_number"])
        page.fill("#applicant", born["father"]["id_number"])
        page.click('form[action="/cases"] button')
        if page.query_selector('form[action$="/submit"]'):
            page.click('form[action$="/meet"] button >> nth=0')
            page.click('form[action$="/submit"] button >> nth=0')
        enter(page, "midwife")
        page.goto("/tasks")
        first("tbody th a")(page)

    return act


def shots(home: Path) -> tuple[tuple[str, str, str, Callable[[Page], None]], ...]:
    """Return name, persona, address and action of every picture."""
    sample = home / "samples" / "household-register.ofd"
    holder = tomllib.loads((home / HOLDER).read_text("utf-8"))["holder_code"]
    return (
        ("home", "", "/", nothing),
        ("sign-in", "", "/sign-in", nothing),
        ("progress", "", "/progress", nothing),
        ("resource", "steward", "/resources/population", nothing),
        ("quarantine", "steward", "/resources/population/quarantine", nothing),
        ("certificate", "approver", "/certificates", first("tbody th a")),
        ("case", "clerk", "/cases", first("tbody th a")),
        ("holder", "holder", "/me", nothing),
        ("use", "agency", "/use?for=school-enrolment/household-register", ask(holder)),
        ("task", "clerk", "/cases", decided(home)),
        ("verify", "", "/verify", upload(sample)),
        ("log", "auditor", "/log", nothing),
    )


def take(browser: Browser, folder: Path, home: Path) -> None:
    """Write every picture, each in a browser of its own."""
    for name, persona, address, act in shots(home):
        context = browser.new_context(
            viewport={"width": 1200, "height": 800}, locale="zh-CN", base_url=BASE
        )
        page = context.new_page()
        if persona:
            enter(page, persona)
        page.goto(address)
        act(page)
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": 1200, "height": max(800, min(int(height), HEIGHT))})
        page.screenshot(path=folder / f"{name}.png")
        context.close()


def main() -> int:
    """Take the home and the target folder from the command line; 4 where Chromium is missing."""
    home, folder = Path(sys.argv[1]), Path(sys.argv[2])
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.stderr.write("Chromium is missing; next: apt-get install chromium fonts-noto-cjk\n")
        return 4
    folder.mkdir(parents=True, exist_ok=True)
    with served(home), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        take(browser, folder, home)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
