"""An experiment's steps need what they name at their moment, keep to their limits, and end."""

import pytest

from aichaos.check.experiment import findings
from aichaos.domain.policy import Policy
from tests.check.cluster import SHOP, experiment, judged, judged_rules, only, parsed, reviewed, rules, topology

DELETE = "{delete: {kind: HTTPRoute, name: web, namespace: shop}}"
RECREATE = "{recreate: {kind: HTTPRoute, name: web, namespace: shop}}"
SCALE = "{scale: {kind: Deployment, name: web, namespace: shop, replicas: 0}}"
RIVAL = (
    "{create: {apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: NAME, namespace: shop}, "
    "spec: {parentRefs: [{name: edge}], rules: [{backendRefs: [{name: BACKEND, port: 8080}]}]}}}"
)
NETWORK = (
    "{apiVersion: chaos-mesh.org/v1alpha1, kind: NetworkChaos, metadata: {name: c, namespace: shop}, "
    "spec: {action: partition, mode: all, duration: 60s, selector: {namespaces: [NAMESPACE], labelSelectors: {app: web}}}}"
)


def rival(name: str = "rival", backend: str = "web-v1") -> str:
    return RIVAL.replace("NAME", name).replace("BACKEND", backend)


def test_a_good_experiment_has_no_finding() -> None:
    assert judged(f"[{rival()}, {{wait: {{for: 10s}}}}, {DELETE}, {RECREATE}, {{probe: shop answers}}]") == []


# the file -----------------------------------------------------------------------------------------------------------------------


def test_an_unknown_field_is_found_with_the_nearest_at_its_place() -> None:
    found = only(experiment("[{wiat: {for: 10s}}]"), topology())
    assert (found.rule, found.layer, found.path, found.line) == ("experiment/schema", "schema", "/spec/steps/0/wiat", 8)
    assert "did you mean wait?" in found.message


def test_all_problems_of_a_file_are_said_at_once() -> None:
    text = experiment("[{wait: {for: 3}}, {probe: a, wait: {for: 1s}}]", steadystate="[]", deadlin="5m")
    assert [one.path for one in reviewed(text).findings] == [
        "/spec/steps/0/wait/for",
        "/spec/steps/1",
        "/spec/steadystate",
        "/spec/deadlin",
    ]


def test_a_step_has_exactly_one_verb() -> None:
    assert "exactly one verb" in only(experiment("[{name: nothing}]")).message


def test_an_experiment_has_a_step() -> None:
    assert only(experiment("[]")).path == "/spec/steps"


def test_another_version_of_the_file_is_refused_with_the_right_one() -> None:
    assert "aichaos/v1" in only(experiment(f"[{DELETE}]").replace("aichaos/v1", "aichaos/v2")).message


def test_embedded_manifests_are_checked_with_their_place_in_the_experiment() -> None:
    found = only(experiment(f"[{rival(backend='web-v4')}]"), topology())
    assert (found.object, found.path) == ("HTTPRoute/shop/rival", "/spec/steps/0/create/spec/rules/0/backendRefs/0/name")
    assert (found.file, found.line) == ("file.yaml", 8)


def test_without_a_cluster_only_the_experiment_itself_is_judged() -> None:
    assert rules(experiment(f"[{SCALE}, {RECREATE}]")) == ["experiment/recreate-without-delete"]


# objects at their moment --------------------------------------------------------------------------------------------------------


def test_a_target_that_does_not_exist_is_found_with_the_nearest() -> None:
    (found,) = judged("[{scale: {kind: Deployment, name: wep, namespace: shop, replicas: 0}}]")
    assert (found.rule, found.object, found.path) == ("experiment/target-not-found", "Deployment/shop/wep", "/spec/steps/0/scale/name")
    assert found.message == "no Deployment wep in shop; there is web"


def test_what_an_earlier_step_made_can_be_deleted() -> None:
    assert judged_rules(f"[{rival()}, {{delete: {{kind: HTTPRoute, name: rival, namespace: shop}}}}]") == []


def test_what_an_earlier_step_deleted_is_gone() -> None:
    (found,) = judged(f"[{DELETE}, {{label: {{kind: HTTPRoute, name: web, namespace: shop, set: {{a: b}}}}}}]")
    assert "an earlier step has deleted it" in found.message


def test_what_is_there_cannot_be_created() -> None:
    assert judged_rules(f"[{rival('web')}]") == ["experiment/already-exists"]


def test_what_was_deleted_can_be_created_again() -> None:
    assert judged_rules(f"[{DELETE}, {rival('web')}]") == []


def test_only_what_was_deleted_can_be_recreated() -> None:
    assert judged_rules(f"[{RECREATE}]") == ["experiment/recreate-without-delete"]


