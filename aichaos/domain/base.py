"""What all objects of a cluster have in common, and how we refer to one."""

from enum import StrEnum
from typing import Any

import msgspec

_NO_LABELS: dict[str, str] = {}

SERVER_FIELDS = (
    *("uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"),
    *("managedFields", "selfLink"),
)
"""Fields of the metadata that only the server writes (API conventions, "Metadata")."""


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, gc=False):
    """Base of everything that Kubernetes writes: camelCase on the wire, unknown fields skipped, no garbage-collector tracking.

    Wire objects are trees, never cycles: leaving them to reference counting alone halves the cost of reading large lists.
    """


class OwnerReference(Wire, frozen=True, kw_only=True):
    kind: str
    name: str
    controller: bool | None = None


class Metadata(Wire, frozen=True, kw_only=True):
    """`creationTimestamp` is RFC 3339 in UTC with a resolution of one second, or None where a file does not give it."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    generation: int | None = None
    labels: dict[str, str] | None = None
    owner_references: tuple[OwnerReference, ...] = ()
    finalizers: tuple[str, ...] = ()


class AnnotatedMetadata(Metadata, frozen=True, kw_only=True):
    """For kinds that experiments delete and recreate: what is brought back must be the whole object."""

    annotations: dict[str, str] | None = None


class ConditionStatus(StrEnum):
    """A closed set, so that forty thousand conditions share three words."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Condition(Wire, frozen=True, kw_only=True):
    """Without its message: that is for people, and the longest part of many an object."""

    type: str
    status: ConditionStatus = ConditionStatus.UNKNOWN
    reason: str = ""


class LabelSelectorRequirement(Wire, frozen=True, kw_only=True):
    key: str
    operator: str
    values: tuple[str, ...] = ()


class LabelSelector(Wire, frozen=True, kw_only=True):
    match_labels: dict[str, str] = {}
    match_expressions: tuple[LabelSelectorRequirement, ...] = ()


class KubeObject(Wire, frozen=True, kw_only=True):
    """One object of the cluster. Its kind is its class; see `kinds.py` for group, versions and plural."""

    metadata: Metadata

    @property
    def name(self) -> str:
        return self.metadata.name

    @property
    def namespace(self) -> str:
        """The namespace, "" for what is cluster-scoped."""
        return self.metadata.namespace

    @property
    def labels(self) -> dict[str, str]:
        return self.metadata.labels if self.metadata.labels is not None else _NO_LABELS


def plain(obj: msgspec.Struct) -> dict[str, Any]:
    """An object as it stands in a file: maps, lists and scalars, without what was left out."""
    document: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(obj))
    return document


def plural(number: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


class ObjectRef(msgspec.Struct, frozen=True, order=True):
    """An object by kind, namespace and name; written `Kind/namespace/name`, or `Kind/name` where it is cluster-scoped."""

    kind: str
    name: str
    namespace: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.kind, self.namespace, self.name) if part)

    @classmethod
    def of(cls, written: str) -> "ObjectRef":
        """Reads what `str` writes; of other text, what could be meant."""
        kind, _, rest = written.partition("/")
        namespace, _, name = rest.rpartition("/")
        return cls(kind, name, namespace)


def reference(obj: KubeObject) -> ObjectRef:
    return ObjectRef(kind_name(obj), obj.name, obj.namespace)


def kind_name(obj: KubeObject) -> str:
    """The Kubernetes kind of an object: the name of its class."""
    return type(obj).__name__


def reference_of(manifest: dict[str, Any]) -> ObjectRef:
    """The reference of a manifest as it stands; missing parts are empty. Never raises, whatever the manifest holds."""
    metadata = manifest.get("metadata")
    fields = metadata if isinstance(metadata, dict) else {}
    name, namespace = fields.get("name"), fields.get("namespace")
    kind = manifest.get("kind")
    return ObjectRef(
        kind if isinstance(kind, str) else "",
        name if isinstance(name, str) else "",
        namespace if isinstance(namespace, str) else "",
    )


def group_of(api_version: str) -> str:
    """The API group of an `apiVersion`; "" for the core group."""
    return api_version.rpartition("/")[0]


def selects(selector: LabelSelector, labels: dict[str, str]) -> bool:
    """Whether a label selector takes these labels; an empty selector takes everything (API convention of metav1.LabelSelector)."""
    return all(labels.get(key) == value for key, value in selector.match_labels.items()) and all(
        _requirement_holds(requirement, labels) for requirement in selector.match_expressions
    )


def _requirement_holds(requirement: LabelSelectorRequirement, labels: dict[str, str]) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value is not None and value in requirement.values
        case "NotIn":
            return value is None or value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    return False
