"""A live cluster becomes a Snapshot, and what could not be read becomes a Gap that says why."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aichaos.cluster import reader
from aichaos.cluster.connection import connect
from aichaos.cluster.reader import Forbidden, Patience, Reader
from aichaos.domain.access import ConfigMap
from aichaos.domain.kinds import BY_NAME, KINDS
from aichaos.domain.snapshot import Gap, Snapshot
from aichaos.errors import ServerError, UnauthorizedError, UnreachableError, UsageError
from aichaos.observe import cluster
from aichaos.observe.cluster import observe
from tests.cluster.misbehaving import Answer, Misbehaving, Request, as_json, discovery, misbehaving, page, path_of, status

QUICK = Patience(total=20.0)
"""Long enough for a busy machine; nothing here waits it out."""


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def server() -> Iterator[Misbehaving]:
    with misbehaving() as running:
        running.serve_cluster()
        yield running


def seen(server: Misbehaving, folder: Path, *namespaces: str, at: str | None = None) -> Snapshot:
    return observe(kubeconfig=server.kubeconfig(folder, namespace=at), namespaces=namespaces or None, patience=QUICK)


def named(name: str, namespace: str = "shop", **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace} | more.pop("metadata", {})} | more


def path(kind: str, namespace: str = "") -> str:
    return path_of(BY_NAME[kind], namespace)


FORBIDDEN = 'pods is forbidden: User "anna" cannot list resource "pods" in API group "" at the cluster scope'


# --- what is read


def test_every_kind_is_read_once_with_two_requests_for_what_is_served(server: Misbehaving, tmp_path: Path) -> None:
    snapshot = seen(server, tmp_path)
    assert snapshot.gaps == ()
    assert snapshot.counts() == {}
    assert sorted(request.path for request in server.requests) == sorted(["/api", "/apis", *(path_of(kind) for kind in KINDS)])


def test_lists_are_in_the_order_of_namespace_and_name(server: Misbehaving, tmp_path: Path) -> None:
    """A server sorts by `namespace/name`, in which `a-b/x` comes before `a/x`."""
    server.on(path("Pod"), page([named("x", "a-b"), named("z", "a"), named("b", "a")]))
    snapshot = seen(server, tmp_path)
    assert [(pod.namespace, pod.name) for pod in snapshot.pods] == [("a", "b"), ("a", "z"), ("a-b", "x")]


def test_the_source_says_which_cluster_and_when_by_its_own_clock(server: Misbehaving, tmp_path: Path) -> None:
    server.on("/api", as_json(discovery([kind for kind in KINDS if not kind.group]), Date="Mon, 04 May 2026 08:00:07 GMT"))
    source = seen(server, tmp_path).source
    assert (source.kind, source.cluster, source.namespaces) == ("live", "testing", ())
    assert source.taken == "2026-05-04T08:00:07Z"


def test_the_first_version_that_is_served_is_read_and_told(server: Misbehaving, tmp_path: Path) -> None:
    kinds = [kind for kind in KINDS if kind.group]
    server.on("/apis", as_json(discovery(kinds, {"HTTPRoute": "v1beta1", "HorizontalPodAutoscaler": "v1"})))
    server.on("/apis/gateway.networking.k8s.io/v1beta1/httproutes", page([named("old")]))
    hpa = named(
        "web", spec={"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 3, "targetCPUUtilizationPercentage": 80}
    )
    server.on("/apis/autoscaling/v1/horizontalpodautoscalers", page([hpa]))
    snapshot = seen(server, tmp_path)
    assert [route.name for route in snapshot.http_routes] == ["old"]
    assert snapshot.autoscalers[0].spec.max_replicas == 3
    assert snapshot.versions == {"HTTPRoute": "gateway.networking.k8s.io/v1beta1", "HorizontalPodAutoscaler": "autoscaling/v1"}


def test_large_lists_come_in_pages(server: Misbehaving, tmp_path: Path) -> None:
    server.on(path("Pod"), page([named("a")], "next"), page([named("b")]))
    assert [pod.name for pod in seen(server, tmp_path).pods] == ["a", "b"]
    assert [request.query.get("continue") for request in server.asked(path("Pod"))] == [None, "next"]


def test_of_config_maps_only_the_names_of_keys_are_kept(server: Misbehaving, tmp_path: Path) -> None:
    server.on(path("ConfigMap"), page([named("settings", data={"b": "sesame", "a": "open"}, binaryData={"c": "AA=="}), named("empty")]))
    maps = seen(server, tmp_path).config_maps
    assert [type(each) for each in maps] == [ConfigMap, ConfigMap]
    assert [each.keys for each in maps] == [(), ("a", "b", "c")]
    assert "sesame" not in repr(maps)


# --- namespaces


def test_some_namespaces_are_read_one_by_one_and_the_cluster_whole(server: Misbehaving, tmp_path: Path) -> None:
    server.on(path("Namespace"), page([{"metadata": {"name": name}} for name in ("a", "b", "c")]))
    server.on(path("Node"), page([{"metadata": {"name": "n1"}}]))
    for kind in KINDS:
        for namespace in ("a", "b"):
            server.on(path_of(kind, namespace), page([]))
    server.on(path("Pod", "a"), page([named("in-a", "a")]))
    server.on(path("Pod", "b"), page([named("in-b", "b")]))
    snapshot = seen(server, tmp_path, "b", "a", "b")
    assert [pod.name for pod in snapshot.pods] == ["in-a", "in-b"]
    assert [node.name for node in snapshot.nodes] == ["n1"]
    assert [namespace.name for namespace in snapshot.namespaces] == ["a", "b", "c"]
    assert snapshot.source.namespaces == ("b", "a", "b")
    assert snapshot.gaps == ()
    assert server.asked(path("Pod")) == []
    assert len(server.asked(path("Pod", "b"))) == 1


def test_a_namespace_that_does_not_exist_is_wrong_use(server: Misbehaving, tmp_path: Path) -> None:
    """Its lists would be empty, and everything would look fine."""
    server.on(path("Namespace"), page([{"metadata": {"name": name}} for name in ("shop", "shipping", "billing")]))
    with pytest.raises(UsageError, match="no namespace 'shopp'") as caught:
        seen(server, tmp_path, "shopp")
    assert "shop" in caught.value.hint


def test_the_named_namespaces_are_asked_for_where_they_may_not_be_listed(server: Misbehaving, tmp_path: Path) -> None:
    server.on(path("Namespace"), status(403, "namespaces is forbidden"))
    server.on("/api/v1/namespaces/shop", as_json({"kind": "Namespace", "metadata": {"name": "shop", "labels": {"team": "a"}}}))
    server.on(path("Pod", "shop"), page([named("web")]))
    snapshot = seen(server, tmp_path, "shop")
    assert [namespace.name for namespace in snapshot.namespaces] == ["shop"]
    gap = snapshot.unread("Namespace")
    assert gap is not None
    assert gap.reason == "forbidden"


def test_a_named_namespace_that_does_not_exist_is_wrong_use_then_too(server: Misbehaving, tmp_path: Path) -> None:
    server.on(path("Namespace"), status(403, "namespaces is forbidden"))
    with pytest.raises(UsageError, match="no namespace 'elsewhere'"):
        seen(server, tmp_path, "elsewhere")


def test_who_may_not_even_look_at_the_named_namespace_reads_what_is_in_it(server: Misbehaving, tmp_path: Path) -> None:
    server.on(path("Namespace"), status(403, "namespaces is forbidden"))
    server.on("/api/v1/namespaces/shop", status(403, "namespaces is forbidden"))
    server.on(path("Pod", "shop"), page([named("web")]))
    snapshot = seen(server, tmp_path, "shop")
    assert snapshot.counts() == {"Pod": 1}
    assert snapshot.unread("Namespace") is not None


def test_a_name_that_could_be_a_path_is_quoted(server: Misbehaving, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        seen(server, tmp_path, "../nodes")
    assert not [request.path for request in server.requests if "/../" in request.path]


# --- gaps


def test_kinds_that_are_not_served_are_absent(server: Misbehaving, tmp_path: Path) -> None:
    server.serve_cluster(without=("HTTPRoute", "ChaosExperiment"))
    snapshot = seen(server, tmp_path)
    assert [(gap.kind, gap.reason) for gap in snapshot.gaps] == [("HTTPRoute", "absent"), ("ChaosExperiment", "absent")]
    assert snapshot.gaps[0].detail == "the server has no httproutes of gateway.networking.k8s.io"
    assert snapshot.unread("HTTPRoute") is None


def test_a_cluster_without_the_gateway_api_is_read(server: Misbehaving, tmp_path: Path) -> None:
    optional = tuple(kind.name for kind in KINDS if kind.optional)
    server.serve_cluster({"Pod": [named("web")]}, without=optional)
    snapshot = seen(server, tmp_path)
    assert {gap.kind for gap in snapshot.gaps} == set(optional)
    assert snapshot.counts() == {"Pod": 1}


def test_a_kind_in_a_version_that_we_do_not_know_is_unreadable_and_not_absent(server: Misbehaving, tmp_path: Path) -> None:
    server.on("/apis", as_json(discovery([kind for kind in KINDS if kind.group], {"HTTPRoute": "v9"})))
    (gap,) = seen(server, tmp_path).gaps
    assert gap == Gap(kind="HTTPRoute", reason="unreadable", detail="served only as v9")


def test_a_kind_that_may_not_be_read_is_forbidden_in_the_words_of_the_server(server: Misbehaving, tmp_path: Path) -> None:
    server.on(path("Pod"), status(403, FORBIDDEN))
    server.on(path("Service"), page([named("web")]))
    snapshot = seen(server, tmp_path)
    assert snapshot.gaps == (Gap(kind="Pod", reason="forbidden", detail=FORBIDDEN),)
    assert snapshot.unread("Pod") is not None
    assert len(snapshot.services) == 1


def test_who_may_not_list_the_cluster_is_told_to_try_the_namespace_of_the_context(server: Misbehaving, tmp_path: Path) -> None:
    server.on(path("Pod"), status(403, FORBIDDEN))
    server.on(path("Node"), status(403, "nodes is forbidden"))
    details = {gap.kind: gap.detail for gap in seen(server, tmp_path, at="shop").gaps}
    assert details == {"Pod": f"{FORBIDDEN} (read one namespace with -n shop)", "Node": "nodes is forbidden"}


def test_a_kind_that_fails_leaves_the_others(server: Misbehaving, tmp_path: Path) -> None:
    server.on(path("Pod"), Answer(200, b"{", {"Content-Type": "application/json"}))
    server.on(path("Service"), page([named("web")]))
    snapshot = seen(server, tmp_path)
    assert [(gap.kind, gap.reason) for gap in snapshot.gaps] == [("Pod", "failed")]
    assert "not the JSON" in snapshot.gaps[0].detail
    assert len(snapshot.services) == 1


def test_an_object_that_cannot_be_read_leaves_the_others_of_its_kind(server: Misbehaving, tmp_path: Path) -> None:
    server.on(path("Service"), page([named("good"), named("bad", spec={"ports": "none"})]))
    snapshot = seen(server, tmp_path)
    assert [service.name for service in snapshot.services] == ["good"]
    (gap,) = snapshot.gaps
    assert (gap.kind, gap.reason) == ("Service", "unreadable")
    assert gap.detail.startswith("shop/bad: ")


def test_a_config_map_that_cannot_be_read_leaves_the_others(server: Misbehaving, tmp_path: Path) -> None:
    server.on(
        path("ConfigMap"), page([named("good", data={"a": "sesame"}), named("bad", data=7), named("none", data=None, immutable=True)])
    )
    snapshot = seen(server, tmp_path)
    assert [(each.name, each.keys) for each in snapshot.config_maps] == [("good", ("a",)), ("none", ())]
    assert [gap.kind for gap in snapshot.gaps] == ["ConfigMap"]


def test_of_many_unreadable_objects_some_are_named_and_the_rest_counted(server: Misbehaving, tmp_path: Path) -> None:
    server.on(path("Service"), page([named(f"bad-{n}", spec=7) for n in range(9)]))
    (gap,) = seen(server, tmp_path).gaps
    assert gap.detail.endswith("; and 4 more")


@pytest.mark.parametrize(
    ("kind", "obj"),
    [
        ("Role", {"rules": None}),
        ("ClusterRole", {"rules": None}),
        ("RoleBinding", {"roleRef": {"kind": "Role", "name": "r"}, "subjects": None}),
        ("ClusterRoleBinding", {"roleRef": {"kind": "ClusterRole", "name": "r"}}),
        ("EndpointSlice", {"addressType": "IPv4", "endpoints": None, "ports": None}),
        (
            "EndpointSlice",
            {"addressType": "IPv4", "endpoints": [{"addresses": None, "conditions": {}}], "ports": [{"name": "", "port": None}]},
        ),
        ("Deployment", {"spec": {"selector": {}, "template": {"metadata": {"creationTimestamp": None}, "spec": {"containers": None}}}}),
        ("Pod", {"spec": {"containers": []}, "status": {}}),
        ("NetworkPolicy", {"spec": {"podSelector": {}, "ingress": [{}], "egress": None, "policyTypes": ["Ingress"]}}),
        ("PodDisruptionBudget", {"spec": {"selector": None, "minAvailable": "50%"}}),
        ("ServiceAccount", {"secrets": None}),
        ("Namespace", {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}),
    ],
)
def test_what_a_real_server_writes_for_nothing_is_read(server: Misbehaving, tmp_path: Path, kind: str, obj: dict[str, Any]) -> None:
    server.on(path(kind), page([named("odd", **obj)]))
    snapshot = seen(server, tmp_path)
    assert snapshot.gaps == ()
    assert snapshot.counts() == {kind: 1}


# --- nothing at all


def test_who_may_read_nothing_gets_an_error_and_not_an_empty_cluster(server: Misbehaving, tmp_path: Path) -> None:
    for kind in KINDS:
        server.on(path_of(kind), status(403, FORBIDDEN))
    with pytest.raises(Forbidden, match=r"nothing of http://.* may be read: .*is forbidden") as caught:
        seen(server, tmp_path, at="shop")
    assert "-n shop" in caught.value.hint


def test_a_server_that_does_not_know_us_is_said_so(server: Misbehaving, tmp_path: Path) -> None:
    server.on("/api", status(403, 'User "system:anonymous" cannot get path "/api"'))
    with pytest.raises(UnauthorizedError, match="does not know us") as caught:
        seen(server, tmp_path)
    assert "log in" in caught.value.hint


@pytest.mark.parametrize("answer", [Answer(404, b"404 page not found"), as_json({"hello": "world"}), as_json([])])
def test_a_server_that_is_not_kubernetes_is_said_so(server: Misbehaving, tmp_path: Path, answer: Answer) -> None:
    server.on("/api", answer)
    with pytest.raises(ServerError) as caught:
        seen(server, tmp_path)
    assert server.url in str(caught.value)


def test_a_login_that_expires_meanwhile_is_an_error_of_the_whole(server: Misbehaving, tmp_path: Path) -> None:
    server.on(path("Pod"), status(401))
    with pytest.raises(UnauthorizedError):
        seen(server, tmp_path)


def test_a_server_that_dies_meanwhile_is_unreachable_and_waited_for_once(
    server: Misbehaving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Discovery is answered, and nothing after it: more lists than threads, and yet not several budgets."""
    budgets: list[tuple[str, float]] = []
    used_up = reader._used_up

    def noted(state: Any, total: float) -> bool:
        budgets.append((state.args[0], total))
        return used_up(state, total)

    monkeypatch.setattr(reader, "_used_up", noted)
    for kind in KINDS:
        server.on(path_of(kind), Answer(200, b"x" * 10, keep=0))
    with pytest.raises(UnreachableError, match="cut the connection"):
        observe(kubeconfig=server.kubeconfig(tmp_path), patience=Patience(total=1.5))
    assert 0 < len({path for path, total in budgets if total == 1.5}) <= cluster.THREADS, (
        "those that were under way when the first was lost"
    )
    assert {total for _, total in budgets} <= {1.5, 0.15}


