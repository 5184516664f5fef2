"""A folder with scenarios of one's own: read strictly, every mistake at its place."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.catalogue import entry, experiment_for
from aichaos.errors import FileError, SyntaxProblem
from aichaos.files import yaml
from aichaos.library.choose import choose, subjects
from aichaos.library.finders import FINDERS
from aichaos.library.own import read, scenario_of
from aichaos.library.shelf import scenarios
from tests.library.test_scenarios import FILES, GOOD
from tests.observe.clusters import topology_of
from tests.test_docs import problems
from tools.docs.places import REFERENCE

GOOD_TEXT = """# mine
name: mine
version: 3
title: Take ${percent} % of ${workload} away
category: capacity
summary: It is taken away.
find: shrinkable_backend
keywords: [mine]
parameters:
  percent: {default: 50, unit: "%", minimum: 1, maximum: 99, about: share of the pods}
  shade: {default: dark, choices: [dark, light], about: how dark it gets}
experiment:
  apiVersion: aichaos/v1
  kind: Experiment
  metadata: {name: "${id}"}
  spec:
    title: Take ${percent} % of ${workload} away
    hypothesis: Nobody notices, however ${shade}
    scope: {namespaces: "${scope_namespaces}", maxPods: "${affected}", maxShare: "${affected_share}"}
    steadyState: "${probes}"
    steps:
    - {name: fewer, scale: {kind: Deployment, name: "${workload}", namespace: "${workload_namespace}", replicas: "${remaining}"}}
    - {name: so, wait: {for: 5s}}
"""


def folder(tmp_path: Path, text: str, name: str = "mine.yaml") -> Path:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_scenario_of_ones_own_stands_beside_those_of_the_program(tmp_path: Path) -> None:
    known = {one.name: one for one in scenarios(folder(tmp_path, GOOD_TEXT))}
    assert known["mine"].reference == "mine@3"
    assert known["mine"].file == str(tmp_path / "mine.yaml")
    assert known["mine"].defaults == {"percent": 50, "shade": "dark"}
    assert len(known) == len(scenarios()) + 1


@pytest.mark.parametrize(
    ("was", "becomes", "line", "problem"),
    [
        ("version: 3", "version: three", 3, "expected int"),
        ("version: 3", "version: 0", 3, "versions count from 1"),
        ("name: mine", "name: Mine!", 2, "is no name"),
        ("name: mine", "nmae: mine", 2, "the field nmae is not known here"),
        ("find: shrinkable_backend", "find: shrinkable", 7, "there is no finder 'shrinkable'"),
        ("keywords: [mine]", "keywords: mine", 8, "expected array"),
        ("keywords: [mine]", "keywords: [mine]\nbody: x", 9, "may not be set"),
        ("minimum: 1, ", "minimum: 60, ", 10, "the default is none that it takes"),
        ("default: dark", "default: pink", 11, "the default is none that it takes"),
        ("  shade:", "  Shade:", 11, "is no name of a parameter"),
        ("    hypothesis: Nobody notices, however ${shade}\n", "", 12, "no spec with a hypothesis"),
        ('  percent: {default: 50, unit: "%", minimum: 1, maximum: 99, about: share of the pods}\n', "", 18, "follows from `percent`"),
        ("version: 3", "version: 3\nversion: 4", 4, "already set"),
        ("version: 3", "version: [", 4, "did not find"),
    ],
)
def test_a_mistake_is_said_at_its_line(was: str, becomes: str, line: int, problem: str) -> None:
    assert was in GOOD_TEXT
    with pytest.raises(SyntaxProblem) as found:
        scenario_of(GOOD_TEXT.replace(was, becomes, 1), "mine.yaml")
    assert problem in found.value.problem
    assert (found.value.file, found.value.line) == ("mine.yaml", line), str(found.value)


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    for taken in ("route-conflict", "mine"):
        folder(tmp_path, GOOD_TEXT.replace("name: mine", f"name: {taken}"), f"{taken}.yaml")
    folder(tmp_path, GOOD_TEXT, "twice.yaml")
    told = [str(one) for one in read(tmp_path, {"route-conflict"}) if isinstance(one, FileError)]
    assert len(told) == 2
    assert "the program has a scenario route-conflict already" in told[0]
    assert "mine.yaml has a scenario mine already" in told[1]


def test_a_folder_that_is_none_or_empty_is_said(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(FileError):
            scenarios(path)


@given(st.text(max_size=300))
def test_no_text_is_more_than_a_file_error(text: str) -> None:
    with pytest.raises(FileError):
        scenario_of(text, "mine.yaml")


@given(st.integers(0, len(GOOD_TEXT) - 1), st.integers(0, len(GOOD_TEXT)))
def test_a_piece_that_is_cut_out_never_breaks_the_program(start: int, length: int) -> None:
    try:
        scenario_of(GOOD_TEXT[:start] + GOOD_TEXT[start + length :], "mine.yaml")
    except FileError:
        return


BARE = """
name: bare
version: 1
title: About ${id}
category: any
summary: Nothing much.
find: FINDER
keywords: [bare]
experiment:
  apiVersion: aichaos/v1
  kind: Experiment
  metadata: {name: "${id}"}
  spec: {title: t, hypothesis: h, steps: [{wait: {for: 1s}}]}
"""


@pytest.mark.parametrize("finder", sorted(FINDERS))
def test_every_finder_serves_a_scenario_that_has_no_parameters(finder: str) -> None:
    topology = topology_of(*GOOD[finder])
    scenario = scenario_of(BARE.replace("FINDER", finder), "bare.yaml")
    (candidate,) = list(subjects(scenario, topology).values())[:1]
    assert choose(scenario, candidate, topology, {}).document()["metadata"]["name"].startswith("bare-")
    assert entry(scenario, topology).fits


@pytest.mark.parametrize("hole", ["${title.deeper}", "${nothing}", "${workload.name}", "${probes...}"])
def test_a_hole_that_nothing_fits_is_said_and_breaks_no_list(hole: str) -> None:
    topology = topology_of(*GOOD["shrinkable_backend"])
    scenario = scenario_of(GOOD_TEXT.replace("It is taken away.", f"'{hole}'").replace("${shade}", hole), "mine.yaml")
    entry(scenario, topology)
    (candidate,) = list(subjects(scenario, topology).values())[:1]
    choice = choose(scenario, candidate, topology, {})
    try:
        made, problems = experiment_for(choice, topology)
    except FileError as error:
        assert "mine.yaml:" in str(error)  # noqa: PT017
    else:
        assert made is not None or problems


def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((REFERENCE / "scenario.schema.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("path", [None, *FILES], ids=lambda path: path.stem if path else "own")
def test_the_published_schema_takes_every_scenario(path: Path | None) -> None:
    (document,) = yaml.load(path.read_text(encoding="utf-8") if path else GOOD_TEXT, "scenario.yaml")
    assert list(problems(document, schema())) == []


@pytest.mark.parametrize(
    ("was", "becomes"),
    [("version: 3", "version: x"), ("find: shrinkable_backend", "find: x"), ("keywords:", "words:"), ("experiment:", "experiments:")],
)
def test_the_published_schema_refuses_what_the_program_refuses(was: str, becomes: str) -> None:
    (document,) = yaml.load(GOOD_TEXT.replace(was, becomes, 1), "mine.yaml")
    assert list(problems(document, schema())) != []
    with pytest.raises(FileError):
        scenario_of(GOOD_TEXT.replace(was, becomes, 1), "mine.yaml")
