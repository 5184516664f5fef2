"""What the API server says about the structure of an object: types, unknown fields, required ones, enums, patterns, CEL rules."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from aichaos.check.rules import finding
from aichaos.check.schema.builtin import decoder
from aichaos.check.schema.bundle import BUNDLED, Found, Kinds, Nodes, kinds_of
from aichaos.check.schema.custom import made, metadata
from aichaos.check.schema.problems import Path, Sink, pointer
from aichaos.check.schema.sound import unsound
from aichaos.domain.base import group_of, reference_of
from aichaos.domain.finding import Finding

__all__ = ["BUNDLED", "Kinds", "kinds_of", "schema_findings"]


def schema_findings(document: dict[str, Any], kinds: Kinds = BUNDLED) -> Iterator[Finding]:
    """What the server would say about an object's structure. Never raises, whatever it holds."""
    found = kinds.find(document["apiVersion"], document["kind"])
    if found is None:
        yield _unknown(document, kinds)
        return
    if found.own and (problem := _problem(found.nodes)):
        message = f"the cluster's definition of {document['kind']} can't be used: {problem}"
        yield finding("schema/not-checked", message, object=str(reference_of(document)), path="/kind")
        return
    if kinds.channel == "standard" and not found.own and group_of(document["apiVersion"]) == _EXPERIMENTAL_GROUP:
        yield _not_standard(document)
        return
    sink = Sink(document)
    (_custom if found.family == "custom" else _built_in)(found, document, sink)
    if not (sink.errors or sink.strict or sink.rules or sink.skipped or sink.notes):
        return
    if kinds.channel is not None:
        if kinds.channel == "standard":
            sink.strict += [(_UNKNOWN_FIELD, path, f"{path[1] if path else 'this'} {_REFUSED}") for _, path, message in sink.notes]
        sink.notes.clear()
    name = str(reference_of(document))
    said: set[tuple[str, Path, str]] = set()
    for rule, path, message in (*sink.strict, *sink.errors, *sink.rules, *sink.skipped, *sink.notes):
        if (rule, path, message) not in said:
            said.add((rule, path, message))
            yield finding(rule, message, object=name, path=pointer(path))


@lru_cache(maxsize=1024)
def _problem(nodes: Nodes) -> str:
    """What is wrong with a definition of the cluster, "" where it can be used; looked at once."""
    return unsound(nodes.get(0))


def _unknown(document: dict[str, Any], kinds: Kinds) -> Finding:
    kind, api_version, name = document["kind"], document["apiVersion"], str(reference_of(document))
    served = kinds.served(group_of(api_version), kind)
    if served:
        message = f"the cluster serves {kind} as {' and '.join(served)}, not as {api_version}"
        return finding("kind/api-version", message, object=name, path="/apiVersion")
    message = f"the fields of {kind} were not checked: no schema of it in {api_version} is known here"
    return finding("schema/not-checked", message, object=name, path="/kind")


_REFUSED = "is in the experimental channel of the Gateway API alone, and the policy says that your clusters have the standard one"
_UNKNOWN_FIELD = "schema/unknown-field"
_EXPERIMENTAL_GROUP = "gateway.networking.x-k8s.io"
"""Of which every kind is in the experimental channel alone (Gateway API 1.6)."""


def _not_standard(document: dict[str, Any]) -> Finding:
    return finding("kind/unknown", f"{document['kind']} {_REFUSED}", object=str(reference_of(document)), path="/kind", severity="error")


def _built_in(found: Found, document: dict[str, Any], sink: Sink) -> None:
    decoder(found.nodes, found.root)(document, None, sink)


def _custom(found: Found, document: dict[str, Any], sink: Sink) -> None:
    """Its metadata is read as that of a built-in kind. Of a status that is a subresource only its unknown fields are told."""
    metadata(document.get("metadata"), (None, "metadata"), sink)
    given = document
    if found.status and "status" in document:
        given = {key: value for key, value in document.items() if key != "status"}
        apart = Sink()
        made(found.nodes, found.root)({"status": document["status"]}, None, apart)
        sink.strict += apart.strict
    made(found.nodes, found.root)(given, None, sink)
