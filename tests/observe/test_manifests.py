"""What is kept of an object, what is never kept, and what is said about the rest."""

import msgspec
import pytest

from aichaos.domain.base import ObjectRef
from aichaos.observe.manifests import objects
from tests.observe.clusters import Manifest, deployment, route, service, snapshot_of, thing


def encoded(*manifests: Manifest) -> bytes:
    return msgspec.json.encode(snapshot_of(*manifests))


def test_a_secret_keeps_only_its_name_and_type() -> None:
    secret = thing("Secret", "login", labels={"team": "blue"}, annotations={"last-applied": "hunter1"})
    text = encoded(secret | {"type": "kubernetes.io/tls", "data": {"key": "aHVudGVyMg=="}, "stringData": {"plain": "hunter3"}})
    assert b"login" in text
    assert b"kubernetes.io/tls" in text
    for value in (b"aHVudGVyMg", b"hunter", b"stringData", b"plain"):
        assert value not in text


def test_a_config_map_keeps_only_its_keys() -> None:
    settings = thing("ConfigMap", "settings") | {"data": {"colour": "hunter2"}, "binaryData": {"blob": "aHVudGVyMg=="}}
    (kept,) = snapshot_of(settings).config_maps
    assert kept.keys == ("blob", "colour")
    assert b"hunter2" not in encoded(settings)
    assert b"aHVudGVyMg" not in encoded(settings)


def test_no_environment_variable_of_a_container_is_kept() -> None:
    made = deployment()
    made["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "PASSWORD", "value": "hunter2"}]
    assert b"hunter2" not in encoded(made)
    assert b"PASSWORD" not in encoded(made)


def test_annotations_are_kept_only_where_an_experiment_may_have_to_bring_them_back() -> None:
    assert b"hunter2" in encoded(route(annotations={"note": "hunter2"}))
    assert b"hunter2" not in encoded(thing("Service", "web", annotations={"note": "hunter2"}))


def test_an_object_that_cannot_be_read_is_a_gap_and_the_others_are_read() -> None:
    broken = thing("Service", "broken", {"ports": "8080"})
    seen = snapshot_of(broken, service("web"))
    assert [one.name for one in seen.services] == ["web"]
    (gap,) = seen.gaps
    assert (gap.kind, gap.reason) == ("Service", "unreadable")
    assert gap.detail.startswith("Service/shop/broken: Expected `array`, got `str`")


@pytest.mark.parametrize("kind", ["Secret", "ConfigMap", "Pod"])
def test_an_object_without_metadata_is_a_gap(kind: str) -> None:
    assert [gap.reason for gap in snapshot_of({"apiVersion": "v1", "kind": kind}).gaps] == ["unreadable"]


def test_a_field_that_is_null_is_a_field_left_out() -> None:
    empty = route("web", {"matches": None, "backendRefs": [{"name": "web", "port": 8080, "weight": None}]}, hostnames=None)
    assert snapshot_of(empty).http_routes == snapshot_of(route("web", {"backendRefs": [{"name": "web", "port": 8080}]})).http_routes
    assert snapshot_of(empty).gaps == ()


def test_the_last_of_two_objects_of_one_name_counts() -> None:
    assert [one.spec.replicas for one in snapshot_of(deployment(replicas=1), deployment(replicas=5)).deployments] == [5]


def test_an_object_of_a_kind_that_nobody_asks_about_is_only_known_by_name() -> None:
    seen = snapshot_of(thing("ReplicaSet", "web-1", {"replicas": 1}, version="apps/v1"))
    assert seen.others == [ObjectRef("ReplicaSet", "web-1", "shop")]


def test_a_kind_of_another_group_is_not_ours() -> None:
    knative = thing("Service", "web", version="serving.knative.dev/v1")
    assert snapshot_of(knative).services == []
    assert snapshot_of(knative).others == [ObjectRef("Service", "web", "shop")]


def test_the_version_in_which_a_kind_was_written_is_kept() -> None:
    old = route() | {"apiVersion": "gateway.networking.k8s.io/v1beta1"}
    assert snapshot_of(old).versions == {"HTTPRoute": "v1beta1"}
    assert snapshot_of(route()).versions == {}


def test_of_two_versions_of_a_kind_the_order_does_not_decide() -> None:
    made = [thing("TLSRoute", name, {}, version=f"gateway.networking.k8s.io/{name}") for name in ("v1alpha2", "v1alpha3", "v1")]
    assert snapshot_of(*made).versions == snapshot_of(*reversed(made)).versions


def test_lists_are_opened_however_they_are_nested() -> None:
    pod = {"metadata": {"name": "a"}}
    inner = {"apiVersion": "v1", "kind": "PodList", "items": [pod]}
    found = list(objects([[{"apiVersion": "v1", "kind": "List", "items": [inner]}]]))
    assert found == [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}]


def definition(group: str, kind: str, *versions: str) -> Manifest:
    spec = {"group": group, "names": {"kind": kind}, "versions": [{"name": version} for version in versions]}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "x"}, "spec": spec}


def controller(image: str) -> Manifest:
    made = deployment("controller")
    made["spec"]["template"]["spec"]["containers"][0]["image"] = image
    return made


def test_an_engine_is_known_by_its_definitions() -> None:
    (engine,) = snapshot_of(definition("chaos-mesh.org", "PodChaos", "v1alpha1"), definition("example.com", "Other", "v9")).engines
    assert (engine.name, engine.kinds, engine.versions, engine.release) == ("chaos-mesh", ("PodChaos",), ("v1alpha1",), None)


def test_an_engine_is_known_by_its_objects() -> None:
    (engine,) = snapshot_of(thing("ChaosExperiment", "pod-delete", version="litmuschaos.io/v1alpha1")).engines
    assert (engine.name, engine.kinds) == ("litmus", ("ChaosExperiment",))


@pytest.mark.parametrize(
    ("image", "name", "release"),
    [
        ("ghcr.io/chaos-mesh/chaos-mesh:v2.8.0", "chaos-mesh", "2.8.0"),
        ("litmuschaos.docker.scarf.sh/litmuschaos/chaos-operator:3.12.0", "litmus", "3.12.0"),
        ("registry:5000/litmuschaos/chaos-operator:3.1.0@sha256:00ff", "litmus", "3.1.0"),
    ],
)
def test_an_engine_is_known_by_its_controller_and_its_release_by_the_tag(image: str, name: str, release: str) -> None:
    (engine,) = snapshot_of(controller(image)).engines
    assert (engine.name, engine.release) == (name, release)


@pytest.mark.parametrize("image", ["example.com/chaos-mesh-exporter:1", "nginx", "", "chaos-mesh.example.com/web:1"])
def test_no_engine_is_seen_where_there_is_none(image: str) -> None:
    assert snapshot_of(controller(image)).engines == ()
