"""Is this an object at all, of a kind that some server serves, under a name that it takes?"""

from collections.abc import Iterator
from typing import Any

from aichaos.check.admission.metadata import naming
from aichaos.check.admission.names import label
from aichaos.check.fixes import fix, replace
from aichaos.check.known import CLOSED_GROUPS, GROUPS, NAMES, RETIRED_GROUPS, kinds_called, known_kind
from aichaos.check.meaning.crossplane import KINDS_MEANT
from aichaos.check.rules import finding
from aichaos.check.spelling import did_you_mean, nearest
from aichaos.domain.base import group_of, reference_of
from aichaos.domain.finding import Finding, Fix
from aichaos.files.plain import at, mapping, text


def not_an_object(document: Any) -> str | None:
    """Why a document is no Kubernetes object, and what would make it one; None where it is one."""
    if not isinstance(document, dict):
        return f"{_what(document)} is no Kubernetes object; an object has apiVersion, kind and metadata"
    missing = [field for field in ("apiVersion", "kind") if document.get(field) is None]
    if missing:
        return f"no {' and no '.join(missing)}: every Kubernetes object says both, as in apiVersion: v1, kind: Service"
    for field in ("apiVersion", "kind"):
        if not isinstance(document[field], str) or not document[field]:
            return f"{field} is {_what(document[field])}; it takes a text such as {'v1' if field == 'apiVersion' else 'Service'}"
    if not isinstance(document.get("metadata", {}), dict):
        return f"metadata is {_what(document['metadata'])}; it takes a mapping with a name"
    return None


def _what(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case "":
            return "an empty text"
        case str():
            return "a text"
        case list():
            return "a list"
    return "a mapping"


def identity_findings(document: dict[str, Any]) -> Iterator[Finding]:
    """Findings about the kind, the apiVersion and the name of a document that `not_an_object` lets pass."""
    name = str(reference_of(document))
    told = list(_kind(document, name))
    yield from told
    if any(one.severity == "skipped" for one in told) and not mapping(document.get("metadata")).get("name"):
        return  # of a kind that nobody here knows, it may be settings of some tool, which have no name
    yield from name_findings(document, name)


def _kind(document: dict[str, Any], name: str) -> Iterator[Finding]:
    api_version, kind = document["apiVersion"], document["kind"]
    group = group_of(api_version)
    known = known_kind(api_version, kind)
    if known is None and group == "s3.aws.upbound.io" and kind in KINDS_MEANT:
        meant = KINDS_MEANT[kind]
        message = f"{api_version} has no kind {kind}; it is called {meant}"
        yield finding("crossplane/kind", message, object=name, path="/kind", fix=fix(f"kind: {meant}", replace("/kind", meant)))
        return
    if known is not None:
        version = api_version.rpartition("/")[2]
        if version not in known.versions:
            message = f"{kind} is not served as {api_version}; write apiVersion: {known.api_version}"
            if _means_another(document, version):
                message += ", under which an empty selector takes every pod of the namespace and not none"
                yield finding("kind/api-version", message, object=name, path="/apiVersion")
                return
            yield finding("kind/api-version", message, object=name, path="/apiVersion", fix=_served_as(known.api_version))
        return
    namesakes = kinds_called(kind)
    if namesakes and (group in GROUPS or group in RETIRED_GROUPS or "." not in group):
        served = " or ".join(other.api_version for other in namesakes)
        message = f"no server has {kind} in {api_version}; write apiVersion: {served}"
        certain = _served_as(namesakes[0].api_version) if len(namesakes) == 1 else None
        yield finding("kind/api-version", message, object=name, path="/apiVersion", fix=certain)
    elif group in CLOSED_GROUPS:
        message = f"{api_version} has no kind {kind}{did_you_mean(kind, NAMES)}"
        yield finding("kind/unknown", message, object=name, path="/kind", severity="error")
    else:
        guess = nearest(kind, NAMES)
        close = f"; {guess} is {kinds_called(guess)[0].api_version}" if guess else ""
        yield finding(
            "kind/unknown",
            f"{kind} of {api_version} is not a kind that we know: nothing in it was checked{close}",
            object=name,
            path="/kind",
        )


def _means_another(document: dict[str, Any], version: str) -> bool:
    """Whether the same text says something else in the version that is served."""
    selector = at(document, "spec", "selector")
    empty = isinstance(selector, dict) and not any(selector.values())
    return document["kind"] == "PodDisruptionBudget" and version == "v1beta1" and empty


def _served_as(api_version: str) -> Fix:
    return fix(f"apiVersion: {api_version}", replace("/apiVersion", api_version))


def corrected(document: dict[str, Any], found: list[Finding]) -> dict[str, Any]:
    """The document under the kind and apiVersion that it means for certain: what else is wrong with it is found as well."""
    for one in found:
        if one.fix is not None and one.path in ("/apiVersion", "/kind"):
            document = {**document, **{operation["path"][1:]: operation["value"] for operation in one.fix.patch}}
    return document


def name_findings(document: dict[str, Any], called: str) -> Iterator[Finding]:
    """Findings about `metadata.name` and `metadata.namespace`; `called` is how findings call the object."""
    metadata = mapping(document.get("metadata"))
    name, kind = metadata.get("name"), document["kind"]
    if name is None or name == "":
        if not text(metadata.get("generateName")) and (document.get("apiVersion"), kind) != ("v1", "LimitRange"):  # the server gives it one
            yield finding("metadata/name", "no metadata.name: every object has one", object=called, path="/metadata/name")
    elif not isinstance(name, str):
        yield finding("metadata/name", f"the name is {_what(name)}; write it in quotes", object=called, path="/metadata/name")
    elif (problem := naming(text(document.get("apiVersion")), kind)(name)) is not None:
        shown = name if len(name) <= 60 else f"{name[:60]}…"
        yield finding("metadata/name", f"{shown!r} can't be its name: {problem}", object=called, path="/metadata/name")
    namespace = metadata.get("namespace")
    if namespace is not None and namespace != "" and (not isinstance(namespace, str) or label(namespace) is not None):
        message = "a namespace is lower case letters, digits and -, at most 63 of them, starting and ending with a letter or digit"
        yield finding("metadata/namespace", message, object=called, path="/metadata/namespace")
