"""The plan of a GameDay, its notes and its debrief, where no cluster is needed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.domain.gameday import DayBegan, DayEnded, GameDay, Note, SceneBegan, SceneEnded
from aichaos.errors import FileError, SyntaxProblem
from aichaos.live import gameday, series
from aichaos.live.series import worst
from aichaos.report.debrief import markdown
from tests.measure.folders import ENDED, answers, folder, prediction, to
from tests.program import Run, environment, fails
from tests.test_docs import problems
from tools.docs.places import REFERENCE, ROOT

EXAMPLE = ROOT / "docs" / "examples" / "gameday" / "ml-service.yaml"
TEXT = EXAMPLE.read_text(encoding="utf-8")


def test_every_scenario_of_the_example_fits_the_labs_cluster(aichaos: Run) -> None:
    for scene in gameday.read(EXAMPLE).spec.scenarios:
        assert scene.library is not None
        pairs = [word for name, value in scene.library.set.items() for word in ("--set", f"{name}={value}")]
        words = ["library", "render", scene.library.name, "--for", scene.library.for_, *pairs, "--from", "demo:ml-services", "--no-save"]
        done = aichaos(*words, "-o", "json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["suggestion"]["verdict"] == "ready"


def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((REFERENCE / "gameday.schema.json").read_text(encoding="utf-8"))
    return found


WRONG = [
    ("duration: 15m\n    observe:\n    - Auto", "duration: soon\n    observe:\n    - Auto", 12, "no duration"),
    ("gates: [steady-state, go]", "gates: [steady]", 19, "invalid enum value"),
    ("participants:", "partecipants:", 9, "partecipants is not known"),
    ("library: {name: fewer-replicas", "experiment: x.yaml\n    library: {name: fewer-replicas", 12, "either an experiment"),
    ("kind: GameDay", "kind: Experiment", 2, "expected apiVersion"),
    ("patience: 2m", "patience: long", 5, "patience can't be"),
    ("set: {percent: 50", "set: {percent: [50]", 13, "expected"),
]


@pytest.mark.parametrize(("was", "becomes", "line", "problem"), WRONG)
def test_a_mistake_in_a_plan_is_said_at_its_line(tmp_path: Path, was: str, becomes: str, line: int, problem: str) -> None:
    assert was in TEXT
    (tmp_path / "day.yaml").write_text(TEXT.replace(was, becomes, 1), encoding="utf-8")
    with pytest.raises(SyntaxProblem, match=problem) as found:
        gameday.read(tmp_path / "day.yaml")
    assert found.value.line == line, str(found.value)


def test_the_schema_takes_the_example_and_refuses_what_the_program_refuses() -> None:
    from aichaos.files import yaml

    (document,) = yaml.load(TEXT, "day.yaml")
    assert list(problems(document, schema())) == []
    document["spec"]["scenarios"][0]["experiment"] = "too.yaml"
    assert list(problems(document, schema())) != []


@given(st.integers(0, len(TEXT) - 1), st.integers(0, 200), st.text(max_size=5))
def test_no_text_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, start: int, length: int, put: str) -> None:
    path = tmp_path_factory.getbasetemp() / "hostile.yaml"
    path.write_text(TEXT[:start] + put + TEXT[start + length :], encoding="utf-8", errors="replace")
    try:
        gameday.read(path)
    except FileError:
        return


@pytest.mark.parametrize(
    ("codes", "code"), [([0, 0], 0), ([0, 3], 3), ([3, 9], 9), ([9, 7, 3], 7), ([0, 8, 7], 8), ([], 0), ([5], 5), ([0, 5], 0)]
)
def test_the_exit_code_is_the_worst_in_the_promised_order(codes: list[int], code: int) -> None:
    assert worst(codes) == code


def test_a_file_that_is_none_and_a_cluster_that_is_none(aichaos: Run) -> None:
    fails(aichaos("gameday", "none.yaml", "--yes"), 1, "cannot read none.yaml")
    fails(aichaos("gameday", str(EXAMPLE), "--yes", "--from", "demo:ml-services"), 2, "nothing can be run on demo:ml-services")
    fails(aichaos("gameday", str(EXAMPLE)), 2, "no terminal to ask at")
    fails(aichaos("gameday", "debrief"), 2, "no GameDay was held")
    fails(aichaos("gameday", "debrief", "../x"), 1, "no name of a GameDay")
    fails(aichaos("gameday", "note", "x"), 2, "no GameDay is running")
    fails(aichaos("gameday", "note", "x", "--day", "other"), 1, "there is no GameDay 'other'")


# a day from its files ---------------------------------------------------------------------------------------------------------------


def written(home: Path, name: str = "small-1", *, ended: bool = True, more: list[Any] | None = None) -> Path:
    day = msgspec.convert(
        {
            "apiVersion": "aichaos/v1",
            "kind": "GameDay",
            "metadata": {"name": "small"},
            "spec": {"title": "A <b>small</b> | day", "scenarios": [{"name": "One", "experiment": "one.yaml"}]},
        },
        GameDay,
    )
    entries: list[Any] = [
        DayBegan(at=100.0, day=day, who="anna@here", how="yes", file="day.yaml", cluster="https://192.0.2.1"),
        SceneBegan(at=101.0, number=1, run="one-1"),
        SceneEnded(at=131.0, number=1, code=3),
        *(more or []),
        *([DayEnded(at=140.0, code=3)] if ended else []),
    ]
    where = home / "gamedays" / name
    where.mkdir(parents=True)
    (where / "day.jsonl").write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in entries))
    return where


def told(aichaos: Run, home: Path, *words: str) -> Any:
    done = aichaos("gameday", "debrief", *words, "-o", "json", AICHAOS_STATE_DIR=str(home))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_debrief_is_written_although_reports_and_journals_are_gone(aichaos: Run, tmp_path: Path) -> None:
    where = written(tmp_path / "state")
    found = told(aichaos, tmp_path / "state")
    assert (found["code"], found["seconds"]) == (3, 40.0)
    assert found["scenarios"][0]["restored"] == "unknown"
    assert any("nothing that run one-1 measured is known" in one for one in found["missing"])
    assert any("NOT restored, as far as is known here" in one for one in found["failed"])
    text = (where / "debrief.md").read_text(encoding="utf-8")
    assert "# GameDay: A &lt;b>small&lt;/b> | day" in text


def test_a_line_that_was_not_finished_is_left_out_and_said(aichaos: Run, tmp_path: Path) -> None:
    where = written(tmp_path / "state", ended=False)
    with (where / "day.jsonl").open("ab") as file:
        file.write(b'{"entry":"note","at":1')
    done = aichaos("gameday", "note", "--day", "small-1", "it hung", AICHAOS_STATE_DIR=str(tmp_path / "state"))
    assert done.returncode == 0, done.stderr
    found = told(aichaos, tmp_path / "state")
    assert any("it hung" in line["text"] for line in found["timeline"])
    assert any("line 4" in one for one in found["missing"])


def test_notes_of_two_terminals_at_once_are_all_kept(tmp_path: Path) -> None:
    where = written(tmp_path / "state", ended=False)
    command = [sys.executable, "-m", "aichaos", "gameday", "note", "--day", "small-1"]
    around = environment(tmp_path, AICHAOS_STATE_DIR=str(tmp_path / "state"))
    both = [subprocess.Popen([*command, "--as", who, f"{who} " * 500], env=around, stderr=subprocess.DEVNULL) for who in ("anna", "ben")]
    assert [one.wait(60) for one in both] == [0, 0]
    lines = [json.loads(line) for line in (where / "day.jsonl").read_text().splitlines()]
    assert {one["who"] for one in lines if one["entry"] == "note"} == {"anna", "ben"}


def test_what_people_noted_stands_where_it_belongs(aichaos: Run, tmp_path: Path) -> None:
    notes = [
        Note(at=110.0, who="anna", text="the alert fired"),
        Note(at=111.0, who="ben", text="we saw it at once", kind="worked"),
        Note(at=112.0, who="ben", text="nobody knew the dashboard", kind="failed"),
        Note(at=113.0, who="anna", text="write the runbook", kind="action"),
        Note(at=114.0, who="anna", text="two channels, one problem", kind="communication"),
    ]
    written(tmp_path / "state", more=list(notes))
    found = told(aichaos, tmp_path / "state")
    assert found["worked"] == ["we saw it at once (ben)"]
    assert "nobody knew the dashboard (ben)" in found["failed"]
    assert {"text": "write the runbook", "origin": "anna"} in found["actions"]
    assert found["communication"] == ["5 notes by anna (3), ben (2)", "two channels, one problem (anna)"]
    assert found["scenarios"][0]["first_note"] == 9.0


def test_what_came_otherwise_than_foretold_is_the_first_thing_that_a_debrief_says(aichaos: Run, tmp_path: Path) -> None:
    home = tmp_path / "state"
    where = written(home)
    came = [*answers("shop", 0, ENDED, backend="shop/web"), *answers("request", 0, ENDED, each=1.0, status=200, backend="shop/web")]
    folder(home, "one-1", samples=came, foretold=prediction(to("shop/web"), to(status=503), to(status=503), to("shop/web")))
    found = told(aichaos, home)
    (differs,) = found["differences"]
    assert differs.startswith("One: foretold otherwise: GET http://shop.example.com/")
    assert found["failed"][0] == found["issues"][0] == differs
    assert found["actions"][0]["text"] == f"Find out why this was {differs.removeprefix('One: ')}"
    assert found["scenarios"][0]["observations"] == [], "what is a difference is said once"
    page = (where / "debrief.md").read_text(encoding="utf-8")
    assert page.split("\n\n")[1] == f"**{differs}**", "before the date"
    assert page.index("- **Foretold otherwise**: GET http") < page.index("- **Verdict**")


def test_where_all_came_as_foretold_that_is_said_too(aichaos: Run, tmp_path: Path) -> None:
    home = tmp_path / "state"
    written(home)
    folder(home, "one-1", samples=answers("request", 0, ENDED, each=1.0, status=200, backend="shop/web"))
    found = told(aichaos, home)
    assert found["differences"] == []
    count = found["scenarios"][0]["foretold"]
    assert count > 1
    assert f"One: all {count} answers that were observed came as foretold" in found["worked"]


def test_a_debrief_without_anything_says_so() -> None:
    from aichaos.domain.gameday import Debrief

    lists = ("participants", "scenarios", "worked", "failed", "actions", "response", "communication")
    nothing: dict[str, Any] = {name: [] for name in (*lists, "issues", "process", "timeline", "missing")}
    words = dict.fromkeys(("day", "title", "objective", "planned", "led_by", "cluster", "began", "ended", "why"), "x")
    text = markdown(msgspec.convert({**nothing, **words, "seconds": None, "code": None}, Debrief))
    assert "Nobody saw the end of the day." in text
    assert "Nothing that was measured or noted." in text


def test_the_list_says_which_day_runs(aichaos: Run, tmp_path: Path) -> None:
    written(tmp_path / "state")
    done = aichaos("gameday", "list", "-o", "json", AICHAOS_STATE_DIR=str(tmp_path / "state"))
    assert [(one["gameday"], one["state"], one["code"]) for one in json.loads(done.stdout)] == [("small-1", "ended", 3)]


def test_a_run_that_lost_the_lease_at_the_last_moment_was_refused(aichaos: Run, tmp_path: Path) -> None:
    where = written(tmp_path / "state", ended=False)
    began, scene, _ = (where / "day.jsonl").read_bytes().splitlines()
    lost = SceneEnded(at=102.0, number=1, code=5, why="run other of ben has just begun")
    (where / "day.jsonl").write_bytes(b"\n".join([began, scene, msgspec.json.encode(lost)]) + b"\n")
    found = told(aichaos, tmp_path / "state")
    assert (found["scenarios"][0]["state"], found["scenarios"][0]["restored"]) == ("refused", None)
    assert any("the guard refused it: run other of ben has just begun" in one for one in found["failed"])


def test_an_error_of_a_run_that_has_no_journal_changed_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICHAOS_STATE_DIR", str(tmp_path))
    assert (series._left([]), series._left(["never-begun"])) == (5, 5)
    (tmp_path / "runs" / "spoiled").mkdir(parents=True)
    (tmp_path / "runs" / "spoiled" / "journal.jsonl").write_text("no journal")
    assert series._left(["spoiled"]) == 8, "what nobody can read is not said to be restored"


@pytest.mark.parametrize("words", [["gameday", str(EXAMPLE)], ["progressive", "library:fewer-replicas", "--grow", "percent=5%"]])
def test_without_a_terminal_it_is_told_how_nobody_needs_to_be_asked(aichaos: Run, words: list[str]) -> None:
    done = aichaos(*words)
    assert (done.returncode, "no terminal to ask" in done.stderr) == (2, True)
    assert "Give --yes, or an approval of all of it by --approval FILE." in done.stderr
