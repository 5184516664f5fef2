"""An answer with errors goes back to the model, at most so often; the best one is kept; what was answered is not asked twice."""

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aichaos.ask.conversation import Asked, Judge, Manner, Means, ask
from aichaos.ask.conversation import refine as refine_by
from aichaos.ask.meter import Meter
from aichaos.ask.prompting import engine_facts, render
from aichaos.ask.protocol import Attempt, Facts, Prompt, Question, Reply, Turn
from aichaos.ask.tokens import tokens
from aichaos.ask.words import read
from aichaos.assess import judge, mend
from aichaos.check.decode import experiment_of
from aichaos.domain.experiment import Experiment
from aichaos.domain.finding import Finding, verdict
from aichaos.domain.policy import NO_POLICY
from aichaos.errors import BackendError, PromptTooLongError, ReplyError, UsageError
from tests.ask.test_conversation import Scripted, ideas
from tests.observe.clusters import SHOP, demo, topology_of

GOOD = """apiVersion: aichaos/v1
kind: Experiment
metadata: {name: a}
spec:
  title: Take web away
  steps: [{name: gone, scale: {kind: Deployment, name: web, namespace: shop, replicas: 0}}]
"""
BAD = GOOD.replace("name: web", "name: wob").replace("replicas: 0", "replicas: -1")
WORSE = "```yaml\nkind: ["


def checked(experiment: Experiment) -> list[Finding]:
    """One error for a name that is not there, one for a number below zero."""
    scale = experiment.spec.steps[0].scale
    assert scale is not None
    found = [("x/name", "no Deployment wob", "/spec/steps/0/scale/name")] if scale.name == "wob" else []
    found += [("x/replicas", "below zero", "/spec/steps/0/scale/replicas")] if scale.replicas < 0 else []
    return [Finding(rule=rule, layer="reference", severity="error", message=said, path=path) for rule, said, path in found]


def turns(*texts: str) -> tuple[Scripted, list[Question]]:
    """A backend that answers the question for an experiment with these texts, one after the other, the last again and again."""
    asked: list[Question] = []

    def answer(question: Question) -> Reply:
        asked.append(question)
        return Reply(text=texts[min(len(asked), len(texts)) - 1], output_tokens=10)

    return Scripted(ideas("a"), answer), asked


def suggested(backend: Scripted, judge: Judge = checked, words: str = "one test", **manner: Any) -> Asked:
    facts = Facts(topology=topology_of(*SHOP), words=read(words), count=1)
    return ask(
        backend, facts, Means(digest=lambda: "sha256:00", decode=experiment_of, judge=judge, say=lambda line: None, manner=Manner(**manner))
    )


def test_findings_go_back_and_the_mended_answer_is_taken() -> None:
    backend, asked = turns(BAD, GOOD)
    (draft,) = suggested(backend).drafts
    assert verdict(draft.findings) == "ready"
    assert [(one.errors, one.kept) for one in draft.rounds] == [(2, True), (0, True)]
    said = asked[1].prompt.turns
    assert [turn.role for turn in said] == ["user", "assistant", "user"]
    assert said[1].text.strip() == BAD.strip()
    for part in ("x/name at /spec/steps/0/scale/name", "no Deployment wob", 'there stands: "wob"', "there stands: -1"):
        assert part in said[2].text


def test_no_more_rounds_than_allowed_and_the_errors_are_shown() -> None:
    backend, asked = turns(BAD, BAD + "# again\n", BAD + "# once more\n", GOOD)
    (draft,) = suggested(backend, repairs=2).drafts
    assert len(asked) == 3
    assert verdict(draft.findings) == "rejected"
    assert {one.rule for one in draft.findings} == {"x/name", "x/replicas"}


