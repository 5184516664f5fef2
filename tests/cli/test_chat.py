"""`aichaos chat`, as a pipe, a dumb terminal and a person use it."""

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from aichaos.ask.session import Session, intent
from aichaos.ask.words import read
from aichaos.domain.suggestion import Suggestion
from tests.program import environment, typed

SECOND_PROMPT = (
    "look at my cluster's HTTPRoutes, please give me the corresponding YAMLs and kubectl commands to perform scenario 1. make sure it is "
    "relevant to my current applied HTTPRoute and Service resources. All templates and commands should target the route-chaos namespace."
)
FOURTH = (
    "look at my cluster's Services. Please give me the corresponding YAMLs and kubectl commands to perform network latency in scenario 2. "
    "Let us inject a latency of 1000ms for 90 seconds targeting 50% of pods. Name of my service account is “litmus-admin”. Make sure it is "
    "relevant to my applied Service resources. All templates and commands should target the service-a-namespace."
)


def chat(tmp_path: Path, *lines: str, demo: str = "route-chaos", more: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "aichaos", "chat", "--from", f"demo:{demo}", *more]
    text = "\n".join(lines) + "\n"
    return subprocess.run(
        command, cwd=tmp_path, env=environment(tmp_path / "home"), input=text, capture_output=True, text=True, check=False, timeout=60
    )


def test_the_talks_second_prompt_shows_the_yaml_and_the_commands_of_scenario_1(tmp_path: Path) -> None:
    done = chat(tmp_path, "give me 3 chaos tests scenarios to test the resiliency of my HTTPRoutes configs", SECOND_PROMPT)
    assert done.returncode == 0, done.stderr
    second = done.stdout.rpartition("1  Delete and recreate my-route")[2]
    assert "YAML of HTTPRoute/route-chaos/my-route-v3" in second
    assert "kubectl create -f chaos/route-conflict-my-route/" in second
    assert "kubectl delete httproute/my-route -n route-chaos" in second


def test_the_talks_fourth_sentence_gives_the_asked_latency(tmp_path: Path) -> None:
    done = chat(tmp_path, "3 chaos tests for my Services", FOURTH, demo="service-a")
    assert done.returncode == 0, done.stderr
    for part in ('value: "1000"', 'value: "90"', 'value: "50"', "chaosServiceAccount: litmus-admin", "namespace: service-a-namespace"):
        assert part in done.stdout


def test_a_change_check_list_and_use(tmp_path: Path) -> None:
    done = chat(tmp_path, "3 tests for my routes", "/use 1", "wait 20s", "/check", "/list", "/yaml 2", "/commands", "/explain 1", "/help")
    assert done.returncode == 0, done.stderr
    assert "+      for: 20s" in done.stdout
    assert "route-conflict-my-route-2.yaml: nothing found" in done.stdout
    assert "* 1  Delete and recreate my-route" in done.stdout


def test_a_conversation_is_saved_and_resumed(tmp_path: Path) -> None:
    chat(tmp_path, "3 tests for my routes", "/use 2", "/save talk.json")
    saved = json.loads((tmp_path / "talk.json").read_text())
    assert (saved["kind"], saved["current"], len(saved["suggestions"])) == ("Conversation", 1, 3)
    done = chat(tmp_path, "/list", "/yaml 1", more=("--resume", "talk.json"))
    assert "* 2  " in done.stdout
    assert "kind: HTTPRoute" in done.stdout


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/nonsense", "no command is called /nonsense"),
        ("/show 7", "nothing has been suggested yet"),
        ("/check", "nothing has been suggested yet"),
        ("/refine", "nothing has been suggested yet"),
        ("/save /proc/nowhere/x", "/proc/nowhere"),
    ],
)
def test_what_cannot_be_is_one_line_and_the_conversation_goes_on(line: str, said: str, tmp_path: Path) -> None:
    done = chat(tmp_path, line, "/help")
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "/quit" in done.stdout


def test_what_it_will_do_is_shown_before_it_is_done(tmp_path: Path) -> None:
    done = chat(tmp_path, "route conflict of my-route", "/predict 1")
    assert done.returncode == 0, done.stderr
    assert "infra-backend-v3" in done.stdout.rpartition("Rollback")[2]


