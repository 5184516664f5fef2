"""Environment variables of a container, and the fields of a pod that variables and files show (ValidateEnv of k8s.io/kubernetes, v1.35)."""

import re

from aichaos.check.admission import names
from aichaos.check.admission.quantities import amount
from aichaos.check.admission.spot import Problems, Spot

_POD_FIELDS = frozenset(
    {"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName"}
    | {"status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"}
)
_SUBSCRIPT = re.compile(r"(metadata\.(?:labels|annotations))\['(.*)'\]")
_RESOURCE_FIELDS = ("cpu", "memory", "ephemeral-storage")
_DIVISORS = {
    "cpu": {"1m", "1"},
    "memory": {"1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"},
}


def environment(container: Spot) -> Problems:
    for variable in container["env"].each():
        name = variable["name"]
        if not name.text:
            yield name.required("every variable has one")
        elif problem := names.environment_name(name.text):
            yield name.invalid(problem)
        yield from _value_from(variable)
    for source in container["envFrom"].each():
        if (prefix := source["prefix"]).text and (problem := names.environment_name(prefix.text)):
            yield prefix.invalid(problem)
        given = [source[field] for field in ("configMapRef", "secretRef") if source[field]]
        if not given:
            yield source.invalid("it takes one of configMapRef, secretRef")
        for one in given[1:]:
            yield one.forbidden("one source at a time")
        for one in given[:1]:
            yield from named(one["name"])


def named(name: Spot) -> Problems:
    """The name of a ConfigMap, Secret or claim that is used here."""
    if not name.text:
        yield name.required()
    elif problem := names.subdomain(name.text):
        yield name.invalid(problem)


def _value_from(variable: Spot) -> Problems:
    source = variable["valueFrom"]
    if not source:
        return
    given = [source[field] for field in ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef") if source[field]]
    if not given:
        yield source.invalid("it takes one of fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef")
    if len(given) > 1:
        yield source.invalid("it takes one source, not several")
    if variable["value"].text and given:
        yield source.invalid("a variable has a value or a valueFrom, not both")
    yield from field_reference(source["fieldRef"], _POD_FIELDS)
    yield from resource_reference(source["resourceFieldRef"], volume=False)
    for field in ("configMapKeyRef", "secretKeyRef"):
        if reference := source[field]:
            yield from named(reference["name"])
            if not reference["key"].text:
                yield reference["key"].required()
            elif problem := names.config_key(reference["key"].text):
                yield reference["key"].invalid(problem)


def field_reference(reference: Spot, allowed: frozenset[str]) -> Problems:
    """The field of a pod that a variable or a file shows."""
    if not reference:
        return
    path, version = reference["fieldPath"], reference["apiVersion"]
    if version.text and version.text != "v1":
        yield path.invalid("fields are those of apiVersion v1")
    if not path.text:
        yield path.required()
    elif found := _SUBSCRIPT.fullmatch(path.text):
        if problem := names.qualified(found[2].lower() if "annotations" in found[1] else found[2]):
            yield path.invalid(problem)
    elif path.text not in allowed:
        yield path.unsupported({*allowed, "metadata.labels['key']", "metadata.annotations['key']"})


def resource_reference(reference: Spot, *, volume: bool) -> Problems:
    if not reference:
        return
    if volume and not reference["containerName"].text:
        yield reference["containerName"].required()
    resource = reference["resource"]
    if not resource.text:
        yield resource.required()
        return
    side, _, what = resource.text.partition(".")
    if side not in ("limits", "requests") or (what not in _RESOURCE_FIELDS and not what.startswith("hugepages-")):
        yield resource.unsupported({f"{side}.{what}" for side in ("limits", "requests") for what in _RESOURCE_FIELDS})
        return
    divisor = reference["divisor"]
    much = amount(divisor)
    units = _DIVISORS.get(what, _DIVISORS["memory"])
    if much and much not in {amount(Spot(unit)) for unit in units}:
        yield divisor.invalid(f"it takes {', '.join(sorted(units))}")
