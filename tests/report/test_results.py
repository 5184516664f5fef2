"""The report of a run, for people and as Markdown: what was measured stands in it, and no text of a stranger becomes markup."""

import io
import json
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from aichaos.domain.about import REPORT, Report
from aichaos.domain.results import Confidence, Results, Scored, Summary
from aichaos.domain.running import Approval, Finished
from aichaos.records import past
from aichaos.report import backlog, results_html
from aichaos.report.layout import Paper
from aichaos.report.progress import end, refused
from aichaos.report.results import headline, show
from aichaos.report.results_junit import text as junit
from aichaos.report.results_markdown import page
from tests.measure.folders import BACK, BEGAN, ENDED, FIRST, PROBE, answers, experiment, folder, prediction, to
from tests.program import Run, typed
from tests.test_docs import problems
from tools.docs.places import REFERENCE

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
    found = past.results(folder(tmp_path, made=experiment(probe, title="# <script>", hypothesis="## a\n## b")))
    text = page(found)
    assert "<img" not in text
    assert "<script" not in text
    assert not any(line.startswith(("# head", "## a", "## b")) for line in text.splitlines())
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
    assert {key: suites.get(key) for key in ("tests", "failures", "skipped")} == {"tests": "5", "failures": "1", "skipped": "2"}
    cases = suites.findall(".//testcase")
    assert [case.get("name") for case in cases[1:3]] == ["95% of requests succeed", "recreated within 60s"]
    assert [child.tag for case in cases for child in case] == ["skipped", "failure", "system-out", "skipped", "system-out"]


def test_two_promises_that_are_broken_in_the_same_way_are_said_once(tmp_path: Path) -> None:
    made = experiment(PROBE | {"tolerance": {"success": ">= 99%"}, "slo": ["99% of requests succeed"]})
    found = past.results(folder(tmp_path, samples=BAD, made=made))
    assert found.verdict_why.count("success is 66.67%") == 1
    assert sum("success is 66.67%" in one.text for one in found.observations) == 1


def test_what_held_without_being_put_to_the_test_looks_like_no_success(tmp_path: Path) -> None:
    """Neither on a terminal, nor in a list, nor in a browser, nor at the end of the run."""
    calm = past.results(folder(tmp_path, samples=answers("shop", 0, ENDED)))
    assert (calm.verdict, calm.confidence.word) == ("pass", "low")
    told = "The hypothesis held, but hardly anything put it to the test: confidence low."
    assert f"{told} shop" in " ".join(shown(calm).split())
    assert f"**{told}**" in page(calm)
    html = results_html.page(calm)
    assert f'<p class="verdict no-data">{told}</p>' in html
    assert headline("pass", None) == ("The hypothesis held.", "pass")


def test_what_could_not_be_measured_is_said_first(tmp_path: Path) -> None:
    """On a terminal, as Markdown, as a page, and in the backlog: it does not read like a run whose hypothesis held."""
    made = experiment(PROBE | {"tolerance": {"success": ">= 50%"}}, PROBE | {"name": "other"})
    silent = answers("other", 0, ENDED, outcome="none", slow=True, why="http://prometheus:9090 is slow: no answer within 5s")
    partly = past.results(folder(tmp_path, samples=sorted([*BAD, *silent], key=lambda one: one.at), made=made))
    told = "Not decided: what could be measured held, but not all that was promised could be."
    why = "other: http://prometheus:9090 is slow: no answer within 5s"
    lines = " ".join(shown(partly).split())
    assert f"{told} {why}" in lines
    assert "score 100 of 100, without 1 of 2 promises, of which there are no data" in lines
    assert "1 of 2 promises could be judged" in lines
    assert "no answer in time (300)" in lines
    assert f"**{told}**" in page(partly)
    assert page(partly).count("Nothing could be told of it after the first step.") == 1
    assert f'<p class="verdict no-data">{told}</p>' in results_html.page(partly)
    assert "Make measurable what could not be measured" in backlog.markdown(backlog.backlog([partly]))
    assert headline("no-data", None)[0] == "No data: nothing could have shown a failure."


