"""References are resolved against the cluster and against what comes along; what is there instead is said."""

import msgspec
import pytest

from aichaos.check.documents import review
from aichaos.domain.snapshot import Gap, Source
from aichaos.files.yaml import load
from aichaos.observe import manifests
from aichaos.observe.topology import Topology
from tests.check.cluster import SHOP, demo, only, reviewed, rules, snapshot, topology

ROUTE = "{{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {{name: new, namespace: {namespace}}}, spec: {spec}}}"


def route(spec: str, namespace: str = "shop") -> str:
    return ROUTE.format(spec=spec, namespace=namespace)


def test_a_demo_of_ours_has_no_finding_against_itself() -> None:
    for name in manifests.demo_names():
        cluster = demo(name)
        text = "\n---\n".join(msgspec.json.encode(msgspec.to_builtins(one) | head(one)).decode() for one in cluster.snapshot.routes())
        assert reviewed(text, cluster).findings == []


def head(obj: object) -> dict[str, str]:
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": type(obj).__name__}


def test_a_backend_that_does_not_exist_is_found_with_those_that_do() -> None:
    found = only(route("{parentRefs: [{name: edge}], rules: [{backendRefs: [{name: web-v4, port: 8080}]}]}"), topology())
    assert (found.rule, found.severity, found.path) == ("reference/backend-not-found", "error", "/spec/rules/0/backendRefs/0/name")
    assert found.message == "no Service web-v4 in shop; there are web-v1, web-v2"


def test_the_backends_of_the_demo_are_named() -> None:
    text = route("{parentRefs: [{name: my-gateway}], rules: [{backendRefs: [{name: infra-backend-v4, port: 8080}]}]}", "route-chaos")
    message = only(text, demo("route-chaos")).message
    assert message == "no Service infra-backend-v4 in route-chaos; there are infra-backend-v1, infra-backend-v2, infra-backend-v3"


def test_a_backend_port_that_the_service_does_not_have_is_found() -> None:
    found = only(route("{parentRefs: [{name: edge}], rules: [{backendRefs: [{name: web-v1, port: 3000}]}]}"), topology())
    assert (found.rule, found.message) == ("reference/backend-port", "the Service web-v1 has no port 3000; there is 8080")


def test_a_mirror_is_a_backend_too() -> None:
    mirror = "filters: [{type: RequestMirror, requestMirror: {backendRef: {name: nobody, port: 80}}}]"
    found = only(route(f"{{parentRefs: [{{name: edge}}], rules: [{{{mirror}, backendRefs: [{{name: web-v1, port: 8080}}]}}]}}"), topology())
    assert found.path == "/spec/rules/0/filters/0/requestMirror/backendRef/name"


def test_a_backend_in_another_namespace_needs_a_grant() -> None:
    text = route("{parentRefs: [{name: edge}], rules: [{backendRefs: [{name: far, namespace: other, port: 80}]}]}")
    assert rules(text, topology()) == ["reference/no-grant"]


def test_a_grant_that_comes_along_counts() -> None:
    grant = (
        "{apiVersion: gateway.networking.k8s.io/v1, kind: ReferenceGrant, metadata: {name: g, namespace: other}, spec: "
        "{from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}], to: [{group: '', kind: Service}]}}"
    )
    text = route("{parentRefs: [{name: edge}], rules: [{backendRefs: [{name: far, namespace: other, port: 80}]}]}")
    assert rules(f"{grant}\n---\n{text}", topology()) == []


def test_a_service_that_comes_along_counts() -> None:
    service = "{apiVersion: v1, kind: Service, metadata: {name: web-v4, namespace: shop}, spec: {ports: [{port: 8080}]}}"
    text = route("{parentRefs: [{name: edge}], rules: [{backendRefs: [{name: web-v4, port: 8080}]}]}")
    assert rules(f"{text}\n---\n{service}", topology()) == []


def test_a_gateway_that_does_not_exist_is_found() -> None:
    found = only(route("{parentRefs: [{name: egde}]}"), topology())
    assert (found.rule, found.message) == ("reference/gateway-not-found", "no Gateway egde in shop; there is edge")


def test_a_listener_that_does_not_exist_is_found_with_those_that_do() -> None:
    found = only(route("{parentRefs: [{name: edge, sectionName: https}]}"), topology())
    assert found.rule == "reference/no-listener"
    assert "no listener https; it has http (HTTP, port 80)" in found.message


