"""The summary of a report by a model: what it is shown, that no number of its own gets into a report, and what is said where one tries."""

import json
import os
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

from aichaos.ask.citing import strange
from aichaos.ask.conversation import Manner
from aichaos.ask.protocol import Options, Progress, Question, Reply
from aichaos.ask.summing import problems
from aichaos.backends.playbook import PlaybookBackend
from aichaos.backends.replay import ReplayBackend
from aichaos.domain.results import Results
from aichaos.records import past, summing
from aichaos.report import results_html, results_markdown
from tests.measure.folders import ENDED, FIRST, PROBE, answers, experiment, folder, prediction, to
from tests.program import Run
from tests.report.test_results import shown

REPLIES = Path(__file__).parents[1] / "replies" / "summary"
GONE = prediction(to("shop/web"), to(status=503), to(status=503), to("shop/web"))


def fill(home: Path) -> Path:
    """A run in which a third of the answers was bad, otherwise than foretold, and which came back after ten seconds."""
    came = [
        *answers("shop", 0, FIRST + 5, status=200, backend="shop/web"),
        *answers("shop", FIRST + 15, ENDED, status=200, backend="shop/web"),
    ]
    came += answers("shop", FIRST + 5, FIRST + 15, outcome="bad", why="it answered 503, expected 200", status=503, seconds=0.004)
    came += answers("request", 0, ENDED, each=1.0, status=200, backend="shop/web")
    made = experiment(PROBE | {"tolerance": {"success": ">= 99%", "p95": "<= 300ms"}}, remediation=["A second replica of web"])
    return folder(home, samples=came, foretold=GONE, made=made)


def told(home: Path) -> Results:
    return past.results(fill(home))


class Model:
    """A model that gives these answers, in this order, and remembers what it was shown."""

    name: ClassVar[str] = "model"
    about: ClassVar[str] = "answers of a test"
    key_variable: ClassVar[str | None] = None
    prompted: ClassVar[bool] = True
    remote: ClassVar[bool] = False

    def __init__(self, *answers: str) -> None:
        self.model: str | None = "m-1"
        self.shown: list[str] = []
        self._answers = list(answers)

    def answer(self, question: Question, progress: Progress) -> Reply:
        self.shown.append("\n".join([question.prompt.system, *(turn.text for turn in question.prompt.turns)]))
        return Reply(text=self._answers.pop(0), model="m-1", counted=False, keep=False)


def ask(found: Results, *answers: str, **manner: object) -> tuple[Results, Model]:
    model = Model(*answers)
    summed, told_of = summing.summed(found, model, msgspec.convert(manner, Manner), lambda line: None)
    assert told_of is not None
    return summed, model


@pytest.fixture
def found(tmp_path: Path) -> Results:
    return told(tmp_path)


def test_the_prompt_is_the_reviewed_one(found: Results) -> None:
    prompt = summing.prompt(found, Manner())
    text = f"{prompt.system}\n\n{prompt.text}"
    if os.environ.get("AICHAOS_REGENERATE"):
        (REPLIES / "prompt.txt").write_text(text, encoding="utf-8")
    assert (prompt.version, text) == ("summary@2", (REPLIES / "prompt.txt").read_text(encoding="utf-8"))


def test_a_summary_that_a_model_really_wrote_stands_in_every_form(found: Results) -> None:
    backend = ReplayBackend(Options(model=str(REPLIES)))
    summed, told_of = summing.summed(found, backend, Manner(), lambda line: None)
    assert told_of is not None
    assert summed.summary is not None
    assert summed.summary.refused == []
    for text in (shown(summed), results_markdown.page(summed), results_html.page(summed)):
        plain = " ".join(text.split())
        assert "success was 66.7% (61.2% to 71.8%)" in plain
        assert "summary@2; every number in it, and what it is said of, was compared with this report" in plain
    assert "Written by replay" in shown(summed)


@pytest.mark.parametrize(
    ("was", "becomes", "written"),
    [
        ("66.7%", "67.6%", "67.6%"),
        ("all 30 observed", "all 31 observed", "31"),
        ("p95 of 20 ms", "p95 of 21 ms", "21 ms"),
        ("p95 of 20 ms", "p90 of 20 ms", "p90"),
        ("success was 66.7%", "three fifths of the answers were good, success was 66.7%", "three fifths"),
        ("success was 66.7%", "success was sixty-nine percent, 66.7%", "sixty-nine percent"),
        ("10 seconds later", "twice as long later", "Twice"),
        ("high confidence (0.92)", "high confidence (0.9２5)", "0.925"),
        ("a promise of at least 99%", "a promise of ninety-seven per cent", "ninety-seven per cent"),
        ("shop/web answered", "shop/web-v2 answered", "shop/web-v2"),
    ],
)
def test_a_number_that_is_not_in_the_report_is_found(found: Results, was: str, becomes: str, written: str) -> None:
    right = (REPLIES / "summary.md").read_text(encoding="utf-8")
    assert was in right
    assert problems(right, results_markdown.figures(found)) == []
    wrong = problems(right.replace(was, becomes), results_markdown.figures(found))
    assert [one.lower() for one in wrong] == [written.lower()]


