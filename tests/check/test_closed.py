"""What no experiment may do, whoever wrote it: hostile steps are refused by name, never by chance, and nothing can intend them."""

from typing import Any

import msgspec
import pytest

from aichaos.check.documents import review
from aichaos.check.experiment import findings
from aichaos.check.rules import RULES
from aichaos.domain.finding import Finding
from aichaos.domain.policy import Policy
from aichaos.files import yaml
from tests.check.cluster import experiment, parsed, topology
from tests.check.hostile import ADDRESSES, HOSTILE, WEB
from tests.check.hostile_traffic import OWNED, TRAFFIC

CLUSTER = topology()


def judged(step: str, policy: Policy = Policy(), **spec: str) -> list[Finding]:  # noqa: B008 - frozen
    return findings(parsed(experiment(f"[{{{step}}}]", **spec)), CLUSTER, policy)


EVERY = HOSTILE | TRAFFIC


@pytest.mark.parametrize(("rule", "step"), OWNED.values(), ids=OWNED)
def test_what_an_object_may_have_already_is_a_warning(rule: str, step: str) -> None:
    assert [one.severity for one in judged(step) if one.rule == rule] == ["warning"]


@pytest.mark.parametrize(("rule", "step"), EVERY.values(), ids=EVERY)
def test_a_hostile_step_is_an_error_of_its_rule(rule: str, step: str) -> None:
    found = [one for one in judged(step) if one.rule == rule]
    assert [one for one in found if one.severity == "error"], judged(step)


@pytest.mark.parametrize(("rule", "step"), EVERY.values(), ids=EVERY)
def test_no_experiment_can_intend_it(rule: str, step: str) -> None:
    assert not RULES[rule].intendable
    found = judged(step, intends=f"[{rule}]")
    assert [one for one in found if one.rule == rule and one.severity == "error"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_probe_asks_nobody_outside(address: str) -> None:
    found = judged("wait: {for: 1s}", steadyState=f'[{{name: a, http: {{url: "{address}"}}}}]')
    assert "policy/probe-address" in [one.rule for one in found if one.severity == "error"]


@pytest.mark.parametrize("address", ["http://shop.example.com/", "http://web-v1.shop:8080/", "http://web-v1.shop.svc.cluster.local:8080/"])
def test_a_probe_asks_what_is_in_the_cluster(address: str) -> None:
    found = judged("wait: {for: 1s}", steadyState=f'[{{name: a, http: {{url: "{address}"}}}}]')
    assert "policy/probe-address" not in [one.rule for one in found]


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("JVMChaos", HOSTILE["code in a JVM"][1]),
        ("policy/code", HOSTILE["code in a JVM"][1]),
        ("Task", HOSTILE["a task"][1]),
        ("cmdProbe", HOSTILE["a command as probe"][1]),
        ("evil/*", HOSTILE["a foreign runner"][1]),
        ("node-drain", HOSTILE["a node"][1]),
        ("evil.example.net", HOSTILE["a probe of a stranger"][1]),
        ("hostNetwork", HOSTILE["the node's network"][1]),
    ],
)
def test_what_the_users_policy_allows_by_name_is_shown_and_stops_nothing(name: str, step: str) -> None:
    rules = {rule for rule, one in HOSTILE.values() if one == step}
    found = [one for one in judged(step, Policy(allow=(name,))) if one.rule in rules]
    assert found
    assert {one.severity for one in found} == {"info"}
    assert all(one.message.startswith("allowed by the policy") for one in found)


def test_in_a_file_of_ones_own_the_closed_lists_warn() -> None:
    manifest = yaml.load("{" + HOSTILE["code in a JVM"][1] + "}", "a.yaml")[0]["chaos"]
    found = review([("a.yaml", yaml.dump(manifest))], None).findings
    assert [(one.rule, one.severity) for one in found if one.rule == "policy/code"] == [("policy/code", "warning")]


# limits of the policy -----------------------------------------------------------------------------------------------------------

KILL = (
    f"{{apiVersion: chaos-mesh.org/v1alpha1, kind: PodChaos, metadata: {{name: c, namespace: shop}}, spec: {{action: pod-failure, {WEB}}}}}"
)


def limited(text: str, **limits: Any) -> list[Finding]:
    policy = msgspec.convert(limits, Policy)
    return [one for one in review([("a.yaml", text)], CLUSTER, policy).findings if one.layer == "policy" and one.rule != "policy/reach"]


def test_a_limit_says_what_the_blast_radius_is() -> None:
    (found,) = limited(KILL, max_share=0.1)
    assert (found.rule, found.severity) == ("policy/blast-radius", "error")
    assert found.message.startswith(
        "it reaches 1 of 5 pods (20%), 1 Service, 1 route loses a quarter of its endpoints; the policy allows 10%"
    )


@pytest.mark.parametrize(
    ("limits", "rules"),
    [
        ({"max_pods": 0}, ["policy/blast-radius"]),
        ({"max_pods": 1}, []),
        ({"max_duration": "30s"}, ["policy/duration"]),
        ({"max_duration": "1m"}, []),
        ({"kinds": ["NetworkChaos"]}, ["policy/kind"]),
        ({"kinds": ["PodChaos"]}, []),
        ({"protected_namespaces": ["shop"]}, ["policy/protected-namespace"]),
        ({"protected_namespaces": ["shop"], "allow": ["shop"]}, []),
    ],
)
def test_the_limits_of_the_policy_hold_for_a_chaos_object(limits: dict[str, Any], rules: list[str]) -> None:
    assert [one.rule for one in limited(KILL, **limits)] == rules


def test_the_policy_holds_for_an_experiment_whatever_its_scope_allows() -> None:
    found = judged(f"chaos: {KILL}", Policy(max_pods=0, max_duration="1m"), deadline="5m")
    assert {"policy/blast-radius", "policy/duration"} <= {one.rule for one in found if one.severity == "error"}


@pytest.mark.parametrize(
    ("cron", "severity"),
    [
        ("0 3 * * *", "error"),
        ("0 10 * * *", "error"),
        ("*/30 9-16 * * mon-fri", None),
        ("*/30 9-17 * * mon-fri", "error"),
        ("0 10 * * 0", "error"),
        ("0 10 1 * *", "error"),
        ("@daily", "error"),
        ("@monthly", "error"),
        ("CRON_TZ=Asia/Tokyo 0 10 * * *", "skipped"),
        ("@every 1h", "skipped"),
        ("nonsense", "skipped"),
        ("61 3 * * *", "skipped"),
    ],
)
def test_a_schedule_keeps_to_the_hours(cron: str, severity: str | None) -> None:
    text = (
        "{apiVersion: chaos-mesh.org/v1alpha1, kind: Schedule, metadata: {name: s, namespace: shop}, "
        f'spec: {{schedule: "{cron}", type: PodChaos, podChaos: {{action: pod-kill, {WEB.removesuffix(", duration: 60s")}}}}}}}'
    )
    found = limited(text, windows=[{"from": "09:00", "to": "17:00", "days": ["mon", "tue", "wed", "thu", "fri"]}])
    assert [one.severity for one in found if one.rule == "policy/time-window"] == ([severity] if severity else [])


def test_a_namespace_that_the_policy_protects_is_said_to_be_that() -> None:
    assert [one.message for one in limited(KILL, protected_namespaces=["shop"])] == ["shop is protected: the policy names it"]