def test_a_route_of_a_namespace_that_the_listener_does_not_admit_is_found() -> None:
    found = only(route("{parentRefs: [{name: edge, namespace: shop}]}", "other"), topology())
    assert found.rule == "reference/not-admitted"
    assert "takes routes from its own namespace" in found.message


def test_hostnames_that_no_listener_takes_are_found() -> None:
    found = only(route("{parentRefs: [{name: edge}], hostnames: [shop.example.org]}"), topology())
    assert (found.rule, found.path) == ("reference/not-admitted", "/spec/hostnames")


def test_a_namespace_that_does_not_exist_is_found() -> None:
    found = only("{apiVersion: v1, kind: Service, metadata: {name: a, namespace: shpo}}", topology())
    assert (found.rule, found.path) == ("reference/namespace-not-found", "/metadata/namespace")
    assert "shop" in found.message


def test_a_selector_with_the_labels_of_the_deployment_itself_is_explained() -> None:
    found = only("{apiVersion: v1, kind: Service, metadata: {name: a, namespace: shop}, spec: {selector: {team: blue}}}", topology())
    assert (found.rule, found.severity) == ("reference/selector-hits-nothing", "warning")
    assert "team=blue is on the Deployment web itself, not on its pod template, which has app=web" in found.message


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: chaos-mesh.org/v1alpha1\nkind: PodChaos\nmetadata: {name: a, namespace: shop}\n"
        "spec: {action: pod-kill, mode: one, selector: {namespaces: [shop], labelSelectors: {team: blue}}}\n",
        "apiVersion: litmuschaos.io/v1alpha1\nkind: ChaosEngine\nmetadata: {name: a, namespace: shop}\n"
        "spec: {engineState: active, appinfo: {appns: shop, applabel: team=blue, appkind: deployment}, experiments: [{name: a}]}\n",
    ],
)
def test_a_fault_with_the_labels_of_a_deployment_among_the_given_files_is_explained_without_a_cluster(text: str) -> None:
    web = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop, labels: {team: blue}}\nspec:\n"
        "  selector: {matchLabels: {app: web}}\n  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, image: a}]}}\n"
    )
    (found,) = [one for one in reviewed(f"{web}---\n{text}").findings if one.rule == "reference/selector-hits-nothing"]
    assert "team=blue is on the Deployment web itself, not on its pod template, which has app=web" in found.message
    assert "reference/selector-hits-nothing" not in rules(text)


def test_a_network_policy_that_takes_no_pod_is_a_warning() -> None:
    found = only(
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a, namespace: shop}, "
        "spec: {podSelector: {matchLabels: {app: wbe}}}}",
        topology(),
    )
    assert (found.rule, found.severity, found.path) == ("reference/selector-hits-nothing", "warning", "/spec/podSelector")
    assert "for app there is web" in found.message


def test_an_autoscaler_without_its_target_is_found() -> None:
    text = (
        "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: a, namespace: shop}, "
        "spec: {maxReplicas: 2, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: wep}}}"
    )
    assert only(text, topology()).message == "no Deployment wep in shop; there is web"


POD = "{{apiVersion: v1, kind: Pod, metadata: {{name: a, namespace: shop}}, spec: {spec}}}"


def test_a_service_account_that_does_not_exist_is_found() -> None:
    found = only(POD.format(spec="{serviceAccountName: runer}"), topology())
    assert (found.rule, found.message) == ("reference/service-account-not-found", "no ServiceAccount runer in shop; there is runner")


def test_the_default_service_account_is_always_there() -> None:
    assert rules(POD.format(spec="{serviceAccountName: default}"), topology()) == []


def test_config_maps_and_their_keys_are_looked_up() -> None:
    spec = (
        "{containers: [{name: c, envFrom: [{configMapRef: {name: gone}}, {configMapRef: {name: gone, optional: true}}], "
        "env: [{name: A, valueFrom: {configMapKeyRef: {name: settings, key: color}}}]}]}"
    )
    messages = [found.message for found in reviewed(POD.format(spec=spec), topology()).findings]
    assert messages == ["no ConfigMap gone in shop; there is settings", "the ConfigMap settings has no key color; there is colour"]


def test_a_named_target_port_that_no_pod_has_is_a_warning() -> None:
    text = (
        "{apiVersion: v1, kind: Service, metadata: {name: a, namespace: shop}, "
        "spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}}"
    )
    assert only(text, topology()).rule == "reference/target-port"


MESH = (
    "{{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {{name: a, namespace: shop}}, "
    "spec: {{http: [{{route: [{route}]}}]}}}}"
)