def test_a_run_ends_with_its_first_finding_and_how_much_it_is_worth(found: Results) -> None:
    finished = Finished(
        run="r-1", outcome="completed", stop_reason=None, restored="verified", stop_to_restored_seconds=None, verdict="fail",
        left_over=[], foreign=[], report="",
    )  # fmt: skip
    approval = msgspec.convert({"run": "r-1", "digest": "d", "cluster": "c", "who": "ann", "how": "yes", "at": ""}, Approval)
    report = Report(
        finished=finished, approval=approval, forecast="", before=[], during=[], after=[], score=found.score,
        confidence=found.confidence, difference=found.observations[0].text,
    )  # fmt: skip
    stream = io.StringIO()
    end(report, Paper(stream))
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("foretold otherwise: GET http://shop.example.com/")
    assert any(line.startswith(f"Score {found.score.value} of 100; confidence {found.confidence.word}") for line in lines)


def test_the_list_of_runs_shows_verdict_score_and_confidence(aichaos: Run, tmp_path: Path) -> None:
    state = {"AICHAOS_STATE_DIR": str(tmp_path)}
    for name, scored in (("r-1", Scored(value=None, why="nothing could have failed")), ("r-2", Scored(value=40)), ("r-3", None)):
        path = folder(tmp_path, name, samples=BAD)
        report = msgspec.json.decode((path / REPORT).read_bytes(), type=Report)
        sure = Confidence(value=0.1, word="low") if scored else None
        (path / REPORT).write_bytes(msgspec.json.encode(msgspec.structs.replace(report, score=scored, confidence=sure)))
    listed = aichaos("runs", **state)
    rows = {line.split()[0]: line.split()[1:] for line in listed.stdout.splitlines()}
    assert rows.pop("RUN")[-3:] == ["VERDICT", "SCORE", "CONFIDENCE"]
    assert {name: row[-3:] for name, row in rows.items()} == {
        "r-1": ["pass", "none", "low"],
        "r-2": ["pass", "40", "low"],
        "r-3": ["pass", "–", "–"],
    }


def test_the_list_of_runs_fits_into_the_terminal(tmp_path: Path) -> None:
    folder(tmp_path, "route-conflict-my-route-1126-082357-9652", samples=BAD)
    wide, narrow, least = (typed(tmp_path, (), "runs", columns=one, AICHAOS_STATE_DIR=str(tmp_path)).splitlines() for one in (140, 80, 40))
    assert (len(wide), len(narrow), max(map(len, narrow)) <= 80, max(map(len, least)) <= 40) == (2, 4, True, True)
    assert [one for one in " ".join(narrow).split() if one] == " ".join(wide).split()
    assert [line.split()[0] for line in least] == [wide[1].split()[0], *wide[0].split()[1:]]


@pytest.mark.parametrize(
    ("said", "left", "word"),
    [
        ("verified", [], "verified"),
        ("not-restored", [], "not-restored"),  # all objects are, and the answers are not what they were
        ("not-restored", ["Service/shop/web"], "verified"),  # `recover` has finished it since
        ("nothing-changed", [], "nothing-changed"),
    ],
)
def test_whether_all_went_back_is_one_word_in_the_list_and_in_the_report(
    aichaos: Run, tmp_path: Path, said: str, left: list[str], word: str
) -> None:
    path = folder(tmp_path, samples=BAD)
    report = json.loads((path / REPORT).read_bytes())
    report["finished"] |= {"restored": said, "left_over": left}
    (path / REPORT).write_text(json.dumps(report))
    (listed,) = json.loads(aichaos("runs", "-o", "json", AICHAOS_STATE_DIR=str(tmp_path)).stdout)
    assert (listed["restored"], past.results(path).restored) == (word, word)


def test_in_junit_the_difference_from_the_prediction_is_the_first_case(found: Results) -> None:
    case, *_ = ElementTree.fromstring(junit(found)).findall(".//testcase")
    failure = case.find("failure")
    assert case.get("classname") == "prediction"
    assert failure is not None
    assert "foretold 503, came shop/web" in (failure.get("message") or "")


