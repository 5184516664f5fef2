"""Chaos objects: an end for every fault, and a target that exists."""

import pytest

from aichaos.files.yaml import load
from tests.check.cluster import SHOP, demo, only, reviewed, rules, topology

CHAOS = "{{apiVersion: chaos-mesh.org/v1alpha1, kind: {kind}, metadata: {{name: a, namespace: shop}}, spec: {{{spec}}}}}"
WEB = "mode: one, selector: {namespaces: [shop], labelSelectors: {app: web}}"
CUT = f"action: partition, {WEB}"


def chaos(spec: str, kind: str = "NetworkChaos") -> str:
    """The action is what every kind needs and few of these tests are about."""
    needs = kind == "NetworkChaos" and "action:" not in spec
    return CHAOS.format(kind=kind, spec=f"action: partition, {spec}" if needs else spec)


# ends ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("duration", ["60", "''", "0s", "-30s", "1d", "PT1M", "'60'", "1 minute", "[]", "true", "9999999999h"])
def test_a_duration_that_does_not_end_the_fault_is_an_error(duration: str) -> None:
    found = only(chaos(f"{WEB}, duration: {duration}"))
    assert (found.rule, found.severity) == ("chaos-mesh/duration-required", "error")
    admitted = ("", "0s", "-30s")
    value = load(duration, "duration")[0]
    assert found.layer == ("schema" if not isinstance(value, str) else "meaning" if value in admitted else "admission")
    assert (found.object, found.path) == ("NetworkChaos/shop/a", "/spec/duration")


def test_a_missing_duration_is_an_error() -> None:
    for spec in (WEB, f"{WEB}, duration: null"):
        found = only(chaos(spec))
        assert (found.path, found.severity) == ("/spec", "error")
        assert "runs until somebody deletes it" in found.message


@pytest.mark.parametrize("duration", ["60s", "1m30s", "5000ms", "1.5h"])
def test_a_go_duration_ends_a_fault(duration: str) -> None:
    assert rules(chaos(f"{WEB}, duration: {duration}")) == []


@pytest.mark.parametrize("kind", ["TimeChaos", "StressChaos", "AWSChaos", "HTTPChaos", "DNSChaos", "PhysicalMachineChaos"])
def test_every_kind_of_fault_needs_an_end(kind: str) -> None:
    assert "chaos-mesh/duration-required" in rules(chaos(WEB, kind))


@pytest.mark.parametrize("action", ["pod-kill", "container-kill"])
def test_a_fault_that_happens_once_needs_none(action: str) -> None:
    assert rules(chaos(f"action: {action}, {WEB}, containerNames: [main]", "PodChaos")) == []


def test_pod_failure_needs_an_end() -> None:
    assert rules(chaos(f"action: pod-failure, {WEB}", "PodChaos")) == ["chaos-mesh/duration-required"]


def test_a_fault_in_a_schedule_needs_an_end() -> None:
    found = only(chaos(f"schedule: '* * * * *', type: NetworkChaos, networkChaos: {{{CUT}}}", "Schedule"))
    assert found.path == "/spec/networkChaos"


def test_a_fault_in_a_workflow_ends_by_its_deadline() -> None:
    template = f"name: t, templateType: NetworkChaos, networkChaos: {{{CUT}}}"
    assert only(chaos(f"entry: t, templates: [{{{template}}}]", "Workflow")).path == "/spec/templates/0"
    assert rules(chaos(f"entry: t, templates: [{{{template}, deadline: 30s}}]", "Workflow")) == []


ENGINE = """
apiVersion: litmuschaos.io/v1alpha1
kind: ChaosEngine
metadata: {{name: e, namespace: shop}}
spec:
  appinfo: {{appns: shop, applabel: {label}, appkind: {kind}}}
  chaosServiceAccount: {account}
  experiments: [{{name: {fault}, spec: {{components: {{env: [{{name: FORCE, value: "true"}}, {env}]}}}}}}]
"""


