"""Every experiment of every bundled cluster in every format: exported, or said why not; what it holds is what the tool takes."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aichaos.cli.export import FORMATS as NAMES
from aichaos.domain.experiment import VERBS, Experiment
from aichaos.files import yaml
from aichaos.observe.topology import Topology
from aichaos.report.export.formats import FORMATS
from aichaos.report.export.outline import Exported, outline
from tests.controlplane.client import ControlPlane
from tests.library.test_scenarios import experiments
from tests.observe.clusters import DEMOS, demo
from tests.program import Run
from tests.report.export import shop

EVERYWHERE = {"kubectl", "chaostoolkit", "cronjob", "github-actions"}


def exported(experiment: Experiment, topology: Topology, to: str) -> Exported:
    return FORMATS[to](outline(experiment, topology.snapshot, []), topology.snapshot)


def test_the_command_knows_every_format() -> None:
    assert set(NAMES) == set(FORMATS)


@pytest.mark.parametrize("to", NAMES)
@pytest.mark.parametrize("name", DEMOS)
def test_every_experiment_is_exported_or_it_is_said_why_not(name: str, to: str) -> None:
    topology = demo(name)
    for experiment in experiments(topology):
        made = exported(experiment, topology, to)
        assert made.files or made.notes, (experiment.name, to)
        assert made.files or to not in EVERYWHERE, experiment.name
        for file in made.files:
            assert not file.name.startswith("/")
            assert ".." not in file.name
            if file.name.endswith(".json"):
                json.loads(file.text)
            elif file.name.endswith(".sh"):
                done = subprocess.run(["sh", "-n"], input=file.text, capture_output=True, text=True, check=False)
                assert (done.returncode, done.stderr) == (0, "")
            else:
                assert yaml.load(file.text, file.name)


TARGET = {"kind": "HTTPRoute", "name": "my-route", "namespace": "route-chaos"}
WORKLOAD = {"kind": "Deployment", "name": "infra-backend-v1", "namespace": "route-chaos"}


def _made(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    version = {"ConfigMap": "v1", "ChaosEngine": "litmuschaos.io/v1alpha1"}.get(kind, "chaos-mesh.org/v1alpha1")
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "route-chaos"}, "spec": spec}


LAG = {"action": "delay", "mode": "all", "selector": {"labelSelectors": {"app": "x"}}, "delay": {"latency": "97ms"}, "duration": "30s"}
KILL = {"action": "pod-kill", "mode": "one", "selector": {"labelSelectors": {"app": "killed"}}}
STEPS: dict[str, tuple[dict[str, Any], str]] = {
    "create": ({"create": _made("ConfigMap", "made-new")}, "made-new"),
    "apply": ({"apply": _made("ConfigMap", "made-applied")}, "made-applied"),
    "patch": ({"patch": TARGET | {"merge": {"spec": {"hostnames": ["patched.example.com"]}}}}, r"patched\.example\.com"),
    "label": ({"label": WORKLOAD | {"set": {"labelled": "so"}}}, "labelled"),
    "scale": ({"scale": WORKLOAD | {"replicas": 17}}, r"replicas\W+17"),
    "restart": ({"restart": WORKLOAD}, "restart"),
    "delete": ({"delete": TARGET}, "delete|drop"),
    "recreate": ({"recreate": TARGET}, "recreate|put_back|action: create"),
    "delete a pod": ({"delete": {"kind": "Pod", "name": "killed-0", "namespace": "route-chaos"}}, "killed-0|killed.-0"),
    "wait": ({"wait": {"for": "73s"}}, "73"),
    "wait until": ({"wait": {"until": {"object": "Deployment/route-chaos/infra-backend-v1", "condition": "Available"}}}, "Available"),
    "probe": ({"probe": "shop answers"}, "probe: shop answers"),
    "chaos": ({"chaos": _made("NetworkChaos", "made-lag", **LAG), "hold": "31s"}, "97ms"),
    "kill": ({"chaos": _made("PodChaos", "made-kill", **KILL), "hold": "32s"}, "killed"),
    "engine": ({"chaos": _made("ChaosEngine", "made-engine", engineState="active"), "hold": "33s"}, "made-engine"),
}
"""Every verb, in the kinds that a format may tell apart, and what of it stands in a file that carries it out."""

CAN = {
    "kubectl": set(STEPS) - {"probe"},
    "chaostoolkit": set(STEPS) - {"probe"},
    "chaos-mesh": {"wait", "chaos", "kill"},
    "litmus": {"engine"},
    "argo": {"create", "apply", "label", "scale", "delete", "recreate", "wait", "chaos", "kill", "engine"},
    "cronjob": set(STEPS),
    "github-actions": set(STEPS),
    "krkn": {"delete a pod", "kill"},
    "kube-burner": {"create", "apply"},
}


@pytest.mark.parametrize("to", NAMES)
def test_every_verb_is_exported_or_it_is_said(to: str) -> None:
    spec = shop.experiment("route-chaos", *(step for step, _ in STEPS.values()))
    probe = {"name": "shop answers", "http": {"url": "http://shop.test/"}, "tolerance": {"success": ">= 99%"}}
    experiment = msgspec.convert(spec | {"spec": spec["spec"] | {"steadyState": [probe]}}, Experiment)
    made = exported(experiment, demo("route-chaos"), to)
    files = "\n".join(file.text for file in made.files)
    for number, (verb, (_, carried)) in enumerate(STEPS.items(), 1):
        said = any(note.startswith(f"step {number} (") and "left out" in note for note in made.notes)
        said = said or (verb == "probe" and any(re.search("asks no probe|only look", note) for note in made.notes))
        assert said != (verb in CAN[to]), (verb, made.notes)
        # on GitHub the experiment is read from the repository: its path stands there
        assert said or re.search("aichaos run chaos/" if to == "github-actions" else carried, files), verb


@pytest.mark.parametrize("to", [name for name in NAMES if name not in ("cronjob", "github-actions")])
@pytest.mark.parametrize("role", ["steadyState", "abort"])
def test_probes_that_nobody_asks_any_more_are_said(to: str, role: str) -> None:
    spec = shop.experiment("route-chaos", *(step for verb, (step, _) in STEPS.items() if verb != "probe"))
    probe = {"name": "shop answers", "http": {"url": "http://shop.test/"}}
    experiment = msgspec.convert(spec | {"spec": spec["spec"] | {role: [probe]}}, Experiment)
    said = any("probe" in note for note in exported(experiment, demo("route-chaos"), to).notes)
    assert said or (to, role) == ("chaostoolkit", "steadyState"), "its hypothesis asks them"


def test_every_verb_is_in_that_table() -> None:
    assert {next(iter(step)) for step, _ in STEPS.values()} == set(VERBS)


def hostile(name: str) -> Experiment:
    target = {"kind": "Deployment", "name": name, "namespace": name}
    document = {
        "apiVersion": "aichaos/v1",
        "kind": "Experiment",
        "metadata": {"name": "hostile"},
        "spec": {
            "title": name,
            "steps": [
                {"name": name, "scale": target | {"replicas": 0}},
                {"name": name, "label": target | {"set": {name: name}, "remove": [name]}},
                {"name": name, "patch": target | {"merge": {name: name}}},
                {"name": name, "wait": {"until": {"object": f"Pod/{name}/{name}", "condition": name}, "timeout": name}},
                {"name": name, "delete": target},
                {"name": name, "create": {"apiVersion": "v1", "kind": name, "metadata": {"name": name, "namespace": name}}},
            ],
        },
    }
    return msgspec.convert(document, Experiment)


@pytest.mark.parametrize("name", ["$(touch x)", "`touch x`", "'; touch x; '", '"; touch x #', "a\ntouch x", "-x", "a b", "\x1b[31m", "*"])
def test_whatever_a_name_is_the_shell_reads_a_name(name: str, tmp_path: Path) -> None:
    """The scripts are really started, with a kubectl that writes down its words and does nothing."""
    made = exported(hostile(name), demo("route-chaos"), "kubectl")
    for file in made.files:
        (tmp_path / file.name).write_text(file.text)
    programs = tmp_path / "bin"
    programs.mkdir()
    fake = f"#!{sys.executable}\nimport json, os, sys\nopen(os.environ['CALLS'], 'a').write(json.dumps(sys.argv[1:]) + '\\n')\n"
    for program, text in {"kubectl": fake, "sleep": "#!/bin/sh\n[ $1 -lt 100 ] || exec /bin/sleep $1\n"}.items():
        (programs / program).write_text(text)
        (programs / program).chmod(0o755)
    calls = tmp_path / "calls"
    around = {"PATH": f"{programs}:/usr/bin:/bin", "CALLS": str(calls)}
    done = subprocess.run(["sh", "run.sh"], cwd=tmp_path, env=around, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    words = [json.loads(line) for line in calls.read_text().splitlines()]
    assert ["scale", "-n", name, f"deployments.apps/{name}", "--replicas=0"] in words
    assert ["label", "-n", name, f"deployments.apps/{name}", "--overwrite", "--", f"{name}={name}", f"{name}-"] in words
    assert not (tmp_path / "x").exists()
    assert "\x1b" not in (tmp_path / "run.sh").read_text().partition("begin")[0]


def fault(name: str, topology: Topology, kind: str) -> Experiment:
    """The first experiment of a demo that holds a chaos object of a kind."""
    return next(one for one in experiments(topology) if any((step.chaos or {}).get("kind") == kind for step in one.spec.steps))


def test_the_real_webhook_takes_the_workflow(chaos_mesh: ControlPlane) -> None:
    topology = demo("ml-services")
    seen = 0
    with chaos_mesh.namespace() as namespace:
        for experiment in experiments(topology):
            for file in exported(experiment, topology, "chaos-mesh").files:
                (workflow,) = yaml.load(file.text, file.name)
                workflow["metadata"]["namespace"] = namespace
                path = f"/apis/chaos-mesh.org/v1alpha1/namespaces/{namespace}/workflows?dryRun=All&fieldValidation=Strict"
                chaos_mesh.request("POST", path, workflow)
                seen += 1
    assert seen >= 3


def test_a_workflow_of_chaos_mesh_keeps_the_faults_and_their_times() -> None:
    topology = demo("ml-services")
    experiment = fault("ml-services", topology, "NetworkChaos")
    (file,) = exported(experiment, topology, "chaos-mesh").files
    (workflow,) = yaml.load(file.text, file.name)
    step = next(one for one in experiment.spec.steps if one.chaos is not None)
    assert step.chaos is not None
    template = next(one for one in workflow["spec"]["templates"] if one["templateType"] == "NetworkChaos")
    assert template["deadline"] in (step.hold, step.chaos["spec"]["duration"])
    assert template["networkChaos"] == {key: value for key, value in step.chaos["spec"].items() if key != "duration"}


def test_litmus_gets_its_engines_as_they_are() -> None:
    topology = demo("service-a")
    experiment = fault("service-a", topology, "ChaosEngine")
    made = exported(experiment, topology, "litmus")
    (engine,) = [yaml.load(file.text, file.name)[0] for file in made.files]
    assert engine in [step.chaos for step in experiment.spec.steps]


def test_argo_puts_back_what_the_snapshot_holds_and_says_what_it_does_not() -> None:
    topology = demo("route-chaos")
    target = {"kind": "Deployment", "name": "infra-backend-v1", "namespace": "route-chaos"}
    service = {"kind": "Service", "name": "infra-backend-v1", "namespace": "route-chaos"}
    steps: list[dict[str, Any]] = [
        {"scale": target | {"replicas": 0}},
        {"wait": {"for": "10s"}},
        {"patch": service | {"merge": {"spec": {"type": "NodePort"}}}},
    ]
    experiment = msgspec.convert(shop.experiment("route-chaos", *steps), Experiment)
    made = exported(experiment, topology, "argo")
    (workflow,) = yaml.load(made.files[0].text, "workflow.yaml")
    templates: dict[str, Any] = {one["name"]: one for one in workflow["spec"]["templates"]}
    assert workflow["spec"]["onExit"] == "undo"
    undo = templates[templates["undo"]["steps"][0][0]["template"]]["resource"]
    (patch,) = yaml.load(undo["manifest"], "manifest")
    assert (undo["action"], patch["spec"]) == ("patch", {"replicas": 2})
    assert any("step 3" in note and "does not hold the object whole" in note for note in made.notes)


def test_krkn_kills_the_pods_that_were_meant() -> None:
    chaos = {
        "apiVersion": "chaos-mesh.org/v1alpha1",
        "kind": "PodChaos",
        "metadata": {"name": "kill", "namespace": "shop"},
        "spec": {
            "action": "pod-kill",
            "mode": "fixed",
            "value": "2",
            "selector": {"namespaces": ["shop.a"], "labelSelectors": {"app": "web", "a": "b"}},
        },
    }
    experiment = msgspec.convert(shop.experiment("shop", {"chaos": chaos, "hold": "60s"}), Experiment)
    made = exported(experiment, demo("route-chaos"), "krkn")
    ((scenario,),) = yaml.load(made.files[0].text, "scenario.yaml")
    assert scenario == {
        "id": "kill-pods",
        "config": {"label_selector": "a=b,app=web", "namespace_pattern": r"^shop\.a$", "kill": 2, "krkn_pod_recovery_time": 120},
    }


def test_krkn_waits_for_a_pod_that_can_come_back() -> None:
    """A replacement has another name: by the name of the killed pod alone krkn would wait in vain, and call it a failure."""
    topology = demo("route-chaos")
    pod = next(one for one in topology.snapshot.pods if one.metadata.owner_references)
    owner = pod.metadata.owner_references[0].name
    alone = next(one for one in topology.snapshot.pods if not one.metadata.owner_references).name
    steps = [{"delete": {"kind": "Pod", "name": name, "namespace": pod.namespace}} for name in (pod.name, alone)]
    made = exported(msgspec.convert(shop.experiment(pod.namespace, *steps), Experiment), topology, "krkn")
    (scenarios,) = yaml.load(made.files[0].text, "scenario.yaml")
    patterns = [one["config"]["name_pattern"] for one in scenarios]
    assert re.fullmatch(patterns[0], pod.name)
    assert re.fullmatch(patterns[0], f"{owner}-abcde")
    assert not re.fullmatch(patterns[0], f"{owner}-abcde-x")
    assert patterns[1] == f"^{alone}$"
    assert any(f"one pod of ReplicaSet {owner}, whichever it is" in note for note in made.notes)
    assert any(f"nothing is known that makes the pod {alone} again" in note for note in made.notes)


def test_a_scheduled_run_is_checked_and_always_recovered(aichaos: Run, tmp_path: Path) -> None:
    topology = demo("route-chaos")
    experiment = experiments(topology)[0]
    (job,) = exported(experiment, topology, "cronjob").files
    (tmp_path / "cronjob.yaml").write_text(job.text.replace("image: IMAGE", "image: registry.example.com/aichaos:1"))
    done = aichaos("check", "cronjob.yaml")
    assert done.returncode == 0, done.stdout
    (workflow,) = exported(experiment, topology, "github-actions").files
    ((text,),) = [yaml.load(workflow.text, "workflow")]
    assert text["jobs"]["chaos"]["steps"][-1]["if"] == "always()"
    assert shlex.split(text["jobs"]["chaos"]["steps"][-1]["run"]) == ["aichaos", "recover", "--wait"]


def test_an_experiment_with_errors_is_not_exported(aichaos: Run, tmp_path: Path) -> None:
    steps = [{"delete": {"kind": "HTTPRoute", "name": "nobody", "namespace": "route-chaos"}}]
    (tmp_path / "one.yaml").write_text(yaml.dump(shop.experiment("route-chaos", *steps)))
    done = aichaos("export", "one.yaml", "--to", "kubectl", "--from", "demo:route-chaos")
    assert (done.returncode, done.stdout) == (4, "")
    assert "has errors and is not exported" in done.stderr
    assert not (tmp_path / "one.kubectl").exists()


def test_what_a_tool_has_nothing_for_is_one_line(aichaos: Run, tmp_path: Path) -> None:
    steps = [{"scale": {"kind": "Deployment", "name": "infra-backend-v1", "namespace": "route-chaos", "replicas": 0}}]
    (tmp_path / "one.yaml").write_text(yaml.dump(shop.experiment("route-chaos", *steps)))
    done = aichaos("export", "one.yaml", "--to", "litmus", "--from", "demo:route-chaos")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "note: no step is a ChaosEngine: there is nothing to export\n")


def test_the_files_go_where_the_user_says(aichaos: Run, tmp_path: Path) -> None:
    steps = [{"scale": {"kind": "Deployment", "name": "infra-backend-v1", "namespace": "route-chaos", "replicas": 0}}]
    (tmp_path / "one.yaml").write_text(yaml.dump(shop.experiment("route-chaos", *steps)))
    done = aichaos("export", "one.yaml", "--to", "kubectl", "--from", "demo:route-chaos", "--out", "there")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "there" / "run.sh").exists()
