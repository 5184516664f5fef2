"""A real browser for tests: the system's Chromium, driven by Playwright. Without one those tests are skipped, with the reason.

Nothing is downloaded: Playwright's own browsers come from elsewhere than a package. On Debian: `apt-get install chromium`.
"""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

VARIABLE = "AICHAOS_CHROMIUM"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]


def executable() -> str | None:
    """AICHAOS_CHROMIUM, or what stands on the PATH."""
    return os.environ.get(VARIABLE) or next((found for name in _NAMES if (found := shutil.which(name))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One process for the tests of a module."""
    path = executable()
    if path is None:
        pytest.skip(f"no Chromium on this machine; on Debian: apt-get install chromium, or say where with {VARIABLE}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()


class Watched:
    """A page, and what went on beside it: errors on its console, and every request that it made."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.asked: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._requested)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def _requested(self, request: Request) -> None:
        self.asked.append(request.url)
