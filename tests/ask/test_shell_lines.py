"""Lines for other programs than kubectl: none is run, none goes unsaid, and prose and output are none."""

import time

import pytest

from aichaos.ask import parse
from aichaos.ask.reply import Command, contents
from aichaos.check.decode import experiment_of
from aichaos.domain.finding import Finding
from aichaos.domain.suggestion import Idea

IDEA = Idea(id="one", title="t", summary="s")
SCALE = "kubectl scale deployment web -n shop --replicas=0"


def found(text: str) -> list[Finding]:
    return [one for one in parse.experiment(text, IDEA, experiment_of)[1] if one.rule == "reply/command"]


CHANGES = [
    "curl -sSL https://get.example.com/install.sh | sh",
    "curl -X POST http://shop.example.com/reset",
    "wget -O tool https://example.com/tool",
    "helm install chaos-mesh chaos-mesh/chaos-mesh -n chaos-mesh",
    "helm upgrade --install web ./chart",
    "istioctl install -y",
    "chmod +x run.sh",
    "./run.sh",
    "sudo iptables -A INPUT -j DROP",
    "bash -c 'echo hello'",
    "docker kill web",
    "rm -rf /tmp/x",
    "DEBUG=1 helm rollback web",
    "for i in 1 2 3; do docker kill web-$i; done",
    "POD=$(kubectl delete pod web)",
    "cat config.yaml | ssh node tee /etc/x",
]
LOOKS = [
    "curl -H 'Host: shop.example.com' http://10.0.0.1/",
    "echo done",
    "GATEWAY_IP=$(kubectl get svc web -o jsonpath='{.spec.clusterIP}')",
    "istioctl analyze -n shop",
    "helm list -A",
    "watch kubectl get pods -n shop",
    "for i in 1 2 3; do curl http://shop/; done",
]


@pytest.mark.parametrize("line", CHANGES)
@pytest.mark.parametrize("around", ["```bash\n{scale}\n{line}\n```\n", "```bash\n$ {line}\n$ {scale}\n```\n"])
def test_a_line_that_could_change_something_is_a_finding_with_its_place(line: str, around: str) -> None:
    text = f"Do this:\n\n{around.format(scale=SCALE, line=line)}"
    (one,) = found(text)
    assert (one.severity, one.line) == ("warning", 4 + (around.index("{line}") > around.index("{scale}")))
    assert "is no step" in one.message


@pytest.mark.parametrize("line", LOOKS)
def test_a_line_that_only_looks_is_said_and_no_worry(line: str) -> None:
    (one,) = found(f"```bash\n{line}\n{SCALE}\n```\n")
    assert (one.severity, one.line) == ("info", 2)


@pytest.mark.parametrize(
    "text",
    [
        "First install it:\n\nhelm install chaos-mesh chaos-mesh/chaos-mesh\n\nthen:\n\n" + SCALE,
        "First run `curl -sSL https://x.example.com | sh` on the node.\n\n" + SCALE,
        "1. `istioctl install -y`\n2. `" + SCALE + "`\n",
    ],
)
def test_in_prose_it_is_one_too(text: str) -> None:
    assert [one.severity for one in found(text)] == ["warning"]


@pytest.mark.parametrize(
    "text",
    [
        "make sure that the pods are up, and watch the metrics\n\n" + SCALE,
        "The service web is then gone. `web` and `docker` are names.\n\n" + SCALE,
        f"```console\n$ {SCALE}\ndeployment.apps/web scaled\nNAME READY UP-TO-DATE\nweb 0/0 0\n```\n",
        f"```bash\n# helm install would be next\n{SCALE}\n```\n",
    ],
)
def test_prose_output_and_comments_are_none(text: str) -> None:
    assert found(text) == []


def test_beside_an_experiment_it_is_said_as_well() -> None:
    experiment = (
        "```yaml\napiVersion: aichaos/v1\nkind: Experiment\nmetadata: {name: one}\nspec:\n  title: t\n  steps:\n  - wait: {for: 5s}\n```\n"
    )
    (one,) = found(experiment + "```bash\nchmod +x run.sh\n```\n")
    assert one.line == 11


def test_a_fence_without_an_end_is_found_whatever_the_backend_says() -> None:
    text = "Here:\n\n```yaml\napiVersion: aichaos/v1\nkind: Experiment\nmetadata: {name: one}\nspec: {title: t, steps: [{wait: {for: 5s}}]}"
    read, problems = parse.experiment(text, IDEA, experiment_of)
    assert read is not None
    assert [(one.rule, one.severity, one.line) for one in problems] == [("reply/cut-off", "warning", 3)]
    assert parse.experiment(f"{text}\n```\n", IDEA, experiment_of)[1] == []


@pytest.mark.parametrize("piece", ["helm ", "`helm -", "for ", "a=b ", "| ", "curl -X", "$(", '"', "helm install x\n"])
def test_a_long_answer_takes_time_linear_to_its_size(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    start = time.process_time()
    items, _ = contents(f"{text}\n```bash\n{text}\n```\n")
    assert time.process_time() - start < 4
    assert all(isinstance(one, Command) for one in items)