def engine(
    label: str = "app=web",
    kind: str = "deployment",
    account: str = "runner",
    fault: str = "pod-delete",
    env: str = "{name: TOTAL_CHAOS_DURATION, value: '30'}",
) -> str:
    return ENGINE.format(label=label, kind=kind, account=account, fault=fault, env=env)


@pytest.mark.parametrize("value", ["60", "'60s'", "''", "'0'", "'-5'", "'1.5'", "'²'"])
def test_litmus_takes_whole_seconds_as_a_text(value: str) -> None:
    findings = reviewed(engine(env=f"{{name: TOTAL_CHAOS_DURATION, value: {value}}}")).findings
    assert ("litmus/duration", "error") in [(one.rule, one.severity) for one in findings]


def test_a_litmus_fault_without_its_duration_is_a_warning() -> None:
    assert only(engine(env="")).severity == "warning"


def test_a_duration_from_elsewhere_is_not_judged() -> None:
    assert rules(engine(env="{name: TOTAL_CHAOS_DURATION, valueFrom: {configMapKeyRef: {name: settings, key: colour}}}")) == []


@pytest.mark.parametrize("experiments", ["", ", experiments: []", ", experiments: [{name: ''}]", ", experiments: [{spec: {}}]"])
def test_an_engine_that_names_no_fault_is_admitted_and_runs_none(experiments: str) -> None:
    head = "apiVersion: litmuschaos.io/v1alpha1\nkind: ChaosEngine\nmetadata: {name: e, namespace: shop}\n"
    spec = "engineState: active, chaosServiceAccount: runner, appinfo: {appns: shop, applabel: app=web, appkind: deployment}"
    found = reviewed(f"{head}spec: {{{spec}{experiments}}}\n").findings
    assert [one.severity for one in found if one.rule == "litmus/no-fault"] == ["error"]


INTERVAL = "{{name: TOTAL_CHAOS_DURATION, value: '30'}}, {{name: RANDOMNESS, value: '{random}'}}, {{name: CHAOS_INTERVAL, value: {value}}}"


@pytest.mark.parametrize(("random", "value", "right"), [("true", "5-10", True), ("false", "5-10", False), ("true", "5s-10s", False)])
def test_an_interval_left_to_chance_has_two_ends(random: str, value: str, right: bool) -> None:
    found = rules(engine(env=INTERVAL.format(random=random, value=value)))
    assert found == ([] if right else ["litmus/variable-value"])


def test_a_variable_that_the_program_reads_without_its_chart_naming_it_is_known() -> None:
    env = "{name: TOTAL_CHAOS_DURATION, value: '30'}, {name: CHAOS_INJECT_COMMAND, value: 'md5sum /dev/zero'}"
    assert [one for one in reviewed(engine(fault="pod-cpu-hog-exec", env=env)).findings if "CHAOS_INJECT_COMMAND" in one.message] == []


# targets of Chaos Mesh ----------------------------------------------------------------------------------------------------------


def test_a_selector_that_takes_pods_has_no_finding() -> None:
    assert rules(chaos(f"{WEB}, duration: 60s"), topology()) == []


def test_a_selector_that_takes_nothing_is_an_error_that_says_what_pods_have() -> None:
    found = only(chaos("mode: one, duration: 60s, selector: {labelSelectors: {app: wbe}}"), topology())
    assert (found.rule, found.severity, found.path) == ("reference/selector-hits-nothing", "error", "/spec/selector")
    assert found.message == "the selector takes no pod in shop: no pod has app=wbe; for app there is web"


def test_labels_of_the_deployment_and_not_of_its_pods_are_named_as_such() -> None:
    found = only(chaos("mode: one, duration: 60s, selector: {labelSelectors: {team: blue}}"), topology())
    assert "on the Deployment web itself, not on its pod template" in found.message


def test_expressions_are_resolved() -> None:
    expression = "expressionSelectors: [{key: app, operator: NotIn, values: [web, db]}]"
    found = only(chaos(f"mode: one, duration: 60s, selector: {{{expression}}}"), topology())
    assert found.rule == "reference/selector-hits-nothing"


