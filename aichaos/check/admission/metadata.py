"""Names, labels, annotations and owners: what holds for objects of every kind (ValidateObjectMeta of k8s.io/apimachinery)."""

from collections.abc import Callable

from aichaos.check.admission import names
from aichaos.check.admission.spot import Problems, Spot

Naming = Callable[[str], str | None]

_ANNOTATIONS = 256 * 1024  # bytes, keys and values together

# Kinds whose name is more, or less, than a DNS subdomain.
_NAMES: dict[tuple[str, str], Naming] = {
    ("", "Namespace"): names.label,
    ("", "Service"): names.label_1035,
    ("apps", "StatefulSet"): names.label,
    **{("rbac.authorization.k8s.io", kind): names.path_segment for kind in ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")},
    ("policy", "PodDisruptionBudget"): names.path_segment,
}


def naming(api_version: str, kind: str) -> Naming:
    """What names of a kind look like: a function that says why a text is none."""
    return _NAMES.get((api_version.rpartition("/")[0], kind), names.subdomain)


def metadata(document: Spot, api_version: str, kind: str) -> Problems:
    """Everything about an object's metadata but its name and namespace, which are told by the check of its identity."""
    spot = document["metadata"]
    fits = naming(api_version, kind)
    group, generated = api_version.rpartition("/")[0], spot["generateName"]
    if generated.text:
        # What is put behind it is a letter or digit: a dash at its end is usual.
        prefix = generated.text[:-1] + "a" if generated.text.endswith("-") else generated.text
        if fits is not names.path_segment and (problem := fits(prefix)):
            yield generated.invalid(problem)
    if spot["generation"].number < 0:
        yield spot["generation"].invalid("it must be 0 or more")
    yield from labels(spot["labels"])
    yield from annotations(spot["annotations"])
    yield from _owners(spot["ownerReferences"])
    for finalizer in spot["finalizers"].each():
        if problem := names.qualified(finalizer.text):
            yield finalizer.invalid(problem)
        elif group == "" and "/" not in finalizer.text and finalizer.text not in _FINALIZERS:
            yield finalizer.invalid("a finalizer's name is prefixed with a domain, as in example.com/cleanup")


_FINALIZERS = frozenset({"orphan", "foregroundDeletion", "kubernetes"})


def labels(spot: Spot) -> Problems:
    for key, value in spot.pairs():
        if problem := names.qualified(key):
            yield value.invalid(f"the key of the label {key[:60]!r} is refused: {problem}")
        elif problem := names.label_value(value.text):
            yield value.invalid(problem)


def annotations(spot: Spot) -> Problems:
    size = 0
    for key, value in spot.pairs():
        if problem := names.qualified(key.lower()):
            yield value.invalid(f"the key of the annotation {key[:60]!r} is refused: {problem}")
        size += len(key.encode()) + len(value.text.encode())
    if size > _ANNOTATIONS:
        yield spot.invalid("annotations take 256 KiB at most, all together")


def _owners(spot: Spot) -> Problems:
    controllers = 0
    for owner in spot.each():
        for field in ("apiVersion", "kind", "name", "uid"):
            if not owner[field].text:
                yield owner[field].required()
        controllers += owner["controller"].on
    if controllers > 1:
        yield spot.invalid("only one owner can be the controller")


def selector(spot: Spot) -> Problems:
    """A label selector (metav1.LabelSelector)."""
    yield from match_labels(spot["matchLabels"])
    for requirement in spot["matchExpressions"].each():
        key, operator, values = requirement["key"], requirement["operator"], requirement["values"]
        if operator.text in ("In", "NotIn"):
            if not values.each():
                yield values.required(f"{operator.text} needs values")
        elif operator.text in ("Exists", "DoesNotExist"):
            if values.each():
                yield values.forbidden(f"{operator.text} takes no values")
        else:
            yield operator.invalid("it takes In, NotIn, Exists, DoesNotExist")
        if problem := names.qualified(key.text):
            yield key.invalid(problem)
        for value in values.each():
            if problem := names.label_value(value.text):
                yield value.invalid(problem)


def match_labels(spot: Spot) -> Problems:
    """Labels that are looked for."""
    yield from labels(spot)


def is_empty_selector(spot: Spot) -> bool:
    return not spot["matchLabels"].pairs() and not spot["matchExpressions"].each()


def fits(spot: Spot, given: Spot) -> bool:
    """Whether a selector takes these labels."""
    have = {key: given[key].text for key in given.every_key()}  # one that is null is empty to Go
    if any(have.get(key) != spot["matchLabels"][key].text for key in spot["matchLabels"].every_key()):
        return False
    for requirement in spot["matchExpressions"].each():
        key, values = requirement["key"].text, requirement["values"].texts()
        match requirement["operator"].text:
            case "In" if have.get(key) not in values:
                return False
            case "NotIn" if key in have and have[key] in values:
                return False
            case "Exists" if key not in have:
                return False
            case "DoesNotExist" if key in have:
                return False
    return True
