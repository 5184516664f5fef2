"""A prediction as a page in a real browser: in both colours, on a phone and on paper, it asks nobody and nothing of it is cut off."""

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser

from aichaos.report.prediction_html import page
from tests.browser import Watched, browser
from tests.observe.clusters import demo
from tests.predict.foretelling import Manifest, experiment, foretold

__all__ = ["browser"]

STEPS: tuple[Manifest, ...] = (
    {"name": "gone", "delete": {"kind": "HTTPRoute", "name": "my-route", "namespace": "route-chaos"}},
    {"name": "settle", "wait": {"for": "10s"}},
)
HOST = "http://lior.example.com"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = foretold(
        experiment(*STEPS), demo("route-chaos"), f"{HOST}/shop", f"{HOST}/a/very/long/path/that/nobody/would/break/by/hand"
    ).prediction
    file = tmp_path_factory.mktemp("page") / "p.html"
    file.write_text(page("A <b>title</b>", found), encoding="utf-8")
    return file


@pytest.mark.parametrize(("colours", "width", "medium"), [("light", 1200, "screen"), ("dark", 360, "screen"), ("dark", 700, "print")])
def test_nothing_is_cut_off(
    browser: Browser, written: Path, colours: Literal["light", "dark"], width: int, medium: Literal["screen", "print"]
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=colours)
    watched = Watched(context.new_page())
    watched.page.emulate_media(media=medium)
    watched.page.goto(written.as_uri())
    assert watched.page.locator("h1").inner_text() == "A <b>title</b>"
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= width
    assert watched.page.evaluate("[...document.querySelectorAll('.scroll')].every(one => one.scrollWidth <= one.clientWidth)")
    bars = watched.page.locator("tr", has_text="nobody/would").locator(".bar")
    assert bars.all_inner_texts() == ["A", "B", "A"]
    if medium == "print":
        shown = "getComputedStyle(document.querySelector('.tone0 span')).backgroundColor"
        assert watched.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)", "no ink for a dark page"
        assert watched.page.evaluate(shown) == "rgb(207, 232, 212)"
    assert watched.errors == []
    assert watched.asked == [written.as_uri()]
    context.close()