def test_in_markdown_the_verdict_and_the_difference_stand_before_all(found: Results) -> None:
    top = page(found).partition("## Hypothesis")[0]
    assert top.index("did NOT hold") < top.index("foretold otherwise: GET http://shop.example.com/") < top.index("| run |")


def test_metrics_of_which_nothing_is_known_are_named(tmp_path: Path) -> None:
    made = experiment(metrics=[{"name": "share by backend", "query": "up"}])
    found = past.results(folder(tmp_path, samples=BAD, made=made))
    for text in (shown(found), page(found), results_html.page(found)):
        assert "share by backend: not known" in text
    assert "No metric was asked for" not in page(found)


@pytest.mark.parametrize("columns", [60, 80, 140])
def test_a_table_stays_a_table_on_a_narrow_terminal(found: Results, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = shown(found).splitlines()
    (head,) = (line for line in lines if line.split()[:2] == ["samples", "success"])
    assert head.split()[-1] == "p99"
    assert max(map(len, lines)) <= columns


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
    assert (absent.returncode, "no run of this machine is called 'r-2'" in absent.stderr) == (1, True)
    assert "The latest run of the experiment trial is r-1." in aichaos("report", "trial", **state).stderr


def test_the_score_of_an_experiment_over_its_runs_can_be_asked(aichaos: Run, tmp_path: Path) -> None:
    state = {"AICHAOS_STATE_DIR": str(tmp_path)}
    for number in range(4):
        samples = BAD if number < 2 else [one for one in BAD if one.outcome == "good"]
        folder(tmp_path, f"r-{number}", samples=samples, foretold=GONE, began=BEGAN + 1000 * number)
    folder(tmp_path, "idle", samples=BAD, sham=True, changed=False, began=BEGAN + 9000)
    told = aichaos("runs", "--experiment", "trial", **state)
    assert told.returncode == 0, told.stderr
    head, *rows, last = told.stdout.splitlines()
    assert head.split() == ["RUN", "BEGAN", "VERDICT", "SCORE", "CONFIDENCE"]
    assert [row.split()[0] for row in rows] == ["r-0", "r-1", "r-2", "r-3"], "the earliest first, and no sham"
    assert rows[2].split()[-3:-1] == ["pass", "none"]
    assert last == "2 scored runs: a trend takes 4"
    written = json.loads(aichaos("runs", "--experiment", "trial", "-o", "json", **state).stdout)
    assert (written["trend"], len(written["points"])) == ("unknown", 4)
    unknown = aichaos("runs", "--experiment", "nobody", **state)
    assert (unknown.returncode, "Known here: trial." in unknown.stderr) == (2, True)


def test_as_json_it_fits_its_published_schema(found: Results, tmp_path: Path) -> None:
    schema = json.loads((REFERENCE / "results.schema.json").read_text(encoding="utf-8"))
    cut_short = past.results(folder(tmp_path / "cut", samples=answers("shop", 0, BACK - 10), whole=False))
    summed = msgspec.structs.replace(found, summary=Summary(text="", backend="b", model=None, prompt="summary@1", refused=["7"]))
    for one in (found, cut_short, summed):
        written = json.loads(msgspec.json.encode(one))
        assert list(problems(written, schema)) == []
    for wrong in ({"verdict": "good"}, {"began": "now"}, {"probes": [{"probe": "p"}]}):
        assert list(problems(written | wrong, schema)) != []


def test_each_refusal_is_said_once_and_a_hint_after_the_last_that_it_is_for() -> None:
    stream = io.StringIO()
    role, wait = "Ask for the Role.", "Wait."
    given = [("rights", "no create", role), ("rights", "no patch", role), ("rights", "no patch", role), ("rollout", "moving", wait)]
    refused(given, Paper(stream))
    assert stream.getvalue().splitlines() == [
        "refused [rights]: no create",
        "refused [rights]: no patch",
        "  Ask for the Role.",
        "refused [rollout]: moving",
        "  Wait.",
    ]
