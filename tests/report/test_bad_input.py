"""Whatever is left of a run, and however wrong its clocks and figures are: a report of it is written in every form, and says what is
missing."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aichaos.domain.about import ABOUT, REPORT
from aichaos.domain.results import Results
from aichaos.domain.running import Closed, Intent, JournalEntry, Opened, Restoring, StepBegan
from aichaos.domain.sample import Sample
from aichaos.measure.samples import NAME, line_of
from aichaos.records import past
from aichaos.report import backlog, results_html, results_junit, results_markdown
from aichaos.report.layout import Paper
from aichaos.report.results import show
from aichaos.run import journal
from aichaos.run.state import JOURNAL
from tests.measure.folders import BEGAN, ENDED, FIRST, answers, folder, write
from tests.report.test_results import BAD, GONE
from tests.test_docs import problems
from tools.docs.places import REFERENCE

SCHEMA = json.loads((REFERENCE / "results.schema.json").read_text(encoding="utf-8"))
SAID = sorted([*BAD, *answers("request", 0.5, ENDED, each=1.0, status=503)], key=lambda one: one.at)


def forms(found: Results) -> dict[str, str]:
    """A report in every form; each is what it says it is."""
    stream = io.StringIO()
    show(found, Paper(stream))
    written = json.loads(msgspec.json.encode(found))
    assert list(problems(written, SCHEMA)) == []
    ElementTree.fromstring(results_junit.text(found))
    return {
        "text": stream.getvalue(),
        "markdown": results_markdown.page(found),
        "html": results_html.page(found),
        "backlog": backlog.markdown(backlog.backlog([found])),
    }


def entries(path: Path) -> list[JournalEntry]:
    return journal.entries(path / JOURNAL)[0]


def cut(path: Path, name: str) -> None:
    """A file of which the end is lost, in the middle of a word."""
    whole = (path / name).read_bytes()
    (path / name).write_bytes(whole[: len(whole) // 2])


def full(path: Path) -> None:
    """The disk was full in the middle of the run."""
    lines = sorted((path / NAME).read_bytes().splitlines(), key=lambda line: float(json.loads(line)["at"]))
    (path / NAME).write_bytes(b"\n".join(lines[: len(lines) // 2]))


def without(path: Path, *kinds: type) -> None:
    write(path / JOURNAL, [one for one in entries(path) if not isinstance(one, kinds)])


def shifted(path: Path, seconds: float, *kinds: type) -> None:
    """The clock of the machine was set meanwhile: some entries are of another time."""
    changed = [
        msgspec.structs.replace(one, at=one.at + seconds) if isinstance(one, kinds) and not isinstance(one, Intent) else one
        for one in entries(path)
    ]
    write(path / JOURNAL, changed)


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no about": (lambda path: (path / ABOUT).unlink(), "there is no about.json"),
    "no report": (lambda path: (path / REPORT).unlink(), "there is no report.json"),
    "no samples": (lambda path: (path / NAME).unlink(), "no answer of any probe was kept"),
    "half of about": (lambda path: cut(path, ABOUT), "about.json"),
    "half of the report": (lambda path: cut(path, REPORT), "report.json"),
    "half of the samples": (full, "no answer was kept of the last 2"),
    "samples of nothing": (lambda path: (path / NAME).write_bytes(b""), "no answer of any probe was kept"),
    "no end": (lambda path: without(path, Closed), "the run was cut short"),
    "no way back": (lambda path: without(path, Closed, Restoring), "the run was cut short"),
    "no step": (lambda path: without(path, StepBegan, Intent), ""),
    "nothing but the beginning": (lambda path: write(path / JOURNAL, entries(path)[:1]), "the run was cut short"),
    "a clock that went back an hour": (lambda path: shifted(path, -3600, Restoring, Closed), "the clock of the machine was set back"),
    "a clock that went on a year": (lambda path: shifted(path, 3.2e7, StepBegan), "the clock of the machine was set back"),
    "a beginning after the end": (lambda path: shifted(path, 7200, Opened), "the clock of the machine was set back"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_of_a_damaged_run_there_is_a_report_in_every_form_that_says_what_is_missing(tmp_path: Path, damage: str) -> None:
    path = folder(tmp_path, samples=SAID, foretold=GONE)
    spoil, said = DAMAGES[damage]
    spoil(path)
    found = past.results(path)
    for name, text in forms(found).items():
        assert text, name
        if said and name != "backlog":
            assert said.replace("'", "&#39;") in text or said in " ".join(text.split()), (name, said)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seconds=st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False, min_value=-10, max_value=1e12), min_size=1, max_size=8),
    at=st.lists(st.floats(-1e10, 1e10), min_size=1, max_size=8),
    outcome=st.sampled_from(["good", "bad", "none"]),
    status=st.none() | st.integers(0, 99999),
    backend=st.none() | st.text(max_size=8),
    why=st.text(max_size=12),
)
def test_no_answer_however_strange_keeps_a_report_from_being_written(
    tmp_path_factory: pytest.TempPathFactory,
    seconds: list[float | None],
    at: list[float],
    outcome: str,
    status: int | None,
    backend: str | None,
    why: str,
) -> None:
    path = folder(tmp_path_factory.mktemp("run"), samples=SAID)
    strange = [
        Sample(probe="shop", at=BEGAN + when, outcome=outcome, seconds=took, status=status, backend=backend, why=why)  # type: ignore[arg-type]
        for when, took in zip(at, seconds, strict=False)
    ]
    with (path / NAME).open("ab") as file:
        file.write(b"".join(msgspec.json.encode(line_of(one)) + b"\n" for one in strange))
    assert all(forms(past.results(path)).values())


@pytest.mark.parametrize("why", ["no Prometheus is named: --prometheus URL", "no series", "NaN", "no answer within 2s"])
def test_a_prometheus_that_is_absent_empty_slow_or_nan_is_no_data_in_every_form(tmp_path: Path, why: str) -> None:
    path = folder(tmp_path, samples=answers("shop", 0, ENDED, outcome="none", why=why))
    found = past.results(path)
    assert (found.verdict, found.score.value, found.confidence.word) == ("no-data", None, "low")
    for name, text in forms(found).items():
        assert why in " ".join(text.split()), name
    assert 'class="verdict no-data"' in forms(found)["html"]


def test_probes_that_time_out_throughout_get_no_score(tmp_path: Path) -> None:
    late = answers("shop", 0, ENDED, each=1.0, outcome="bad", seconds=None, why="no answer within 5s")
    found = past.results(folder(tmp_path, samples=late))
    assert (found.verdict, found.score.value) == ("fail", None)
    for text in forms(found).values():
        assert "no answer within 5s" in " ".join(text.split())


def test_what_prometheus_and_the_machine_said_of_their_trouble_stands_under_what_is_missing(tmp_path: Path) -> None:
    path = folder(tmp_path, samples=SAID)
    late = line_of(*answers("shop", FIRST + 1, FIRST + 2))
    with (path / NAME).open("ab") as file:
        file.write(msgspec.json.encode(msgspec.structs.replace(late, late=0.4)) + b"\n")
    report = json.loads((path / REPORT).read_bytes())
    skew = "the clock of Prometheus is 42.0 s behind this machine's: its times are put right"
    (path / REPORT).write_text(json.dumps(report | {"trouble": [skew, "which alerts fired is not known: no answer within 2s"]}))
    found = past.results(path)
    assert skew in found.missing
    assert any("this machine was busy" in one for one in found.missing)
    for name in ("text", "markdown", "html"):
        text = " ".join(forms(found)[name].replace("&#39;", "'").split())
        assert "the clock of Prometheus is 42.0 s behind" in text
        assert "which alerts fired is not known" in text
