"""The sentence that says how much a chaos object reaches, counted by hand."""

import pytest

from aichaos.domain.finding import Finding
from aichaos.domain.snapshot import Source
from aichaos.files.yaml import load
from aichaos.observe import manifests
from aichaos.observe.topology import Topology
from tests.check.cluster import reviewed

NAMESPACE = "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}\n---\n"
GATEWAY = """\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec: {gatewayClassName: a, listeners: [{name: a, port: 80, protocol: HTTP}]}
---
"""
DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Thing, plural: things}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
---
"""

SERVICE = (
    "{{apiVersion: v1, kind: Service, metadata: {{name: {0}, namespace: shop}}, spec: {{selector: {1}, ports: [{{port: 80}}]}}}}\n---\n"
)
DEPLOYMENT = """\
apiVersion: apps/v1
kind: {kind}
metadata: {{name: {name}, namespace: shop}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template: {{metadata: {{labels: {{app: {name}, tier: {tier}}}}}, spec: {{containers: [{{name: main, image: 'a:1'}}]}}}}
---
"""
ROUTE = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: {0}, namespace: shop}}
spec: {{parentRefs: [{{name: edge}}], rules: [{{backendRefs: [{1}]}}]}}
---
"""
CHAOS = """\
apiVersion: chaos-mesh.org/v1alpha1
kind: PodChaos
metadata: {name: a, namespace: shop}
spec: {action: pod-failure, duration: 60s, %s}
"""
WEB = "selector: {labelSelectors: {app: web}}"


def shop(*more: str) -> Topology:
    """4 pods of web, 6 of db, 12 in all with 2 more; web and db are tier a."""
    parts = [
        DEPLOYMENT.format(kind="Deployment", name=name, replicas=count, tier=tier)
        for name, count, tier in (("web", 4, "a"), ("db", 6, "a"), ("other", 2, "b"))
    ]
    services = [SERVICE.format("web", "{app: web}"), SERVICE.format("db", "{app: db}"), SERVICE.format("both", "{tier: a}")]
    return from_manifests(NAMESPACE, GATEWAY, *parts, *services, *more)


def from_manifests(*texts: str) -> Topology:
    return Topology(manifests.assume(manifests.snapshot(manifests.objects(load("".join(texts), "a")), Source(kind="file", cluster="a"))))


def backend(*names: str) -> str:
    return ", ".join(f"{{name: {name}, port: 80}}" for name in names)


def told(spec: str, cluster: Topology) -> str:
    return next(one.message for one in reviewed(CHAOS % spec, cluster).findings if one.rule == "policy/reach")


@pytest.mark.parametrize(
    ("backends", "spec", "said"),
    [
        (("web",), f"mode: one, {WEB}", "1 of 12 pods (8%), 2 Services, 1 route loses a quarter of its endpoints"),
        (("web",), f"mode: all, {WEB}", "4 of 12 pods (33%), 2 Services, 1 route loses all of its endpoints"),
        (("web", "db"), f"mode: all, {WEB}", "4 of 12 pods (33%), 2 Services, 1 route loses 40% of its endpoints"),
        (("web", "both"), f"mode: all, {WEB}", "4 of 12 pods (33%), 2 Services, 1 route loses 40% of its endpoints"),
        (
            ("web", "db"),
            "mode: fixed, value: '5', selector: {labelSelectors: {tier: a}}",
            "5 of 12 pods (42%), 3 Services, 1 route loses half of its endpoints",
        ),
        (("db",), f"mode: all, {WEB}", "4 of 12 pods (33%), 2 Services"),
    ],
)
def test_a_route_loses_a_share_of_all_that_answers_for_it(backends: tuple[str, ...], spec: str, said: str) -> None:
    assert told(spec, shop(ROUTE.format("a", backend(*backends)))) == f"it reaches up to {said}"


def test_of_several_routes_the_one_that_loses_most_is_told() -> None:
    cluster = shop(ROUTE.format("a", backend("web")), ROUTE.format("b", backend("both")), ROUTE.format("c", backend("other")))
    assert told(f"mode: all, {WEB}", cluster).endswith("2 routes lose up to all of their endpoints")


POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: web-{0}, namespace: shop, labels: {{app: web}}}}
spec: {{containers: [{{name: main, image: 'a:1'}}]}}
status: {{phase: Running, conditions: [{{type: Ready, status: '{1}'}}]}}
---
"""


def test_a_pod_that_is_not_ready_is_no_loss_and_no_comfort() -> None:
    pods = "".join(POD.format(number, ready) for number, ready in enumerate(("True", "False", "False", "False")))
    cluster = from_manifests(NAMESPACE, GATEWAY, pods, SERVICE.format("web", "{app: web}"), ROUTE.format("a", backend("web")))
    assert told(f"mode: one, {WEB}", cluster).endswith("1 of 4 pods (25%), 1 Service, 1 route loses all of its endpoints")


def warned(spec: str, cluster: Topology | None) -> list[Finding]:
    return [one for one in reviewed(CHAOS % spec, cluster).findings if one.rule == "policy/takes-all"]


@pytest.mark.parametrize(
    ("spec", "known", "alone"),
    [
        (f"mode: all, {WEB}", True, True),
        (f"mode: fixed-percent, value: '100', {WEB}", True, True),
        (f"mode: fixed-percent, value: '99', {WEB}", False, False),
        ("mode: all, selector: {pods: {shop: [web-0]}}", False, True),
        ("mode: all, selector: {pods: {shop: [web-0, db-0, other-0, other-1]}}", True, True),
    ],
)
def test_taking_all_is_a_warning_where_nobody_of_a_workload_stays(spec: str, known: bool, alone: bool) -> None:
    assert (bool(warned(spec, shop())), bool(warned(spec, None))) == (known, alone)


def test_whether_an_engine_is_installed_is_not_known_from_manifests() -> None:
    """They lie beside the manifests of nobody's service; a definition among them says that those were saved too."""
    found = [one for one in reviewed(CHAOS % f"mode: one, {WEB}", shop()).findings if one.rule == "reference/engine-not-installed"]
    assert [one.severity for one in found] == ["skipped"]
    found = [
        one for one in reviewed(CHAOS % f"mode: one, {WEB}", shop(DEFINITION)).findings if one.rule == "reference/engine-not-installed"
    ]
    assert [one.severity for one in found] == ["error"]
