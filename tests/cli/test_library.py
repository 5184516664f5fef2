"""`aichaos library`: found, shown, made for a cluster, and a folder of one's own tried out."""

import json
from pathlib import Path

import pytest

from tests.library.test_own import GOOD_TEXT
from tests.program import Run, answer, fails

ML = ("--from", "demo:ml-services")
SEEDS = {
    "kubecon": {"route-conflict", "scale-to-zero", "gateway-cut-off", "service-latency-litmus"},
    "ml-lab": {"pod-failure-chaos-mesh", "dependency-latency-chaos-mesh", "dependency-down", "bad-version"},
    "resilience-lab": {"region-loss", "retry-storm", "pod-failure-litmus", "shadow-traffic"},
}


def own(tmp_path: Path, text: str = GOOD_TEXT) -> str:
    (tmp_path / "mine").mkdir(exist_ok=True)
    (tmp_path / "mine" / "mine.yaml").write_text(text, encoding="utf-8")
    return str(tmp_path / "mine")


def test_the_list_says_what_fits_and_why_the_rest_does_not(aichaos: Run) -> None:
    found = answer(aichaos("library", "-o", "json", *ML))
    assert found["source"]["cluster"] == "demo:ml-services"
    by_name = {one["name"]: one for one in found["scenarios"]}
    fitting = by_name["pod-failure-chaos-mesh"]
    assert (fitting["fits"], fitting["why_not"], fitting["version"] >= 1) == (True, None, True)
    assert "Service/ml-services/feature-store" in fitting["candidates"]
    percent = next(one for one in fitting["parameters"] if one["name"] == "percent")
    assert (percent["default"], percent["unit"], percent["minimum"], percent["maximum"]) == (30, "%", 1, 100)
    other = by_name["retry-storm"]
    assert (other["fits"], other["candidates"], other["why_not"]) == (False, [], "there is no VirtualService")
    assert all(one["needs"] and one["title"] and one["category"] for one in found["scenarios"])
    assert all(one["why_not"] for one in found["scenarios"] if one["fits"] is False)


def test_without_any_cluster_the_list_says_that_it_does_not_know(aichaos: Run) -> None:
    done = aichaos("library")
    assert (done.returncode, "whether they fit is not said" in done.stderr) == (0, True)
    assert {one["fits"] for one in answer(aichaos("library", "list", "-o", "json"))["scenarios"]} == {None}


def test_a_cluster_that_was_named_and_can_not_be_read_is_an_error(aichaos: Run) -> None:
    fails(aichaos("library", "--from", "demo:none"), 1, "no demo is called 'none'")


@pytest.mark.parametrize(("tag", "names"), SEEDS.items())
def test_a_tag_finds_the_scenarios_of_one_origin(aichaos: Run, tag: str, names: set[str]) -> None:
    assert names <= {one["name"] for one in answer(aichaos("library", "search", tag, "-o", "json"))["scenarios"]}


def test_a_search_takes_all_words_and_the_best_comes_first(aichaos: Run) -> None:
    found = [one["name"] for one in answer(aichaos("library", "search", "latency", "litmus", "-o", "json"))["scenarios"]]
    assert found[0] == "service-latency-litmus"
    assert answer(aichaos("library", "search", "latency", "zebra", "-o", "json"))["scenarios"] == []


def test_what_is_made_is_checked_predicted_saved_and_says_where_it_comes_from(aichaos: Run, tmp_path: Path) -> None:
    made = answer(aichaos("library", "render", "pod-failure-chaos-mesh", "--set", "percent=50%", "--set", "duration=2m", *ML, "-o", "json"))
    assert (made["scenario"].partition("@")[0], made["set"]) == ("pod-failure-chaos-mesh", {"duration": 120, "percent": 50})
    assert (made["suggestion"]["verdict"], made["suggestion"]["prediction"] is not None) == ("ready", True)
    saved = tmp_path / made["suggestion"]["experiment"]
    text = saved.read_text(encoding="utf-8")
    assert "duration: 120s" in text
    assert f"prompt: {made['scenario']}" in text
    assert aichaos("check", str(saved), *ML).returncode == 0


