"""Kubernetes YAML or JSON, as it stands in files or comes out of `kubectl get -o yaml`, becomes a Snapshot."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from aichaos.domain import forms
from aichaos.domain.access import ConfigMap, Secret
from aichaos.domain.base import KubeObject, Metadata, ObjectRef, reference_of
from aichaos.domain.chaos import ENGINE_GROUPS, Engine
from aichaos.domain.definition import CustomResourceDefinition, quiet
from aichaos.domain.experiment import API_VERSION
from aichaos.domain.kinds import KINDS, Kind, kind_of
from aichaos.domain.snapshot import Gap, Snapshot, Source
from aichaos.domain.workloads import Deployment
from aichaos.errors import FileError, TooLargeError
from aichaos.files import inputs, yaml
from aichaos.observe.assume import endpoints_of, pods_of
from aichaos.observe.engines import engine_of, release_of

MAX_JSON_BYTES = 256 * 2**20
MAX_YAML_BYTES = 32 * 2**20
"""YAML is read at some 4 MB a second; JSON at several hundred."""
MAX_PODS = 150_000
"""Pods that are assumed at most: the size of the largest cluster that Kubernetes supports."""

_DEMOS = Path(__file__).parent / "demos"

Object = dict[str, Any]


def demo_names() -> list[str]:
    return sorted(path.stem for path in _DEMOS.glob("*.yaml"))


def demo_path(name: str) -> Path:
    """Where a bundled cluster lies. Raises FileError for a name that is none of them."""
    if name not in demo_names():
        known = ", ".join(f"demo:{known}" for known in demo_names())
        raise FileError(f"no demo is called {name!r}", hint=f"The bundled clusters are {known}.")
    return _DEMOS / f"{name}.yaml"


def texts(path: Path) -> Iterator[tuple[bytes, str]]:
    """Content and name of a file, or of every YAML and JSON file in a folder, in the order of names. Raises FileError."""
    for name, content in inputs.contents(path, MAX_JSON_BYTES):
        if isinstance(content, FileError):
            raise content
        yield content, name


def standard_input() -> bytes:
    return inputs.standard_input(MAX_JSON_BYTES)


def decode(data: bytes, name: str) -> Snapshot | list[Any]:
    """The documents of one file; or the Snapshot that was saved in it. Raises SyntaxProblem, TooLargeError, FileError."""
    start = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] in (b"{", b"["):
        try:
            head = forms.decode(data, _Head)
            documents = [] if head.is_ours else [msgspec.json.decode(data)]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if len(data) > MAX_YAML_BYTES:
                raise FileError(f"{name} is not valid JSON: {error}", hint="Was it cut off? Write it again.") from error
        else:
            return _saved(data, name) if head.is_ours else documents
    if len(data) > MAX_YAML_BYTES:
        raise TooLargeError(
            f"{name} is too large to be read as YAML: {len(data) / 2**20:,.0f} MiB, and {MAX_YAML_BYTES // 2**20} MiB is the limit",
            hint="Write it as JSON (`kubectl get -o json`) or with `aichaos snapshot`.",
        )
    return yaml.load(inputs.text_of(data, name), name)


class _Head(msgspec.Struct):
    kind: Any = None
    apiVersion: Any = None

    @property
    def is_ours(self) -> bool:
        """Whether this is a saved snapshot; others (Longhorn's, for one) have a kind of that name too."""
        return self.kind == "Snapshot" and self.apiVersion in (None, API_VERSION)


def _saved(data: bytes, name: str) -> Snapshot:
    try:
        return forms.decode(data, Snapshot)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FileError(
            f"{name} is a snapshot that this version cannot read: {error}", hint="Take a new one with `aichaos snapshot`."
        ) from error


def objects(documents: Iterable[Any]) -> Iterator[Object]:
    """Every object of some documents, `List` kinds opened; what is no Kubernetes object is passed over."""
    for document in documents:
        if isinstance(document, list):
            yield from objects(document)
        elif isinstance(document, dict) and isinstance(document.get("kind"), str) and isinstance(document.get("apiVersion"), str):
            if document["kind"].endswith("List") and isinstance(document.get("items"), list):
                yield from objects(_named_items(document))
            else:
                yield document


def _named_items(document: Object) -> Iterator[Any]:
    """Items of a typed list (`PodList`) carry no kind of their own: it follows from the list's."""
    kind, version = document["kind"].removesuffix("List"), document["apiVersion"]
    for item in document["items"]:
        yield {"apiVersion": version, "kind": kind} | item if isinstance(item, dict) and kind else item


def snapshot(items: Iterable[Object], source: Source, *, namespace: str = "default") -> Snapshot:
    """Objects become a Snapshot; `namespace` is where an object without one is meant to be.

    The last of two objects of one name counts, as with `kubectl apply`. An object that can't be read as its kind is a Gap.
    """
    collected = _Collected(namespace)
    for item in items:
        collected.add(item)
    return collected.snapshot(source)


class _Collected:
    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.found: dict[str, dict[tuple[str, str], KubeObject]] = {field: {} for field in (*(kind.field for kind in KINDS), "secrets")}
        self.versions: dict[str, str] = {}
        self.gaps: list[Gap] = []
        self.others: set[ObjectRef] = set()
        self.groups: dict[str, tuple[set[str], set[str]]] = {}

    def add(self, item: Object) -> None:
        group, _, version = item["apiVersion"].rpartition("/")
        kind = kind_of(item["apiVersion"], item["kind"])
        if group in ENGINE_GROUPS:
            self._engine(group, [version], item["kind"])
        if item["kind"] == "CustomResourceDefinition":
            self._definition(item)
        if kind is None and not (item["kind"] == "Secret" and not group):
            ref = reference_of(item)
            self.others.add(ObjectRef(ref.kind, ref.name, ref.namespace))
        else:
            self._known(item, kind, version)

    def _known(self, item: Object, kind: Kind | None, version: str) -> None:
        try:
            obj = _convert(item, kind)
        except (msgspec.ValidationError, KeyError, AttributeError) as error:
            self.gaps.append(Gap(kind=item["kind"], reason="unreadable", detail=f"{reference_of(item)}: {error}"))
            return
        if isinstance(obj, CustomResourceDefinition):
            obj = quiet(obj)
        namespaced = kind is None or kind.namespaced
        if namespaced and not obj.namespace:
            obj = msgspec.structs.replace(obj, metadata=msgspec.structs.replace(obj.metadata, namespace=self.namespace))
        if kind is not None and version != kind.versions[0]:
            self.versions[kind.name] = max(version, self.versions.get(kind.name, version))
        self.found[kind.field if kind else "secrets"][obj.namespace, obj.name] = obj

    def _definition(self, item: Object) -> None:
        spec = item.get("spec")
        group = spec.get("group") if isinstance(spec, dict) else None
        if not isinstance(spec, dict) or not isinstance(group, str) or group not in ENGINE_GROUPS:
            return
        listed, names = spec.get("versions"), spec.get("names")
        versions = [
            v["name"] for v in (listed if isinstance(listed, list) else []) if isinstance(v, dict) and isinstance(v.get("name"), str)
        ]
        kind = names.get("kind") if isinstance(names, dict) else None
        self._engine(group, versions, kind if isinstance(kind, str) else None)

    def _engine(self, group: str, versions: list[str], kind: str | None) -> None:
        known_versions, kinds = self.groups.setdefault(group, (set(), set()))
        known_versions.update(versions)
        if kind:
            kinds.add(kind)

    def snapshot(self, source: Source) -> Snapshot:
        lists = {field: [found[key] for key in sorted(found)] for field, found in self.found.items()}
        deployments: list[Any] = lists["deployments"]
        return msgspec.structs.replace(
            Snapshot(source=source),
            versions=self.versions,
            gaps=tuple(self.gaps),
            engines=self._engines(deployments),
            others=sorted(self.others),
            **lists,
        )

    def _engines(self, deployments: list[Deployment]) -> tuple[Engine, ...]:
        running = {engine_of(deployment) for deployment in deployments}
        engines = []
        for group, name in ENGINE_GROUPS.items():
            if group in self.groups or name in running:
                versions, kinds = self.groups.get(group, (set(), set()))
                shown = tuple(sorted(versions, reverse=True)) or ("v1alpha1",)
                release = release_of(deployments, name)
                engines.append(Engine(name=name, group=group, versions=shown, kinds=tuple(sorted(kinds)), release=release))
        return tuple(engines)


def _convert(item: Object, kind: Kind | None) -> KubeObject:
    if kind is None:
        return Secret(metadata=forms.convert(item["metadata"], Metadata), type=str(item.get("type", "Opaque")))
    if kind.type is ConfigMap:
        keys = tuple(sorted(key for field in ("data", "binaryData") for key in forms.convert(item.get(field) or {}, dict[str, Any])))
        return ConfigMap(metadata=forms.convert(item["metadata"], Metadata), keys=keys)
    try:
        return forms.convert(item, kind.type)
    except msgspec.ValidationError:
        return forms.convert(_without_nulls(item), kind.type)


def _without_nulls(value: Any) -> Any:
    """To the API server a field that is null is a field left out; templates leave many of them."""
    if isinstance(value, dict):
        return {key: _without_nulls(held) for key, held in value.items() if held is not None}
    return [_without_nulls(held) for held in value] if isinstance(value, list) else value


def assume(seen: Snapshot) -> Snapshot:
    """What controllers would have made of objects that somebody wrote or picked out: pods, then endpoints; each said as a Gap.

    Without them every selector in a folder of manifests would hit nothing, and no Service would have an endpoint. Kinds of which the
    source holds any object are left as they are.
    """
    pods, slices, gaps = seen.pods, seen.endpoint_slices, list(seen.gaps)
    if not pods and (seen.deployments or seen.stateful_sets):
        workloads = (*seen.deployments, *seen.stateful_sets)
        pods = list(islice((pod for workload in workloads for pod in pods_of(workload)), MAX_PODS))
        detail = f"{len(pods)} pods are assumed from what the workloads declare; none is in the source"
        gaps.append(Gap(kind="Pod", reason="assumed", detail=detail))
    if not slices and pods and any(service.spec.selector for service in seen.services):
        slices = endpoints_of(seen.services, pods)
        if seen.pods:  # where the pods are assumed, that their endpoints are goes without saying
            detail = "endpoints are assumed from the pods; no EndpointSlice is in the source"
            gaps.append(Gap(kind="EndpointSlice", reason="assumed", detail=detail))
    return msgspec.structs.replace(seen, pods=pods, endpoint_slices=slices, gaps=tuple(gaps))
