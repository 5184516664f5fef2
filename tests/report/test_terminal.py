"""Suggestions on a terminal of 80 columns: complete, readable, and whole where they are meant to be copied."""

import io
from pathlib import Path

import pytest

from aichaos import pipeline
from aichaos.ask.protocol import Options
from aichaos.ask.registry import open_backend
from aichaos.ask.words import read
from aichaos.domain.finding import Finding, Fix
from aichaos.domain.suggestion import BlastRadius, Suggestions, summary_of
from aichaos.observe.oddities import oddities
from aichaos.observe.source import Choice
from aichaos.report import terminal
from aichaos.report.layout import Paper, cells
from tests.observe.clusters import DEMOS, demo


def paper(width: int = 80) -> tuple[Paper, io.StringIO]:
    stream = io.StringIO()
    made = Paper(stream)
    made.width = width
    return made, stream


def suggested(name: str, count: int = 5, out: Path | None = None) -> Suggestions:
    wish = pipeline.Wish(choice=Choice(origin=f"demo:{name}"), words=read(""), count=count, out=out)
    return pipeline.suggest(wish, open_backend("playbook", Options()), lambda line: None, lambda path: False)


def shown(answer: Suggestions, width: int = 80) -> list[str]:
    on, stream = paper(width)
    terminal.suggestions(answer, on)
    return stream.getvalue().splitlines()


def copyable(answer: Suggestions) -> set[str]:
    return {line for one in answer.suggestions for line in (*one.commands, *(metric.query for metric in one.metrics))}


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("name", DEMOS)
def test_no_line_is_too_long_but_those_that_are_copied(name: str, width: int) -> None:
    answer = suggested(name)
    whole = copyable(answer)
    for line in shown(answer, width):
        assert cells(line) <= width or line.strip() in whole, line


@pytest.mark.parametrize("name", DEMOS)
def test_what_is_copied_stands_whole_on_a_line(name: str) -> None:
    answer = suggested(name)
    assert copyable(answer) <= {line.strip() for line in shown(answer, 40)}


def test_every_part_of_a_suggestion_is_there() -> None:
    answer = suggested("route-chaos", 1)
    text = " ".join("\n".join(shown(answer)).split())
    (one,) = answer.suggestions
    for part in (one.title, one.summary, one.hypothesis, *one.why_here, *one.steps, *one.remediation, *one.rollback):
        assert " ".join(part.split()) in text, part
    assert "demo:route-chaos" in text
    assert "suggested by playbook, offline" in text
    assert "ready" in text


def test_where_a_suggestion_is_saved_is_said(tmp_path: Path) -> None:
    answer = suggested("route-chaos", 1, tmp_path)
    assert "Saved as" in "\n".join(shown(answer))
    assert str(answer.suggestions[0].experiment).rpartition("/")[2] in "".join(shown(answer, 120))


def test_nothing_to_suggest_is_said() -> None:
    answer = suggested("route-chaos", 1)
    empty = Suggestions(source=answer.source, backend=answer.backend, suggestions=[], warnings=[])
    assert shown(empty)[-1] == "No scenario fits this cluster."


def test_a_finding_has_its_place_its_reason_and_its_fix() -> None:
    on, stream = paper()
    fix = Fix(description="write it as a text", patch=[])
    one = Finding(
        rule="litmus/duration",
        layer="meaning",
        severity="error",
        message="no number",
        object="Pod/a/b",
        path="/x",
        file="f.yaml",
        line=3,
        column=5,
    )
    two = Finding(rule="a/b", layer="policy", severity="info", message="by the way", fix=fix)
    terminal.findings([one, two], on)
    assert [line.rstrip() for line in stream.getvalue().splitlines()] == [
        "error  litmus/duration  f.yaml:3:5",
        "  Pod/a/b  /x",
        "  no number",
        "info  a/b",
        "  by the way",
        "  fix: write it as a text",
    ]


@pytest.mark.parametrize(
    ("radius", "said"),
    [
        (BlastRadius(), "0 of 0 pods"),
        (
            BlastRadius(namespaces=["a"], pods=4, pods_total=40, share=0.1, routes=["a/web"]),
            "4 of 40 pods (10 %); route a/web; in namespace a",
        ),
        (BlastRadius(namespaces=["a", "b"], pods=0, pods_total=1_000), "0 of 1,000 pods; in namespaces a, b"),
        (BlastRadius(routes=["a/1", "a/2", "a/3", "a/4", "a/5"]), "0 of 0 pods; routes a/1, a/2, a/3 and 2 more"),
    ],
)
def test_the_reach_is_said_in_numbers_and_names(radius: BlastRadius, said: str) -> None:
    assert terminal.reach(radius) == said


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"error": 2, "warning": 1, "info": 0, "skipped": 0}, "2 errors, 1 warning"),
        ({"error": 0, "warning": 0, "info": 1, "skipped": 3}, "1 note, 3 skipped"),
        ({"error": 0}, "nothing found"),
    ],
)
def test_findings_are_counted_in_words(counts: dict[str, int], said: str) -> None:
    assert terminal.counted(counts) == said


def test_a_snapshot_is_counted_kind_by_kind() -> None:
    on, stream = paper()
    seen = demo("ml-services")
    terminal.seen(summary_of(seen.snapshot), oddities(seen), on)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "demo:ml-services"
    assert "       26  Pods" in lines
    assert "        7  NetworkPolicies" in lines
    assert "        1  GatewayClass" in lines
    assert "Worth knowing" in lines
