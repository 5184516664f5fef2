"""Every export is given to the program that it is for, or to the part of it that reads: Argo's lint, actionlint, the real API server.

kube-burner and krkn are not published where tests can take them from (yours can be given them: tests/brought). What they read is a table of
their fields below; krkn's parts that have to be there are those that `run_kraken.py` looks up without a default.
"""

import copy
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aichaos.domain.experiment import Experiment
from aichaos.files import yaml
from tests.controlplane.cache import Missing, locate
from tests.controlplane.client import ControlPlane
from tests.library.test_scenarios import experiments
from tests.observe.clusters import DEMOS, demo
from tests.report.export import shop
from tests.report.export.test_formats import exported

Say = Callable[..., subprocess.CompletedProcess[str]]


def program(part: str, name: str) -> Say:
    found = locate(part)
    if isinstance(found, Missing):
        pytest.skip(found.reason)

    def say(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(found.programs[name]), *words], capture_output=True, text=True, timeout=120, check=False)

    return say


def everything(to: str) -> Iterator[tuple[str, str]]:
    """The files of all experiments of all bundled clusters in one format: a name of its own for each, and the text."""
    for name in DEMOS:
        topology = demo(name)
        for experiment in experiments(topology):
            for file in exported(experiment, topology, to).files:
                yield f"{name}-{experiment.name}-{Path(file.name).name}", file.text


def written(folder: Path, to: str) -> list[str]:
    paths = []
    for name, text in everything(to):
        (folder / name).write_text(text)
        paths.append(str(folder / name))
    return paths


def braced(namespace: str = "route-chaos") -> Experiment:
    """An object that holds what Argo and Go templates take for theirs."""
    alert = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "alert", "namespace": namespace},
        "data": {"text": "{{ $value }}"},
    }
    target = {"kind": "Deployment", "name": "infra-backend-v1", "namespace": namespace}
    steps: list[dict[str, Any]] = [{"create": alert}, {"scale": target | {"replicas": 0}}, {"wait": {"for": "1s"}}]
    return msgspec.convert(shop.experiment(namespace, *steps), Experiment)


def test_argo_takes_every_workflow(tmp_path: Path) -> None:
    lint = program("argo", "argo-lint")
    paths = written(tmp_path, "argo")
    assert len(paths) > 50
    done = lint(*paths)
    assert (done.returncode, done.stdout.strip()) == (0, "no linting errors found!"), done.stdout + done.stderr


def test_argo_would_say_what_is_wrong(tmp_path: Path) -> None:
    """The lint bites: a template that is not there, and a field that Argo does not know."""
    lint = program("argo", "argo-lint")
    text = next(text for _, text in everything("argo"))
    for number, (was, becomes) in enumerate({"entrypoint: experiment": "entrypoint: nothing", "onExit: undo": "onExits: undo"}.items()):
        assert was in text
        path = tmp_path / f"{number}.yaml"
        path.write_text(text.replace(was, becomes))
        assert lint(str(path)).returncode == 1