@pytest.mark.parametrize("first", ["I would begin with the routes.", "```yaml\nideas:\n- {id: a\n```", "ideas:\n- {id: a}\n"])
def test_ideas_that_cannot_be_read_are_asked_for_again(first: str) -> None:
    heard: list[Question] = []

    def answer(question: Question) -> Reply:
        heard.append(question)
        if len(heard) == 1:
            return Reply(text=first)
        return ideas("a") if question.kind == "ideas" else Reply(text=GOOD)

    (draft,) = suggested(Scripted(answer, answer)).drafts
    assert verdict(draft.findings) == "ready"
    assert [question.kind for question in heard] == ["ideas", "ideas", "experiment"]
    said = heard[1].prompt
    assert [turn.role for turn in said.turns] == ["user", "assistant", "user"]
    assert said.turns[1].text.strip() == first.strip()
    assert "the whole list of ideas" in said.text
    assert "intends" not in said.text


def test_ideas_that_stay_unreadable_are_an_error_after_as_many_rounds_as_allowed() -> None:
    heard: list[Question] = []

    def answer(question: Question) -> Reply:
        heard.append(question)
        return Reply(text=f"Prose, for the {len(heard)}. time.")

    with pytest.raises(ReplyError, match="gave no ideas; it says: Prose, for the 3"):
        suggested(Scripted(answer, answer), repairs=2)
    assert len(heard) == 3


def test_without_repairs_nothing_is_asked_again() -> None:
    backend, asked = turns(BAD, GOOD)
    suggested(backend, repairs=0)
    assert len(asked) == 1


def test_a_worse_answer_is_set_aside() -> None:
    half = BAD.replace("replicas: -1", "replicas: 0")
    backend, asked = turns(half, WORSE, BAD)
    (draft,) = suggested(backend).drafts
    assert [(one.errors, one.kept) for one in draft.rounds] == [(1, True), (1, False), (2, False)]
    assert [one.rule for one in draft.findings] == ["x/name"]
    assert asked[2].prompt.turns[1].text.strip() == half.strip()  # the best is mended, not the last


def test_the_same_answer_again_ends_the_loop() -> None:
    backend, asked = turns(BAD)
    suggested(backend, repairs=5)
    assert len(asked) == 2


def test_what_was_asked_and_is_not_there_is_mended_too() -> None:
    slow = """apiVersion: aichaos/v1
kind: Experiment
metadata: {name: a}
spec:
  title: t
  steps:
  - chaos: {apiVersion: chaos-mesh.org/v1alpha1, kind: NetworkChaos, metadata: {name: a, namespace: shop}, spec: {action: delay, mode: all,
      delay: {latency: 100ms}, duration: 90s}}
"""
    backend, asked = turns(slow, slow.replace("100ms", "1000ms"))
    (draft,) = suggested(backend, lambda experiment: [], "1000ms latency for 90 seconds").drafts
    assert "you asked for 1000 ms of latency; here it is 100" in asked[1].prompt.text
    assert draft.findings == []


def test_a_mending_that_fails_leaves_the_best_and_is_said() -> None:
    calls: list[int] = []

    def answer(question: Question) -> Reply:
        calls.append(1)
        if len(calls) == 2:
            raise BackendError("gone", hint="Wait.")
        return Reply(text=BAD)

    asked = suggested(Scripted(ideas("a"), answer))
    assert asked.drafts[0].experiment is not None
    assert any("could not be mended: gone" in one for one in asked.warnings)


def test_a_prompt_that_is_too_long_is_asked_once_more_with_half_of_it() -> None:
    asked: list[Question] = []

    def answer(question: Question) -> Reply:
        asked.append(question)
        if len(asked) == 1:
            raise PromptTooLongError("too long", hint="")
        return Reply(text=GOOD)

    (draft,) = suggested(Scripted(ideas("a"), answer), budget=20_000).drafts
    assert draft.experiment is not None
    assert tokens(asked[1].prompt.text) + tokens(asked[1].prompt.system) <= 10_000


SMALL = """Save this and apply it:

```yaml
apiVersion: chaos-mesh.org/v1alpha1
kind: NetworkChaos
metadata: {name: slow, namespace: ml-services}
spec:
  action: delay
  mode: fixed-percent
  value: 50
  selector: {namespaces: [ml-services], labelSelectors: {app: feature-store}}
  delay: {latency: "1000"}
  duration: 90s
```

```bash
kubectl apply -f slow.yaml
sleep 90
kubectl delete -f slow.yaml
```
"""


