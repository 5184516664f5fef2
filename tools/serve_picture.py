"""The picture of the dashboard, by the dashboard itself in the system's Chromium: `python -m tools.serve_picture` writes it.

The runs on it are made up: folders as `aichaos run` leaves them, of an experiment that got better, and one that goes.
"""

import os
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from tools.docs.places import ROOT

PICTURE = ROOT / "docs" / "images" / "serve.png"


def main() -> None:
    from aichaos.run import state
    from tests.browser import executable
    from tests.serving import runs
    from tests.serving.conftest import dashboards

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "state"
        os.environ["AICHAOS_STATE_DIR"] = str(home)
        what = runs.experiment("route-conflict-my-route", "Delete and recreate my-route beside a younger rival", "v1 answers throughout")
        for number, bad in enumerate((150, 90, 40, 2, 2)):
            runs.ended(home, f"20261{120 + number}-0900-route-conflict", what, at=time.time() - (6 - number) * 86400, bad=bad)
        live = "20261125-0900-route-conflict"
        kept = runs.begun(home, live, what)
        with state.working_on(live), dashboards(home, Path(folder)) as start, sync_playwright() as playwright:
            served = start("--allow-stop", "--no-cluster")
            browser = playwright.chromium.launch(executable_path=executable(), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 960, "height": 900})
            page.goto(f"{served.url}/runs/{live}")
            page.locator("#live", has_text="live").wait_for()
            page.screenshot(path=PICTURE)
            browser.close()
        kept.close()
    print(f"written: {PICTURE}")


if __name__ == "__main__":
    main()
