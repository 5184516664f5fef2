"""What the API server makes of a write: which object is there afterwards, how old it is, or why it refuses.

`creationTimestamp` is the server's: an object gets it when it is made, and keeps it until it is deleted, whatever a manifest says.
`generation` counts the changes of a spec, not of labels. What is merged is merged as `kubectl apply` and `kubectl patch --type=merge` do.
"""

from typing import Any, TypeVar

import msgspec

from aichaos.domain.base import SERVER_FIELDS, AnnotatedMetadata, KubeObject, ObjectRef, kind_name, plain, reference, reference_of
from aichaos.domain.experiment import Label, Manifest, Patch, Scale, Target
from aichaos.domain.kinds import BY_NAME, kind_of
from aichaos.domain.network import NetworkPolicy
from aichaos.domain.snapshot import Source
from aichaos.domain.workloads import Deployment, Namespace, Pod, StatefulSet, Workload
from aichaos.files.plain import mapping, merged, without_nulls
from aichaos.observe import manifests
from aichaos.predict.evolve.draft import Draft
from aichaos.predict.policies import policy_types

DEFAULT_NAMESPACE = "default"
_UNCOUNTED = frozenset(
    {
        *("Namespace", "Node", "Service", "ServiceAccount", "ConfigMap", "Secret"),
        *("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "HorizontalPodAutoscaler"),
    }
)
"""Kinds whose spec has no `generation`."""
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
SCALED = (Deployment, StatefulSet)

T = TypeVar("T", bound=KubeObject)


class Refused(Exception):
    """The server would not do this; the text says why, for people."""


class Unknown(Refused):
    """Nobody here knows what there is to change: not that the server would not do it."""


class Server:
    """Writes to a draft. stamp: what the clock says, RFC 3339."""

    def __init__(self, draft: Draft, stamp: str, made: int = 0) -> None:
        self.draft = draft
        self.stamp = stamp
        self.made = made
        self.idle: bool | None = None
        """Whether all that was to be written is there already; None where nothing was to be."""

    def create(self, manifest: Manifest) -> ObjectRef:
        ref = placed(manifest)
        if not ref.kind or not ref.name:
            raise Refused("the manifest has no kind or no name")
        if self.draft.exists(ref):
            raise Refused(f"{ref} is already there")
        self._home(ref)
        self._writes()
        if not _held(manifest):
            self.draft.put_other(ref)
            return ref
        self.draft.put(self.born(_typed(manifest, ref)))
        return ref

    def apply(self, manifest: Manifest) -> ObjectRef:
        ref = placed(manifest)
        there = self.draft.get(ref)
        if there is None:
            self._writes()  # what is in an object that no Snapshot holds is not known
            return ref if self.draft.exists(ref) else self.create(manifest)
        document = manifest_of(there)
        before = _last_applied(there)
        base = _without_dropped(document, before, manifest) if before else document
        self._update(there, merged(base, _unserved(manifest)))
        return ref

    def patch(self, patch: Patch) -> ObjectRef:
        there = self._there(patch)
        merge = _unserved(patch.merge)
        asked = {key: mapping(merge.get("metadata")).get(key) for key in ("name", "namespace") if key in mapping(merge.get("metadata"))}
        if any(value not in (None, getattr(there, key)) for key, value in asked.items()):
            raise Refused(f"{reference(there)} cannot get another name")
        self._update(there, merged(manifest_of(there), merge))
        return reference(there)

    def label(self, label: Label) -> ObjectRef:
        there = self._there(label)
        labels = {key: value for key, value in (there.labels | label.set).items() if key not in label.remove}
        self._writes(labels != there.labels)
        self.draft.put(_with_metadata(there, labels=labels or None))
        return reference(there)

    def scale(self, scale: Scale) -> ObjectRef:
        there = self._there(scale)
        if not isinstance(there, SCALED):
            raise Refused(f"a {scale.kind} cannot be scaled")
        if scale.replicas < 0:
            raise Refused(f"{scale.replicas} replicas: the least is 0")
        self._writes(scale.replicas != there.replicas)
        self.replace(there, msgspec.structs.replace(there, spec=msgspec.structs.replace(there.spec, replicas=scale.replicas)))
        return reference(there)

    def restart(self, target: Target) -> Workload:
        """The workload whose pods are to be replaced: its template gets an annotation, which counts as a change."""
        there = self._there(target)
        if not isinstance(there, Workload):
            raise Refused(f"a {target.kind} cannot be restarted")
        self._writes()
        counted = _with_metadata(there, generation=_next(there.metadata.generation))
        self.draft.put(counted)
        return counted

    def delete(self, target: Target) -> ObjectRef:
        ref = placed_ref(target.ref)
        there = self.draft.get(ref)
        self._writes()
        if there is None:
            if not self.draft.exists(ref):
                raise missing(self.draft, ref)
            self.draft.drop(ref)
            return ref
        if there.metadata.finalizers:
            self.draft.put(_with_metadata(there, deletion_timestamp=there.metadata.deletion_timestamp or self.stamp))
            return ref
        self.remove(there)
        return ref

    def remove(self, obj: KubeObject) -> None:
        """Take an object away, and with it what it owns or holds."""
        self.draft.drop(reference(obj))
        if isinstance(obj, Namespace):
            for held in self.draft.within(obj.name):
                self.draft.drop(reference(held))
            return
        for one in self.draft.owned(obj) if obj.namespace else []:
            self.remove(one)

    def bring_back(self, obj: KubeObject) -> ObjectRef:
        """Create an object as it once was; only its age is new."""
        ref = reference(obj)
        if self.draft.exists(ref):
            raise Refused(f"{ref} is still there")
        self._home(ref)
        self._writes()
        self.draft.put(self.born(obj))
        return ref

    def replace(self, there: KubeObject, wanted: T) -> None:
        """Write an object over one that is there: its age stays, and a change of its spec counts."""
        _immutable(there, wanted)
        changed = _spec(there) != _spec(wanted)
        generation = _next(there.metadata.generation) if changed else there.metadata.generation
        kept = _with_metadata(
            wanted,
            uid=there.metadata.uid,
            creation_timestamp=there.metadata.creation_timestamp,
            deletion_timestamp=there.metadata.deletion_timestamp,
            owner_references=wanted.metadata.owner_references or there.metadata.owner_references,
            generation=generation,
        )
        self.draft.put(_with_status_of(kept, there))

    def born(self, obj: T) -> T:
        """An object as it is right after it was made."""
        self.made += 1
        metadata: dict[str, Any] = {
            "uid": f"made-{self.stamp}-{self.made}",
            "creation_timestamp": self.stamp,
            "deletion_timestamp": None,
            "generation": None if kind_name(obj) in _UNCOUNTED else 1,
        }
        if isinstance(obj, Namespace):
            metadata["labels"] = obj.labels | {"kubernetes.io/metadata.name": obj.name}
        return _without_status(_with_metadata(_defaulted(obj), **metadata))

    def _update(self, there: KubeObject, document: dict[str, Any]) -> None:
        self._writes(document != manifest_of(there))
        self.replace(there, _typed(document, reference(there)))

    def _writes(self, something: bool = True) -> None:
        """Something that is not there already, or what is."""
        self.idle = not something and self.idle is not False

    def _there(self, target: Target) -> KubeObject:
        ref = placed_ref(target.ref)
        there = self.draft.get(ref)
        if there is None:
            self._writes()
            raise Unknown(f"what is in {ref} is not known") if self.draft.exists(ref) else missing(self.draft, ref)
        return there

    def _home(self, ref: ObjectRef) -> None:
        if not ref.namespace or ref.namespace == DEFAULT_NAMESPACE or not self.draft.snapshot.namespaces:
            return
        if self.draft.get(ObjectRef("Namespace", ref.namespace)) is None and not self.draft.snapshot.unread("Namespace"):
            raise Refused(f"there is no namespace {ref.namespace}")


def missing(draft: Draft, ref: ObjectRef, refusal: type[Refused] = Refused) -> Refused:
    """What is to be said of an object that was not found: where its kind is not read, or could not be, nobody knows whether it is there."""
    if ref.kind not in BY_NAME or draft.snapshot.unread(ref.kind):
        return Unknown(f"whether {ref} is there was not read")
    return refusal(f"{ref} is not there")


def placed(manifest: Manifest) -> ObjectRef:
    """The object that a manifest is about, with the namespace that it falls into where it names none."""
    return placed_ref(reference_of(manifest))


def placed_ref(ref: ObjectRef) -> ObjectRef:
    """A reference with the namespace that it falls into where it names none."""
    kind = BY_NAME.get(ref.kind)
    if kind is not None and not kind.namespaced:
        return ObjectRef(ref.kind, ref.name)
    return ref if ref.namespace or kind is None else ObjectRef(ref.kind, ref.name, DEFAULT_NAMESPACE)


def _held(manifest: Manifest) -> bool:
    """Whether a Snapshot holds objects of this kind."""
    return kind_of(str(manifest.get("apiVersion", "")), str(manifest.get("kind", ""))) is not None


def _typed(document: dict[str, Any], ref: ObjectRef) -> KubeObject:
    read = manifests.snapshot([without_nulls(document)], Source(kind="file", cluster=""), namespace=ref.namespace or DEFAULT_NAMESPACE)
    found = read.of(ref.kind)
    if not found:
        raise Refused(read.gaps[0].detail if read.gaps else f"{ref} cannot be read")
    return found[0]


def manifest_of(obj: KubeObject) -> dict[str, Any]:
    """An object as its manifest: what `kubectl get -o yaml` shows of it, as far as it was read."""
    kind = BY_NAME[kind_name(obj)]
    return {"apiVersion": kind.api_version(), "kind": kind.name} | plain(obj)


def _unserved(document: dict[str, Any]) -> dict[str, Any]:
    """A document without what only the server writes."""
    kept = {key: value for key, value in document.items() if key != "status"}
    metadata = mapping(kept.get("metadata"))
    return kept | {"metadata": {key: value for key, value in metadata.items() if key not in SERVER_FIELDS}} if metadata else kept


def _last_applied(obj: KubeObject) -> dict[str, Any]:
    annotations = obj.metadata.annotations if isinstance(obj.metadata, AnnotatedMetadata) else None
    text = (annotations or {}).get(_APPLIED)
    if not text:
        return {}
    try:
        return mapping(msgspec.json.decode(text))
    except (msgspec.DecodeError, RecursionError):
        return {}


def _without_dropped(document: Any, before: Any, now: Any) -> Any:
    """A document without the fields that the last manifest had and this one has not: `kubectl apply` takes those away."""
    if not isinstance(document, dict):
        return document
    kept = {}
    for key, value in document.items():
        if key in mapping(before) and key not in mapping(now):
            continue
        kept[key] = _without_dropped(value, mapping(before).get(key), mapping(now).get(key)) if key in mapping(now) else value
    return kept


def _with_metadata(obj: T, **changes: Any) -> T:
    return msgspec.structs.replace(obj, metadata=msgspec.structs.replace(obj.metadata, **changes))


def _without_status(obj: T) -> T:
    status = getattr(obj, "status", None)
    return msgspec.structs.replace(obj, status=type(status)()) if status is not None else obj


def _with_status_of(obj: T, other: KubeObject) -> T:
    status = getattr(other, "status", None)
    return msgspec.structs.replace(obj, status=status) if status is not None else obj


def _spec(obj: KubeObject) -> Any:
    """Everything but metadata and status."""
    return [getattr(obj, field) for field in obj.__struct_fields__ if field not in ("metadata", "status")]


def _next(generation: int | None) -> int | None:
    return None if generation is None else generation + 1


def _defaulted(obj: T) -> T:
    """What the server fills in where it matters here."""
    if isinstance(obj, NetworkPolicy) and not obj.spec.policy_types:
        return msgspec.structs.replace(obj, spec=msgspec.structs.replace(obj.spec, policy_types=policy_types(obj)))
    return obj


def _immutable(before: KubeObject, after: KubeObject) -> None:
    """Raises Refused for a change that no server takes."""
    match before, after:
        case (Workload(), Workload()) if before.spec.selector != after.spec.selector:
            raise Refused(f"the selector of {reference(before)} cannot be changed: delete it and create another")
        case (Pod(), Pod()) if _fixed(before) != _fixed(after):
            raise Refused(f"of {reference(before)} only its labels and images can be changed: delete it and create another")
        case _:
            return


def _fixed(pod: Pod) -> Any:
    containers = tuple(msgspec.structs.replace(container, image="") for container in pod.spec.containers)
    return msgspec.structs.replace(pod.spec, containers=containers)