def test_only_workloads_are_scaled_and_restarted() -> None:
    assert judged_rules("[{scale: {kind: Service, name: web-v1, namespace: shop, replicas: 0}}]") == ["experiment/verb-kind"]
    assert judged_rules("[{restart: {kind: HTTPRoute, name: web, namespace: shop}}]") == ["experiment/verb-kind"]
    assert judged_rules("[{restart: {kind: StatefulSet, name: db, namespace: shop}}]") == []


def test_replicas_are_not_negative() -> None:
    assert judged_rules("[{scale: {kind: Deployment, name: web, namespace: shop, replicas: -1}}]") == ["experiment/replicas"]


def test_a_kind_that_nobody_knows_is_found() -> None:
    assert "kind/unknown" in judged_rules("[{delete: {kind: Deploymnt, name: web, namespace: shop}}]")


def test_a_patch_is_held_against_the_cluster() -> None:
    merge = "{spec: {rules: [{backendRefs: [{name: web-v4, port: 8080}]}]}}"
    (found,) = judged(f"[{{patch: {{kind: HTTPRoute, name: web, namespace: shop, merge: {merge}}}}}]")
    assert (found.rule, found.path) == ("reference/backend-not-found", "/spec/steps/0/patch/merge/spec/rules/0/backendRefs/0/name")


def test_labels_of_a_deployment_are_not_those_of_its_pods() -> None:
    assert judged_rules("[{label: {kind: Deployment, name: web, namespace: shop, set: {app: x}}}]") == ["experiment/label-not-on-pods"]


def test_a_pod_that_leaves_its_workload_is_a_warning() -> None:
    assert judged_rules("[{label: {kind: Pod, name: web-0, namespace: shop, set: {app: x}}}]") == ["experiment/label-leaves-workload"]
    assert judged_rules("[{label: {kind: Pod, name: web-0, namespace: shop, set: {colour: x}}}]") == []


def test_chaos_takes_a_chaos_object() -> None:
    assert judged_rules(f"[{rival().replace('create:', 'chaos:')}]") == ["experiment/verb-kind"]


def test_chaos_without_an_end_is_found_in_every_step() -> None:
    endless = NETWORK.replace("NAMESPACE", "shop").replace("duration: 60s, ", "")
    for verb in ("chaos", "create", "apply"):
        (found,) = judged(f"[{{{verb}: {endless}}}]")
        assert (found.rule, found.path) == ("chaos-mesh/duration-required", f"/spec/steps/0/{verb}/spec")


def test_pods_that_are_made_while_a_fault_lasts_are_not_hit() -> None:
    chaos = f"chaos: {NETWORK.replace('NAMESPACE', 'shop')}"
    scale = "scale: {kind: Deployment, name: web, namespace: shop, replicas: 6}"
    (found,) = judged(f"[{{{chaos}}}, {{{scale}}}]")
    assert (found.rule, found.severity, found.path) == ("chaos-mesh/targets-chosen-once", "info", "/spec/steps/1/scale")
    assert judged_rules(f"[{{{scale}}}, {{{chaos}}}]") == []


# times --------------------------------------------------------------------------------------------------------------------------


def test_the_deadline_leaves_room_for_waits_and_holds() -> None:
    chaos = NETWORK.replace("NAMESPACE", "shop")
    assert judged_rules(f"[{{wait: {{for: 40s}}}}, {{chaos: {chaos}, hold: 30s}}]", deadline="60s") == ["experiment/deadline"]


def test_a_fault_that_outlives_the_deadline_is_a_warning() -> None:
    assert judged_rules(f"[{{chaos: {NETWORK.replace('NAMESPACE', 'shop')}}}]", deadline="30s") == ["experiment/outlives-deadline"]


@pytest.mark.parametrize("wrong", ["10", "-1s", "0s", "1d"])
def test_durations_are_durations(wrong: str) -> None:
    assert judged_rules(f"[{{wait: {{for: '{wrong}'}}}}]") == ["experiment/duration"]
    assert judged_rules(f"[{DELETE}]", deadline=f"'{wrong}'") == ["experiment/duration"]


def test_a_wait_until_needs_a_timeout_and_an_object_that_exists() -> None:
    until = "{wait: {until: {object: OBJECT, condition: Available}TIMEOUT}}"
    good = until.replace("OBJECT", "Deployment/shop/web").replace("TIMEOUT", ", timeout: 60s")
    assert judged_rules(f"[{good}]") == []
    assert judged_rules(f"[{good.replace(', timeout: 60s', '')}]") == ["experiment/wait"]
    assert judged_rules(f"[{good.replace('shop/web', 'shop/wep')}]") == ["experiment/target-not-found"]
    assert judged_rules(f"[{good.replace('Deployment/shop/web', 'web')}]") == ["experiment/target-not-found"]


