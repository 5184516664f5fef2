"""`aichaos refine`: an experiment changed in words, saved beside it, shown as a difference, checked."""

import json
from pathlib import Path

import pytest

from aichaos.files import yaml
from tests.program import Run, fails

FROM = ("--from", "demo:service-a")
SECOND = "500ms latency for 60 seconds on 20% of the pods of service-a"
WORDS = "50% of the pods, 1000 ms for 90 seconds, service account litmus-admin"


@pytest.fixture
def experiment(aichaos: Run, tmp_path: Path) -> Path:
    answer = json.loads(aichaos("suggest", *FROM, "--scenario", SECOND, "--count", "1", "-o", "json").stdout)
    return tmp_path / str(answer["suggestions"][0]["experiment"])


def test_the_change_is_saved_beside_the_original_and_shown_as_a_difference(aichaos: Run, experiment: Path, tmp_path: Path) -> None:
    before = experiment.read_bytes()
    done = aichaos("refine", str(experiment.relative_to(tmp_path)), WORDS, *FROM)
    assert done.returncode == 0, done.stderr
    assert '-                value: "500"\n+                value: "1000"' in done.stdout
    assert "taken from your words: latency 1000 ms, duration 90 s, 50 % of the pods, service account litmus-admin" in done.stderr
    assert experiment.read_bytes() == before
    (document,) = yaml.load((experiment.parent / "service-latency-service-a-2.yaml").read_text(), "saved")
    assert document["metadata"]["name"] == "service-latency-service-a-2"
    assert document["spec"]["provenance"]["words"] == WORDS
    assert (experiment.parent / "service-latency-service-a-2").is_dir()


def test_json_holds_the_suggestion_and_the_difference(aichaos: Run, experiment: Path) -> None:
    answer = json.loads(aichaos("refine", str(experiment), WORDS, *FROM, "-o", "json").stdout)
    assert answer["suggestion"]["verdict"] == "ready"
    assert answer["suggestion"]["experiment"].endswith("service-latency-service-a-2.yaml")
    assert answer["diff"].startswith("--- ")
    assert answer["backend"]["name"] == "playbook"


def test_a_change_of_a_change_counts_on(aichaos: Run, experiment: Path) -> None:
    aichaos("refine", str(experiment), WORDS, *FROM)
    again = experiment.parent / "service-latency-service-a-2.yaml"
    answer = json.loads(aichaos("refine", str(again), "2000ms", *FROM, "-o", "json").stdout)
    assert answer["suggestion"]["id"] == "service-latency-service-a-3"


def test_what_cannot_be_changed_is_one_clear_line(aichaos: Run, experiment: Path, tmp_path: Path) -> None:
    fails(aichaos("refine", str(experiment), "make it nicer", *FROM), 6, "It understands latency")
    fails(aichaos("refine", "nowhere.yaml", "1000ms", *FROM), 1, "cannot read nowhere.yaml")
    fails(aichaos("refine", str(experiment), " ", *FROM), 2, "the text is empty")
    other = tmp_path / "other.yaml"
    other.write_text("kind: Pod\n")
    fails(aichaos("refine", str(other), "1000ms", *FROM), 1, "holds no experiment")
    other.write_text("kind: [\n")
    done = aichaos("refine", str(other), "1000ms", *FROM)
    assert done.returncode == 1
    assert "other.yaml:2:1" in done.stderr


def test_a_change_that_the_checks_reject_ends_with_4(aichaos: Run, experiment: Path) -> None:
    done = aichaos("refine", str(experiment), "service account nobody-knows", *FROM)
    assert done.returncode == 4
    assert "rejected" in done.stdout


def test_what_needs_no_change_is_shown_and_not_saved_again(aichaos: Run, experiment: Path) -> None:
    done = aichaos("refine", str(experiment), "give me the corresponding YAMLs and kubectl commands for this one", *FROM)
    assert done.returncode == 0, done.stderr
    assert "nothing changed" in done.stdout
    assert "YAML of ChaosEngine/service-a-namespace/" in done.stdout
    assert "kubectl apply -f" in done.stdout
    assert not (experiment.parent / "service-latency-service-a-2.yaml").exists()


def test_show_prompt_sends_nothing_needs_no_key_and_says_so(aichaos: Run) -> None:
    done = aichaos("suggest", *FROM, "--backend", "anthropic", "--show-prompt", "-o", "json")
    assert done.returncode == 0, done.stderr
    prompt = json.loads(done.stdout)
    assert [turn["role"] for turn in prompt["messages"]] == ["user"]
    assert "service-a-namespace" in prompt["messages"][0]["content"]
    assert "nothing was sent" in done.stderr


def test_show_prompt_of_an_anonymous_question_holds_no_name(aichaos: Run) -> None:
    done = aichaos("suggest", *FROM, "--show-prompt", "--anonymize", "--scenario", "slow service-a in service-a-namespace")
    assert "service-a" not in done.stdout


def test_the_prompt_of_a_change_can_be_shown_too(aichaos: Run, experiment: Path) -> None:
    done = aichaos("refine", str(experiment), "make it hurt", *FROM, "--backend", "openai", "--show-prompt", "--anonymize")
    assert done.returncode == 0, done.stderr
    assert "make it hurt" in done.stdout
    assert "<experiment>\napiVersion: aichaos/v1" in done.stdout
    assert "service-a" not in done.stdout


@pytest.mark.parametrize(("given", "said"), [(["--budget", "100"], "too small"), (["--repairs", "99"], "between 0 and 10")])
def test_settings_that_cannot_be_meant(given: list[str], said: str, aichaos: Run) -> None:
    fails(aichaos("suggest", *FROM, *given), 2, said)