@pytest.mark.parametrize("selector", ["selector: {}", "selector: null", "mode: one"])
def test_an_empty_selector_is_a_warning_with_the_number_of_pods(selector: str) -> None:
    findings = reviewed(chaos(f"duration: 60s, {selector}"), topology()).findings
    found = next(one for one in findings if one.rule == "chaos-mesh/selects-whole-namespace")
    assert (found.layer, found.severity) == ("meaning", "warning")
    assert "5 pods" in found.message


def test_named_pods_exist() -> None:
    found = only(chaos("mode: one, duration: 60s, selector: {pods: {shop: [web-0, web-9]}}"), topology())
    assert (found.rule, found.path) == ("reference/pod-not-found", "/spec/selector/pods")


def test_a_namespace_of_the_selector_exists() -> None:
    assert rules(chaos("mode: one, duration: 60s, selector: {namespaces: [shpo]}"), topology()) == ["reference/namespace-not-found"]


def test_the_target_is_a_selector_too() -> None:
    target = "target: {mode: one, selector: {labelSelectors: {app: gone}}}"
    assert only(chaos(f"{WEB}, duration: 60s, direction: to, {target}"), topology()).path == "/spec/target/selector"


def test_annotations_are_said_to_be_unresolved() -> None:
    found = only(chaos("mode: one, duration: 60s, selector: {annotationSelectors: {a: b}}"), topology())
    assert (found.rule, found.severity) == ("reference/selector-not-resolved", "skipped")


def test_a_container_that_no_pod_has_is_found_with_those_that_are_there() -> None:
    found = only(chaos(f"action: container-kill, {WEB}, containerNames: [mian]", "PodChaos"), topology())
    assert (found.rule, found.path) == ("reference/container-not-found", "/spec/containerNames/0")
    assert "there is main" in found.message


def test_the_port_of_the_service_is_not_the_port_of_the_pods() -> None:
    found = only(chaos(f"{WEB}, duration: 60s, target: Request, abort: true, port: 8080", "HTTPChaos"), topology())
    assert (found.rule, found.severity) == ("reference/port-not-listened", "error")
    assert "there is 3000" in found.message


def test_the_port_that_the_pods_listen_on_is_right() -> None:
    assert rules(chaos(f"{WEB}, duration: 60s, target: Request, abort: true, port: 3000", "HTTPChaos"), topology()) == []


def test_a_port_that_only_the_service_knows_of_counts_as_listened() -> None:
    text = chaos(
        "mode: one, duration: 60s, port: 8081, selector: {namespaces: [service-a-namespace], labelSelectors: {app: service-a}}", "HTTPChaos"
    )
    assert "reference/port-not-listened" not in rules(text, demo("service-a"))


def test_an_engine_that_is_not_installed_is_found_and_the_one_that_is_named() -> None:
    text = chaos("mode: one, duration: 60s, selector: {labelSelectors: {app: service-a}}").replace("shop", "service-a-namespace")
    found = only(text, demo("service-a"))
    assert (found.rule, found.severity) == ("reference/engine-not-installed", "error")
    assert "Litmus is" in found.message


# targets of Litmus --------------------------------------------------------------------------------------------------------------


def test_an_engine_whose_references_hold_has_no_finding() -> None:
    assert rules(engine(), topology()) == []


def test_an_app_label_that_takes_nothing_is_an_error() -> None:
    found = only(engine(label="app=wep"), topology())
    assert (found.rule, found.path) == ("reference/selector-hits-nothing", "/spec/appinfo/applabel")


def test_an_app_kind_that_the_pods_are_not_of_is_named() -> None:
    found = only(engine(kind="statefulset"), topology())
    assert found.path == "/spec/appinfo/appkind"
    assert "there is deployment" in found.message


def test_an_account_that_does_not_exist_in_the_namespace_is_found() -> None:
    assert rules(engine(account="litmus-admin"), topology()) == ["reference/service-account-not-found"]


