"""Whoever reads what a run says may go away: the run goes on, everything goes back, and its exit code is what it was."""

import json
from pathlib import Path

import pytest

from tests.controlplane.gateway import RunningGateway
from tests.program import Run
from tests.run.shop import Shop


@pytest.fixture
def shop(gateway: RunningGateway, aichaos: Run, tmp_path: Path) -> Shop:
    return Shop(gateway, aichaos, tmp_path)


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("until", ["run ", "step 3", "restoring"])
def test_a_pipe_that_is_closed_leaves_nothing_changed(shop: Shop, tmp_path: Path, form: str, until: str) -> None:
    path = shop.experiment(shop.conflict("1s"))
    quick = ["--interval", "0.1", "--baseline", "0.3", "--after", "0.3"]
    with (tmp_path / "stderr").open("w") as stderr:
        process = shop.open("run", str(path), *shop.options, "--accept-shared-fate", *quick, "--yes", "-o", form, stderr=stderr)
        assert process.stdout is not None
        words = {"run ": "started", "step 3": '"number":3', "restoring": '"restoring"'} if form == "json" else {until: until}
        assert any(words[until] in line for line in process.stdout)
        process.stdout.close()
        code = process.wait(60)
    said = (tmp_path / "stderr").read_text(encoding="utf-8")
    assert code == 3, said
    assert "Traceback" not in said
    shop.gateway.settle()
    assert shop.answering() == "v1"
    runs = json.loads(shop.say("runs", "-o", "json").stdout)
    assert [(one["state"], one["restored"]) for one in runs] == [("completed", "verified")]


def test_a_report_that_can_not_be_written_changes_nothing_about_the_end(shop: Shop, tmp_path: Path) -> None:
    target = {"kind": "Service", "name": shop.backend("v3"), "namespace": shop.namespace}
    process = shop.start(shop.experiment([{"name": "label", "label": target | {"set": {"chaos": "here"}}}]))
    began = shop.until(process, "started")[-1]
    (tmp_path / "state" / "runs" / began["run"] / "report.json").mkdir(parents=True)
    seen = shop.until(process, "finished")
    said = process.communicate(timeout=60)
    assert (process.returncode in (0, 9), seen[-1]["restored"]) == (True, "verified"), said  # 9: hardly a probe was asked in that moment
    assert any("the report could not be written" in one["text"] for one in seen if one["event"] == "note"), seen
