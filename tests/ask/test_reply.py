"""Command lines, heredocs and bare manifests become typed steps, argument by argument, or findings with their place."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.ask import parse
from aichaos.ask.kubectl_lines import read
from aichaos.ask.reply import Command, contents
from aichaos.check.decode import experiment_of
from aichaos.domain.experiment import Experiment, to_document
from aichaos.domain.finding import Finding
from aichaos.domain.suggestion import Idea
from tests.observe.clusters import PATIENT

IDEA = Idea(id="small", title="What a small model writes", summary="A summary.", hypothesis="It holds")
CHAOS = """apiVersion: chaos-mesh.org/v1alpha1
kind: NetworkChaos
metadata: {name: slow, namespace: shop}
spec:
  action: delay
  mode: fixed-percent
  value: "50"
  selector: {namespaces: [shop], labelSelectors: {app: web}}
  delay: {latency: 1000ms}
  duration: 90s
"""
ROUTE = """apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web-v3, namespace: shop}
spec: {parentRefs: [{name: edge}]}
"""


def made(text: str, namespace: str = "shop") -> tuple[Experiment | None, list[Finding]]:
    return parse.experiment(text, IDEA, experiment_of, namespace)


def steps(text: str) -> list[dict[str, Any]]:
    """The steps of what comes of an answer, without their names."""
    found, findings = made(text)
    assert found is not None, findings
    return [{key: value for key, value in step.items() if key != "name"} for step in to_document(found)["spec"]["steps"]]


def verbs(text: str) -> list[str]:
    return [next(iter(step)) for step in steps(text)]


def rules(text: str) -> list[tuple[str, int | None]]:
    return [(one.rule, one.line) for one in made(text)[1] if one.severity != "info"]


def line(text: str) -> Any:
    return read(Command(text=text, line=7), "shop")


# bare manifests -------------------------------------------------------------------------------------------------------------------


def test_a_bare_fault_and_its_command_are_one_step_that_holds_as_long_as_the_fault() -> None:
    (step,) = steps(f"Save this:\n\n```yaml\n{CHAOS}```\n\nThen:\n\n```bash\nkubectl apply -f chaos.yaml\n```\n")
    assert step["chaos"]["kind"] == "NetworkChaos"
    assert step["hold"] == "90s"


def test_commands_say_the_order_and_files_are_found_by_name() -> None:
    text = f"""```yaml
# fault.yaml
{CHAOS}```
```yaml
# route.yaml
{ROUTE}```
```bash
kubectl create -f route.yaml
sleep 10
kubectl delete httproute web -n shop
kubectl apply -f fault.yaml
kubectl delete -f fault.yaml
```"""
    assert verbs(text) == ["create", "wait", "delete", "chaos"]
    assert rules(text) == []


def test_a_heredoc_is_a_manifest_and_no_shell() -> None:
    text = f"```bash\ncat <<EOF | kubectl apply -f -\n{ROUTE}EOF\nkubectl scale deployment web --replicas=0 -n shop\n```"
    assert verbs(text) == ["apply", "scale"]
    assert rules(text) == []


@pytest.mark.parametrize("head", ["kubectl apply -f - <<EOF", "kubectl apply -f - <<'EOF'", "cat <<EOF | kubectl create -n shop -f -"])
def test_heredocs_in_every_form(head: str) -> None:
    assert verbs(f"```sh\n$ {head}\n{ROUTE}EOF\n```") in (["apply"], ["create"])


def test_a_heredoc_for_another_program_is_no_step() -> None:
    assert rules(f"```bash\ncat <<EOF | sh -c 'kubectl apply -f -'\n{ROUTE}EOF\n```") == [
        ("reply/command", 2),
        ("reply/no-experiment", None),
    ]


def test_manifests_without_a_command_are_applied_where_they_stand() -> None:
    assert verbs(f"```yaml\n{ROUTE}---\n{CHAOS}```") == ["apply", "chaos"]


def test_a_manifest_without_a_namespace_gets_the_one_that_was_asked_for() -> None:
    (step,) = steps(f"```yaml\n{ROUTE.replace(', namespace: shop', '')}```")
    assert step["apply"]["metadata"]["namespace"] == "shop"


def test_a_command_that_contradicts_the_manifest_is_said() -> None:
    text = f"```yaml\n{ROUTE}```\n```bash\nkubectl apply -n other -f a.yaml\n```"
    assert ("reply/contradiction", 8) in rules(text)


def test_a_command_beside_an_experiment_that_no_step_does_is_said() -> None:
    text = """```yaml
apiVersion: aichaos/v1
kind: Experiment
metadata: {name: a}
spec: {title: t, steps: [{delete: {kind: HTTPRoute, name: web, namespace: shop}}]}
```
Run `kubectl get pods`, then:
```bash
kubectl delete httproute web -n shop
kubectl delete httproute other -n shop
```"""
    assert rules(text) == [("reply/contradiction", 10)]


def test_the_pause_between_a_fault_and_its_end_is_its_hold() -> None:
    endless = CHAOS.replace("  duration: 90s", "")
    text = f"```yaml\n{endless}```\n```bash\nkubectl apply -f x.yaml\nsleep 30\nsleep 15\nkubectl delete -f x.yaml\n```"
    (step,) = steps(text)
    assert step["hold"] == "45s"


def test_a_placeholder_in_a_line_is_named() -> None:
    assert "<POD> was never filled in" in line("kubectl delete pod <POD>").finding.message


def test_a_fence_in_a_list_is_read_without_the_lists_indentation() -> None:
    inside = "\n".join(f"   {one}" for one in f"```yaml\n{ROUTE}---\n{CHAOS}```".split("\n"))
    assert verbs(f"1. Save this:\n\n{inside}\n\n2. Done.") == ["apply", "chaos"]


def test_an_object_that_is_saved_deleted_and_applied_again_is_recreated() -> None:
    text = """```bash
kubectl get httproute web -n shop -o yaml > web-backup.yaml
kubectl delete httproute web -n shop
sleep 5
kubectl apply -f web-backup.yaml
kubectl get httproute web -n shop | grep Accepted
```"""
    assert steps(text)[2] == {"recreate": {"kind": "HTTPRoute", "name": "web", "namespace": "shop"}}
    assert rules(text) == []


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("kubectl exec -it curl -- curl -v http://web/", "info"),
        ("kubectl exec deploy/web -n shop -- curl -s http://web:8080/shop | grep -c 200", "info"),
        ("kubectl -n shop exec web -- curl -sI 'http://web/?a=1&b=2' 2>/dev/null | grep HTTP | sort | uniq -c", "info"),
        ("kubectl exec web -- curl http://web/ | tee answer.txt", "warning"),
        ("kubectl exec web -- curl http://web/ | sh", "warning"),
        ("kubectl exec web -- curl http://web/ > answer.txt", "warning"),
        ("kubectl exec web -- curl http://web/ | grep a; kubectl delete pod web", "warning"),
        ("kubectl exec web -- curl http://$(cat host)/ | grep a", "warning"),
        ("kubectl exec web -- curl -X POST http://web/ | grep a", "warning"),
        ("kubectl exec web -- curl -d a=b http://web/", "warning"),
        ("kubectl exec web -- rm -rf / | grep a", "warning"),
        ("kubectl exec web -- curl http://web/ |", "warning"),
    ],
)
def test_looking_from_inside_a_pod_is_known_and_no_step(text: str, severity: str) -> None:
    found = line(text)
    assert (found.steps, found.finding.severity) == ([], severity)


def test_a_manifest_that_the_text_calls_otherwise_is_still_the_one() -> None:
    assert verbs(f"Save as `a.yaml`:\n```yaml\n{ROUTE}```\n```bash\nkubectl create -f b.yaml\n```") == ["create"]


# lines ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("kubectl delete httproute/web -n a", {"delete": {"kind": "HTTPRoute", "name": "web", "namespace": "a"}}),
        ("kubectl delete -na svc web", {"delete": {"kind": "Service", "name": "web", "namespace": "a"}}),
        ("kubectl --namespace a delete deploy web", {"delete": {"kind": "Deployment", "name": "web", "namespace": "a"}}),
        ("kubectl scale deploy/web --replicas=0", {"scale": {"kind": "Deployment", "name": "web", "namespace": "shop", "replicas": 0}}),
        ("kubectl rollout restart sts web", {"restart": {"kind": "StatefulSet", "name": "web", "namespace": "shop"}}),
        (
            "kubectl label pod web-0 tier=x app- --overwrite",
            {"label": {"kind": "Pod", "name": "web-0", "namespace": "shop", "set": {"tier": "x"}, "remove": ["app"]}},
        ),
        (
            """kubectl patch svc web --type merge -p '{"spec":{"selector":{"app":"none"}}}'""",
            {"patch": {"kind": "Service", "name": "web", "namespace": "shop", "merge": {"spec": {"selector": {"app": "none"}}}}},
        ),
        (
            "kubectl wait --for=condition=Available deployment/web --timeout=60s",
            {"wait": {"until": {"object": "Deployment/shop/web", "condition": "Available"}, "timeout": "60s"}},
        ),
        ("sleep 90", {"wait": {"for": "90s"}}),
        ("kubectl delete networkchaos.chaos-mesh.org slow", {"delete": {"kind": "NetworkChaos", "name": "slow", "namespace": "shop"}}),
        ("kubectl delete svc web --dry-run=none", {"delete": {"kind": "Service", "name": "web", "namespace": "shop"}}),
        ("kubectl delete pod web-0 # and look", {"delete": {"kind": "Pod", "name": "web-0", "namespace": "shop"}}),
    ],
)
def test_a_line_becomes_a_typed_step(text: str, step: dict[str, Any]) -> None:
    found = line(text)
    assert found.finding is None, found.finding
    assert found.steps == [step]


@pytest.mark.parametrize(
    "text",
    [
        "kubectl get pods -A",
        "kubectl describe httproute web",
        "kubectl rollout status deploy/web",
        "kubectl apply -f a.yaml --dry-run=client",
        "kubectl delete svc web --dry-run=server",
        "kubectl logs deploy/web --tail 5",
        "kubectl get pods -o name | grep web | wc -l",
        "kubectl -n shop get svc web -o jsonpath='{.spec}'",
    ],
)
def test_a_line_that_changes_nothing_is_no_step_and_no_news(text: str) -> None:
    found = line(text)
    assert (found.steps, found.files, found.finding) == ([], [], None)


@pytest.mark.parametrize(
    "text",
    [
        "kubectl delete pods --all",
        "kubectl delete pods -l app=web",
        "kubectl delete pod web; rm -rf /",
        "kubectl delete pod web && kubectl get pods",
        "kubectl get pods -o name | xargs kubectl delete",
        "kubectl get pods -o name | sh",
        "kubectl get pods; kubectl delete pod web",
        "kubectl get pods $(kubectl delete pod web)",
        "kubectl delete pod $(kubectl get pods -o name)",
        "kubectl delete pod `hostname`",
        "kubectl delete pod $POD",
        "kubectl delete pod web > /tmp/x",
        "kubectl delete pod web < /etc/passwd",
        "kubectl delete pod web & disown",
        'kubectl delete pod "$(id)"',
        "kubectl exec -it web -- sh",
        "kubectl annotate pod web a=b",
        "kubectl run x --image=y",
        "kubectl drain node-1",
        "kubectl edit svc web",
        "kubectl set image deploy/web web=x",
        "kubectl apply -f https://example.com/x.yaml",
        "kubectl apply -k .",
        "kubectl --context other delete pod web",
        "kubectl --kubeconfig=/x delete pod web",
        "kubectl delete pod web --as root",
        "kubectl delete pod web --dry-run=maybe",
        "kubectl delete pod web --dry-run",
        "kubectl delete pod web --force --grace-period=0",
        "kubectl delete widget web",
        "kubectl delete pod -- --all",
        "kubectl delete pod 'unbalanced",
        "kubectl scale deploy/web --replicas=many",
        'kubectl patch svc web --type json -p \'[{"op":"remove"}]\'',
        'kubectl patch deploy web -p \'{"spec":{"template":{"spec":{"containers":[{"name":"a"}]}}}}\'',
        "kubectl wait --for=delete pod/web",
        "kubectl rollout undo deploy/web",
        "kubectl create deployment x --image=y",
        "kubectl frobnicate x",
        "kubectl delete",
        "sleep forever",
        "for i in 1 2; do kubectl delete pod web; done",
    ],
)
def test_a_line_that_is_more_than_it_may_be_is_a_finding_and_no_step(text: str) -> None:
    found = line(text)
    assert (found.steps, found.files) == ([], [])
    assert found.finding is not None
    assert (found.finding.rule, found.finding.line) == ("reply/command", 7)


@PATIENT
@given(
    st.lists(
        st.sampled_from(
            [
                "get",
                "> x.yaml",
                "kubectl",
                "delete",
                "apply",
                "-f",
                "-n",
                "--all",
                "pod",
                "web",
                "$(x)",
                "|",
                ";",
                "'",
                '"',
                "=",
                "a=b",
                "\n",
                "\x00",
            ]
        )
        | st.text(max_size=6),
        max_size=12,
    )
)
def test_no_line_raises_and_no_step_comes_from_what_needs_a_shell(words: list[str]) -> None:
    text = "kubectl " + " ".join(words)
    found = line(text)
    if found.steps:
        assert not set("|;") & set(text.replace("'", "").replace('"', "")) or "'" in text or '"' in text


# text that had to be mended -----------------------------------------------------------------------------------------------------------


def test_tabs_and_typographic_quotes_are_read_and_said_with_their_place() -> None:
    text = "```yaml\napiVersion: v1\nkind: Service\nmetadata:\n\tname: “web”\n\tnamespace: shop\n```"
    (step,) = steps(text)
    assert step["apply"]["metadata"] == {"name": "web", "namespace": "shop"}
    assert rules(text) == [("reply/tabs", 5), ("reply/smart-quotes", 5)]


def test_a_placeholder_is_an_error_with_its_place() -> None:
    found = [one for one in made(f"```yaml\n{ROUTE.replace('edge', '<GATEWAY_NAME>')}```")[1] if one.rule == "reply/placeholder"]
    assert [(one.severity, one.line, one.column) for one in found] == [("error", 5, 28)]


def test_control_characters_and_escapes_never_come_through() -> None:
    hostile = ROUTE.replace("web-v3", "w\x1b[2Jeb")
    found, findings = made(f"\x1b[31mHere\x1b]0;owned\x07\n```yaml\n{hostile}```\x00\x9b")
    assert "reply/control-characters" in {one.rule for one in findings}
    assert found is not None
    assert to_document(found)["spec"]["steps"][0]["apply"]["metadata"]["name"] == "web"


def test_yaml_that_is_cut_off_keeps_what_stands_before_it() -> None:
    text = f"```yaml\n{ROUTE}---\n{CHAOS[:150]}  delay: {{latency:"
    found, findings = made(text)
    assert found is not None
    assert ("reply/syntax", "error") in {(one.rule, one.severity) for one in findings}


@pytest.mark.parametrize("text", ["", "I cannot help with that.", "Sure! First, think about the network.", "```yaml\n```", "\x00\x01"])
def test_prose_alone_is_one_error(text: str) -> None:
    found, findings = made(text)
    assert found is None
    assert [one.rule for one in findings if one.severity == "error"] == ["reply/no-experiment"]


# time -------------------------------------------------------------------------------------------------------------------------------


def seconds(text: str) -> float:
    start = time.process_time()
    contents(text)
    return time.process_time() - start


@pytest.mark.parametrize(
    "unit",
    [
        "Some prose about pods and routes.\n",
        "```bash\nkubectl get pods\n```\n",
        "kubectl delete pod web\n",
        "kubectl delete pod 'web\n",
        "```yaml\n```\n",
        "```\n",
        "cat <<EOF | kubectl apply -f -\n",
        "\\\n",
        "\t",
        "<A> ",
        "“",
        "- `kubectl apply -f x.yaml`\n",
        "apiVersion: v1\n---\n",
        "`" * 3,
        "~" * 5 + "\n",
        "{",
        "name.yaml ",
    ],
)
def test_time_grows_with_the_text_and_no_faster(unit: str) -> None:
    small, large = unit * (20_000 // len(unit)), unit * (320_000 // len(unit))
    seconds(small)
    # The best of three: what else the process cleans up meanwhile is not the text's doing.
    assert min(seconds(large) for _ in range(3)) < max(0.6, 60 * seconds(small))


def test_a_reply_of_ten_megabytes_is_read_in_part() -> None:
    findings = contents("word " * 2_000_000)[1]
    assert [one.rule for one in findings] == ["reply/too-long"]