# --- Secrets


def gateway(*references: dict[str, str], **more: Any) -> dict[str, Any]:
    listeners = [
        {"name": "https", "port": 443, "protocol": "HTTPS", "tls": {"certificateRefs": list(references)}},
        {"name": "http", "port": 80},
    ]
    return named("gw", spec={"gatewayClassName": "c", "listeners": listeners} | more)


def table(kind: str) -> Answer:
    columns = [{"name": "Name"}, {"name": "Type"}]
    return as_json({"kind": "Table", "columnDefinitions": columns, "rows": [{"cells": ["x", kind]}]})


def secret_path(namespace: str, name: str) -> str:
    return f"/api/v1/namespaces/{namespace}/secrets/{name}"


def test_only_the_secrets_that_listeners_name_are_looked_at_and_only_from_outside(server: Misbehaving, tmp_path: Path) -> None:
    references = (
        {"name": "own"},
        {"name": "theirs", "namespace": "certs", "kind": "Secret", "group": ""},
        {"name": "lost"},
        {"name": "cm", "kind": "ConfigMap"},
    )
    server.on(path("Gateway"), page([gateway(*references)]))
    set_ = named(
        "set", "more", spec={"parentRef": {"name": "gw"}, "listeners": [{"name": "a", "tls": {"certificateRefs": [{"name": "set-own"}]}}]}
    )
    server.on(path("ListenerSet"), page([set_]))
    for namespace, name in (("shop", "own"), ("certs", "theirs"), ("more", "set-own")):
        server.on(secret_path(namespace, name), table("kubernetes.io/tls"))
    snapshot = seen(server, tmp_path)
    assert [(s.namespace, s.name, s.type) for s in snapshot.secrets] == [
        ("certs", "theirs", "kubernetes.io/tls"),
        ("more", "set-own", "kubernetes.io/tls"),
        ("shop", "own", "kubernetes.io/tls"),
    ]
    assert snapshot.gaps == ()
    asked = [request for request in server.requests if "secrets" in request.path]
    assert {request.path for request in asked} == {
        secret_path(*each) for each in (("shop", "own"), ("certs", "theirs"), ("shop", "lost"), ("more", "set-own"))
    }
    assert all("as=Table" in request.headers["accept"] and request.query == {"includeObject": "None"} for request in asked)


