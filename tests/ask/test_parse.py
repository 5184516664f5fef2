"""From whatever text comes back to ideas and experiments: what can be read is read, the rest is said, nothing raises."""

import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.ask import parse
from aichaos.check.decode import experiment_of
from aichaos.domain.experiment import Experiment
from aichaos.domain.suggestion import Idea
from aichaos.files import yaml
from tests.observe.clusters import PATIENT

IDEAS = """ideas:
- {id: one, title: First, summary: Something happens.}
- {id: two, title: Second, summary: Something else happens., why_here: [Service/shop/web]}
"""
EXPERIMENT = """apiVersion: aichaos/v1
kind: Experiment
metadata: {name: theirs}
spec:
  title: a title
  steps: [{wait: {for: 1s}}]
"""


def idea_called(name: str) -> Idea:
    return Idea(id=name, title="a title", summary="a summary")


def ids(text: str) -> list[str]:
    return [idea.id for idea in parse.ideas(text)[0]]


def rules(text: str) -> list[str]:
    return [finding.rule for finding in parse.ideas(text)[1]]


def json_of(text: str) -> str:
    return msgspec.json.encode(yaml.load(text, "test")[0]).decode()


@pytest.mark.parametrize(
    "text",
    [
        IDEAS,
        f"```yaml\n{IDEAS}```",
        f"Here are two ideas:\n\n```yaml\n{IDEAS}```\n\nI hope they help: tell me!",
        f"~~~\n{IDEAS}~~~",
        f"  ```yaml\n{IDEAS}  ```",
        f"````yaml\n{IDEAS}````",
        f"```yaml\r\n{IDEAS}```",
        json_of(IDEAS),
        f"\n {json_of(IDEAS)}\n",
        f"```json\n{json_of(IDEAS)}\n```",
        IDEAS.partition("\n")[2],
        f"```\n{IDEAS[: IDEAS.index('- {id: two')]}```\nand\n```\nideas:\n{IDEAS[IDEAS.index('- {id: two') :]}```",
    ],
    ids=[
        "bare",
        "fence",
        "prose",
        "tildes",
        "indented",
        "long fence",
        "CRLF",
        "JSON",
        "spaces",
        "JSON fence",
        "list",
        "two fences",
    ],
)
def test_ideas_are_read_in_any_wrapping(text: str) -> None:
    assert ids(text) == ["one", "two"]
    assert rules(text) == []


def test_ideas_in_a_fence_without_an_end_are_read_and_some_may_be_missing() -> None:
    assert ids(f"```yaml\n{IDEAS}") == ["one", "two"]
    assert rules(f"```yaml\n{IDEAS}") == ["reply/cut-off"]


def test_a_fence_without_ideas_does_not_hide_the_one_with_them() -> None:
    assert ids(f"```bash\nkubectl get pods\n```\n```yaml\n{IDEAS}```") == ["one", "two"]


def test_an_idea_that_cannot_be_read_is_said_and_the_others_are_kept() -> None:
    found, findings = parse.ideas("ideas:\n- {id: one}\n- {id: two, title: t, summary: s}\n- 3\n")
    assert [idea.id for idea in found] == ["two"]
    assert [(finding.rule, finding.path) for finding in findings] == [("reply/idea", "/ideas/0"), ("reply/idea", "/ideas/2")]
    assert "missing required field `title`" in findings[0].message


def test_a_fence_that_is_no_yaml_is_said_with_its_place() -> None:
    _, (finding,) = parse.ideas("```yaml\nideas:\n- {id: one\n```")
    assert (finding.rule, finding.layer, finding.severity) == ("reply/syntax", "syntax", "error")
    assert finding.line == 4  # of the answer


@pytest.mark.parametrize("text", ["", "I cannot help with that.", "{}", "[]", "ideas: []", "ideas: {}", "null", "```\n```", "---\n"])
def test_an_answer_without_ideas_says_so(text: str) -> None:
    assert (ids(text), rules(text)) == ([], ["reply/no-ideas"])


def test_of_ideas_with_one_id_the_first_counts() -> None:
    text = "ideas:\n- {id: a, title: first, summary: s}\n- {id: A, title: second, summary: s}\n"
    assert [idea.title for idea in parse.ideas(text)[0]] == ["first"]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("Route Conflict", "route-conflict"),
        ("../../etc/passwd", "etc-passwd"),
        ("/etc/passwd", "etc-passwd"),
        ("a\\b", "a-b"),
        ("..", "idea-1"),
        ("", "idea-1"),
        ("路由冲突", "idea-1"),
        ("-a-", "a"),
        ("a" * 200, "a" * 63),
        ("a\nb\x00c", "a-b-c"),
        ("${id}", "id"),
    ],
)
def test_an_id_becomes_a_name_and_never_a_path(theirs: str, ours: str) -> None:
    assert ids(msgspec.json.encode({"ideas": [{"id": theirs, "title": "t", "summary": "s"}]}).decode()) == [ours]


def test_ideas_whose_ids_cannot_be_names_are_all_kept() -> None:
    ideas = [{"id": name, "title": name, "summary": "s"} for name in ("路由冲突", "网络延迟")]
    assert ids(msgspec.json.encode(ideas).decode()) == ["idea-1", "idea-2"]


