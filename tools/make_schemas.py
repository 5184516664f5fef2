"""Writes the schemas that `check` brings along: `python -m tools.make_schemas [--check]` (also `make schemas`).

Kinds of Kubernetes come from the OpenAPI document of the test cluster's real API server; custom resources from the definitions that the
recipe of that cluster pins. What is written says nothing for people: no descriptions, every part that is the same stands once.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aichaos.check.schema.bundle import FOLDER
from tests.controlplane import crds as definitions
from tests.controlplane.cache import Missing, locate
from tests.controlplane.client import ControlPlane
from tests.controlplane.netns import isolate
from tests.controlplane.recipe import CONTROL_PLANE, KUBERNETES_VERSION
from tests.controlplane.server import Servers

Schema = dict[str, Any]

SETS: dict[str, tuple[str, ...]] = {
    "gateway-api": ("gateway-api-newest-experimental", "gateway-api-experimental"),
    "chaos-mesh": ("chaos-mesh",),
    "litmus": ("litmus",),
    "istio": ("istio",),
    "crossplane-s3": ("crossplane",),
}
"""File → sets of definitions, of which the first that has a kind and version wins."""

STANDARD = {"gateway-api": "gateway-api-newest"}
"""File → the set that most clusters have; what it lacks of the file's is marked, so that it can be told."""

SILENT = frozenset({"description", "title", "example", "externalDocs", "x-kubernetes-map-type"})
"""Keywords that say nothing to a validator."""

GO_TYPES = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "any",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "micro-time",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "time",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "any",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "int-or-string",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": "any",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray": "schema-or-array",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool": "schema-or-bool",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray": "schema-or-array",
}
"""Types of Go that decode themselves, by the name of their schema; the OpenAPI document does not say what they take."""


@dataclass
class Pack:
    """The nodes of one file, each different one once; a node holds its children by number."""

    nodes: list[Schema] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def add(self, node: Schema) -> int:
        key = json.dumps(node, sort_keys=True)
        if key not in self.numbers:
            self.numbers[key] = len(self.nodes)
            self.nodes.append(node)
        return self.numbers[key]

    def reserve(self) -> int:
        self.nodes.append({})
        return len(self.nodes) - 1


def packed(schema: Schema, pack: Pack) -> int:
    """The number of a schema of a custom resource, its children packed before it."""
    node: Schema = {}
    for keyword, value in schema.items():
        if keyword in SILENT:
            continue
        if keyword == "properties":
            node[keyword] = {name: packed(child, pack) for name, child in value.items()}
        elif keyword in ("items", "additionalProperties", "not") and isinstance(value, dict):
            node[keyword] = packed(value, pack)
        elif keyword in ("allOf", "anyOf", "oneOf"):
            node[keyword] = [packed(child, pack) for child in value]
        else:
            node[keyword] = value
    return pack.add(node)


class BuiltIn:
    """Schemas of the API server's own types, reached from the kinds."""

    def __init__(self, schemas: dict[str, Schema]) -> None:
        self.schemas = schemas
        self.pack = Pack()
        self._named: dict[str, int] = {}

    def named(self, name: str) -> int:
        if name not in self._named:
            if name in GO_TYPES:
                self._named[name] = self.pack.add({"go": GO_TYPES[name]})
            else:
                self._named[name] = number = self.pack.reserve()  # before its children: JSONSchemaProps holds itself
                self.pack.nodes[number] = self._node(self.schemas[name])
        return self._named[name]

    def _child(self, schema: Schema) -> int:
        reference = schema.get("$ref") or next((part["$ref"] for part in schema.get("allOf", ()) if "$ref" in part), None)
        if reference is not None:
            return self.named(reference.rpartition("/")[2])
        return self.pack.add(self._node(schema))

    def _node(self, schema: Schema) -> Schema:
        node: Schema = {}
        for keyword in ("type", "format", "enum", "required"):
            if keyword in schema:
                node[keyword] = schema[keyword]
        if "properties" in schema:
            node["properties"] = {name: self._child(child) for name, child in schema["properties"].items()}
        for keyword in ("items", "additionalProperties"):
            if keyword in schema:
                node[keyword] = self._child(schema[keyword])
        return node


def marked(schema: Schema, standard: Schema) -> Schema:
    """A schema with the names of its fields that the standard channel does not have."""
    found = dict(schema)
    if "properties" in schema:
        usual = standard.get("properties", {})
        found["properties"] = {name: marked(child, usual[name]) if name in usual else child for name, child in schema["properties"].items()}
        extra = [name for name in schema["properties"] if name not in usual]
        if extra:
            found["x-experimental"] = extra
    for keyword in ("items", "additionalProperties"):
        if isinstance(schema.get(keyword), dict) and isinstance(standard.get(keyword), dict):
            found[keyword] = marked(schema[keyword], standard[keyword])
    return found


Entry = tuple[str, int, str, bool, bool]
"""File, number of the node, plural, whether it lives in namespaces, whether its status is a subresource."""

Index = dict[str, dict[str, Entry]]