def test_what_it_is_made_for_may_be_chosen(aichaos: Run) -> None:
    words = ("library", "render", "dependency-latency-chaos-mesh", *ML, "--no-save", "-o", "json")
    assert answer(aichaos(*words, "--for", "feature-store"))["subject"] == "Service/ml-services/feature-store"
    fails(aichaos(*words, "--for", "feature-stor"), 2, "did you mean feature-store?")


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ("percnt=50", "has no parameter 'percnt'; did you mean percent?"),
        ("percent=500", "percent can't be 500 %"),
        ("percent=50ms", "percent can't be '50ms'"),
        ("percent", "has no `=`"),
        ("percent=", "percent can't be ''"),
    ],
)
def test_a_value_that_can_not_be_meant_is_wrong_use(aichaos: Run, pair: str, said: str) -> None:
    fails(aichaos("library", "render", "pod-failure-chaos-mesh", "--set", pair, *ML), 2, said)


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("route-conflct", 2, "did you mean route-conflict?"),
        ("route-conflict@99", 2, "is there in version"),
        ("retry-storm", 1, "does not fit demo:ml-services: there is no VirtualService"),
    ],
)
def test_a_scenario_that_is_not_there_or_does_not_fit(aichaos: Run, name: str, code: int, said: str) -> None:
    fails(aichaos("library", "render", name, *ML), code, said)


def test_a_folder_of_ones_own_is_listed_made_and_suggested(aichaos: Run, tmp_path: Path) -> None:
    mine = own(tmp_path)
    shown = answer(aichaos("library", "show", "mine", "--library", mine, *ML, "-o", "json"))
    assert (shown["file"].endswith("mine.yaml"), shown["fits"]) == (True, True)
    assert shown["parameters"][1]["choices"] == ["dark", "light"]
    (tmp_path / "aichaos.yaml").write_text("library: mine\n")
    made = answer(aichaos("library", "render", "mine@3", "--set", "shade=light", *ML, "--no-save", "-o", "json"))
    assert made["suggestion"]["hypothesis"] == "Nobody notices, however light"
    ideas = answer(aichaos("suggest", "--scenario", "mine", "--count", "1", *ML, "--no-save", "-o", "json"))
    assert ideas["suggestions"][0]["id"].startswith("mine-")


def test_check_tries_every_scenario_at_the_ends_of_its_parameters(aichaos: Run, tmp_path: Path) -> None:
    found = answer(aichaos("library", "check", own(tmp_path), *ML, "-o", "json"))
    (trial,) = found["trials"]
    assert (trial["scenario"], trial["verdict"], trial["made"], found["summary"]["error"]) == ("mine@3", "ready", 4, 0)


@pytest.mark.parametrize(
    ("was", "becomes", "rule", "line"),
    [
        ("version: 3", "version: x", "library/broken", 3),
        ("${shade}", "${colour}", "library/broken", 18),
        ('replicas: "${remaining}"', "replicas: many", "experiment/schema", 22),
        ('maxPods: "${affected}"', "maxPods: 0", "policy/blast-radius", 19),
        ("find: shrinkable_backend", "find: litmus_latency", "library/fits-nowhere", 7),
    ],
)
def test_check_fails_with_the_place_in_the_file(aichaos: Run, tmp_path: Path, was: str, becomes: str, rule: str, line: int) -> None:
    assert was in GOOD_TEXT
    done = aichaos("library", "check", own(tmp_path, GOOD_TEXT.replace(was, becomes)), *ML, "-o", "json")
    assert done.returncode == 4, done.stderr
    found = [one for one in json.loads(done.stdout)["findings"] if one["severity"] == "error"]
    assert (rule, line) in [(one["rule"], one["line"]) for one in found], found
    assert all(one["file"].endswith("mine.yaml") for one in found)


def test_the_scenarios_of_the_program_pass_their_own_check(aichaos: Run) -> None:
    found = answer(aichaos("library", "check", "-o", "json"))
    assert (found["summary"]["error"], found["summary"]["warning"]) == (0, 0), found["findings"]
    assert found["scenarios"] >= 29


def test_a_word_that_is_no_command_of_the_library(aichaos: Run) -> None:
    fails(aichaos("library", "latency"), 2, "`aichaos library` has no command 'latency'")