def test_a_wait_is_for_a_time_or_until_a_condition() -> None:
    assert judged_rules("[{wait: {}}]") == ["experiment/wait"]


# probes -------------------------------------------------------------------------------------------------------------------------


def test_a_step_looks_at_a_probe_of_the_steady_state() -> None:
    (found,) = judged("[{probe: shop answer}]")
    assert (found.rule, found.path) == ("experiment/probe-unknown", "/spec/steps/0/probe")
    assert "shop answers" in found.message


def test_without_a_steady_state_nothing_could_show_a_failure() -> None:
    (found,) = judged(f"[{DELETE}]", steadyState="")
    assert (found.rule, found.severity) == ("experiment/no-steady-state", "warning")


def probe(http: str) -> list[str]:
    return judged_rules(f"[{DELETE}]", steadyState=f"[{{name: p, http: {{{http}}}}}]")


def test_whom_a_probe_asks_is_there() -> None:
    assert probe('url: "http://shop.example.com/", via: gateway/shop/egde') == ["experiment/probe-via"]
    assert probe('url: "http://web-v1:8080/", via: service/shop/web-v1') == []
    assert probe('url: "http://web-v1/", via: service/shop/web-v1') == ["experiment/probe-host"]
    assert probe('url: "http://web-v1/", via: web-v1') == ["experiment/probe-via"]


@pytest.mark.parametrize("url", ["shop.example.com", "ftp://a/", "http://", "http://a:99999/", "http://[/"])
def test_a_url_that_cannot_be_asked_is_found(url: str) -> None:
    assert probe(f'url: "{url}"') == ["experiment/probe-url"]


def test_the_host_and_port_that_a_probe_asks_are_served() -> None:
    assert probe('url: "http://nobody.example.com/", via: gateway/shop/edge') == ["experiment/probe-host"]
    assert probe('url: "http://example.org/", via: gateway/shop/edge') == ["experiment/probe-host"]
    assert probe('url: "https://shop.example.com/", via: gateway/shop/edge') == ["experiment/probe-host"]
    assert probe('url: "http://edge/", via: gateway/shop/edge, headers: {Host: shop.example.com}') == []


def test_the_backend_that_a_probe_expects_exists() -> None:
    assert probe('url: "http://shop.example.com/", expect: {backend: shop/web-v4}') == ["experiment/probe-object"]


def test_two_probes_do_not_share_a_name() -> None:
    one = "{name: p, prometheus: {query: up, expect: '== 1'}}"
    assert judged_rules(f"[{DELETE}]", steadyState=f"[{one}, {one}]") == ["experiment/probe-duplicate"]


def test_the_object_of_a_probe_exists() -> None:
    looks = "[{name: p, kubernetes: {object: Deployment/shop/wep, condition: Available}}]"
    assert judged_rules(f"[{DELETE}]", steadyState=looks) == ["experiment/probe-object"]


# policy -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Secret", "PersistentVolumeClaim", "RoleBinding", "Node", "Namespace", "GatewayClass"])
def test_some_kinds_are_never_touched(kind: str) -> None:
    found = judged(f"[{{delete: {{kind: {kind}, name: a, namespace: shop}}}}]")
    assert ("policy/kind", "policy", "error") in [(one.rule, one.layer, one.severity) for one in found]


def test_a_namespace_outside_the_scope_is_not_touched() -> None:
    (found,) = judged(f"[{DELETE}]", scope="{namespaces: [other]}")
    assert (found.rule, found.severity) == ("policy/outside-scope", "error")


def test_a_fault_that_reaches_outside_the_scope_is_found() -> None:
    assert "policy/outside-scope" in judged_rules(f"[{{chaos: {NETWORK.replace('NAMESPACE', 'other')}}}]")


def test_a_fault_that_reaches_into_a_protected_namespace_is_found() -> None:
    found = judged_rules(f"[{{chaos: {NETWORK.replace('NAMESPACE', 'kube-system')}}}]", scope="{namespaces: [shop, kube-system]}")
    assert "policy/protected-namespace" in found


def test_a_step_says_its_namespace() -> None:
    assert "policy/outside-scope" in judged_rules("[{delete: {kind: HTTPRoute, name: web}}]", scope="{namespaces: [default]}")