def test_an_experiment_gets_the_id_of_its_idea() -> None:
    found, findings = parse.experiment(f"```yaml\n{EXPERIMENT}```", idea_called("ours"), experiment_of)
    assert found is not None
    assert (found.name, findings) == ("ours", [])


def test_the_experiment_is_found_among_other_documents() -> None:
    text = f"```yaml\nkind: Service\n```\nthen\n```yaml\na: 1\n---\n{EXPERIMENT}```"
    assert parse.experiment(text, idea_called("a"), experiment_of)[0] is not None


def test_an_experiment_that_can_be_read_is_taken_though_another_cannot() -> None:
    found, findings = parse.experiment(f"```\nkind: Experiment\n```\n```\n{EXPERIMENT}```", idea_called("a"), experiment_of)
    assert (found is not None, findings) == (True, [])


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        ("kind: Experiment", "", "missing required field"),
        (EXPERIMENT.replace("aichaos/v1", "aichaos/v2"), "", "expected apiVersion aichaos/v1"),
        (EXPERIMENT.replace("{wait: {for: 1s}}", "{run: rm -rf /}"), "/spec/steps/0/run", "the field run is not known"),
        (EXPERIMENT.replace("{wait: {for: 1s}}", "{hold: 1s}"), "/spec/steps/0", "exactly one verb"),
        (EXPERIMENT.replace("{wait: {for: 1s}}", "{wait: {for: []}}"), "/spec/steps/0/wait/for", "expected str | null, got array"),
        (EXPERIMENT.replace("{name: theirs}", "{name: theirs, labels: {a: 1}}"), "/metadata/labels", "got int"),
    ],
)
def test_what_is_wrong_with_an_experiment_is_said_with_its_place(text: str, path: str, said: str) -> None:
    found, (finding,) = parse.experiment(text, idea_called("a"), experiment_of)
    assert found is None
    assert (finding.rule, finding.path) == ("experiment/schema", path)
    assert said in finding.message


@pytest.mark.parametrize("text", ["", "sorry", "kind: Pod", "kind: [Experiment]", "- kind: Experiment"])
def test_an_answer_without_an_experiment_says_so(text: str) -> None:
    found, (finding,) = parse.experiment(text, idea_called("a"), experiment_of)
    assert (found, finding.rule) == (None, "reply/no-experiment")


@pytest.mark.parametrize(
    "text",
    [
        "~" * 100_000,
        "`" * 100_000,
        "```\n" * 50_000,
        "~~~\n```\n" * 30_000,
        "   " * 50_000,
        '{"a":' * 100_000,
        '{"a":' + "[" * 100_000,
        "[" * 100_000,
        "a: &a [x, x]\n" + "b: &b [*a, *a]\n" * 2,
        "a: &x [" + "1, " * 1000 + "]\n" + "\n".join(f"b{number}: [{'*x, ' * 1000}]" for number in range(50)),
        '{"ideas": "\ud800"}',
        "\ud800",
    ],
    ids=lambda text: ascii(text[:8]),
)
def test_a_hostile_answer_ends_soon_and_as_findings(text: str) -> None:
    start = time.process_time()
    assert parse.ideas(text)[1]
    assert parse.experiment(text, idea_called("a"), experiment_of)[1]
    assert time.process_time() - start < 5


KEYS = st.sampled_from(
    ["ideas", "id", "title", "summary", "why_here", "apiVersion", "kind", "metadata", "name", "spec", "steps", "wait", "x"]
)
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["Experiment", "aichaos/v1", "1s"])
NESTED = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=20)


def checked(text: str) -> None:
    ideas, findings = parse.ideas(text)
    assert ideas or findings
    assert len({idea.id for idea in ideas}) == len(ideas)
    for idea in ideas:
        assert idea.id
        assert set(idea.id) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    found, problems = parse.experiment(text, idea_called("a"), experiment_of)
    assert found is not None or any(problem.severity == "error" for problem in problems)


@given(st.text() | st.text(st.characters()) | st.text(alphabet="`~\n{}[]:,-&*!|>'\"%@ kindExperiment", max_size=80))
def test_any_text_is_an_answer(text: str) -> None:
    checked(text)


@PATIENT
@given(NESTED, st.sampled_from(["{}", "```yaml\n{}```", "```\n{}"]))
def test_any_data_is_an_answer(data: Any, wrapping: str) -> None:
    checked(wrapping.replace("{}", yaml.dump(data)))


def spoiled(value: Any, draw: st.DrawFn) -> Any:
    """The value with one thing in it replaced by something that nobody expects there."""
    if isinstance(value, dict) and value and draw(st.booleans()):
        key = draw(st.sampled_from(sorted(value)))
        return value | {key: spoiled(value[key], draw)}
    if isinstance(value, list) and value and draw(st.booleans()):
        index = draw(st.integers(0, len(value) - 1))
        return [*value[:index], spoiled(value[index], draw), *value[index + 1 :]]
    return draw(NESTED)


@PATIENT
@given(st.data())
def test_an_experiment_with_something_unexpected_in_it_is_read_or_said(data: st.DataObject) -> None:
    document = data.draw(st.composite(lambda draw: spoiled(yaml.load(EXPERIMENT, "test")[0], draw))())
    found, findings = parse.experiment(yaml.dump(document), idea_called("a"), experiment_of)
    assert isinstance(found, Experiment) or any(finding.severity == "error" for finding in findings)