@pytest.mark.parametrize(
    ("text", "data", "wrong"),
    [
        ("about 24% and 24 percent", "23.81%", []),
        ("24.0%", "23.81%", ["24.0%"]),
        ("49 ms, 0.049 s, 49 milliseconds", "49 ms", []),
        ("1 minute", "31 s", ["1 minute"]),
        ("90 s, a 90-second hold", "1.5 min", []),
        ("between 13.5 and 38.5 %, 3–5 ms", "23.8% (13.5–38.5), 4 ms (3–5)", []),
        ("1,234 requests", "1234 samples", []),
        ("half of them; a quarter", "50%", ["quarter"]),
        ("one of them, the first, one route", "nothing", []),
        ("24 ms", "24%", ["24 ms"]),
        ("v3 answered 503", "infra-v3 gave 503", []),
        ("in ۵ s, 五 and 10x, tenfold, 2026-11-25", "5 s", ["五", "۵", "10x", "2026-11-25", "tenfold"]),
    ],
)
def test_numbers_agree_as_people_round_and_spell_them(text: str, data: str, wrong: list[str]) -> None:
    assert sorted(strange(text, data)) == sorted(wrong)


def test_a_model_is_told_which_number_and_asked_again(found: Results) -> None:
    summed, model = ask(found, "Success fell by 33.3%.", "Success fell to 66.7%.")
    assert summed.summary is not None
    assert (summed.summary.text, summed.summary.refused) == ("Success fell to 66.7%.", [])
    assert "- 33.3%" in model.shown[1]
    assert summed.summary.prompt == "summary@2+summary-again@2"


def test_a_summary_with_a_number_of_its_own_is_refused_and_the_report_says_which(found: Results) -> None:
    summed, _ = ask(found, "Success fell by 33.3%.", "It fell by a third.", repairs=1)
    assert summed.summary is not None
    assert (summed.summary.text, summed.summary.refused) == ("", ["third"])
    for text in (shown(summed), results_markdown.page(summed), results_html.page(summed)):
        assert "was refused" in text
        assert "It fell" not in text
    assert "foretold otherwise" in shown(summed), "what the rules say stands there all the same"


@pytest.mark.parametrize(("answer", "why"), [("", "no text"), ("word " * 2000, "10,000 characters")])
def test_what_is_no_summary_is_refused(found: Results, answer: str, why: str) -> None:
    summed, _ = ask(found, answer, repairs=0)
    assert summed.summary is not None
    assert summed.summary.text == ""
    assert why in summed.summary.refused[0] or why == "10,000 characters"


def test_a_models_words_are_no_markup(found: Results) -> None:
    summed, _ = ask(found, "<script>alert()</script>\n\n# head\n[a](http://b)", repairs=0)
    assert "<script" not in results_html.page(summed)
    assert "<script" not in results_markdown.page(summed)
    assert "\n# head" not in results_markdown.page(summed)


def test_nothing_of_a_secret_and_with_anonymize_no_name_leaves(tmp_path: Path) -> None:
    url = "http://till.acme-bank.com/?token=ghp_16C7e42F292c6912E7710c838347Ae178B4a"
    made = experiment(PROBE | {"http": {"url": url}}, hypothesis="acme-till answers 10.1.2.3")
    came = answers("shop", 0, ENDED, status=200, backend="acme/acme-till")
    plain = past.results(folder(tmp_path, samples=came, made=made))
    _, model = ask(plain, "All good.")
    assert "ghp_16C7" not in model.shown[0]
    assert "acme-till" in model.shown[0]
    summed, model = ask(plain, "All good.", anonymize=True)
    assert not any(word in model.shown[0] for word in ("acme", "till", "ghp_16C7", "10.1.2.3"))
    assert summed.summary is not None


def test_a_stand_in_is_lifted_before_numbers_are_compared(tmp_path: Path) -> None:
    made = experiment(PROBE, hypothesis="svc7-billing answers")
    plain = past.results(folder(tmp_path, samples=answers("shop", 0, ENDED, backend="acme/svc7-billing"), made=made))
    prompt = summing.prompt(plain, Manner(anonymize=True))
    hidden = prompt.text.partition("## Hypothesis\n\n")[2].split()[0]
    assert hidden != "svc7-billing"
    summed, _ = ask(plain, f"{hidden} answered.", anonymize=True)
    assert summed.summary is not None
    assert (summed.summary.text, summed.summary.refused) == ("svc7-billing answered.", [])


def test_the_playbook_writes_none_and_says_so(found: Results) -> None:
    same, told_of = summing.summed(found, PlaybookBackend(Options()), Manner(), lambda line: None)
    assert (same, told_of) == (found, None)


def test_the_command_asks_only_where_somebody_said_so(aichaos: Run, tmp_path: Path) -> None:
    fill(tmp_path)
    state = {"AICHAOS_STATE_DIR": str(tmp_path), "AICHAOS_BACKEND": "replay", "AICHAOS_MODEL": str(REPLIES)}
    quiet = aichaos("report", **state)
    assert (quiet.returncode, "Summary" in quiet.stdout, "asking" in quiet.stderr) == (0, False, False)
    done = aichaos("report", "--summary", "-o", "json", **state)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["summary"]["text"].startswith("The run came otherwise")
    offline = aichaos("report", "--backend", "playbook", **state)
    assert "the playbook writes no summary: everything in the report is written by rules" in offline.stderr
    lonely = aichaos("report", "--model", "qwen3:8b", **state)
    assert (lonely.returncode, "--model is about a summary, and none was asked for" in lonely.stderr) == (2, True)
    unknown = aichaos("report", "--backend", "gpt", **state)
    assert (unknown.returncode, "anthropic" in unknown.stderr) == (2, True)
    shown_only = aichaos("report", "--show-prompt", **state)
    assert shown_only.stdout == (REPLIES / "prompt.txt").read_text(encoding="utf-8")
