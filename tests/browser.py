"""A real Chromium for tests, started anew when it dies: a browser's end is no verdict on a page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Playwright, sync_playwright

from tests import proven, servers

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-gpu-rasterization",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--no-first-run",
]


class Browsers:
    """One browser at a time; a dead one is replaced when the next page is asked for."""

    def __init__(self, playwright: Playwright) -> None:
        self._playwright = playwright
        self._browser: Browser | None = None

    @property
    def died(self) -> bool:
        return self._browser is not None and not self._browser.is_connected()

    def context(self, **options: Any) -> Any:
        if self._browser is None or self.died:
            self._browser = self._playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        return self._browser.new_context(**options)

    def close(self) -> None:
        if self._browser is not None and not self.died:
            self._browser.close()


@contextmanager
def browsers() -> Iterator[Browsers]:
    """Give the machine's Chromium; skip by name where there is none."""
    if not CHROMIUM:
        pytest.skip("no chromium on this machine")
    with sync_playwright() as playwright:
        held = Browsers(playwright)
        proven.used("chromium", servers.version("chromium"))
        yield held
        held.close()


def once_more(held: Browsers, item: pytest.Function) -> None:
    """Run a test's function; if the browser died under it, run it once more on a new one.

    Only a dead browser is forgiven, and only once: whatever a living browser shows stands.
    """
    names = item._fixtureinfo.argnames  # what pytest itself passes to the function
    arguments = {name: item.funcargs[name] for name in names}
    try:
        item.obj(**arguments)
    except Error:
        if not held.died:
            raise
        item.warn(pytest.PytestWarning(f"the browser died in {item.name}; run once more"))
        item.obj(**arguments)
