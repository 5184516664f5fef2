"""What the talk shows, end to end: the real API server, the real gateway, and requests that no code of the program has a part in."""

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aichaos.domain.running import Finished
from tests.controlplane.gateway import RunningGateway
from tests.program import Run, all_said, environment, events_of, fails
from tests.run.enforcing import Enforcing
from tests.run.shop import Shop, last
from tests.run.test_rights import account, applied, user


@pytest.fixture
def shop(gateway: RunningGateway, aichaos: Run, tmp_path: Path) -> Shop:
    return Shop(gateway, aichaos, tmp_path)


def test_a_younger_rival_takes_over_as_predicted_and_everything_is_put_back(shop: Shop) -> None:
    assert shop.answering() == "v1"
    code, events = shop.json(shop.experiment(shop.conflict(), title="Delete and recreate my-route beside a younger rival"))
    end = last(events)
    assert (code, end["outcome"], end["restored"], end["verdict"]) == (3, "completed", "verified", "fail"), events
    assert set(end) == {"event", *(field.encode_name for field in msgspec.structs.fields(Finished))}
    assert any("v3 answered" in one["detail"] for one in events if one["event"] == "probed")
    assert Path(end["report"]).is_file()
    shop.gateway.settle()
    assert shop.answering() == "v1"


def test_a_younger_rival_in_another_namespace_is_seen_whatever_namespaces_are_asked_for(shop: Shop) -> None:
    """It would be the elder afterwards; so it would have to be made again, outside the scope."""
    plane = shop.gateway.controlplane
    with plane.namespace() as elsewhere:
        rival = shop.manifest("rival", "v3")
        rival["metadata"]["namespace"] = elsewhere
        made = plane.get(f"/apis/gateway.networking.k8s.io/v1/namespaces/{shop.namespace}/httproutes/{shop.route}")
        stamp = made["metadata"]["creationTimestamp"]
        plane.wait(lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()) > stamp, what="another second")
        shop.gateway.create(rival)
        target = {"kind": "HTTPRoute", "name": shop.route, "namespace": shop.namespace}
        path = shop.experiment([{"name": "gone", "delete": target}, {"name": "back", "recreate": target}])
        assert "-n" in shop.options
        done = shop.run(path, "--yes")
        assert (done.returncode, "refused [closure]" in done.stderr, f"HTTPRoute/{elsewhere}/rival" in done.stderr) == (
            5, True, True,
        ), all_said(done)  # fmt: skip
    assert shop.answering() == "v1"