def test_a_destination_host_that_is_no_service_is_found() -> None:
    found = only(MESH.format(route="{destination: {host: web-v4.shop.svc.cluster.local}}"), topology())
    assert (found.rule, found.path) == ("reference/host-not-found", "/spec/http/0/route/0/destination/host")


def test_offline_a_subset_is_missed_only_where_the_hosts_own_rule_is_among_the_documents() -> None:
    route = MESH.format(route="{destination: {host: web-v1, subset: v2}}")
    head = "apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: d, namespace: shop}"
    rule = f"{{{head}, spec: {{host: web-v1, subsets: SUBSETS}}}}"
    assert rules(route) == []
    assert rules(f"{route}\n---\n{rule.replace('SUBSETS', '[{name: v1}]')}") == ["reference/subset-not-defined"]
    assert rules(f"{route}\n---\n{rule.replace('SUBSETS', '[{name: v2}]')}") == []


def test_a_subset_that_nobody_defines_is_found() -> None:
    assert only(MESH.format(route="{destination: {host: web-v1, subset: v2}}"), topology()).rule == "reference/subset-not-defined"


def test_a_host_outside_the_cluster_is_skipped_and_said() -> None:
    found = only(MESH.format(route="{destination: {host: www.example.com}}"), topology())
    assert (found.rule, found.severity) == ("reference/host-not-found", "skipped")


# what could not be known --------------------------------------------------------------------------------------------------------


def test_a_kind_that_could_not_be_read_is_skipped_with_the_reason() -> None:
    cluster = topology(SHOP, Gap(kind="ServiceAccount", reason="forbidden"))
    found = only(POD.format(spec="{serviceAccountName: nobody}"), cluster)
    assert (found.severity, "not allowed to read ServiceAccount" in found.message) == ("skipped", True)


def test_a_namespace_that_was_not_read_is_skipped() -> None:
    seen = snapshot(SHOP)
    narrow = Topology(msgspec.structs.replace(seen, source=Source(kind="live", cluster="test", namespaces=("shop",))))
    found = reviewed(
        route("{parentRefs: [{name: edge}], rules: [{backendRefs: [{name: nope, namespace: far, port: 1}]}]}"), narrow
    ).findings
    assert {one.severity for one in found} == {"skipped"}
    assert "the namespace far was not read" in found[0].message


def test_files_without_any_service_account_say_nothing_about_them() -> None:
    seen = msgspec.structs.replace(snapshot(SHOP), source=Source(kind="file", cluster="dump.yaml"), service_accounts=[])
    assert only(POD.format(spec="{serviceAccountName: nobody}"), Topology(seen)).severity == "skipped"


def test_without_a_cluster_nothing_is_said_about_it() -> None:
    assert rules(route("{parentRefs: [{name: edge}], rules: [{backendRefs: [{name: web-v4, port: 8080}]}]}")) == []


def test_without_a_cluster_the_documents_are_held_against_each_other() -> None:
    service = "{apiVersion: v1, kind: Service, metadata: {name: web-v4, namespace: shop}, spec: {ports: [{port: 80}]}}"
    text = route("{parentRefs: [{name: edge}], rules: [{backendRefs: [{name: web-v4, port: 8080}]}]}")
    assert rules(f"{service}\n---\n{text}") == ["reference/backend-port"]


def test_a_kind_that_the_cluster_does_not_serve_is_found() -> None:
    cluster = topology(SHOP, Gap(kind="TLSRoute", reason="absent"))
    spec = "{hostnames: [a.example.com], rules: [{backendRefs: [{name: web-v1, port: 8080}]}]}"
    text = f"{{apiVersion: gateway.networking.k8s.io/v1, kind: TLSRoute, metadata: {{name: a, namespace: shop}}, spec: {spec}}}"
    assert rules(text, cluster) == ["reference/kind-not-installed"]


@pytest.mark.parametrize("replicas", [10**9, -5])
def test_a_workload_with_any_number_of_replicas_is_checked(replicas: int) -> None:
    text = (
        f"{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: a, namespace: shop}}, spec: {{replicas: {replicas}, "
        "selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}}}}"
    )
    assert rules(text, topology()) == (["admission/invalid"] if replicas < 0 else [])


def test_without_a_cluster_a_grant_that_is_missing_is_a_note_about_these_files() -> None:
    one = only(route("{rules: [{backendRefs: [{name: far, namespace: other, port: 80}]}]}"))
    assert (one.rule, one.severity, one.path) == ("reference/no-grant", "info", "/spec/rules/0/backendRefs/0/namespace")
    assert "in these files no ReferenceGrant of other" in one.message


