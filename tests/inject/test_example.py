"""The example that the documentation shows: it runs, with and without chaos, and its manifests pass the checks."""

import importlib.util
import json
import subprocess
import sys
from types import ModuleType
from urllib.parse import urlencode

import pytest

from aichaos.files import yaml
from tests.inject.asgi import ask
from tools.docs.places import ROOT

FOLDER = ROOT / "docs" / "examples" / "model-chaos"
FLOWER = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}


def service() -> ModuleType:
    spec = importlib.util.spec_from_file_location("example_service", FOLDER / "service.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def predicted() -> tuple[int, dict[str, object]]:
    status, _, body = ask(service().app, "/predict", urlencode(FLOWER))
    return status, json.loads(body)


def manifest_variables() -> dict[str, str]:
    deployment = next(iter(yaml.read((FOLDER / "deployment.yaml").read_text(), "deployment.yaml"))).value
    return {one["name"]: one["value"] for one in deployment["spec"]["template"]["spec"]["containers"][0]["env"]}


def test_without_chaos_it_is_a_good_service() -> None:
    assert predicted() == (200, {"species": "setosa", "fallback": False})


@pytest.mark.parametrize(
    ("rate", "answer"),
    [
        ("CHAOS_FAILURE_RATE", (200, {"species": "unknown", "fallback": True})),
        ("CHAOS_WRONG_RATE", (200, {"species": "versicolor", "fallback": False})),
        ("CHAOS_TIMEOUT_RATE", (504, {"detail": "injected by aichaos: no answer in 0.001 s"})),
    ],
)
def test_each_fault_of_the_manifest_reaches_the_caller(monkeypatch: pytest.MonkeyPatch, rate: str, answer: object) -> None:
    assert rate in manifest_variables()
    for name, value in {"CHAOS_ENABLED": "true", rate: "1", "CHAOS_TIMEOUT_SECONDS": "0.001"}.items():
        monkeypatch.setenv(name, value)
    assert predicted() == answer


def test_the_manifest_means_what_the_wrapper_understands() -> None:
    from aichaos.inject import Chaos

    chaos = Chaos.from_environment(manifest_variables())
    assert (chaos.exceptions, chaos.timeouts, chaos.wrong, chaos.duration, chaos.lever) == (0.05, 0.02, 0.01, 900, "aichaos/aichaos-lever")


def test_check_finds_nothing_in_the_manifests() -> None:
    command = [sys.executable, "-m", "aichaos", "check", str(FOLDER / "deployment.yaml"), "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert (told["documents"], told["findings"]) == (4, [])