def test_what_a_small_model_writes_is_corrected_where_that_is_certain_and_watched() -> None:
    topology = demo("ml-services")
    words = read("delay feature-store by 1000ms for 90 seconds on 50% of pods")
    asked: list[Question] = []

    def answer(question: Question) -> Reply:
        asked.append(question)
        return Reply(text=SMALL)

    backend = Scripted(ideas("a"), answer)
    facts = Facts(topology=topology, words=words, count=1)
    found = ask(
        backend,
        facts,
        Means(
            digest=lambda: "d", decode=experiment_of, judge=judge(topology, NO_POLICY), say=lambda line: None, manner=Manner(), mend=mend
        ),
    )
    (draft,) = found.drafts
    assert len(asked) == 1  # nothing was left to ask about
    assert verdict(draft.findings) == "ready", draft.findings
    assert [one.message.partition(" (")[0] for one in draft.findings if one.rule == "reply/corrected"] == [
        'corrected: value: "50"',
        "corrected: latency: 1000ms",
    ]
    assert draft.experiment is not None
    assert [probe.name for probe in draft.experiment.spec.steady_state]
    assert [(step.verb, step.hold) for step in draft.experiment.spec.steps] == [("chaos", "90s")]


# the cache ------------------------------------------------------------------------------------------------------------------------


def test_the_same_question_is_asked_once_and_the_second_answer_says_where_it_came_from(tmp_path: Path) -> None:
    first = suggested(turns(GOOD)[0], cache=tmp_path)
    backend, asked = turns(GOOD)
    second = suggested(backend, cache=tmp_path)
    assert (first.usage.calls, first.usage.cached) == (2, 0)
    assert (second.usage.calls, second.usage.cached, asked) == (0, 2, [])
    assert any("came from the cache" in one for one in second.warnings)
    assert second.drafts[0].experiment == first.drafts[0].experiment


@pytest.mark.parametrize(
    "change",
    [
        lambda backend, manner: setattr(backend, "model", "other"),
        lambda backend, manner: manner.update(settings="https://elsewhere"),
        lambda backend, manner: manner.update(words="another test"),
        lambda backend, manner: manner.update(anonymize=True),
    ],
)
def test_everything_that_could_change_an_answer_is_in_the_key(change: Callable[..., None], tmp_path: Path) -> None:
    suggested(turns(GOOD)[0], cache=tmp_path)
    backend, asked = turns(GOOD)
    manner: dict[str, Any] = {"cache": tmp_path}
    change(backend, manner)
    suggested(backend, **manner)
    assert len(asked) == 1


def test_an_answer_that_was_of_no_use_is_not_kept(tmp_path: Path) -> None:
    suggested(turns(WORSE)[0], cache=tmp_path, repairs=0)
    backend, asked = turns(GOOD)
    assert suggested(backend, cache=tmp_path).drafts[0].experiment is not None
    assert len(asked) == 1


def test_what_is_kept_is_for_the_user_alone_and_a_broken_file_is_no_answer(tmp_path: Path) -> None:
    place = tmp_path / "answers"
    suggested(turns(GOOD)[0], cache=place)
    files = list(place.glob("*.json"))
    assert len(files) == 2
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    for path in files:
        path.write_bytes(b"\xff{")
    assert suggested(turns(GOOD)[0], cache=place).usage.cached == 0


# without end ----------------------------------------------------------------------------------------------------------------------


def test_a_stream_without_end_is_ended() -> None:
    class Endless(Scripted):
        def answer(self, question: Question, progress: Callable[[str], None]) -> Reply:
            _ = question.prompt
            while True:
                progress("and on and on " * 1_000)

    with pytest.raises(ReplyError, match="has no end"):
        suggested(Endless(ideas("a"), lambda question: Reply(text="")))


def test_a_reply_of_ten_megabytes_is_one_clear_error() -> None:
    with pytest.raises(ReplyError, match="has no end"):
        suggested(turns("x" * 10_000_000)[0])


def test_the_meter_says_what_was_used_so_far() -> None:
    meter = Meter()
    assert meter.spent() == ""
    number = meter.start(Prompt(system="a b", turns=(Turn(role="user", text="c d"),), version="x@1"))
    meter.progress(number, lambda piece: None)("some words came")
    assert meter.spent().startswith("about ")
    assert "received so far, by our estimate" in meter.spent()