def test_secrets_that_may_not_be_looked_at_are_a_gap(server: Misbehaving, tmp_path: Path) -> None:
    server.on(path("Gateway"), page([gateway({"name": "own"}, {"name": "other"})]))
    server.on(secret_path("shop", "own"), status(403, "secrets is forbidden"))
    server.on(secret_path("shop", "other"), table("Opaque"))
    snapshot = seen(server, tmp_path)
    assert snapshot.gaps == (Gap(kind="Secret", reason="forbidden", detail="secrets is forbidden"),)
    assert len(snapshot.secrets) == 1


# --- engines


def deployment(name: str, image: str, labels: dict[str, str] | None = None) -> dict[str, Any]:
    return named(
        name, "chaos", metadata={"labels": labels or {}}, spec={"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}
    )


def serve_engines(server: Misbehaving) -> None:
    groups = discovery([kind for kind in KINDS if kind.group and kind.name != "ChaosExperiment"])
    for group, kinds in (
        ("chaos-mesh.org", {"networkchaos": "NetworkChaos", "podchaos": "PodChaos"}),
        ("litmuschaos.io", {"chaosengines": "ChaosEngine"}),
    ):
        resources = [{"resource": plural, "responseKind": {"kind": kind}} for plural, kind in kinds.items()]
        groups["items"].append({"metadata": {"name": group}, "versions": [{"version": "v1alpha1", "resources": resources}]})
    server.on("/apis", as_json(groups))


@pytest.mark.parametrize(
    ("image", "labels", "release"),
    [
        ("ghcr.io/chaos-mesh/chaos-mesh:v2.7.2", {}, "2.7.2"),
        ("registry:5000/chaos-mesh:v2.7.2@sha256:0123", {}, "2.7.2"),
        ("ghcr.io/chaos-mesh/chaos-mesh:latest", {"app.kubernetes.io/version": "v2.8.0"}, "2.8.0"),
        ("registry:5000/chaos-mesh", {}, None),
    ],
)
def test_chaos_engines_are_known_by_what_is_served_and_their_release_by_the_controller(
    server: Misbehaving, tmp_path: Path, image: str, labels: dict[str, str], release: str | None
) -> None:
    serve_engines(server)
    server.on(
        path("Deployment"),
        page([deployment("chaos-controller-manager", image, labels), deployment("chaos-operator-ce", "litmuschaos/chaos-operator:3.19.0")]),
    )
    mesh, litmus = seen(server, tmp_path).engines
    assert (mesh.name, mesh.versions, mesh.kinds, mesh.release) == ("chaos-mesh", ("v1alpha1",), ("NetworkChaos", "PodChaos"), release)
    assert (litmus.name, litmus.kinds, litmus.release) == ("litmus", ("ChaosEngine",), "3.19.0")


def test_a_cluster_without_engines_has_none(server: Misbehaving, tmp_path: Path) -> None:
    server.serve_cluster(without=("ChaosExperiment",))
    assert seen(server, tmp_path).engines == ()


@pytest.mark.parametrize("allowed", [True, False])
def test_the_controller_is_looked_for_outside_the_namespaces_that_are_read(server: Misbehaving, tmp_path: Path, allowed: bool) -> None:
    serve_engines(server)
    server.on(path("Namespace"), page([{"metadata": {"name": "shop"}}]))

    def answer(request: Request) -> Answer:
        if not allowed:
            return status(403, "deployments is forbidden")
        wanted = request.query["fieldSelector"]
        return page(
            [deployment("chaos-controller-manager", "chaos-mesh:v2.7.2")] if wanted == "metadata.name=chaos-controller-manager" else []
        )

    server.on(path("Deployment"), answer)
    mesh = seen(server, tmp_path, "shop").engines[0]
    assert mesh.release == ("2.7.2" if allowed else None)


# --- old servers


def test_a_server_without_aggregated_discovery_is_asked_group_by_group(server: Misbehaving, tmp_path: Path) -> None:
    """Kubernetes before 1.26 answers with its older lists."""
    server.on("/api", as_json({"kind": "APIVersions", "versions": ["v1"]}))
    resources = [{"name": kind.plural, "kind": kind.name, "namespaced": True} for kind in KINDS if not kind.group]
    server.on("/api/v1", as_json({"kind": "APIResourceList", "resources": [*resources, {"name": "pods/log", "kind": "Pod"}]}))
    groups = [
        {"name": "apps", "versions": [{"groupVersion": "apps/v1", "version": "v1"}]},
        {"name": "unknown.example.com", "versions": [{"version": "v1"}]},
    ]
    server.on("/apis", as_json({"kind": "APIGroupList", "groups": groups}))
    apps = [{"name": kind.plural, "kind": kind.name} for kind in KINDS if kind.group == "apps"]
    server.on("/apis/apps/v1", as_json({"kind": "APIResourceList", "resources": apps}))
    server.on(path("Deployment"), page([named("web")]))
    snapshot = seen(server, tmp_path)
    assert [each.name for each in snapshot.deployments] == ["web"]
    assert {gap.kind for gap in snapshot.gaps} == {kind.name for kind in KINDS if kind.group not in ("", "apps")}
    assert server.asked("/apis/unknown.example.com/v1") == []


def test_a_reader_that_there_is_already_is_used_and_left_open(server: Misbehaving, tmp_path: Path) -> None:
    with connect(kubeconfig=server.kubeconfig(tmp_path)) as connection:
        open_one = Reader(connection, QUICK)
        assert cluster.look(open_one).source.cluster == "testing"
        assert cluster.look(open_one).source.cluster == "testing"


@pytest.mark.parametrize("may", [True, False])
def test_of_a_kind_that_is_wanted_from_everywhere_all_that_may_be_read_is_there(server: Misbehaving, tmp_path: Path, may: bool) -> None:
    server.on("/api/v1/namespaces", page([named("shop", ""), named("other", "")]))
    services = path("Service")
    server.on(services, page([named("web"), named("db", "other")]) if may else status(403, "services is forbidden"))
    server.on(path("Service", "shop"), page([named("web")]))
    with connect(kubeconfig=server.kubeconfig(tmp_path)) as connection:
        snapshot = cluster.look(Reader(connection, QUICK), ("shop",), ("Service",))
    assert [one.namespace for one in snapshot.services] == (["other", "shop"] if may else ["shop"])
    assert snapshot.gaps == (), "a namespace that nobody asked for is no gap"
