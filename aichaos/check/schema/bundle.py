"""Which schema a kind has: the cluster's own where one was read, else the one that comes with the program.

What comes along is one index and a file a family of kinds. A file is opened when a kind of it is met, and of its nodes only those are
decoded that a document reaches.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from aichaos.domain import forms
from aichaos.domain.base import group_of
from aichaos.domain.definition import CustomResourceDefinition

FOLDER = Path(__file__).parent / "data"

Family = Literal["kubernetes", "custom"]
"""Types of the API server itself are decoded; custom resources are validated by the schema of their definition."""

Channel = Literal["standard", "experimental"]

Node = dict[str, Any]


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One kind in one version. status: whether it is a subresource, which a new object loses."""

    file: str
    node: int
    plural: str
    namespaced: bool
    status: bool


class Nodes:
    """The schema nodes of one file, or of one definition; a node holds its children by number, or, in a definition as it is, whole."""

    def __init__(self, raw: Sequence[msgspec.Raw] = (), *, root: Node | None = None) -> None:
        self._raw = raw
        self._decoded: dict[int, Node] = {} if root is None else {0: root}

    def get(self, reference: int | Node) -> Node:
        if isinstance(reference, dict):
            return _without_nulls(reference)
        node = self._decoded.get(reference)
        if node is None:
            node = self._decoded[reference] = msgspec.json.decode(self._raw[reference])
        return node


def _without_nulls(node: Node) -> Node:
    return {keyword: value for keyword, value in node.items() if value is not None}


class Found(msgspec.Struct, frozen=True):
    """The schema of a kind. own: whether it is the cluster's; then it may be anything, and is looked at before it is used."""

    family: Family
    nodes: Nodes
    root: int
    status: bool
    own: bool = False


@cache
def index() -> dict[str, dict[str, Entry]]:
    """apiVersion → kind → where its schema stands."""
    return forms.decode((FOLDER / "index.json").read_bytes(), dict[str, dict[str, Entry]])


@cache
def nodes(file: str) -> Nodes:
    return Nodes(forms.decode((FOLDER / f"{file}.json").read_bytes(), list[msgspec.Raw]))


@cache
def object_meta() -> int:
    """The node of metadata, which is the same in every kind."""
    entry = index()["v1"]["Pod"]
    metadata: int = nodes(entry.file).get(entry.node)["properties"]["metadata"]
    return metadata


@cache
def bundled(api_version: str, kind: str) -> Found | None:
    """The schema that comes with the program."""
    entry = index().get(api_version, {}).get(kind)
    if entry is None:
        return None
    family: Family = "kubernetes" if entry.file == "kubernetes" else "custom"
    return Found(family, nodes(entry.file), entry.node, entry.status)


class Kinds:
    """The schemas of all kinds, as one cluster has them. definitions: its CustomResourceDefinitions, as they are.

    channel: the one of the Gateway API that it has, where that is known; what its definitions say counts more.
    """

    def __init__(self, definitions: Sequence[Any] = (), channel: Channel | None = None) -> None:
        self.channel = channel
        self._own: dict[tuple[str, str], Found] = {}
        self._groups: set[tuple[str, str]] = set()
        for definition in definitions:
            self._add(definition)

    def find(self, api_version: str, kind: str) -> Found | None:
        """The schema of a kind in a version; None where nothing is known of it."""
        own = self._own.get((api_version, kind))
        if own is not None or (group_of(api_version), kind) in self._groups:
            return own
        return bundled(api_version, kind)

    def served(self, group: str, kind: str) -> list[str] | None:
        """The versions in which the cluster serves a kind; None where it has no definition of it."""
        if (group, kind) not in self._groups:
            return None
        return [version for version, name in self._own if name == kind and group_of(version) == group]

    def _add(self, definition: Any) -> None:
        """Whatever a definition holds, it never raises: what can't be read is not known."""
        spec = definition.get("spec") if isinstance(definition, dict) else None
        if not isinstance(spec, dict) or not isinstance(spec.get("versions"), list) or not isinstance(spec.get("names"), dict):
            return
        group, kind = spec.get("group"), spec["names"].get("kind")
        if not isinstance(group, str) or not isinstance(kind, str):
            return
        self._groups.add((group, kind))
        for version in spec["versions"]:
            if isinstance(version, dict) and version.get("served") and isinstance(version.get("name"), str):
                schema, subresources = version.get("schema"), version.get("subresources")
                root = schema.get("openAPIV3Schema") if isinstance(schema, dict) else None
                status = isinstance(subresources, dict) and "status" in subresources
                nodes = Nodes(root=_without_nulls(root) if isinstance(root, dict) else {"type": root} if root is not None else {})
                self._own[f"{group}/{version['name']}", kind] = Found("custom", nodes, 0, status, own=True)


BUNDLED = Kinds()
"""What is known without a cluster."""


def kinds_of(definitions: Iterable[CustomResourceDefinition], channel: Channel | None = None) -> Kinds:
    """The schemas of a cluster that was read."""
    return Kinds(
        [
            {
                "spec": {
                    "group": one.spec.group,
                    "names": {"kind": one.spec.names.kind},
                    "versions": [
                        {
                            "name": version.name,
                            "served": version.served,
                            "schema": {"openAPIV3Schema": version.schema.schema if version.schema else None},
                            "subresources": version.subresources,
                        }
                        for version in one.spec.versions
                    ],
                }
            }
            for one in definitions
        ],
        channel,
    )