def built_in(controlplane: ControlPlane) -> tuple[Pack, Index]:
    """Every kind that the API server itself serves and that somebody can create."""
    paths = [path for path in controlplane.get("/openapi/v3")["paths"] if _is_built_in(path)]
    documents = {path: controlplane.get(f"/openapi/v3/{path}") for path in paths}
    schemas = {name: schema for document in documents.values() for name, schema in document["components"]["schemas"].items()}
    kinds = {
        (each["group"], each["version"], each["kind"]): name
        for name, schema in schemas.items()
        for each in schema.get("x-kubernetes-group-version-kind", ())
    }
    found, index = BuiltIn(schemas), Index()
    for path in documents:
        group, _, version = path.removeprefix("apis/").removeprefix("api/").rpartition("/")
        for resource in sorted(controlplane.get(f"/{path}")["resources"], key=lambda each: str(each["kind"])):
            name = kinds.get((group, version, resource["kind"]))
            if "/" in resource["name"] or "create" not in resource["verbs"] or name is None:
                continue
            entry = ("kubernetes", found.named(name), resource["name"], resource["namespaced"], False)
            index.setdefault(path.removeprefix("apis/").removeprefix("api/"), {})[resource["kind"]] = entry
    found.named("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")
    return found.pack, index


def _is_built_in(path: str) -> bool:
    """Whether a path of the OpenAPI index is a version of a group of the API server itself."""
    match path.split("/"):
        case ["api", _]:
            return True
        case ["apis", group, _]:
            return "." not in group or (group.endswith(".k8s.io") and not group.startswith("gateway."))
    return False


def custom(name: str, sets: Iterable[list[Schema]], standard: list[Schema]) -> tuple[Pack, Index]:
    """The kinds of some sets of definitions; a kind and version counts where it is met first."""
    pack, index = Pack(), Index()
    usual = {(each["spec"]["group"], each["spec"]["names"]["kind"], version["name"]): version for each, version in _versions(standard)}
    for definition, version in (pair for found in sets for pair in _versions(found)):
        spec = definition["spec"]
        kinds = index.setdefault(f"{spec['group']}/{version['name']}", {})
        if spec["names"]["kind"] not in kinds:
            schema, known = version["schema"]["openAPIV3Schema"], usual.get((spec["group"], spec["names"]["kind"], version["name"]))
            number = packed(marked(schema, known["schema"]["openAPIV3Schema"]) if known else schema, pack)
            status = "status" in version.get("subresources", {})
            kinds[spec["names"]["kind"]] = (name, number, spec["names"]["plural"], spec["scope"] == "Namespaced", status)
    return pack, index


def _versions(found: list[Schema]) -> Iterator[tuple[Schema, Schema]]:
    definitions_only = (each for each in found if each["kind"] == "CustomResourceDefinition")
    for definition in sorted(definitions_only, key=lambda each: str(each["metadata"]["name"])):
        for version in definition["spec"]["versions"]:
            if version["served"]:
                yield definition, version


def made(controlplane: ControlPlane, read: Callable[[str], list[Schema]]) -> dict[str, str]:
    """The text of every file, by its name."""
    files: dict[str, str] = {}
    pack, index = built_in(controlplane)
    files["kubernetes.json"] = _written(pack)
    for name, sets in SETS.items():
        pack, kinds = custom(name, map(read, sets), read(STANDARD[name]) if name in STANDARD else [])
        files[f"{name}.json"] = _written(pack)
        for api_version, entries in kinds.items():
            index.setdefault(api_version, {}).update(entries)
    files["index.json"] = _index(index)
    return files


def _written(pack: Pack) -> str:
    """One node a line, so that a change can be read."""
    return "[\n" + ",\n".join(json.dumps(node, separators=(",", ":"), ensure_ascii=False) for node in pack.nodes) + "\n]\n"


def _index(index: Index) -> str:
    lines = [
        f"{json.dumps(version)}:{{\n" + ",\n".join(f"{json.dumps(kind)}:{json.dumps(entry)}" for kind, entry in sorted(kinds.items())) + "}"
        for version, kinds in sorted(index.items())
    ]
    return "{" + ",\n".join(lines) + "}\n"


_MADE_ELSEWHERE = {"cel.json"}
"""By tools/cel, from the server's own libraries; a test holds its version against the pinned server's."""


def stale(files: dict[str, str]) -> list[str]:
    """The names of the files that are not as they would be made now, and of those that would not be made at all."""
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json") if path.name not in _MADE_ELSEWHERE}
    return sorted(name for name in {*files, *there} if files.get(name) != there.get(name))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 where a file is stale")
    options = parser.parse_args()
    files = _made_with_a_server()
    old = stale(files)
    if options.check:
        print(f"stale: {', '.join(old)}; run make schemas" if old else "all schemas are as they would be made now")
        return 1 if old else 0
    FOLDER.mkdir(exist_ok=True)
    for name in old:
        (FOLDER / name).unlink(missing_ok=True)
        if name in files:
            (FOLDER / name).write_text(files[name], encoding="utf-8")
    print(f"{len(files)} files from Kubernetes {KUBERNETES_VERSION} and {len(SETS)} sets of definitions; {len(old)} were written")
    return 0


def _made_with_a_server() -> dict[str, str]:
    reason = isolate()
    binaries = locate(*CONTROL_PLANE, "gateway-api")
    if reason or isinstance(binaries, Missing):
        raise SystemExit(f"no API server to ask: {reason or binaries}")
    with tempfile.TemporaryDirectory() as folder, Servers(Path(folder), binaries) as servers:
        return made(servers.controlplane, lambda name: definitions.read(binaries.crd_folders()[name]))


if __name__ == "__main__":
    sys.exit(main())
