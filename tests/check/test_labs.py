"""Manifests as labs and models write them: every error in them is found, and what is certain is corrected in one go.

The manifests are written anew in the spirit of published course material; each holds the mistakes of its kind.
"""

from pathlib import Path
from typing import Any

import pytest

from aichaos.check.documents import review
from aichaos.check.fixes import applied
from aichaos.domain.finding import Finding
from aichaos.files import yaml
from aichaos.observe.topology import Topology
from tests.check.cluster import demo

LABS = Path(__file__).parent / "labs"
PROBE = "/spec/experiments/0/spec/probe/0"
RULE = "/spec/forProvider/rule/0"
ERRORS: dict[str, set[tuple[str, str]]] = {
    "failover": {("istio/locality-setting-place", "/spec/trafficPolicy/localityLbSetting")},
    "replication": {
        ("crossplane/kind", "/kind"),
        ("schema/required", "/spec/forProvider"),
        ("crossplane/namespace-ignored", "/metadata/namespace"),
        ("crossplane/reference-fields", "/spec/forProvider/roleArnRef"),
        ("crossplane/rule-id", f"{RULE}/name"),
        ("crossplane/list-or-mapping", f"{RULE}/destination"),
        ("crossplane/list-or-mapping", f"{RULE}/deleteMarkerReplication"),
        ("crossplane/list-or-mapping", f"{RULE}/filter"),
        ("crossplane/reference-fields", f"{RULE}/destination/bucketArnRef"),
    },
    "degradation": {
        ("istio/default-route-is-no-failover", "/spec/http/1"),
        ("istio/retries-outlast-timeout", "/spec/http/0/retries/perTryTimeout"),
    },
    "engine": {
        ("litmus/fault-name", "/spec/experiments/0/name"),
        ("litmus/http-method", f"{PROBE}/httpProbe~1inputs/method"),
        ("litmus/probe-unit", f"{PROBE}/runProperties/probeTimeout"),
        ("litmus/probe-unit", f"{PROBE}/runProperties/interval"),
    },
    "shadowing": {
        ("istio/mirror-percentage", "/spec/http/0/mirror_percentage"),
        ("istio/retries-outlast-timeout", "/spec/http/0/retries/perTryTimeout"),
    },
    "latency-template": {
        ("chaos-mesh/latency-unit", "/spec/delay"),
        ("chaos-mesh/misplaced-part", "/spec/jitter"),
        ("chaos-mesh/target-shape", "/spec/target"),
        ("chaos-mesh/selects-whole-namespace", "/spec"),
        ("schema/required", "/spec"),
    },
    "failure-template": {
        ("chaos-mesh/value", "/spec/value"),
        ("chaos-mesh/selector-fields", "/spec/selector/matchLabels"),
    },
}
LEFT = {
    "degradation": {"istio/default-route-is-no-failover"},
    "engine": {"litmus/fault-name"},
    "latency-template": {"chaos-mesh/target-shape", "chaos-mesh/selects-whole-namespace", "schema/required"},
    "replication": {"schema/required"},
}
"""What is probable only, and stays for people."""


def findings(text: str, cluster: Topology | None = None) -> list[Finding]:
    return review([("lab.yaml", text)], cluster).findings


def lab(name: str) -> str:
    return (LABS / f"{name}.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_of_a_lab_is_found_where_it_stands(name: str) -> None:
    found = {(one.rule, one.path) for one in findings(lab(name))}
    assert ERRORS[name] - found == set()
    assert all(one.line for one in findings(lab(name)))


@pytest.mark.parametrize("name", ERRORS)
def test_one_place_has_one_finding(name: str) -> None:
    places = [one.path for one in findings(lab(name)) if one.severity == "error" and one.rule != "schema/required"]
    assert len(places) == len(set(places))


@pytest.mark.parametrize("name", ERRORS)
def test_what_is_certain_is_corrected_and_the_rest_is_left(name: str) -> None:
    fixed = corrected(yaml.load(lab(name), "lab.yaml")[0])
    left = {one.rule for one in findings(yaml.dump(fixed)) if one.severity in ("error", "warning")}
    assert left == LEFT.get(name, set())


def corrected(document: Any) -> Any:
    """The document when every fix has been applied, again and again until none is offered."""
    for _ in range(20):
        offered = [one.fix for one in findings(yaml.dump(document)) if one.fix is not None]
        if not offered:
            return document
        document = applied(document, offered[0].patch)
    pytest.fail("fixes never end")


def test_on_the_labs_own_cluster_the_fault_and_the_names_are_asked_for() -> None:
    cluster = demo("production")
    assert ("reference/fault-not-installed", "/spec/experiments/0/name") in {
        (one.rule, one.path) for one in findings(lab("engine"), cluster)
    }
    assert "reference/service-account-permissions" not in {one.rule for one in findings(lab("engine"), cluster)}
    assert findings(lab("degradation").replace("llama3-8b-fallback", "llama3-8b"), cluster)[-2].rule == "reference/host-not-found"