def test_a_fault_that_is_not_installed_is_found_with_the_nearest() -> None:
    found = only(engine(fault="vllm-pod-delete"), topology())
    assert (found.rule, found.path) == ("reference/fault-not-installed", "/spec/experiments/0/name")
    assert "pod-delete" in found.message


def test_a_fault_that_is_installed_elsewhere_is_named_with_its_place() -> None:
    assert (
        "installed in other, not in the engine's namespace shop"
        in only(engine(fault="pod-cpu-hog").replace("FORCE", "RAMP_TIME").replace('"true"', '"5"'), topology()).message
    )


def test_a_misspelt_label_selector_is_said_to_be_none() -> None:
    assert "app=shop" in reviewed(engine(label="'app web'"), topology()).findings[0].message


# which Litmus ---------------------------------------------------------------------------------------------------------------------

KEPT = "x-kubernetes-preserve-unknown-fields: true"
PROPERTIES = "runProperties: {type: object, properties: {probeTimeout: {type: TYPE}, interval: {type: TYPE}}}"
DEFINITION = f"""
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: chaosengines.litmuschaos.io}}
spec:
  group: litmuschaos.io
  names: {{kind: ChaosEngine, plural: chaosengines}}
  scope: Namespaced
  versions:
    - name: v1alpha1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          x-kubernetes-preserve-unknown-fields: true
          properties:
            spec:
              type: object
              x-kubernetes-preserve-unknown-fields: true
              properties:
                experiments:
                  type: array
                  items:
                    type: object
                    x-kubernetes-preserve-unknown-fields: true
                    properties:
                      spec:
                        type: object
                        x-kubernetes-preserve-unknown-fields: true
                        properties:
                          probe: {{type: array, items: {{type: object, {KEPT}, properties: {{{PROPERTIES}}}}}}}
"""
PROBED = """
apiVersion: litmuschaos.io/v1alpha1
kind: ChaosEngine
metadata: {name: e, namespace: shop}
spec:
  appinfo: {appns: shop, applabel: app=web, appkind: deployment}
  chaosServiceAccount: runner
  experiments:
    - name: pod-delete
      spec:
        components: {env: [{name: TOTAL_CHAOS_DURATION, value: "30"}, {name: FORCE, value: "true"}]}
        probe: [{name: p, type: httpProbe, mode: EOT, runProperties: {probeTimeout: TIME, interval: TIME}}]
"""


@pytest.mark.parametrize(
    ("taken", "written", "meant"),
    [("string", "5", "5s"), ("string", "5s", None), ("integer", "5", None), ("integer", "5s", 5), ("integer", "'5'", 5)],
)
def test_the_installed_definition_says_which_times_a_probe_takes(taken: str, written: str, meant: object) -> None:
    cluster = topology(f"{SHOP}---{DEFINITION.replace('TYPE', taken)}")
    found = [one for one in reviewed(PROBED.replace("TIME", written), cluster).findings if one.path.endswith(("probeTimeout", "interval"))]
    values = [operation["value"] for one in found if one.fix for operation in one.fix.patch]
    assert values == ([meant, meant] if meant is not None else [])
    assert {one.rule for one in found} <= {"litmus/probe-unit", "litmus/probe-unit-missing"}


def test_what_a_fault_of_somebodys_own_reads_nobody_knows() -> None:
    engine = (
        "{apiVersion: litmuschaos.io/v1alpha1, kind: ChaosEngine, metadata: {name: e, namespace: shop}, spec: {engineState: active,"
        " chaosServiceAccount: runner, appinfo: {appns: shop, applabel: app=web, appkind: deployment}, experiments: [{name: %s, spec:"
        " {components: {env: [{name: TOTAL_CHAOS_DURATION, value: '60'}, {name: CPU_CORE, value: '2'}, {name: CPU_LOAD, value: 80%%}]}}}]}}"
    )
    assert {"litmus/variable-name", "litmus/variable-value"} <= set(rules(engine % "pod-cpu-hog"))
    assert rules(engine % "my-own-fault") == ["litmus/fault-name"]