def test_what_is_not_there_yet_says_so(tmp_path: Path) -> None:
    done = chat(tmp_path, "1 test for my routes", "/run")
    assert "can't run experiments yet" in done.stderr


def test_a_line_that_ends_with_a_backslash_goes_on(tmp_path: Path) -> None:
    done = chat(tmp_path, "2 tests \\", "for my routes")
    assert done.stdout.count("Hypothesis") == 2


def test_nothing_is_asked_for_an_empty_line_and_quit_ends(tmp_path: Path) -> None:
    done = chat(tmp_path, "", "   ", "/quit", "3 tests")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("term", ["dumb", "xterm"])
def test_on_a_terminal_it_prompts_remembers_and_leaves_at_the_end_of_input(term: str, tmp_path: Path) -> None:
    text = typed(tmp_path, ("/list", "/quit"), "chat", "--from", "demo:route-chaos", TERM=term)
    assert "> " in text
    assert "nothing has been suggested yet" in text
    assert (tmp_path / "home" / ".local" / "state" / "aichaos" / "history").exists() == (term == "xterm")


def test_a_secret_in_the_users_words_is_in_no_file_that_is_kept(tmp_path: Path) -> None:
    """The experiment's provenance, the saved conversation, the history: what was typed stays, the secret in it does not."""
    words = "one test for my-route, my password: hunter2-hunter2, mail jane@acme.example"
    typed(tmp_path, (words, "/save", "/quit"), "chat", "--from", "demo:route-chaos", TERM="xterm")
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    texts = {path.name: path.read_bytes() for path in kept}
    assert {"conversation.json", "history"} <= texts.keys()
    assert not [name for name, text in texts.items() if b"hunter2" in text or b"jane@" in text]
    for name in ("conversation.json", "history", "route-conflict-my-route.yaml"):
        assert b"one test for my-route, my password: redacted-secret, mail redacted-mail" in texts[name].replace(b"\n      ", b" ")


# what a line is about ---------------------------------------------------------------------------------------------------------------


def session() -> Session:
    fields = ("why_here", "steps", "manifests", "commands", "by_hand", "metrics", "remediation", "rollback", "findings")
    lists: dict[str, list[str]] = {field: [] for field in fields}
    texts = dict.fromkeys(("id", "title", "category", "summary", "hypothesis"), "x")
    one = msgspec.convert({**texts, **lists, "verdict": "ready", "blast_radius": {}}, Suggestion)
    return Session(source="demo:route-chaos", suggestions=[one, one, one], current=0)


@pytest.mark.parametrize(
    ("text", "act", "number"),
    [
        ("3 other tests for my routes", "ideas", None),
        ("what if the database is gone?", "ideas", None),
        ("suggest something else", "ideas", None),
        (SECOND_PROMPT, "show", 0),
        ("YAMLs and kubectl commands for scenario 2", "show", 1),
        ("show me the third one", "show", 2),
        ("kubectl commands, please", "show", 0),
        (FOURTH, "refine", 1),
        ("50% of the pods, 1000 ms", "refine", 0),
        ("make it longer", "refine", 0),
        ("infra-backend-v2 instead of infra-backend-v3", "refine", 0),
        ("scenario 9 as YAML", "missing", 9),
    ],
)
def test_what_a_line_is_about(text: str, act: str, number: int | None) -> None:
    meant = intent(text, read(text), session())
    assert (meant.act, meant.number) == (act, number)


def test_without_suggestions_every_text_asks_for_ideas() -> None:
    assert intent(SECOND_PROMPT, read(SECOND_PROMPT), Session(source="x")).act == "ideas"


def test_a_conversation_that_goes_on_about_another_cluster_says_so(tmp_path: Path) -> None:
    chat(tmp_path, "3 tests for my routes", "/save talk.json")
    script = [sys.executable, "-m", "aichaos", "chat", "--from", "demo:service-a", "--resume", "talk.json"]
    done = subprocess.run(
        script, input="/save talk.json\n", cwd=tmp_path, env=environment(tmp_path / "home"), capture_output=True, text=True, check=True
    )
    assert "was about demo:route-chaos; it goes on about demo:service-a" in done.stderr
    assert done.stdout.rstrip().endswith("--from demo:service-a")
