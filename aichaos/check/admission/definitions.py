"""CustomResourceDefinitions: names, versions, columns, subresources and conversion (k8s.io/apiextensions-apiserver, apis/apiextensions).

The schemas of the versions are looked at in `structural.py`. A schema that all versions have alike is one schema to the server, and so are
subresources, columns and selectable fields: what goes with what is decided after that.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from aichaos.check.admission import names
from aichaos.check.admission.spot import Problems, Spot, one_of
from aichaos.check.admission.structural import followed, nodes, schema
from aichaos.check.late import late
from aichaos.check.schema.sound import unsound
from aichaos.files.plain import same, without_nulls

_APPROVAL = "api-approved.kubernetes.io"
_COLUMN_TYPES = ("integer", "number", "string", "boolean", "date")
_COLUMN_FORMATS = ("int32", "int64", "float", "double", "byte", "date", "date-time", "password")
_REVIEWS = ("v1", "v1beta1")
_LONGEST_WARNING = 256  # bytes
_MOST_SELECTABLE = 8


def definition(document: Spot) -> Problems:
    spec = document["spec"]
    yield from _group(spec["group"])
    yield from one_of(spec["scope"], ("Cluster", "Namespaced"), required=True)
    if spec["preserveUnknownFields"].on:
        why = "apiextensions.k8s.io/v1 takes x-kubernetes-preserve-unknown-fields: true in the schema instead"
        yield spec["preserveUnknownFields"].invalid(why)
    yield from _names(spec["names"])
    plural, group, name = spec["names"]["plural"].text, spec["group"].text, document["metadata"]["name"]
    if plural and group and name.text and name.text != f"{plural}.{group}":
        yield name.invalid(f"a definition is called by its plural and its group: {plural}.{group}")
    yield from _approval(spec["group"].text, document["metadata"]["annotations"])
    yield from _versions(spec["versions"])
    yield from _conversion(spec["conversion"])


def _group(spot: Spot) -> Problems:
    if not spot.text:
        yield spot.required("such as example.com")
    elif problem := names.subdomain(spot.text):
        yield spot.invalid(problem)
    elif "." not in spot.text:
        yield spot.invalid("a group is a domain with a dot in it, such as example.com")


def _approval(group: str, annotations: Spot) -> Problems:
    if not f".{group}".endswith((".k8s.io", ".kubernetes.io")):
        return
    spot = annotations[_APPROVAL]
    address = urlsplit(spot.text) if not set(spot.text) & set("[]") else urlsplit("")
    if not spot.text.startswith("unapproved") and not (address.scheme and address.netloc):
        why = f"these groups are the Kubernetes project's own: {_APPROVAL} holds the address of the approval, or unapproved and why"
        yield spot.invalid(why) if spot.text else annotations.invalid(why)


def _names(spot: Spot) -> Problems:
    for field in ("plural", "kind"):
        if not spot[field].text:
            yield spot[field].required("every kind has one")
    for field in ("plural", "singular"):
        if spot[field].text and (problem := names.label_1035(spot[field].text)):
            yield spot[field].invalid(problem)
    for field in ("kind", "listKind"):
        if spot[field].text and (problem := names.label_1035(spot[field].text.lower())):
            yield spot[field].invalid(f"{problem}; capital letters are fine too")
    if spot["kind"].text and spot["kind"].text == spot["listKind"].text:
        yield spot["listKind"].invalid("kind and listKind can't be the same")
    for field in ("shortNames", "categories"):
        for item in spot[field].each():
            if problem := names.label_1035(item.text):
                yield item.invalid(problem)


# versions -----------------------------------------------------------------------------------------------------------------------


def _versions(versions: Spot) -> Problems:
    every = versions.each()
    storing = [one for one in every if one["storage"].on]
    if len(storing) != 1:
        yield versions.invalid(f"one version has storage: true, and {'none' if not storing else len(storing)} does")
    seen: set[str] = set()
    for one in every:
        if problem := names.label_1035(one["name"].text):
            yield one["name"].invalid(problem) if one["name"].text else one["name"].required("such as v1")
        if one["name"].text in seen:
            yield one["name"].duplicate(f"the version {one['name'].text}")
        seen.add(one["name"].text)
    for one in every:
        if not isinstance(one["schema"]["openAPIV3Schema"].value, dict):
            yield one["schema"]["openAPIV3Schema"].required("each version has a schema")
        yield from _deprecation(one)
    yield from _once(every, "subresources", _subresources)
    for one in every if not _alike(every, "additionalPrinterColumns") else every[:1]:
        for column in one["additionalPrinterColumns"].each():
            yield from _column(column)
    yield from _schemas(every)


def _schemas(every: list[Spot]) -> Problems:
    together = _alike(every, "schema")
    for number, one in enumerate(every):
        root = one["schema"]["openAPIV3Schema"]
        if isinstance(root.value, dict) and not (together and number):
            having = every if together else [one]
            yield from _schema(root, status=any(each["subresources"]["status"] for each in having))
    if _alike(every, "selectableFields") and not together:
        for one in every:
            if one["selectableFields"].each():
                yield one["selectableFields"].invalid("all versions have the same, and their schemas differ: the server refuses that")
        return
    for number, one in enumerate(every):
        if one["selectableFields"].each() and not (together and number and _alike(every, "selectableFields")):
            if together and not _alike(every, "selectableFields"):
                yield one["selectableFields"].invalid("the versions have one schema, and these differ: the server refuses that")
            else:
                yield from _selectable(one["selectableFields"], one["schema"]["openAPIV3Schema"])


def _schema(root: Spot, *, status: bool) -> Problems:
    found = list(schema(root, status=status))
    yield from found
    sound = all(one.rule == "schema/not-checked" for one in found) and not unsound(root.value)
    if sound and any(node["x-kubernetes-validations"].each() for node in nodes(root)):
        yield from late("admission.cel_rules.rules")(root)  # for those alone that have some


def _alike(every: list[Spot], field: str) -> bool:
    """Whether all versions have the same there, nothing included."""
    values = [without_nulls(one[field].value) or None for one in every]
    return all(same(values[0], other) for other in values[1:]) if values else True


def _once(every: list[Spot], field: str, check: Callable[[Spot], Problems]) -> Problems:
    for one in every[:1] if _alike(every, field) else every:
        yield from check(one[field])


def _deprecation(version: Spot) -> Problems:
    warning = version["deprecationWarning"]
    if not isinstance(warning.value, str):
        return
    if not version["deprecated"].on:
        yield warning.invalid("it goes with deprecated: true")
    elif not warning.text:
        yield warning.invalid("an empty warning tells nobody anything")
    elif len(warning.text.encode("utf-8", "replace")) > _LONGEST_WARNING:
        yield warning.invalid(f"it has at most {_LONGEST_WARNING} bytes")
    elif not all(character == " " or (character.isprintable() and not character.isspace()) for character in warning.text):
        yield warning.invalid("it has a character that can't be printed")


def _column(column: Spot) -> Problems:
    if not column["name"].text:
        yield column["name"].required("the head of the column")
    yield from one_of(column["type"], _COLUMN_TYPES, required=True)
    yield from one_of(column["format"], _COLUMN_FORMATS)
    yield from _path(column["jsonPath"], "")


def _subresources(spot: Spot) -> Problems:
    for field in spot["status"].every_key():
        yield spot["status"][field].forbidden("status is there or not: {} is all that it holds")
    scale = spot["scale"]
    if not isinstance(scale.value, dict):
        return
    yield from _path(scale["specReplicasPath"], ".spec.")
    yield from _path(scale["statusReplicasPath"], ".status.")
    if scale["labelSelectorPath"].text:
        yield from _path(scale["labelSelectorPath"], (".spec.", ".status."))


def _path(spot: Spot, prefix: str | tuple[str, ...]) -> Problems:
    """A simple path such as `.spec.replicas`."""
    if not spot.text:
        yield spot.required("a path such as .spec.replicas")
    elif not spot.text.startswith("."):
        yield spot.invalid("a path starts with a dot, as in .spec.replicas")
    elif prefix and not spot.text.startswith(prefix):
        yield spot.invalid(f"it has to be below {prefix if isinstance(prefix, str) else ' or '.join(prefix)}")


def _selectable(fields: Spot, root: Spot) -> Problems:
    seen: set[str] = set()
    for field in fields.each():
        path = field["jsonPath"]
        if not path.text:
            yield path.required("a path such as .spec.colour")
            continue
        found: Any = followed(root, path.text, brackets=False)
        if isinstance(found, str):
            yield path.invalid(found)
        elif path.text.startswith(".metadata"):
            yield path.invalid("fields of the metadata can't be chosen here")
        elif found["type"].text not in ("string", "boolean", "integer"):
            yield path.invalid("it leads to no text, whole number, or true or false")
        if path.text in seen:
            yield path.duplicate(path.text)
        seen.add(path.text)
    if len(seen) > _MOST_SELECTABLE:
        yield fields.invalid(f"a version takes at most {_MOST_SELECTABLE} of them")


# conversion ---------------------------------------------------------------------------------------------------------------------


def _conversion(spot: Spot) -> Problems:
    if not spot:
        return
    yield from one_of(spot["strategy"], ("None", "Webhook"), required=True)
    webhook = spot["webhook"]
    if spot["strategy"].text != "Webhook":
        if webhook["clientConfig"] or webhook["conversionReviewVersions"].each():
            yield webhook.forbidden("it goes with strategy: Webhook")
        return
    yield from _client(webhook)
    yield from _reviews(webhook["conversionReviewVersions"])


def _client(webhook: Spot) -> Problems:
    config = webhook["clientConfig"]
    if not config:
        yield (config if webhook else webhook).required("where the webhook is asked")
    elif bool(config["url"]) == bool(config["service"]):
        yield config.required("either a url or a service")
    elif config["url"]:
        yield from _address(config["url"])
    else:
        yield from _service(config["service"])


def _address(spot: Spot) -> Problems:
    try:
        address = urlsplit(spot.text)
    except ValueError:
        yield spot.invalid("this is no address; it looks like https://host/path")
        return
    if address.scheme != "https" or not address.netloc:
        yield spot.invalid("it is https://, and a host")
    elif "@" in address.netloc or address.query or address.fragment:
        yield spot.invalid("no user, query or fragment may stand in it")


def _service(service: Spot) -> Problems:
    for field in ("name", "namespace"):
        if not service[field].text:
            yield service[field].required()
    if service["port"] and (problem := names.port_number(service["port"].number)):
        yield service["port"].invalid(problem)
    path = service["path"]
    if path.text in ("", "/"):
        return
    steps = path.text[1:].removesuffix("/").split("/")
    if not path.text.startswith("/") or any(names.subdomain(step) for step in steps):
        yield path.invalid("a path starts with / and has names between its slashes")


def _reviews(spot: Spot) -> Problems:
    versions = spot.each()
    if not versions:
        yield spot.required(f"the versions of ConversionReview that the webhook reads: {', '.join(_REVIEWS)}")
        return
    seen: set[str] = set()
    for version in versions:
        if version.text in seen:
            yield version.duplicate(version.text)
        elif problem := names.label_1035(version.text):
            yield version.invalid(problem)
        seen.add(version.text)
    if not seen & set(_REVIEWS):
        yield spot.invalid(f"the server speaks {' and '.join(_REVIEWS)}, and none of them is here")
