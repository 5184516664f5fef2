"""What a cluster says of the kinds that it was taught: their schemas, which are what it checks them by."""

from typing import Any

import msgspec

from aichaos.domain.base import KubeObject, Wire

SILENT = frozenset({"description", "title", "example", "externalDocs"})
"""Keywords of a schema that are for people; they are most of its text."""


class DefinitionNames(Wire, frozen=True, kw_only=True):
    kind: str = ""
    plural: str = ""


class DefinitionSchema(Wire, frozen=True, kw_only=True):
    schema: Any = msgspec.field(name="openAPIV3Schema", default=None)


class DefinitionVersion(Wire, frozen=True, kw_only=True):
    name: str
    served: bool = False
    schema: DefinitionSchema | None = None
    subresources: dict[str, Any] | None = None


class DefinitionSpec(Wire, frozen=True, kw_only=True):
    group: str = ""
    scope: str = ""
    names: DefinitionNames = DefinitionNames()
    versions: list[DefinitionVersion] = []


class CustomResourceDefinition(KubeObject, frozen=True, kw_only=True):
    """Its schemas are kept as they are, without what is for people."""

    spec: DefinitionSpec = DefinitionSpec()


def silent(schema: Any, depth: int = 0) -> Any:
    """A schema without the keywords that are for people; what is nested deeper than any server takes is left out."""
    if not isinstance(schema, dict) or depth > 100:
        return schema if not isinstance(schema, (dict, list)) else None
    found: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in SILENT:
            continue
        if keyword == "properties" and isinstance(value, dict):
            found[keyword] = {name: silent(child, depth + 1) for name, child in value.items()}
        elif keyword in ("items", "additionalProperties", "not") and isinstance(value, dict):
            found[keyword] = silent(value, depth + 1)
        elif keyword in ("allOf", "anyOf", "oneOf") and isinstance(value, list):
            found[keyword] = [silent(child, depth + 1) for child in value]
        else:
            found[keyword] = value
    return found


def quiet(definition: CustomResourceDefinition) -> CustomResourceDefinition:
    """A definition with the versions that are served, their schemas without words."""
    versions = [
        msgspec.structs.replace(version, schema=DefinitionSchema(schema=silent(version.schema.schema)) if version.schema else None)
        for version in definition.spec.versions
        if version.served
    ]
    return msgspec.structs.replace(definition, spec=msgspec.structs.replace(definition.spec, versions=versions))
