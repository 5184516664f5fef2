"""`--from`: whatever form a cluster comes in, it is the same cluster; and what can't be read is said with its place."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.domain.base import Wire
from aichaos.domain.kinds import KINDS
from aichaos.domain.snapshot import Snapshot
from aichaos.errors import AichaosError, FileError, SyntaxProblem, TooLargeError, UsageError
from aichaos.files import yaml
from aichaos.files.save import marked
from aichaos.files.scalars import resolve
from aichaos.observe import manifests
from aichaos.observe.source import Choice, take
from tests.observe.clusters import (
    DEMOS,
    PATIENT,
    SHOP,
    as_json,
    as_list,
    as_yaml,
    demo_objects,
    deployment,
    namespace,
    pod,
    route,
    service,
    snapshot_of,
    stand_in,
    thing,
    without_source,
    written,
)

POD = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}'


def read(origin: str, *namespaces: str) -> Snapshot:
    return take(Choice(origin=origin, namespaces=namespaces))


def forms(folder: Path, name: str) -> dict[str, str]:
    """One cluster in every form that a file or a folder may have."""
    objects = demo_objects(name)
    seen = read(f"demo:{name}")
    for number, one in enumerate(reversed(objects)):
        suffix = ("yaml", "yml", "json")[number % 3]
        written(folder, f"folder/{number % 7}/{number}.{suffix}", json.dumps(one) if suffix == "json" else yaml.dump(one))
    return {
        "documents": written(folder, "documents.yaml", as_yaml(objects)),
        "a List": written(folder, "list.yaml", yaml.dump(as_list(objects))),
        "JSON": written(folder, "list.json", as_json(objects)),
        "a JSON array": written(folder, "array.json", json.dumps(objects)),
        "JSON after a byte order mark": written(folder, "mark.json", "\ufeff" + as_json(objects)),
        "UTF-16": written(folder, "utf-16.yaml", as_yaml(objects).encode("utf-16")),
        "a folder": str(folder / "folder"),
        "a saved snapshot": written(folder, "snapshot.json", msgspec.json.encode(seen)),
        "a saved snapshot, indented": written(folder, "pretty.json", msgspec.json.format(msgspec.json.encode(seen))),
    }


@pytest.mark.parametrize("name", ["route-chaos", "production"])
def test_a_cluster_is_the_same_in_every_form(name: str, tmp_path: Path) -> None:
    known = read(f"demo:{name}")
    for form, origin in forms(tmp_path, name).items():
        seen = read(origin)
        assert without_source(seen) == without_source(known), form
        assert seen.digest() == known.digest(), form


def test_a_cluster_has_the_same_digest_whatever_was_read_before() -> None:
    """What is a type's default is left out when it is written, and the encoder knows it by its identity: a text that was kept from
    before, and happened to be the very object that is the default, would change the digest of a cluster."""
    known = read("demo:route-chaos").digest()
    for number in range(10_000):  # more than are kept
        resolve(f"other-{number}")
    for one in subclasses(Wire):
        for field in msgspec.structs.fields(one):
            if isinstance(field.default, str):
                resolve(field.default)
    assert read("demo:route-chaos").digest() == known


def subclasses(of: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for one in of.__subclasses__():
        yield one
        yield from subclasses(one)


@pytest.mark.parametrize("form", [as_yaml, as_json], ids=["YAML", "JSON"])
def test_a_cluster_is_the_same_on_standard_input(form: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert callable(form)
    stand_in(monkeypatch, form(demo_objects("route-chaos")).encode())
    seen = read("-")
    assert without_source(seen) == without_source(read("demo:route-chaos"))
    assert seen.source.cluster == "standard input"


def test_a_saved_snapshot_is_the_same_on_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, msgspec.json.encode(read("demo:service-a")))
    assert read("-").digest() == read("demo:service-a").digest()


@pytest.mark.parametrize("name", DEMOS)
def test_a_snapshot_survives_being_saved(name: str) -> None:
    seen = read(f"demo:{name}")
    assert msgspec.json.decode(msgspec.json.encode(seen), type=Snapshot) == seen


def test_the_digest_tells_one_object_more() -> None:
    assert snapshot_of(*SHOP).digest() != snapshot_of(*SHOP, pod("a")).digest()


def test_the_digest_tells_a_changed_object() -> None:
    assert snapshot_of(deployment(replicas=2)).digest() != snapshot_of(deployment(replicas=3)).digest()


def test_the_digest_does_not_tell_where_and_when_a_cluster_was_seen() -> None:
    seen = snapshot_of(*SHOP)
    source = msgspec.structs.replace(seen.source, kind="live", cluster="elsewhere", taken="2024-11-12T14:00:00Z")
    assert msgspec.structs.replace(seen, source=source).digest() == seen.digest()


def test_the_namespaces_that_are_asked_for_are_kept_and_no_others() -> None:
    seen = read("demo:service-a", "gateways")
    kept = {obj.namespace for kind in KINDS if kind.namespaced for obj in seen.of(kind.name)}
    assert kept == {"gateways"}
    assert [one.name for one in seen.namespaces] == ["gateways"]
    assert {ref.namespace for ref in seen.others} <= {"gateways", ""}
    assert len(seen.nodes) == 10, "what is in no namespace stays"
    assert seen.source.namespaces == ("gateways",)


def test_secrets_of_other_namespaces_are_left_out(tmp_path: Path) -> None:
    secrets = [thing("Secret", "mine"), thing("Secret", "theirs", namespace="other")]
    seen = read(written(tmp_path, "a.yaml", as_yaml(secrets)), "shop")
    assert [secret.name for secret in seen.secrets] == ["mine"]


def test_a_saved_snapshot_is_narrowed_too(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", msgspec.json.encode(read("demo:service-a")))
    assert without_source(read(path, "gateways")) == without_source(read("demo:service-a", "gateways"))


def test_an_object_without_a_namespace_is_where_the_user_is(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", POD)
    assert [one.namespace for one in read(path).pods] == ["default"]
    assert [one.namespace for one in read(path, "shop").pods] == ["shop"]


def test_manifests_without_pods_get_those_that_they_declare_and_say_so(tmp_path: Path) -> None:
    seen = read(written(tmp_path, "a.yaml", as_yaml([service(), deployment(replicas=3)])))
    assert [one.name for one in seen.pods] == ["web-0", "web-1", "web-2"]
    assert len(seen.endpoint_slices[0].endpoints or ()) == 3
    (gap,) = seen.gaps
    assert (gap.kind, gap.reason) == ("Pod", "assumed")
    assert gap.detail.startswith("3 pods are assumed")


def test_manifests_with_a_pod_are_taken_at_their_word(tmp_path: Path) -> None:
    seen = read(written(tmp_path, "a.yaml", as_yaml([deployment(replicas=3), pod("only")])))
    assert [one.name for one in seen.pods] == ["only"]
    assert seen.gaps == ()


def test_any_number_of_replicas_may_be_written_down(tmp_path: Path) -> None:
    seen = read(written(tmp_path, "a.yaml", as_yaml([deployment(replicas=10**12)])))
    assert 0 < len(seen.pods) <= manifests.MAX_PODS


def test_all_workloads_together_get_no_more_pods_than_a_cluster_can_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifests, "MAX_PODS", 10)
    seen = read(written(tmp_path, "a.yaml", as_yaml([deployment("a", 7), deployment("b", 7)])))
    assert len(seen.pods) == 10


def problem(origin: str) -> AichaosError:
    with pytest.raises(AichaosError) as caught:
        read(origin)
    assert "\n" not in str(caught.value)
    assert caught.value.hint or isinstance(caught.value, SyntaxProblem)
    return caught.value


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("kind: Pod\nmetadata: {name: a\n---\n", 3, 1, "flow mapping"),
        ("kind: Pod\n\tname: a\n", 2, 1, "tab character"),
        ("kind: Pod\nmetadata:\n  name: a\n  name: b\n", 4, 3, "the key /metadata/name is already set"),
        ('{"kind": "Pod",\n "metadata": {"name": }}x', 2, 25, "did not find expected"),
        ("a: 1\nb: \x01\n", 2, 4, "U+0001 may not stand in YAML"),
        ("a: *nobody\n", 1, 4, "has no anchor"),
    ],
)
def test_what_is_no_yaml_is_said_with_file_line_and_column(text: str, line: int, column: int, said: str, tmp_path: Path) -> None:
    path = written(tmp_path, "broken.yaml", text)
    error = problem(path)
    assert isinstance(error, SyntaxProblem)
    assert said in error.problem
    assert str(error).startswith(f"{path}:{line}:"), error
    assert column - 1 <= error.column <= column + 1


def test_the_broken_file_of_a_folder_is_named(tmp_path: Path) -> None:
    written(tmp_path, "a.yaml", POD)
    broken = written(tmp_path, "b/broken.yaml", "kind: [")
    assert str(problem(str(tmp_path))).startswith(f"{broken}:2:1: ")


@pytest.mark.parametrize(
    "data", [b"\x7fELF\x02\x01\x01\x00\xff\xfe", b"\x89PNG\r\n\x1a\n\x00", b"\xff\xfe\x00", b'{"a": "\xff"}', bytes(range(256))]
)
def test_a_binary_file_is_an_error_with_a_place(data: bytes, tmp_path: Path) -> None:
    assert isinstance(problem(written(tmp_path, "a.yaml", data)), SyntaxProblem)


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "---\n---\n", "just words\n", "[]", "{}", "a: 1\n", "- a\n- b\n", "null"])
def test_a_file_without_a_kubernetes_object_is_an_error(text: str, tmp_path: Path) -> None:
    error = problem(written(tmp_path, "a.yaml", text))
    assert "no Kubernetes object" in str(error)
    assert "apiVersion and kind" in error.hint


def test_a_folder_without_a_manifest_is_an_error(tmp_path: Path) -> None:
    written(tmp_path, "README.md", "# nothing here")
    written(tmp_path, ".hidden/a.yaml", POD)
    assert "no YAML or JSON file" in str(problem(str(tmp_path)))


def test_a_folder_named_like_a_file_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "old.yaml").mkdir()
    written(tmp_path, "a.yaml", POD)
    assert read(str(tmp_path)).counts() == {"Pod": 1}


def test_an_unknown_demo_lists_those_that_there_are() -> None:
    error = problem("demo:nothing")
    assert isinstance(error, FileError)
    for name in DEMOS:
        assert f"demo:{name}" in error.hint


def test_a_demo_cannot_be_a_path() -> None:
    assert "no demo is called" in str(problem("demo:../demos/route-chaos"))


def test_a_file_that_is_not_there_is_an_error_that_names_the_sources() -> None:
    error = problem("nowhere.yaml")
    assert "nowhere.yaml" in str(error)
    assert "demo:route-chaos" in error.hint


def test_yaml_beyond_its_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifests, "MAX_YAML_BYTES", 50)
    path = written(tmp_path, "a.yaml", as_yaml([pod("a")]))
    assert isinstance(problem(path), TooLargeError)


def test_json_may_be_larger_than_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifests, "MAX_YAML_BYTES", 50)
    assert read(written(tmp_path, "a.json", POD)).counts() == {"Pod": 1}


def test_large_json_that_is_broken_is_not_read_as_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifests, "MAX_YAML_BYTES", 50)
    assert "not valid JSON" in str(problem(written(tmp_path, "a.json", POD[:-1])))


@pytest.mark.parametrize("origin", ["file", "-"])
def test_a_source_beyond_the_limit_is_refused(origin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifests, "MAX_JSON_BYTES", 10)
    stand_in(monkeypatch, POD.encode())
    error = problem("-" if origin == "-" else written(tmp_path, "a.json", POD))
    assert isinstance(error, TooLargeError)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": ' * 100_000, '{"a": ' + "[" * 100_000])
def test_deep_nesting_is_an_error_with_a_place(text: str, tmp_path: Path) -> None:
    error = problem(written(tmp_path, "a.json", text))
    assert isinstance(error, SyntaxProblem)
    assert "levels deep" in error.problem


@pytest.mark.parametrize("body", [{}, {"source": {}}, {"source": {"kind": "live", "cluster": "a"}, "pods": [{}]}, {"source": 1}])
def test_a_snapshot_that_cannot_be_read_says_so(body: dict[str, object], tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", json.dumps({"kind": "Snapshot", "apiVersion": "aichaos/v1"} | body))
    assert "is a snapshot that this version cannot read" in str(problem(path))


def test_a_snapshot_with_broken_text_in_it_says_so(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", b'{"kind": "Snapshot", "source": {"kind": "live", "cluster": "\xff"}}')
    assert "is a snapshot that this version cannot read" in str(problem(path))


def test_a_snapshot_of_somebody_else_is_an_object_like_any_other(tmp_path: Path) -> None:
    volume = {"apiVersion": "longhorn.io/v1beta2", "kind": "Snapshot", "metadata": {"name": "disk", "namespace": "storage"}}
    assert [str(ref) for ref in read(written(tmp_path, "a.json", json.dumps(volume))).others] == ["Snapshot/storage/disk"]


@PATIENT
@given(st.binary(max_size=200))
def test_any_bytes_are_documents_or_an_error_of_ours(data: bytes) -> None:
    with suppress(FileError):
        assert isinstance(manifests.decode(data, "a.yaml"), list)


HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["Pod", "v1", "List", "a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["kind", "apiVersion", "metadata", "name", "items", "spec", "labels", "data"]), inner, max_size=5)
    ),
    max_leaves=15,
)
KIND_NAMES = st.sampled_from(["List", "PodList", "Secret", "CustomResourceDefinition", *(kind.name for kind in KINDS)])
VERSIONS = st.sampled_from(sorted({"v1", "apiextensions.k8s.io/v1", *(kind.api_version() for kind in KINDS)}))


@PATIENT
@given(
    st.lists(
        HOSTILE
        | st.builds(
            lambda kind, version, body: {"kind": kind, "apiVersion": version, "metadata": {"name": "a"}, "spec": body},
            KIND_NAMES,
            VERSIONS,
            HOSTILE,
        )
    )
)
def test_any_documents_become_a_snapshot(documents: list[object]) -> None:
    seen = snapshot_of(*manifests.objects(documents))
    manifests.assume(seen).digest()


@PATIENT
@given(st.permutations([*demo_objects("route-chaos"), namespace("a", x="y"), route("z")]))
def test_the_order_of_objects_never_matters(objects: list[dict[str, object]]) -> None:
    known = snapshot_of(*demo_objects("route-chaos"), namespace("a", x="y"), route("z"))
    assert snapshot_of(*objects) == known


def test_a_namespace_keeps_the_gateways_that_its_routes_refer_to() -> None:
    seen = take(Choice(origin="demo:service-a", namespaces=("service-a-namespace",)))
    assert [gateway.namespace for gateway in seen.gateways] == ["gateways"]
    assert {service.namespace for service in seen.services} == {"service-a-namespace"}


def test_endpoints_that_were_left_out_are_assumed_from_the_pods_and_said(tmp_path: Path) -> None:
    whole = take(Choice(origin="demo:route-chaos"))
    kept = [one for one in yaml.load(manifests.demo_path("route-chaos").read_text("utf-8"), "demo") if one["kind"] != "EndpointSlice"]
    (tmp_path / "some.yaml").write_text("---\n".join(yaml.dump(one) for one in kept), encoding="utf-8")
    seen = take(Choice(origin=str(tmp_path / "some.yaml")))
    assert [(gap.kind, gap.reason) for gap in seen.gaps] == [("EndpointSlice", "assumed")]
    ready = {one.service_name: len(one.endpoints or ()) for one in seen.endpoint_slices}
    assert ready == {one.service_name: len(one.endpoints or ()) for one in whole.endpoint_slices}


def test_what_we_saved_ourselves_is_no_part_of_a_folder_s_cluster(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(manifests.demo_path("route-chaos").read_text("utf-8"), encoding="utf-8")
    before = take(Choice(origin=str(tmp_path)))
    (tmp_path / "rival.yaml").write_text(marked("{apiVersion: v1, kind: Service, metadata: {name: rival, namespace: route-chaos}}\n"))
    assert take(Choice(origin=str(tmp_path))).counts() == before.counts()


def test_a_namespace_that_is_not_in_the_source_is_wrong_use_and_names_those_that_are() -> None:
    with pytest.raises(UsageError, match="nosuch") as caught:
        take(Choice(origin="demo:route-chaos", namespaces=("route-chaos", "nosuch")))
    assert "route-chaos" in caught.value.hint