def test_the_limits_of_the_scope_hold() -> None:
    assert judged_rules(f"[{SCALE}]", scope="{namespaces: [shop], maxPods: 4, maxShare: 0.8}") == []
    assert judged_rules(f"[{SCALE}]", scope="{namespaces: [shop], maxPods: 3}") == ["policy/blast-radius"]
    assert judged_rules(f"[{SCALE}]", scope="{namespaces: [shop], maxShare: 0.79}") == ["policy/blast-radius"]
    assert judged_rules(f"[{SCALE}]", scope="{namespaces: [shop], maxShare: 0.796}") == []  # rounded, as people do


def test_a_limit_that_limits_nothing_is_found() -> None:
    assert judged_rules(f"[{SCALE}]", scope="{namespaces: [shop], maxShare: 50}") == ["policy/limit"]


# what is meant ------------------------------------------------------------------------------------------------------------------


def test_a_finding_that_is_the_fault_itself_is_shown_and_stops_nothing() -> None:
    (found,) = judged(f"[{rival(backend='web-v4')}]", intends="[reference/backend-not-found]")
    assert (found.severity, found.message.startswith("intended: no Service web-v4")) == ("info", True)


def test_what_protects_people_cannot_be_intended() -> None:
    found = judged(f"[{DELETE}]", scope="{namespaces: []}", intends="[policy/outside-scope]")
    assert [one.rule for one in found] == ["policy/outside-scope", "experiment/intends-unknown"]
    assert found[0].severity == "error"


def test_a_rule_that_does_not_exist_cannot_be_intended() -> None:
    (found,) = judged(f"[{DELETE}]", intends="[reference/backend-not-fund]")
    assert "did you mean reference/backend-not-found?" in found.message


# code -----------------------------------------------------------------------------------------------------------------------------

LOAD = "{create: {apiVersion: v1, kind: Pod, metadata: {name: load, namespace: shop}, spec: {containers: [{name: c, image: IMAGE}]}}}"


def test_an_image_that_runs_nowhere_here_is_looked_at_first() -> None:
    found = only(experiment(f"[{LOAD.replace('IMAGE', 'example.com/new')}]"), topology())
    assert (found.rule, found.severity, found.path) == ("policy/new-image", "warning", "/spec/steps/0/create/spec/containers/0/image")


@pytest.mark.parametrize(
    ("image", "rule"),
    [
        ("registry.example.com:5000/old", "policy/new-image"),
        ("registry.example.com:5000/old:2", "policy/new-image"),
        ("registry.example.com:5000/old@sha256:00", "policy/new-image"),
        ("registry.example.com:5000/new:1", "policy/foreign-image"),
        ("registry.example.com/old:1", "policy/foreign-image"),
        ("old:1", "policy/foreign-image"),
        ("registry.example.com:5000/old/more:1", "policy/foreign-image"),
    ],
)
@pytest.mark.parametrize("group", ["containers", "initContainers"])
def test_an_image_of_which_no_version_runs_here_is_an_error(image: str, rule: str, group: str) -> None:
    running = "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop}, spec: {containers: [{name: c, image: OLD}]}}"
    cluster = topology(f"{SHOP}---\n{running.replace('OLD', 'registry.example.com:5000/old:1')}")
    spec = f"{{spec: {{template: {{spec: {{{group}: [{{name: c, image: '{image}'}}]}}}}}}}}"
    changed = parsed(experiment(f"[{{patch: {{kind: Deployment, name: web, namespace: shop, merge: {spec}}}}}]"))
    found = [(one.rule, one.severity) for one in findings(changed, cluster) if one.rule.endswith("-image")]
    assert found == [(rule, "error" if rule == "policy/foreign-image" else "warning")]
    allowed = findings(changed, cluster, Policy(allow=(image,)))
    assert [one.rule for one in allowed if one.rule.endswith("-image")] == ["policy/new-image"]


def test_an_image_that_runs_here_already_is_no_news() -> None:
    running = (
        f"{SHOP}---\n"
        + "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop}, spec: {containers: [{name: c, image: example.com/old}]}}"
    )
    assert rules(experiment(f"[{LOAD.replace('IMAGE', 'example.com/old')}]"), topology(running)) == []


def test_a_merge_patch_that_loses_the_backends_of_a_route_is_a_warning() -> None:
    filters = "{filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x, value: one}]}}]}"
    found = judged(f"[{{patch: {{kind: HTTPRoute, name: web, namespace: shop, merge: {{spec: {{rules: [{filters}]}}}}}}}}]")
    assert {(one.rule, one.severity, one.path) for one in found} == {
        ("experiment/patch-drops", "warning", "/spec/steps/0/patch/merge/spec/rules")
    }
    assert "rule 1 has no backendRefs after this patch" in found[0].message
    assert judged_rules("[{patch: {kind: HTTPRoute, name: web, namespace: shop, merge: {spec: {hostnames: [a.example.com]}}}}]") == []
