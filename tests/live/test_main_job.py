"""The main job on a real cluster: the talk's question, asked of a live API server."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from aichaos.files import yaml
from tests.controlplane.client import ControlPlane
from tests.live.living import CRDS, apply, documents, yaml_text
from tests.program import Run, answer, fails

WORDS = "give me 3 chaos tests scenarios to test the resiliency of my HTTPRoutes configs"


def test_the_live_cluster_and_the_demo_give_the_same_three_scenarios(talk: ControlPlane, aichaos: Run) -> None:
    live = answer(aichaos("suggest", "--scenario", WORDS, "-n", "route-chaos", "-o", "json", kubeconfig=talk.kubeconfig()))
    demo = answer(aichaos("suggest", "--scenario", WORDS, "--from", "demo:route-chaos", "--out", "demo", "-o", "json"))
    # not the manifests: the server has filled defaults into the route that they are made from
    for name in ("id", "title", "summary", "hypothesis", "steps", "why_here", "verdict", "metrics", "remediation", "rollback"):
        assert [one[name] for one in live["suggestions"]] == [one[name] for one in demo["suggestions"]], name
    assert live["source"]["kind"] == "live"
    assert {one["verdict"] for one in live["suggestions"]} == {"ready"}


def test_every_suggested_manifest_is_one_that_the_server_takes(talk: ControlPlane, aichaos: Run, tmp_path: Path) -> None:
    answer(aichaos("suggest", "--scenario", WORDS, "-n", "route-chaos", "-o", "json", kubeconfig=talk.kubeconfig()))
    files = sorted((tmp_path / "chaos").glob("*/*.yaml"))
    assert files
    for file in files:
        (manifest,) = yaml.load(file.read_text(encoding="utf-8"), file.name)
        manifest["metadata"]["name"] += "-dry"  # what is recreated exists now, and a create would be refused for that alone
        talk.kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", input=yaml.dump(manifest))


def test_the_commands_can_be_typed_one_after_the_other(talk: ControlPlane, aichaos: Run, tmp_path: Path) -> None:
    """And afterwards the rollback that is suggested leaves the cluster's routes as they were, but for their age."""
    suggested = answer(aichaos("suggest", "--scenario", WORDS, "-n", "route-chaos", "-o", "json", kubeconfig=talk.kubeconfig()))
    (conflict,) = (one for one in suggested["suggestions"] if one["id"] == "route-conflict-my-route")
    before = _route(talk, "my-route")
    try:
        for command in conflict["commands"]:
            _type(talk, command, tmp_path)
        assert _route(talk, "my-route")["spec"] == before["spec"]
        assert _route(talk, "my-route")["metadata"]["uid"] != before["metadata"]["uid"]
        assert _route(talk, "my-route-v3")["spec"]["rules"][1]["backendRefs"][0]["name"] == "infra-backend-v3"
    finally:
        talk.kubectl("delete", "httproute", "my-route-v3", "-n", "route-chaos", "--ignore-not-found")


def _route(controlplane: ControlPlane, name: str) -> Any:
    return controlplane.get(f"/apis/gateway.networking.k8s.io/v1/namespaces/route-chaos/httproutes/{name}")


def _type(controlplane: ControlPlane, command: str, folder: Path) -> None:
    program, *arguments = shlex.split(command)
    assert program == "kubectl"
    controlplane.kubectl(*(str(folder / one) if one.endswith(".yaml") else one for one in arguments))


def test_a_saved_snapshot_gives_the_same_answer_elsewhere(talk: ControlPlane, aichaos: Run) -> None:
    live = answer(aichaos("suggest", "--no-save", "-n", "route-chaos", "-o", "json", kubeconfig=talk.kubeconfig()))
    assert aichaos("snapshot", "cluster.json", "-n", "route-chaos", kubeconfig=talk.kubeconfig()).returncode == 0
    elsewhere = answer(aichaos("suggest", "--no-save", "--from", "cluster.json", "-o", "json"))
    assert elsewhere["suggestions"] == live["suggestions"]
    assert elsewhere["source"]["kind"] == "snapshot"
    assert elsewhere["source"]["cluster"] == live["source"]["cluster"]


