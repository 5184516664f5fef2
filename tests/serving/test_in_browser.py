"""The dashboard in Chromium: what a person sees, with and without JavaScript, on a phone, and what hostile text can do there."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from aichaos.domain.running import StepBegan
from aichaos.run import state
from tests.browser import Watched, browser
from tests.serving import runs
from tests.serving.conftest import TOKEN, Served

__all__ = ["browser"]
Start = Callable[..., Served]
Open = Callable[..., Watched]
SCRIPT = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"


@pytest.fixture
def tab(browser: Browser) -> Iterator[Open]:
    contexts = []

    def new(**manner: Any) -> Watched:
        contexts.append(browser.new_context(**manner))
        return Watched(contexts[-1].new_page())

    yield new
    for context in contexts:
        context.close()


def quiet(watched: Watched, served: Served) -> None:
    """Nothing on its console, and nothing asked of anybody else."""
    assert watched.errors == []
    assert [url for url in watched.asked if not url.startswith(f"{served.url}/")] == []


def test_from_the_list_to_a_run_and_its_experiment(home: Path, serve: Start, tab: Open) -> None:
    runs.ended(home, "r-1")
    served, watched = serve(), tab()
    page = watched.page
    page.goto(served.url)
    expect(page).to_have_title("Runs · aichaos")
    page.get_by_role("link", name="r-1").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lose a pod")
    page.get_by_role("link", name="lose-a-pod").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("lose-a-pod")
    quiet(watched, served)


def test_progress_comes_without_asking_again(home: Path, serve: Start, tab: Open) -> None:
    kept = runs.begun(home, "r-live")
    served, watched = serve(), tab()
    with state.working_on("r-live"):
        watched.page.goto(f"{served.url}/runs/r-live")
        expect(watched.page.locator("#live")).to_have_text("live")
        expect(watched.page.locator(".steps .now")).to_contain_text("wait")
        kept.write(StepBegan(at=time.time(), number=2))
        expect(watched.page.locator(".steps .now")).to_contain_text("wait more", timeout=10_000)
    kept.close()
    quiet(watched, served)


def test_without_javascript_everything_can_be_read(home: Path, serve: Start, tab: Open) -> None:
    runs.ended(home, "r-1")
    runs.begun(home, "r-live").close()
    served, watched = serve(), tab(java_script_enabled=False)
    with state.working_on("r-live"):
        watched.page.goto(served.url)
        expect(watched.page.get_by_role("link", name="r-1")).to_be_visible()
        watched.page.goto(f"{served.url}/runs/r-live")
        expect(watched.page.locator(".steps .now")).to_contain_text("wait")
        assert watched.page.locator("noscript meta[http-equiv=refresh]").count() == 1


def test_text_of_strangers_does_nothing(home: Path, serve: Start, tab: Open) -> None:
    runs.ended(home, "r-1", runs.experiment(name=SCRIPT, title=SCRIPT, hypothesis=SCRIPT), who=SCRIPT)
    served, watched = serve(), tab()
    for path in ("/", "/runs/r-1"):
        watched.page.goto(f"{served.url}{path}")
        expect(watched.page.locator("main")).to_contain_text("<script>document.title='taken'</script>")
        assert "aichaos" in watched.page.title()
        assert watched.page.locator("main img, main script").count() == 0
    quiet(watched, served)


def test_the_policy_holds_even_where_text_would_get_through(home: Path, serve: Start, tab: Open) -> None:
    """The second wall: a script that is put into a page does not run, and no other page is asked for."""
    runs.ended(home, "r-1")
    served, watched = serve(), tab()
    watched.page.goto(served.url)
    watched.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title=1\">')")
    assert watched.page.evaluate("fetch('http://192.0.2.1/').then(() => 'sent', () => 'not sent')") == "not sent"
    assert any("Content Security Policy" in error for error in watched.errors)
    assert "aichaos" in watched.page.title()


def test_a_report_is_shown_in_a_box_of_its_own(home: Path, serve: Start, tab: Open) -> None:
    runs.ended(home, "r-1", runs.experiment(title=SCRIPT), bad=60)
    served, watched = serve(), tab()
    watched.page.goto(f"{served.url}/runs/r-1")
    watched.page.get_by_role("link", name="The full report").click()
    expect(watched.page.locator("svg")).to_have_count(2)
    expect(watched.page.locator("h1")).to_contain_text("<script>")
    assert watched.page.evaluate("self.origin") == "null"
    quiet(watched, served)


def test_a_phone_needs_no_sideways_scrolling(home: Path, serve: Start, tab: Open) -> None:
    runs.ended(home, "r-" + "x" * 60, runs.experiment(name="n" * 120, title="t" * 300))
    served, watched = serve(), tab(viewport={"width": 360, "height": 640}, color_scheme="dark")
    for path in ("/", "/runs/r-" + "x" * 60, "/experiments/" + "n" * 120):
        watched.page.goto(f"{served.url}{path}")
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= 360, path
    quiet(watched, served)


def test_on_a_phone_a_run_of_the_list_is_read_without_scrolling(home: Path, serve: Start, tab: Open) -> None:
    runs.ended(home, "fewer-replicas-ml-prediction-service-1126-050551-51a2")
    served, watched = serve(), tab(viewport={"width": 390, "height": 844})
    watched.page.goto(served.url)
    for text in ("completed", "verified", "pass"):
        expect(watched.page.get_by_text(text, exact=True)).to_be_in_viewport(ratio=1)
    assert watched.page.evaluate("[...document.querySelectorAll('.wide')].every(box => box.scrollWidth <= box.clientWidth)")
    box = watched.page.get_by_role("link", name="fewer-replicas").first.bounding_box()
    assert box is not None
    assert box["height"] < 60, "not broken into letters"


@pytest.mark.parametrize("width", [360, 1100])
def test_the_names_of_windows_are_not_broken_into_letters(home: Path, serve: Start, tab: Open, width: int) -> None:
    runs.ended(home, "r-1")
    served, watched = serve(), tab(viewport={"width": width, "height": 800})
    watched.page.goto(f"{served.url}/runs/r-1")
    cells = watched.page.locator("td.whole")
    assert cells.all_inner_texts()[:2] == ["baseline", "during"]
    assert set(watched.page.evaluate(LINES)) == {1}


LINES = """() => [...document.querySelectorAll('td.whole')].map(cell => {
  const range = document.createRange();
  range.selectNodeContents(cell);
  return new Set([...range.getClientRects()].map(box => Math.round(box.top))).size;
})"""
"""On how many lines the text of each such cell stands."""


def test_the_token_opens_the_door_for_this_browser(home: Path, serve: Start, tab: Open) -> None:
    runs.ended(home, "r-1")
    served, watched = serve(AICHAOS_SERVE_TOKEN=TOKEN), tab()
    watched.page.goto(served.url)
    watched.page.get_by_label("Token").fill("wrong")
    watched.page.get_by_role("button", name="Look").click()
    expect(watched.page.get_by_role("status").last).to_have_text("That is not the token.")
    watched.page.get_by_label("Token").fill(TOKEN)
    watched.page.get_by_role("button", name="Look").click()
    expect(watched.page.get_by_role("link", name="r-1")).to_be_visible()


def test_the_stop_form_refuses_a_wrong_token(home: Path, serve: Start, tab: Open) -> None:
    runs.begun(home, "r-live").close()
    served, watched = serve("--allow-stop"), tab()
    with state.working_on("r-live"):
        watched.page.goto(f"{served.url}/runs/r-live")
        watched.page.get_by_label("Token").fill("wrong")
        watched.page.get_by_role("button", name="Stop this run").click()
        expect(watched.page.get_by_text("That is not the token: nothing was done.")).to_be_visible()
        expect(watched.page.get_by_role("button", name="Stop this run")).to_be_visible()
