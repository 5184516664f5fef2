"""The report of a run, for people and as Markdown: what was measured stands in it, and no text of a stranger becomes markup."""

import io
import json
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from aichaos import past
from aichaos.domain.results import Results
from aichaos.report.layout import Paper
from aichaos.report.results import show
from aichaos.report.results_junit import text as junit
from aichaos.report.results_markdown import page
from tests.measure.folders import BACK, ENDED, FIRST, PROBE, answers, experiment, folder, prediction, to
from tests.program import Run

GONE = prediction(to("shop/web"), to(status=503), to(status=503), to("shop/web"))
BAD = [*answers("shop", 0, FIRST + 5), *answers("shop", FIRST + 5, FIRST + 15, outcome="bad", why="no answer", seconds=None)]
BAD += [*answers("shop", FIRST + 15, ENDED), *answers("request", 0, ENDED, each=1.0, status=200, backend="shop/web")]
HEADINGS = [
    "Hypothesis",
    "Scope",
    "Baseline",
    "During the experiment",
    "After: recovery",
    "Observations",
    "Issues discovered",
    "Hypothesis validation",
    "Prediction and observation",
    "Metrics",
    "Action items",
]


@pytest.fixture
def found(tmp_path: Path) -> Results:
    return past.results(folder(tmp_path, samples=BAD, foretold=GONE, made=experiment(remediation=["A second replica"])))


def shown(found: Results) -> str:
    stream = io.StringIO()
    show(found, Paper(stream))
    return stream.getvalue()


def test_the_difference_from_the_prediction_is_the_first_thing_that_it_shows(found: Results) -> None:
    text = shown(found)
    first = text.partition("What it shows\n")[2]
    assert first.startswith("- foretold otherwise: GET http://shop.example.com/")
    assert "The hypothesis did NOT hold." in text
    assert "success is 66.67%" in text


def test_the_page_has_the_headings_of_such_reports_in_their_order(found: Results) -> None:
    headings = [line.removeprefix("## ") for line in page(found).splitlines() if line.startswith("## ")]
    assert headings == HEADINGS
    assert "- High: A second replica" in page(found)
    assert "Time to detect 5.0 s; time to recover: 10.0 s." in page(found)


def test_a_strangers_words_are_no_markup(tmp_path: Path) -> None:
    probe = PROBE | {"name": "<img src=x>|`[a](http://b)\n# head"}
    found = past.results(folder(tmp_path, made=experiment(probe, title="# <script>", hypothesis="a\n## b")))
    text = page(found)
    assert "<img" not in text
    assert "<script" not in text
    assert not any(line.startswith(("# head", "## b")) for line in text.splitlines())
    assert "[a](http" not in text.replace("\\[a](http", "")


def test_a_run_that_was_cut_short_is_reported_too(tmp_path: Path) -> None:
    found = past.results(folder(tmp_path, samples=answers("shop", 0, BACK - 10), whole=False))
    for text in (shown(found), page(found)):
        assert "nobody has restored it yet: aichaos recover r-1" in text
    assert "The run did not come so far." in page(found)


def test_as_junit_each_promise_is_a_case_and_one_without_data_is_skipped(tmp_path: Path) -> None:
    made = experiment(PROBE | {"name": 'a "<b>\x00', "slo": ["95% of requests succeed", "recreated within 60s"]}, PROBE | {"name": "none"})
    bad = [msgspec.structs.replace(one, probe='a "<b>\x00') for one in BAD if one.probe == "shop"]
    suites = ElementTree.fromstring(junit(past.results(folder(tmp_path, samples=bad, made=made))))
    assert {key: suites.get(key) for key in ("tests", "failures", "skipped")} == {"tests": "4", "failures": "1", "skipped": "1"}
    cases = suites.findall(".//testcase")
    assert [case.get("name") for case in cases[:2]] == ["95% of requests succeed", "recreated within 60s"]
    assert [child.tag for case in cases for child in case] == ["failure", "system-out", "skipped", "system-out"]


def test_the_command_reports_a_run_by_its_name_or_the_latest(aichaos: Run, tmp_path: Path) -> None:
    state = {"AICHAOS_STATE_DIR": str(tmp_path)}
    nothing = aichaos("report", **state)
    assert (nothing.returncode, "nothing was run" in nothing.stderr) == (2, True)
    folder(tmp_path, samples=BAD, foretold=GONE)
    for words in (["report"], ["report", "r-1"], ["report", str(tmp_path / "runs" / "r-1")]):
        done = aichaos(*words, "-o", "json", **state)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["verdict"] == "fail"
    assert aichaos("report", "-o", "markdown", **state).stdout.startswith("# A trial")
    assert "did NOT hold" in aichaos("report", **state).stdout
    absent = aichaos("report", "r-2", **state)
    assert (absent.returncode, "aichaos runs" in absent.stderr) == (1, True)
