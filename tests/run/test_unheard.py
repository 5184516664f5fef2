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
