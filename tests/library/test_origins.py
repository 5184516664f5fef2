"""What the talk and the two labs ask for, each as the scenario that does it: made for their own clusters, checked, predicted.

The page of the library shows the same table.
"""

import json
import re
from pathlib import Path

import pytest

from aichaos import catalogue
from aichaos.domain.policy import NO_POLICY
from aichaos.library.shelf import scenarios
from tests.observe.clusters import demo
from tools.docs.places import ROOT

PAGE = ROOT / "docs" / "howto" / "library.md"
ROW = re.compile(r"^\| ([^|]+?) \| `([a-z0-9-]+) --from demo:([a-z-]+)((?: --(?:for|set) \S+)*)` \|$", re.MULTILINE)
ROWS = ROW.findall(PAGE.read_text(encoding="utf-8"))
SAID = {
    "route-conflict": ["my-route-v3", "recreate"],
    "gateway-cut-off": ["NetworkPolicy", "aichaos-newcomer-my-route"],
    "service-latency-litmus": ["pod-network-latency", '"1000"', '"90"', '"50"', "litmus-admin"],
    "pod-failure-chaos-mesh": ["pod-failure", "fixed-percent", '"30"', "600s"],
    "dependency-latency-chaos-mesh": ["500ms", "100ms", "300s"],
    "faulty-predictions": ['CHAOS_FAILURE_RATE: "0.05"', 'CHAOS_TIMEOUT_RATE: "0.02"', 'CHAOS_WRONG_RATE: "0.01"'],
    "pod-failure-litmus": ["pod-delete", "TOTAL_CHAOS_DURATION", '"60"', "CHAOS_INTERVAL", '"10"'],
    "region-loss-litmus": ["us-east-1"],
    "shadow-traffic": ["RequestMirror"],
}
"""What must stand in the experiment for it to be what was asked for."""


@pytest.mark.parametrize(("asked", "name", "cluster", "options"), ROWS, ids=[f"{row[1]}-{row[2]}" for row in ROWS])
def test_what_was_asked_for_is_made_checked_and_predicted(asked: str, name: str, cluster: str, options: str, tmp_path: Path) -> None:
    topology, scenario = demo(cluster), catalogue.find(name, None)
    words = options.split()
    given = list(zip(words[::2], words[1::2], strict=True))
    said = catalogue.said(scenario, [value for option, value in given if option == "--set"])
    subject = next((value for option, value in given if option == "--for"), "")
    making = catalogue.Making(scenario=scenario, said=said, subject=subject, out=tmp_path)
    made = catalogue.render(making, topology, NO_POLICY, lambda path: True).suggestion
    assert [one.message for one in made.findings if one.severity == "error"] == []
    assert made.verdict in ("ready", "review")
    assert made.prediction is not None
    assert made.prediction.restored
    text = Path(made.experiment or "").read_text(encoding="utf-8") + json.dumps(made.manifests, separators=(",", ":"))
    assert [word for word in SAID.get(name, ()) if word not in text] == [], text


def test_every_scenario_with_an_origin_stands_in_the_table_or_is_another_engines() -> None:
    told = {row[1] for row in ROWS}
    origins = {one.name for one in scenarios() if set(one.tags) & {"kubecon", "ml-lab", "gameday", "resilience-lab"}}
    assert {name.removesuffix("-chaos-mesh").removesuffix("-litmus") for name in origins - told} <= {
        "label-flip",
        "bad-version",
        "region-loss",
    }
    assert len(ROWS) >= 15
