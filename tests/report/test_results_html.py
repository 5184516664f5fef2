"""The report of a run in a real browser: nothing on its console, nothing asked of anybody, drawn in both colours and on a phone."""

from pathlib import Path
from typing import Literal

import msgspec
import pytest
from playwright.sync_api import Browser

from aichaos.domain.running import LeftOver
from aichaos.records import past
from aichaos.report.results_html import page
from tests.browser import Watched, browser
from tests.measure.folders import PROBE, experiment, folder, prediction, to
from tests.report.test_results import BAD, GONE

__all__ = ["browser"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("report")
    path = home / "report.html"
    path.write_text(page(past.results(folder(home, samples=BAD, foretold=GONE))), encoding="utf-8")
    return path


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_works_from_a_file_without_a_network(browser: Browser, written: Path, colours: Literal["light", "dark"], width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=colours)
    watched = Watched(context.new_page())
    watched.page.goto(written.as_uri())
    assert watched.errors == []
    assert [one for one in watched.asked if not one.startswith(("file:", "data:"))] == []
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= width, "nothing is wider than the screen"
    assert watched.page.locator("section svg").count() == 2
    drawn = watched.page.locator("polyline.good").bounding_box()
    shaded = watched.page.locator("rect.during").first.bounding_box()
    assert drawn is not None
    assert shaded is not None
    assert drawn["x"] < shaded["x"] < shaded["x"] + shaded["width"] < drawn["x"] + drawn["width"]
    assert "foretold otherwise" in watched.page.locator("h2:has-text('What it shows') + ul li").first.inner_text()
    context.close()


def test_it_can_be_printed(browser: Browser, tmp_path: Path) -> None:
    long = to(*(f"a-namespace-with-a-long-name/a-service-with-quite-a-long-name-{number}" for number in range(2)))
    path = tmp_path / "report.html"
    path.write_text(page(past.results(folder(tmp_path, samples=BAD, foretold=prediction(*[long] * 4)))), encoding="utf-8")
    context = browser.new_context(color_scheme="dark", viewport={"width": 700, "height": 1000})  # as wide as A4 without its margins
    shown = context.new_page()
    shown.goto(path.as_uri())
    shown.emulate_media(media="print", color_scheme="dark")
    assert shown.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)", "no ink for a dark page"
    assert shown.evaluate(BROKEN) == [], "no word of a table is broken into letters"
    assert shown.evaluate("document.documentElement.scrollWidth") <= 700, "nothing is cut off at the edge of the paper"
    assert shown.pdf().startswith(b"%PDF")
    context.close()


BROKEN = """() => [...document.querySelectorAll('td:not(.long)')].filter(cell => {
  const range = document.createRange();
  range.selectNodeContents(cell);
  return !/\\s/.test(cell.textContent) && new Set([...range.getClientRects()].map(box => Math.round(box.top))).size > 1;
}).map(cell => cell.textContent)"""
"""Words in the cells of tables that stand on several lines."""


def test_a_strangers_words_are_no_markup(tmp_path: Path) -> None:
    probe = PROBE | {"name": "<img src=x onerror=alert(1)>\"'"}
    text = page(past.results(folder(tmp_path, made=experiment(probe, title="<script>alert(1)</script>"))))
    assert "<script" not in text
    assert "<img" not in text


def test_what_is_not_as_it_was_stands_first_with_its_commands(tmp_path: Path) -> None:
    found = past.results(folder(tmp_path))
    left = LeftOver(object="HTTPRoute/shop/web", why="it is gone", commands=("kubectl apply -f web.yaml",))
    text = page(msgspec.structs.replace(found, left_over=[left]))
    assert text.index("kubectl apply -f web.yaml") < text.index("What it shows")
