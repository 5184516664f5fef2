"""The pictures of the dashboard and of a report, by the pages themselves in the system's Chromium: `python -m tools.pictures` writes them.

The runs on them are made up: folders as `aichaos run` leaves them. A page is the same every time; what it was drawn from is kept in its
picture, so that a page that has changed since is noticed (`tests/test_docs.py`).
"""

import os
import random
import struct
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace
from playwright.sync_api import Browser, sync_playwright

from aichaos.domain.about import ABOUT, About, Request
from aichaos.domain.digest import sha256
from aichaos.domain.sample import Sample
from tools.docs.places import ROOT

SERVE = ROOT / "docs" / "images" / "serve.png"
REPORT = ROOT / "docs" / "images" / "report.png"
_KEY = b"aichaos-page"
_START = b"\x89PNG\r\n\x1a\n"


# the report ------------------------------------------------------------------------------------------------------------------------


def report_page() -> str:
    """The page of a run in which half of the endpoints refuse, and another version was foretold to answer for them."""
    from aichaos.records import past
    from aichaos.report import results_html
    from tests.measure import folders

    request = "GET http://lior.example.com/shop"
    half = folders.to("shop/infra-v1", "shop/infra-v2")
    foretold = folders.prediction(folders.to("shop/infra-v1"), half, half, folders.to("shop/infra-v1"))
    probe = {
        "name": "shop answers",
        "http": {"url": "http://lior.example.com/shop", "via": "gateway/shop/edge"},
        "tolerance": {"success": ">= 99%", "p95": "<= 300ms"},
    }
    with tempfile.TemporaryDirectory() as home:
        made = folders.experiment(probe, title="Half of the endpoints refuse")
        kept = folders.folder(Path(home), made=made, foretold=replace(foretold, requests=(request,)), samples=_samples())
        about = msgspec.json.decode((kept / ABOUT).read_bytes(), type=About)
        asked = replace(about, requests=[Request(sample="shop answers", number=0)])
        (kept / ABOUT).write_bytes(msgspec.json.encode(asked))
        return results_html.page(past.results(kept))


def _samples() -> Iterator[Sample]:
    """As many as in the run that docs/howto/read-a-report.md tells of."""
    from tests.measure import folders

    chance = random.Random(7)
    good: dict[str, Any] = {"status": 200, "backend": "shop/infra-v1"}
    bad: dict[str, Any] = {"outcome": "bad", "status": 503, "why": "it answered 503, expected 200"}
    refused = chance.sample(range(602), 292)
    for start, end, count in ((0.0, folders.FIRST, 301), (folders.FIRST, folders.BACK, 602), (folders.CHECKED, folders.ENDED, 208)):
        for number in range(count):
            at = start + (number + 0.5) * (end - start) / count
            told = bad if count == 602 and number in refused else good
            yield from folders.answers("shop answers", at, at + 0.1, seconds=chance.lognormvariate(-6.9, 0.2), **told)


def drawn_from(picture: bytes) -> str:
    """The digest of the page that a picture was drawn from; "" where it does not say."""
    at = len(_START)
    while at < len(picture):
        (length,) = struct.unpack(">I", picture[at : at + 4])
        kind, data = picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        if kind == b"tEXt" and data.startswith(_KEY + b"\0"):
            return data.partition(b"\0")[2].decode()
        at += 12 + length
    return ""


def _marked(picture: bytes, page: str) -> bytes:
    """The picture with what it was drawn from, behind its first chunk."""
    data = b"tEXt" + _KEY + b"\0" + sha256(page.encode()).encode()
    chunk = struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
    end = len(_START) + 12 + 13  # of IHDR
    return picture[:end] + chunk + picture[end:]


def _draw_report(browser: Browser) -> None:
    text = report_page()
    page = browser.new_page(viewport={"width": 860, "height": 900})
    page.set_content(text)
    REPORT.write_bytes(_marked(page.locator("section").first.screenshot(), text))


# the dashboard ---------------------------------------------------------------------------------------------------------------------


_LIVE = "20261125-0900-route-conflict"
_NOW = 1_795_597_200.0
"""When the run of the picture began: 25 November 2026, 09:00 UTC."""


@contextmanager
def _going(home: Path) -> Iterator[str]:
    """A run that goes, after five of the same experiment, in a state folder; its name."""
    from aichaos.run import state
    from tests.serving import runs

    os.environ["AICHAOS_STATE_DIR"] = str(home)
    what = runs.experiment("route-conflict-my-route", "Delete and recreate my-route beside a younger rival", "v1 answers throughout")
    for number, bad in enumerate((150, 90, 40, 2, 2)):
        runs.ended(home, f"20261{120 + number}-0900-route-conflict", what, at=_NOW - (5 - number) * 86400, bad=bad)
    kept = runs.begun(home, _LIVE, what, at=_NOW)
    try:
        with state.working_on(_LIVE):
            yield _LIVE
    finally:
        kept.close()


def dashboard_page() -> str:
    """What the dashboard shows of a run that goes, and how it is to look."""
    from aichaos.run import state
    from aichaos.serving import pages
    from aichaos.serving.shelf import Shelf

    before = os.environ.get("AICHAOS_STATE_DIR")
    try:
        with tempfile.TemporaryDirectory() as folder, _going(Path(folder)) as live:
            assert state.home() == Path(folder)
            return pages.run(Shelf().results(live), may_stop=True) + (files("aichaos.serving") / "static" / "style.css").read_text("utf-8")
    finally:
        os.environ.pop("AICHAOS_STATE_DIR")
        if before is not None:
            os.environ["AICHAOS_STATE_DIR"] = before


def _draw_dashboard(browser: Browser) -> None:
    from tests.serving.conftest import dashboards

    text = dashboard_page()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "state"
        with _going(home) as live, dashboards(home, Path(folder)) as start:
            served = start("--allow-stop", "--no-cluster")
            page = browser.new_page(viewport={"width": 960, "height": 900})
            answer = page.goto(f"{served.url}/runs/{live}")
            assert answer is not None
            assert text.startswith(answer.text()), "what is drawn is what the picture is held against"
            page.locator("#live", has_text="live").wait_for()
            SERVE.write_bytes(_marked(page.screenshot(), text))


def main() -> None:
    from tests.browser import executable

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=["--no-sandbox"])
        _draw_report(browser)
        _draw_dashboard(browser)
        browser.close()
    print(f"written: {REPORT}, {SERVE}")


if __name__ == "__main__":
    main()