def served(shop: Shop) -> tuple[str, dict[str, Any]]:
    """A Deployment with a pod, its Service and a route to it at `web.HOST`: their name, and a probe that it answers."""
    plane, name = shop.gateway.controlplane, f"web-{shop.word}"
    plane.node("node-a", zone="a")
    template = {"metadata": {"labels": {"app": name}}, "spec": {"nodeName": "node-a", "containers": [{"name": "c", "image": "shop/web:1"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template}
    shop.gateway.create(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": shop.namespace}, "spec": spec}
    )
    ports = [{"port": 80, "targetPort": shop.gateway.backends.port}]
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": shop.namespace}}
    shop.gateway.create(service | {"spec": {"selector": {"app": name}, "ports": ports}})
    route = shop.manifest(f"web-{shop.word}", "v1")
    route["spec"]["hostnames"] = [f"web.{shop.host}"]
    route["spec"]["rules"][0]["backendRefs"][0]["name"] = name
    shop.gateway.create(route)
    plane.wait(lambda: shop.gateway.ask("GET", f"web.{shop.host}", "/shop").status == 200, what="the pod to answer")
    probe = shop.probe("web answers")
    probe["http"]["url"], probe["http"]["expect"] = f"http://web.{shop.host}/shop", {"status": "200"}
    return name, probe


def cuts(shop: Shop, steps: list[dict[str, Any]], probe: dict[str, Any], *intends: str) -> None:
    """A run that cuts a served name off, as its probe sees, and restores it."""
    code, events = shop.json(shop.experiment(steps, steadyState=[probe], intends=["policy/takes-all", *intends]))
    end = last(events)
    assert (code, end["outcome"], end["restored"], end["verdict"]) == (3, "completed", "verified", "fail"), events
    assert any("503" in one["detail"] for one in events if one["event"] == "probed"), events
    assert shop.gateway.ask("GET", f"web.{shop.host}", "/shop").status == 200


def test_a_selector_that_is_flipped_or_no_pods_cut_the_service_off_and_it_comes_back(shop: Shop) -> None:
    name, probe = served(shop)
    path = f"/api/v1/namespaces/{shop.namespace}/services/{name}"
    before = shop.gateway.controlplane.get(path)["spec"]
    target = {"kind": "Service", "name": name, "namespace": shop.namespace}
    deployment = {"kind": "Deployment", "name": name, "namespace": shop.namespace}
    flip = {"name": "flip", "patch": {**target, "merge": {"spec": {"selector": {"app": "nobody"}}}}}
    for step in (flip, {"name": "none", "scale": {**deployment, "replicas": 0}}):
        cuts(shop, [step, {"wait": {"for": "1s"}}], probe)
        assert shop.gateway.controlplane.get(path)["spec"] == before


def test_a_run_ends_when_the_rollouts_of_its_way_back_have(shop: Shop) -> None:
    name, probe = served(shop)
    path = f"/apis/apps/v1/namespaces/{shop.namespace}/deployments/{name}"
    target = {"kind": "Deployment", "name": name, "namespace": shop.namespace}
    template = shop.gateway.controlplane.get(path)["spec"]["template"]
    for step in ({"restart": target}, {"scale": target | {"replicas": 0}}):
        code, events = shop.json(shop.experiment([{"name": "do", **step}], steadyState=[probe], intends=["policy/takes-all"]))
        now = shop.gateway.controlplane.get(path)
        end = last(events)
        assert (end["outcome"], end["restored"]) == ("completed", "verified"), (code, events)
        told = [now["status"].get(one) for one in ("observedGeneration", "replicas", "updatedReplicas", "readyReplicas")]
        assert told == [now["metadata"]["generation"], 1, 1, 1], events
        assert now["spec"]["template"] == template


def test_a_policy_cuts_traffic_off_when_it_comes_or_when_a_label_makes_it_meant(shop: Shop) -> None:
    """The policy is the cluster's; who carries it out is the tests' own network plugin (`enforcing.py`)."""
    plane, (name, probe) = shop.gateway.controlplane, served(shop)
    head = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
    policies = f"/apis/networking.k8s.io/v1/namespaces/{shop.namespace}/networkpolicies"

    def policy(called: str, **labels: str) -> dict[str, Any]:
        spec = {"podSelector": {"matchLabels": labels}, "policyTypes": ["Ingress"]}
        return head | {"metadata": {"name": called, "namespace": shop.namespace}, "spec": spec}

    def pods() -> list[dict[str, Any]]:
        return list(plane.get(f"/api/v1/namespaces/{shop.namespace}/pods?labelSelector=app%3D{name}")["items"])

    plane.request("POST", policies, policy("quarantine", quarantine=shop.word))
    (pod,) = pods()
    flip = {"kind": "Pod", "name": pod["metadata"]["name"], "namespace": shop.namespace, "set": {"quarantine": shop.word}}
    with Enforcing(shop.gateway):
        cuts(shop, [{"name": "cut", "create": policy(f"cut-{shop.word}", app=name)}, {"wait": {"for": "1s"}}], probe)
        assert [one["metadata"]["name"] for one in plane.get(policies)["items"]] == ["quarantine"]
        cuts(shop, [{"name": "flip", "label": flip}, {"wait": {"for": "1s"}}], probe)
    (after,) = pods()
    assert (after["metadata"]["uid"], after["metadata"]["labels"]) == (pod["metadata"]["uid"], pod["metadata"]["labels"])
    plane.request("DELETE", f"{policies}/quarantine")


def test_at_a_terminal_the_name_is_asked_and_ctrl_c_stops_and_restores_however_often(shop: Shop) -> None:
    code, seen = shop.at_a_terminal(shop.experiment(shop.conflict("50s")), typed=f"trial-{shop.word}\n", stop_at="step 5/6", presses=3)
    assert code == 7, seen
    for told in ("Shall this be done?", "left, Ctrl-C stops", "stopped: interrupted (SIGINT)", "Verified restored"):
        assert told in seen
    shop.gateway.settle()
    assert shop.answering() == "v1"


def test_ctrl_c_at_the_question_says_on_a_line_of_its_own_that_nothing_was_changed(shop: Shop) -> None:
    code, seen = shop.at_a_terminal(shop.experiment(shop.conflict()), typed="", stop_at="to go on:", presses=1)
    assert (code, seen.splitlines()[-1]) == (130, "aichaos: interrupted; nothing was changed in the cluster"), seen
    assert seen.splitlines()[-2].endswith("to go on: "), seen


def test_at_a_terminal_another_name_is_a_no(shop: Shop) -> None:
    code, seen = shop.at_a_terminal(shop.experiment(shop.conflict()), typed="yes\n")
    assert (code, "nothing was changed" in seen) == (130, True), seen


@pytest.mark.parametrize("how", ["stop", "all"])
def test_a_run_is_stopped_from_elsewhere(shop: Shop, how: str) -> None:
    process = shop.start(shop.experiment(shop.conflict("50s")))
    lines = shop.until(process, "step", number=5)
    shown = shlex.split(lines[0]["stop"])  # as it was told, and nothing that only we know
    assert shown == ["aichaos", "stop", lines[0]["run"], "--lever", f"{shop.namespace}/lever"]
    words = shown[1:] if how == "stop" else ["stop", "--all", *shown[3:]]
    done = shop.say(*words, "--why", "an incident")
    assert done.returncode == 0, all_said(done)
    rest, _ = process.communicate(timeout=60)
    end = last([*lines, *map(json.loads, rest.splitlines())])
    assert (process.returncode, end["outcome"], end["restored"]) == (7, "stopped", "verified")
    assert "an incident" in end["stop_reason"]
    if how == "all":
        again = shop.run(shop.experiment(shop.conflict()), "--yes")
        assert (again.returncode, "refused [lever]" in again.stderr) == (5, True), all_said(again)
        assert shop.say("stop", "--release", "--lever", f"{shop.namespace}/lever").returncode == 0


def test_a_lever_that_is_pulled_with_kubectl_accuses_nobody_else(shop: Shop) -> None:
    """Who released it last, or made it, still stands beside the word that somebody else has changed."""
    process = shop.start(shop.experiment(shop.conflict("50s")))
    lines = shop.until(process, "step", number=5)
    where = ["-n", shop.namespace, "configmap", "lever"]
    shop.gateway.controlplane.kubectl("patch", *where, "--type", "merge", "-p", '{"data":{"state":"pulled"}}')
    rest, _ = process.communicate(timeout=60)
    end = last([*lines, *map(json.loads, rest.splitlines())])
    assert (process.returncode, end["outcome"], end["restored"]) == (7, "stopped", "verified")
    assert end["stop_reason"].startswith("the lever is pulled with kubectl-patch at "), end
    assert "first run" not in end["stop_reason"]
    refused = shop.run(shop.experiment(shop.conflict()), "--yes")
    assert f"`aichaos stop --release --lever {shop.namespace}/lever`" in " ".join(refused.stderr.split())
    assert f"`aichaos stop --all --lever {shop.namespace}/lever`" in " ".join(refused.stdout.split())
    assert shop.say("stop", "--release", "--lever", f"{shop.namespace}/lever").returncode == 0


def test_a_failing_abort_probe_ends_the_run(shop: Shop) -> None:
    abort = shop.probe("bystanders", failures=2)
    code, events = shop.json(shop.experiment(shop.conflict("50s"), abort=[abort]))
    end = last(events)
    assert (code, end["outcome"], end["restored"], end["verdict"]) == (7, "stopped", "verified", "fail"), events
    assert end["stop_reason"].startswith("the abort probe bystanders fails")
    shop.gateway.settle()
    assert shop.answering() == "v1"


def test_what_the_guard_refuses_changes_nothing(shop: Shop) -> None:
    wrong = shop.experiment(shop.conflict(), steadyState=[shop.probe("shop answers from v1", "v2")])
    done = shop.run(wrong, "--yes")
    assert (done.returncode, "refused [steady-state]" in done.stderr) == (5, True), all_said(done)
    path = shop.experiment(shop.conflict())
    nobody = shop.say("run", str(path), *shop.options, "--yes", "--accept-shared-fate", kubeconfig=shop.reader)
    assert (nobody.returncode, "refused [rights]" in nobody.stderr) == (5, True), all_said(nobody)
    assert shop.answering() == "v1"


_BROKEN = """
import sys
from aichaos.entry import main
from aichaos.errors import AichaosError
from aichaos.run import audit, watchdog
def broken(*_):
    raise {error}("it can't be started")
{what} = broken
sys.argv[0] = "aichaos"
main()
"""


def broken(shop: Shop, folder: Path, what: str, error: str) -> subprocess.CompletedProcess[str]:
    """A run by a program in which something raises an error as soon as it is called."""
    words = ["run", str(shop.experiment(shop.conflict())), *shop.options, "--accept-shared-fate", "--yes", "-o", "json"]
    around = environment(folder / "home", AICHAOS_STATE_DIR=str(folder / "state"), KUBECONFIG=str(shop.kubeconfig))
    command = [sys.executable, "-c", _BROKEN.format(what=what, error=error), *words]
    return subprocess.run(command, env=around, capture_output=True, text=True, timeout=120, check=False)


def test_a_bug_before_the_first_change_keeps_nobody_else_out(shop: Shop, tmp_path: Path) -> None:
    done = broken(shop, tmp_path, "audit.tell", "RuntimeError")
    assert (done.returncode, "a bug in aichaos: RuntimeError: it can't be started" in done.stderr) == (1, True), all_said(done)
    lease = f"/apis/coordination.k8s.io/v1/namespaces/{shop.namespace}/leases/aichaos-run"
    assert not shop.gateway.controlplane.get(lease)["spec"].get("holderIdentity"), "the Lease is free again"


def test_a_run_that_breaks_before_its_first_change_says_so_in_its_last_event(shop: Shop, tmp_path: Path) -> None:
    done = broken(shop, tmp_path, "watchdog.start", "AichaosError")
    end = last(events_of(done))
    assert (done.returncode, end["outcome"], end["restored"], end["verdict"]) == (1, "failed", "nothing-changed", "no-data"), all_said(done)
    assert end["stop_reason"] == "it can't be started"
    assert "aichaos: it can't be started" in done.stderr
    assert shop.run(shop.experiment(shop.conflict("500ms")), "--yes").returncode == 3, "the Lease is free again"


def test_without_a_terminal_nobody_is_asked(shop: Shop) -> None:
    done = shop.run(shop.experiment(shop.conflict()))
    assert (done.returncode, "no terminal to ask" in done.stderr) == (2, True)


def test_a_rehearsal_changes_nothing(shop: Shop) -> None:
    done = shop.run(shop.experiment(shop.conflict()), "--rehearse", "-o", "json")
    assert [one["outcome"] for one in json.loads(done.stdout)["steps"]] == ["accepted", "skipped", "accepted", *["skipped"] * 3]
    assert shop.answering() == "v1"


def test_an_approval_is_for_one_run_and_for_what_was_reviewed(shop: Shop, tmp_path: Path) -> None:
    key, approval = tmp_path / "key", tmp_path / "approval.yaml"
    key.write_text("k" * 44)
    path = shop.experiment(shop.conflict("500ms"))
    given = ["approve", str(path), *shop.options, "--key", str(key), "-o", str(approval), "--yes"]
    words = ["--approval", str(approval), "--approval-key", str(key)]
    assert shop.say(*given).returncode == 0
    assert shop.run(path, *words).returncode == 3
    again = shop.run(path, *words)
    assert (again.returncode, "refused [approval-used]" in again.stderr) == (5, True), all_said(again)
    assert "approval-drift" in again.stderr  # the route has been made again since
    reviewed = shop.say(*given, "--uses", "2")
    assert (reviewed.returncode, f"each run makes HTTPRoute/{shop.namespace}/{shop.route} again" in reviewed.stderr) == (0, True)
    for _ in range(2):
        done = shop.run(path, *words)
        assert done.returncode == 3, all_said(done)
    again = shop.run(path, *words)
    refused = [line.partition("]")[0] for line in again.stderr.splitlines() if "refused [" in line]
    assert (again.returncode, [line.rpartition("[")[2] for line in refused]) == (5, ["approval-used"]), all_said(again)
    assert shop.say(*given, "--uses", "2").returncode == 0
    other = shop.run(shop.experiment(shop.conflict("600ms")), *words)
    assert (other.returncode, "refused [approval-experiment]" in other.stderr) == (5, True), all_said(other)
    approval.write_text(approval.read_text().replace("uses: 2", "uses: 9"))
    spoiled = shop.run(path, *words)
    assert (spoiled.returncode, "refused [approval-signature]" in spoiled.stderr) == (5, True), all_said(spoiled)


def test_who_did_what_stands_in_the_clusters_events(shop: Shop) -> None:
    shop.json(shop.experiment(shop.conflict("500ms")), "--why", "game day")
    events = shop.gateway.controlplane.get(f"/apis/events.k8s.io/v1/namespaces/{shop.namespace}/events")["items"]
    mine = [one for one in events if one["regarding"]["name"] == shop.route and one["reportingController"] == "aichaos.io/run"]
    began, ended = sorted(mine, key=lambda one: str(one["eventTime"]))
    assert (began["reason"], ended["reason"]) == ("ChaosStarted", "ChaosEnded")
    assert "verified restored" in ended["note"]


def test_the_least_role_is_printed(shop: Shop) -> None:
    done = shop.say("doctor", "--rbac", str(shop.experiment(shop.conflict())), "-n", shop.namespace, "-o", "json")
    assert done.returncode == 0, all_said(done)
    rules = [
        rule for role in json.loads(done.stdout)["roles"] if role["metadata"].get("namespace") == shop.namespace for rule in role["rules"]
    ]
    assert [rule for rule in rules if rule["resources"] == ["httproutes"] and rule["verbs"] == ["create"]]
    assert all("*" not in json.dumps(rule) for rule in rules)


def test_an_account_with_no_more_than_the_printed_roles_can_run_it_also_by_an_approval(shop: Shop, tmp_path: Path) -> None:
    plane, path = shop.gateway.controlplane, shop.experiment(shop.conflict("500ms"))
    printed = shop.say("doctor", "--rbac", str(path), *shop.options[:2], *shop.options[-2:])
    assert printed.returncode == 0, all_said(printed)
    mine = account(plane, shop.namespace, f"runner-{shop.word}")
    applied(plane, printed.stdout, user(shop.namespace, f"runner-{shop.word}"))
    key, approval = tmp_path / "key", tmp_path / "approval.yaml"
    key.write_text("k" * 44)
    given = ["approve", str(path), *shop.options, "--key", str(key), "-o", str(approval), "--yes"]
    assert shop.say(*given).returncode == 0
    shop.kubeconfig = mine
    done = shop.run(path, "--approval", str(approval), "--approval-key", str(key))
    assert (done.returncode, "Verified restored" in done.stdout) == (3, True), all_said(done)
    assert "no Events could be written" not in done.stdout + done.stderr
    assert shop.answering() == "v1"


def test_a_state_directory_that_can_not_be_written_starts_nothing_and_leaves_nothing(shop: Shop) -> None:
    path = shop.experiment(shop.conflict("500ms"))
    words = ["run", str(path), *shop.options, "--accept-shared-fate", "--yes"]
    done = shop.say(*words, state="/dev/null/nowhere")
    assert (done.returncode, "cannot" in done.stderr, "Traceback" in done.stderr) == (1, True, False), all_said(done)
    assert shop.answering() == "v1"
    plane, within = shop.gateway.controlplane, f"namespaces/{shop.namespace}"
    leases = plane.get(f"/apis/coordination.k8s.io/v1/{within}/leases")["items"]
    assert [one for one in leases if one["metadata"]["name"] == "aichaos-run" and one["spec"].get("holderIdentity")] == []
    events = plane.get(f"/api/v1/{within}/events")["items"]
    assert [one["message"] for one in events if one["involvedObject"]["name"] == shop.route] == [], "it tells of a run that never was"


def test_an_experiment_whose_object_vanished_is_refused(shop: Shop) -> None:
    path = shop.experiment(shop.conflict())
    shop.gateway.delete(shop.manifest(shop.route, "v1"))
    done = shop.run(path, "--yes")
    assert (done.returncode, "refused [" in done.stderr, "Traceback" in done.stderr) == (5, True, False), all_said(done)


def test_an_object_that_somebody_deletes_before_its_step_is_theirs_and_not_a_failed_restore(shop: Shop) -> None:
    plane, sign = shop.gateway.controlplane, f"sign-{shop.word}"
    pods = f"/api/v1/namespaces/{shop.namespace}/pods"
    containers = [{"name": "c", "image": "shop/web:1"}]  # without a scheduler it becomes ready when we say so
    plane.request("POST", pods, {"metadata": {"name": sign}, "spec": {"containers": containers}})
    rival, _, gone, *_ = shop.conflict()
    until = {"until": {"object": f"Pod/{shop.namespace}/{sign}", "condition": "Ready"}, "timeout": "50s"}
    there = {
        "name": "the gateway is there",
        "kubernetes": {"object": f"Gateway/{shop.namespace}/{shop.gateway.name}", "condition": "Accepted"},
    }
    process = shop.start(shop.experiment([rival, {"name": "until", "wait": until}, gone], steadyState=[there]))
    lines = shop.until(process, "step", number=2)
    shop.gateway.delete(shop.manifest(shop.route, "v1"))
    ready = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    plane.request("PATCH", f"{pods}/{sign}/status", ready, content_type="application/merge-patch+json")
    rest, told = process.communicate(timeout=60)
    plane.request("DELETE", f"{pods}/{sign}")
    end = last([*lines, *map(json.loads, rest.splitlines())])
    assert (process.returncode, end["outcome"], end["restored"], end["left_over"]) == (7, "failed", "verified", []), (end, told)
    assert end["stop_reason"] == f"HTTPRoute/{shop.namespace}/{shop.route} is not there"
    assert end["foreign"] == [f"HTTPRoute/{shop.namespace}/{shop.route}"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["run", "none.yaml", "--yes"], 1, "cannot read none.yaml"),
        (["recover", "nobody"], 1, "this machine knows no run nobody"),
        (["run", "none.yaml", "--yes", "--from", "demo:route-chaos"], 2, "nothing can be run on demo:route-chaos"),
        (["run", "none.yaml", "--yes", "--approval", "x"], 2, "exclude each other"),
        (["run", "none.yaml", "--yes", "--resolve", "nonsense"], 2, "gives no address"),
        (["run", "none.yaml", "--yes", "--resolve", "gateway/a/b=169.254.169.254"], 2, "nobody may ask"),
        (["run", "none.yaml", "--yes", "--prometheus", "nonsense"], 2, "no address of a Prometheus"),
        (["run", "none.yaml", "--yes", "--lever", "nonsense"], 2, "names no lever"),
        (["stop", "--all", "--lever", "/x"], 2, "names no lever"),
        (["stop", "r-1", "--lever", "a/b/c"], 2, "names no lever"),
        (["recover", "r-1", "--lever", "A B/c"], 2, "names no lever"),
        (["runs", "--cluster", "--lease", "nonsense"], 2, "names no Lease"),
        (["runs", "--cluster", "--lease", ""], 2, "names no Lease"),
        (["approve", "none.yaml", "--key", "none", "--expires", "soon"], 2, "--expires can't be"),
        (["approve", "none.yaml", "--key", "none"], 2, "there is no terminal to ask at\n  Give --yes.\n"),
        (["stop", "--all", "--release"], 2, "exclude each other"),
    ],
)
def test_wrong_use_is_one_clear_line(aichaos: Run, words: list[str], code: int, said: str) -> None:
    fails(aichaos(*words), code, said)


def test_answers_that_somebody_else_has_changed_meanwhile_are_said_and_are_not_the_runs_doing(shop: Shop) -> None:
    process = shop.start(shop.experiment(shop.conflict("4s")))
    lines = shop.until(process, "step", number=5)
    theirs = shop.manifest(f"theirs-{shop.word}", "v2")
    theirs["spec"]["rules"][0]["matches"][0]["path"]["value"] = "/shop/x"
    shop.gateway.create(theirs)
    rest, _ = process.communicate(timeout=60)
    events = [*lines, *map(json.loads, rest.splitlines())]
    assert last(events)["restored"] == "verified", events
    assert any(f"theirs-{shop.word}" in one["text"] for one in events if one["event"] == "note"), events