def test_what_was_saved_passes_its_own_check_against_the_live_cluster(talk: ControlPlane, aichaos: Run) -> None:
    answer(aichaos("suggest", "--scenario", WORDS, "-n", "route-chaos", "-o", "json", kubeconfig=talk.kubeconfig()))
    done = aichaos("check", "chaos", "--from", "live", "-o", "json", kubeconfig=talk.kubeconfig())
    assert answer(done)["summary"]["error"] == 0


def test_reading_rights_are_enough_and_what_they_leave_out_is_said(talk: ControlPlane, aichaos: Run) -> None:
    done = aichaos("suggest", "--scenario", WORDS, "--no-save", "-o", "json", kubeconfig=talk.kubeconfig("reader"))
    found = answer(done)
    assert any(one["id"] == "route-conflict-my-route" for one in found["suggestions"])


def test_without_any_right_it_is_one_line_and_exit_1(talk: ControlPlane, aichaos: Run) -> None:
    fails(aichaos("suggest", kubeconfig=talk.kubeconfig("nobody")), 1, "may be read")


def test_an_expired_token_is_one_line_and_exit_1(talk: ControlPlane, aichaos: Run) -> None:
    done = aichaos("suggest", kubeconfig=talk.kubeconfig(token="not-a-token"))
    fails(done, 1, "")
    assert "not-a-token" not in done.stderr


def test_a_server_with_another_certificate_is_one_line_and_exit_1(talk: ControlPlane, aichaos: Run, tmp_path: Path) -> None:
    (config,) = yaml.load(talk.kubeconfig().read_text(encoding="utf-8"), "kubeconfig")
    cluster = config["clusters"][0]["cluster"]
    for field in ("certificate-authority", "certificate-authority-data"):
        cluster.pop(field, None)
    other = tmp_path / "other"
    other.write_text(yaml.dump(config), encoding="utf-8")
    fails(aichaos("suggest", kubeconfig=other), 1, "certificate")


def test_a_namespace_that_is_not_there_is_wrong_use(talk: ControlPlane, aichaos: Run) -> None:
    done = aichaos("suggest", "-n", "route-chas", kubeconfig=talk.kubeconfig())
    assert done.returncode == 2
    assert "route-chaos" in done.stderr


def test_doctor_says_what_is_there(talk: ControlPlane, aichaos: Run) -> None:
    done = aichaos("doctor", "-o", "json", kubeconfig=talk.kubeconfig())
    answers = {one["question"]: one for one in answer(done)["answers"]}
    assert answers["cluster"]["status"] == "ok"
    assert answers["reading rights"]["status"] == "ok"
    assert "istio.io/gateway-controller" in answers["Gateway API"]["message"]


@pytest.mark.parametrize("demo", ["route-chaos", "service-a", "ml-services", "production"])
def test_the_server_takes_every_document_of_a_demo(demo: str, alone: ControlPlane) -> None:
    """A strict dry run; namespaces and accounts are really made, since no pod can be tried where they are not."""
    alone.install_crds(*CRDS)
    found = documents(demo)
    apply(alone, [_bare(one) for one in found if one["kind"] == "Namespace"])
    apply(alone, [_bare(one) for one in found if one["kind"] == "ServiceAccount"])
    alone.kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", input=yaml_text([_renamed(one) for one in found]))


def _bare(found: dict[str, Any]) -> dict[str, Any]:
    metadata = {key: value for key, value in found["metadata"].items() if key in ("name", "namespace")}
    return {"apiVersion": found["apiVersion"], "kind": found["kind"], "metadata": metadata}


def _renamed(found: dict[str, Any]) -> dict[str, Any]:
    """Under a name of its own: what another test has really made of the same demo must not be in the way."""
    return found | {"metadata": found["metadata"] | {"name": f"{found['metadata']['name'][:200]}-x"}}