def test_braces_are_no_variables_of_argo(tmp_path: Path) -> None:
    made = exported(braced(), demo("route-chaos"), "argo")
    assert any("step 1" in note and "Argo would take for a variable" in note for note in made.notes)
    (tmp_path / "workflow.yaml").write_text(made.files[0].text)
    done = program("argo", "argo-lint")(str(tmp_path / "workflow.yaml"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_actionlint_finds_nothing_in_any_schedule(tmp_path: Path) -> None:
    lint = program("actionlint", "actionlint")
    paths = written(tmp_path, "github-actions")
    assert len(paths) > 50
    words = ["-shellcheck=", "-pyflakes=", "-no-color"]
    done = lint(*words, *paths)
    assert (done.returncode, done.stdout) == (0, "")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(Path(paths[0]).read_text().replace("ubuntu-latest", "ubuntu-latest\n    needs: nobody"))
    assert lint(*words, str(wrong)).returncode == 1


@pytest.mark.parametrize("to", ["cronjob", "litmus"])
def test_the_server_takes_every_object(controlplane: ControlPlane, to: str) -> None:
    controlplane.install_crds("litmus")
    places = {
        "CronJob": "/apis/batch/v1/namespaces/{}/cronjobs",
        "ConfigMap": "/api/v1/namespaces/{}/configmaps",
        "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
        "ChaosEngine": "/apis/litmuschaos.io/v1alpha1/namespaces/{}/chaosengines",
    }
    seen = set()
    with controlplane.namespace() as namespace:
        for name, text in everything(to):
            for document in yaml.load(text, name):
                one = copy.deepcopy(document)
                one["metadata"]["namespace"] = namespace
                path = places[one["kind"]].format(namespace)
                controlplane.request("POST", f"{path}?dryRun=All&fieldValidation=Strict", one)
                seen.add((one["kind"], name))
    assert len(seen) >= 10


# what can't be had to be asked --------------------------------------------------------------------------------------------------------

KUBE_BURNER_JOB: dict[str, Any] = {
    "name": str,
    "jobType": str,
    "jobIterations": int,
    "namespacedIterations": bool,
    "namespace": str,
    "qps": (int, float),
    "burst": int,
    "cleanup": bool,
    "waitWhenFinished": bool,
    "objects": list,
}
"""Fields of a job in kube-burner 1.17 and 2.x, and their types; it refuses every other field."""


def test_a_job_of_kube_burner_has_its_fields_and_no_others() -> None:
    jobs: dict[str, Any] = {}
    templates: set[str] = set()
    for name, text in everything("kube-burner"):
        if name.endswith("-job.yaml"):
            (jobs[name],) = yaml.load(text, name)
        else:
            templates.add(text)
            assert "-{{.Iteration}}" in text
            assert "{{" not in text.replace("{{.Iteration}}", "")
    assert len(jobs) > 5
    for document in jobs.values():
        assert set(document) == {"jobs"}
        for job in document["jobs"]:
            assert {key: isinstance(value, KUBE_BURNER_JOB[key]) for key, value in job.items()} == dict.fromkeys(job, True)
            assert all(set(one) == {"objectTemplate", "replicas"} for one in job["objects"])


def test_braces_are_no_template_of_kube_burner() -> None:
    made = exported(braced(), demo("route-chaos"), "kube-burner")
    (template,) = [file.text for file in made.files if file.name != "job.yaml"]
    assert '{{"{{"}} $value }}' in template
    assert "name: alert-{{.Iteration}}" in template


KRKN_NEEDS = {"kraken", "tunings", "performance_monitoring", "cerberus", "elastic", "telemetry"}
"""Parts of a configuration without which krkn 5 ends with a KeyError."""
KRKN_POD = {"label_selector", "name_pattern", "namespace_pattern", "kill", "krkn_pod_recovery_time"}
"""Of a pod scenario, those of its fields that are used here; it takes labels or a pattern for names, not both."""


def test_krkn_gets_every_part_that_it_asks_for_and_sends_nothing_away() -> None:
    labels = {"labelSelectors": {"app": "infra-backend-v1"}, "namespaces": ["route-chaos"]}
    chaos = {
        "apiVersion": "chaos-mesh.org/v1alpha1",
        "kind": "PodChaos",
        "metadata": {"name": "kill", "namespace": "route-chaos"},
        "spec": {"action": "pod-kill", "mode": "one", "selector": labels},
    }
    steps: list[dict[str, Any]] = [
        {"chaos": chaos, "hold": "10s"},
        {"delete": {"kind": "Pod", "name": "web-1", "namespace": "route-chaos"}},
    ]
    made = exported(msgspec.convert(shop.experiment("route-chaos", *steps), Experiment), demo("route-chaos"), "krkn")
    files = {file.name: yaml.load(file.text, file.name)[0] for file in made.files}
    assert set(files) == {"scenario.yaml", "config.yaml"}
    config = files["config.yaml"]
    assert set(config) >= KRKN_NEEDS
    assert config["telemetry"] == {"enabled": False, "events_backup": False}, "krkn's own default is to send it"
    assert config["kraken"]["chaos_scenarios"] == [{"pod_disruption_scenarios": ["scenario.yaml"]}]
    assert len(files["scenario.yaml"]) == 2
    for scenario in files["scenario.yaml"]:
        assert set(scenario) == {"id", "config"}
        assert set(scenario["config"]) <= KRKN_POD
        assert len({"label_selector", "name_pattern"} & set(scenario["config"])) == 1
