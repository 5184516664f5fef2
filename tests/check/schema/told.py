"""What the schema layer says about a text: its findings as (rule, path)."""

from typing import Any

from aichaos.check.schema import BUNDLED, Kinds, schema_findings
from aichaos.domain.finding import Finding
from aichaos.files.yaml import load


def findings(text: str, kinds: Kinds = BUNDLED) -> list[Finding]:
    return [found for document in load(text, "file.yaml") for found in schema_findings(document, kinds)]


def told(text: str, kinds: Kinds = BUNDLED) -> list[tuple[str, str]]:
    return [(found.rule.removeprefix("schema/"), found.path) for found in findings(text, kinds)]


def definition(schema: str, status: bool = False) -> Kinds:
    """A cluster whose one definition, `Thing` of example.com/v1, has this schema under `spec` (YAML in flow style)."""
    spec: dict[str, Any] = load(schema, "schema.yaml")[0]
    version: dict[str, Any] = {
        "name": "v1",
        "served": True,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec, "status": {"type": "object"}}}},
    }
    if status:
        version["subresources"] = {"status": {}}
    names = {"kind": "Thing", "plural": "things"}
    return Kinds([{"spec": {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]}}])


def thing(spec: str) -> str:
    return f"{{apiVersion: example.com/v1, kind: Thing, metadata: {{name: a}}, spec: {spec}}}"