INTERRUPTED = """
import os, signal, sys
from aichaos import entry
from aichaos.ask.meter import METER
from aichaos.ask.protocol import Prompt, Turn
signal.signal(signal.SIGINT, entry._interrupted)
number = METER.start(Prompt(system="", turns=(Turn(role="user", text="word " * 100),), version="x@1"))
METER.progress(number, lambda piece: None)("some words")
os.kill(os.getpid(), signal.SIGINT)
"""


def test_ctrl_c_in_mid_stream_says_the_tokens_and_ends_with_130() -> None:
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(INTERRUPTED)], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert "tokens sent and" in done.stderr
    assert "Traceback" not in done.stderr


# prompts of the rest ----------------------------------------------------------------------------------------------------------------


def test_a_refine_prompt_holds_the_experiment_and_what_was_said_before() -> None:
    experiment, _ = experiment_of(
        {"apiVersion": "aichaos/v1", "kind": "Experiment", "metadata": {"name": "a"}, "spec": {"title": "old", "steps": [{"probe": "x"}]}}
    )
    asked: list[Question] = []

    def answer(question: Question) -> Reply:
        asked.append(question)
        return Reply(text=GOOD)

    facts = Facts(topology=topology_of(*SHOP), words=read("longer, please"), experiment=experiment, said=("Engineer: hello", "You: 1. x"))
    backend = Scripted(ideas("a"), answer)
    (draft,) = refine_by(
        backend, facts, Means(digest=lambda: "d", decode=experiment_of, judge=lambda found: [], say=lambda line: None, manner=Manner())
    ).drafts
    text = asked[0].prompt.text
    for part in ("title: old", "longer, please", "Engineer: hello", "You: 1. x", "Deployment/shop/web"):
        assert part in text
    assert draft.experiment is not None
    assert draft.experiment.name == "a"
    assert draft.experiment.spec.provenance.prompt == "refine@1"


@pytest.mark.parametrize("budget", [4_000, 8_000, 30_000])
def test_a_long_conversation_and_a_long_answer_never_go_beyond_the_budget(budget: int) -> None:
    facts = Facts(
        topology=demo("production"),
        words=read("words " * 3_000),
        said=tuple(f"Engineer: line {number} " + "blah " * 40 for number in range(200)),
        attempt=Attempt(text="x: y\n" * 20_000, findings=checked(experiment_of_text(BAD))),
    )
    prompt = render("ideas", facts, budget=budget)
    assert tokens(prompt.system) + sum(tokens(turn.text) for turn in prompt.turns) <= budget
    assert any("earlier lines of the conversation are left out" in one for one in prompt.notes)
    assert any("characters of the request are shown" in one for one in prompt.notes)


def experiment_of_text(text: str) -> Experiment:
    from aichaos.files import yaml

    found, problems = experiment_of(yaml.load(text, "test")[0])
    assert found is not None, problems
    return found


def test_an_experiment_that_is_larger_than_the_budget_is_said() -> None:
    huge = experiment_of_text(GOOD.replace("title: Take web away", f"title: {'long ' * 5_000}"))
    with pytest.raises(UsageError, match="more than a prompt"):
        render("refine", Facts(topology=topology_of(*SHOP), words=read("x"), experiment=huge), budget=4_000)


@pytest.mark.parametrize(
    ("name", "there", "absent"),
    [
        (
            "service-a",
            ["Litmus 3.12.0", "gateway here is Istio's"],
            ["Chaos Mesh", "Envoy Gateway", "Contour", "whole seconds without a unit"],
        ),
        ("ml-services", ["Chaos Mesh 2.8.0"], ["Litmus"]),
        ("route-chaos", ["gateway here is Istio's"], ["Chaos Mesh", "Litmus", "Contour"]),
    ],
)
def test_facts_are_those_of_the_engines_and_gateways_that_are_there(name: str, there: list[str], absent: list[str]) -> None:
    text = "\n".join(engine_facts(demo(name).snapshot))
    assert all(one in text for one in there), text
    assert not any(one in text for one in absent)