BUDGET = "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web, namespace: shop}, spec: {minAvailable: 1, selector: %s}}"


def test_a_budget_with_the_labels_of_the_deployment_itself_protects_nobody() -> None:
    one = only(BUDGET % "{matchLabels: {team: blue}}", topology())
    assert (one.rule, one.severity, one.path) == ("reference/selector-hits-nothing", "warning", "/spec/selector")
    assert "team=blue is on the Deployment web itself" in one.message
    assert rules(BUDGET % "{matchLabels: {app: web}}", topology()) == []


def test_who_names_a_container_that_no_pod_has_reaches_no_pod() -> None:
    kill = (
        "{apiVersion: chaos-mesh.org/v1alpha1, kind: PodChaos, metadata: {name: kill, namespace: shop}, spec: {action: %s, mode: one,"
        " containerNames: [%s], selector: {namespaces: [shop], labelSelectors: {app: web}}}}"
    )

    def reached(action: str, container: str) -> bool:
        return any(one.rule == "policy/reach" for one in reviewed(kill % (action, container), topology()).findings)

    assert [reached("container-kill", "main"), reached("container-kill", "nope")] == [True, False]
    assert reached("pod-kill", "nope")  # it takes the pod, whatever is in it


def test_a_finding_calls_an_object_by_one_name_whoever_found_it() -> None:
    text = "{apiVersion: v1, kind: Service, metadata: {name: Web}, spec: {selector: {app: none}, port: [], ports: [{port: 80}]}}"
    assert {one.object for one in reviewed(text, topology()).findings} == {"Service/default/Web"}


# one name in several folders ----------------------------------------------------------------------------------------------------

LISTENER = """\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge}
spec: {gatewayClassName: any, listeners: [{name: %s, protocol: HTTP, port: 80}]}
"""
SECTION = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: a}
spec: {parentRefs: [{name: edge, sectionName: %s}]}
"""


def folders(**files: str) -> list[tuple[str | None, str]]:
    return [(one.file, one.rule) for one in review([(f"{name}.yaml", text) for name, text in files.items()], None).findings]


def test_a_reference_is_meant_for_the_object_of_its_own_folder() -> None:
    files = {
        "dev/gateway": LISTENER % "plain",
        "dev/route": SECTION % "plain",
        "prod/gateway": LISTENER % "http",
        "prod/route": SECTION % "http",
    }
    assert folders(**files) == []
    assert folders(**files | {"dev/route": SECTION % "http"}) == []  # of one name the last counts, and it has that listener
    assert folders(**files | {"dev/route": SECTION % "none"}) == [("dev/route.yaml", "reference/no-listener")]
    assert folders(**{"gateway": LISTENER % "plain", "later": LISTENER % "http", "route": SECTION % "plain"}) == [
        ("route.yaml", "reference/no-listener")
    ]


# what an account may do, as manifests say it ------------------------------------------------------------------------------------

BINDING = """\
{apiVersion: v1, kind: ServiceAccount, metadata: {name: chaos, namespace: shop}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: chaos}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %s}
subjects: [{kind: ServiceAccount, name: chaos, namespace: shop}]
---
"""
NO_EXEC = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: pods-alone}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
---
"""
ENGINE = """\
apiVersion: litmuschaos.io/v1alpha1
kind: ChaosEngine
metadata: {name: a, namespace: shop}
spec:
  engineState: active
  appinfo: {appns: shop, applabel: app=web, appkind: deployment}
  chaosServiceAccount: chaos
  experiments: [{name: pod-delete, spec: {components: {env: [{name: TOTAL_CHAOS_DURATION, value: "30"}]}}}]
"""


@pytest.mark.parametrize(("role", "severity"), [("cluster-admin", None), ("edit", "skipped"), ("pods-alone", "error")])
def test_a_role_that_the_server_makes_itself_is_in_no_manifest(role: str, severity: str | None) -> None:
    text = SHOP + "\n---\n" + NO_EXEC + BINDING % role
    cluster = Topology(manifests.assume(manifests.snapshot(manifests.objects(load(text, "a")), Source(kind="file", cluster="a"))))
    found = [one for one in reviewed(ENGINE, cluster).findings if one.rule == "reference/service-account-permissions"]
    assert [one.severity for one in found] == ([severity] if severity else [])
