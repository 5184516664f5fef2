"""What calls admission webhooks (k8s.io/kubernetes, pkg/apis/admissionregistration/validation, v1.35)."""

from urllib.parse import urlsplit

from aichaos.check.admission import names
from aichaos.check.admission.metadata import selector
from aichaos.check.admission.spot import Problem, Problems, Spot, between, one_of
from aichaos.check.schema.cel.syntax import SyntaxProblemError, parse

_OPERATIONS = ("*", "CREATE", "UPDATE", "DELETE", "CONNECT")
_REVIEWS = ("v1", "v1beta1")
_SEGMENTS = 3
_VARIABLES = ("object", "oldObject", "request", "authorizer")
_MOST_CONDITIONS = 64
_LONGEST_WAIT = 30
"""Seconds."""


def configuration(document: Spot) -> Problems:
    """A ValidatingWebhookConfiguration, or a mutating one: the latter's reinvocationPolicy is all that differs."""
    seen: set[str] = set()
    for hook in document["webhooks"].each():
        yield from _hook(hook)
        name = hook["name"]
        if name.text and name.text in seen:
            yield name.duplicate(name.text)
        seen.add(name.text)


def _hook(hook: Spot) -> Problems:
    name = hook["name"]
    if not name.text:
        yield name.required("a domain with three segments at least, as in deny.policy.example.com")
    elif problem := names.subdomain(name.text):
        yield name.invalid(problem)
    elif name.text.count(".") + 1 < _SEGMENTS:
        yield name.invalid("it must be a domain with three segments at least, as in deny.policy.example.com")
    yield from _versions(hook["admissionReviewVersions"])
    for rule in hook["rules"].each():
        yield from _rule(rule)
    yield from _choice(hook["failurePolicy"], ("Ignore", "Fail"))
    yield from _choice(hook["matchPolicy"], ("Exact", "Equivalent"))
    yield from _choice(hook["reinvocationPolicy"], ("Never", "IfNeeded"))
    if hook["sideEffects"]:
        yield from _choice(hook["sideEffects"], ("None", "NoneOnDryRun"))
    else:
        yield hook["sideEffects"].required("None or NoneOnDryRun: a dry run calls the webhook too")
    yield from between(hook["timeoutSeconds"], 1, _LONGEST_WAIT)
    yield from selector(hook["namespaceSelector"])
    yield from selector(hook["objectSelector"])
    yield from _client(hook["clientConfig"])
    yield from _conditions(hook["matchConditions"])


def _choice(spot: Spot, allowed: tuple[str, ...]) -> Problems:
    """A text of a closed set that may be left out, and not be empty."""
    if spot and spot.text not in allowed:
        yield spot.unsupported(allowed)


def _versions(spot: Spot) -> Problems:
    if not spot.each():
        yield spot.required(f"one of {', '.join(_REVIEWS)}")
        return
    seen: set[str] = set()
    for version in spot.each():
        if version.text in seen:
            yield version.invalid("it stands here twice")
            continue
        seen.add(version.text)
        if problem := names.label_1035(version.text):
            yield version.invalid(problem)
    if not seen & set(_REVIEWS):
        yield spot.invalid(f"one of {', '.join(_REVIEWS)} must be among them: it is what the server sends")


def _rule(rule: Spot) -> Problems:
    operations = rule["operations"]
    yield from _any_alone(operations)
    for operation in operations.each():
        yield from one_of(operation, _OPERATIONS, required=True) if operation.text else iter((operation.unsupported(_OPERATIONS),))
    yield from _any_alone(rule["apiGroups"])
    versions = rule["apiVersions"]
    yield from _any_alone(versions)
    for version in versions.each():
        if not version.text:
            yield version.required()
    yield from _resources(rule["resources"])
    yield from _choice(rule["scope"], ("*", "Cluster", "Namespaced"))


def _any_alone(spot: Spot) -> Problems:
    if not spot.each():
        yield spot.required('one at least, or "*"')
    elif len(spot.each()) > 1 and "*" in spot.texts():
        yield spot.invalid('"*" stands alone')


def _resources(spot: Spot) -> Problems:
    if not spot.each():
        yield spot.required('one at least, as pods, pods/* or "*"')
        return
    with_any_part: set[str] = set()
    of_any: set[str] = set()
    for item in spot.each():
        resource, slash, part = item.text.partition("/")
        if not item.text:
            yield item.required()
        elif slash:
            if resource in with_any_part:
                yield item.invalid(f"{resource}/* says this already")
            if part in of_any:
                yield item.invalid(f"*/{part} says this already")
            if part == "*":
                with_any_part.add(resource)
            if resource == "*":
                of_any.add(part)
    texts = spot.texts()
    if len(texts) > 1 and "*/*" in texts:
        yield spot.invalid("*/* stands alone")
    whole = [text for text in texts if text and "/" not in text]
    if "*" in whole and whole[-1] != "*":  # the server looks at the last one alone
        yield spot.invalid('beside "*" only resources with a subresource may stand')


def _client(spot: Spot) -> Problems:
    url, service = spot["url"], spot["service"]
    if bool(url) == bool(service):
        yield Problem("admission/required", spot.path, "clientConfig: exactly one of url and service")
    elif url:
        yield from _url(url)
    else:
        yield from _service(service)


def _url(spot: Spot) -> Problems:
    try:
        url = urlsplit(spot.text)
    except ValueError as error:
        yield spot.invalid(f"it is no URL: {error}")
        return
    if spot.text.startswith(" ") or any(letter < " " or letter == "\x7f" for letter in spot.text):  # urlsplit takes these away
        yield spot.invalid("it begins with a blank or holds a control character")
    if url.scheme != "https":
        yield spot.invalid("it must begin with https://")
    if not url.netloc:
        yield spot.invalid("it names no host")
    if "@" in url.netloc:
        yield spot.invalid("it may not hold a user or a password")
    if url.fragment:
        yield spot.invalid("it may have no fragment")
    if url.query:
        yield spot.invalid("it may have no query")


def _service(spot: Spot) -> Problems:
    for field in ("name", "namespace"):
        if not spot[field].text:
            yield spot[field].required()
    port, path = spot["port"], spot["path"]
    if port and (problem := names.port_number(port.number)):
        yield port.invalid(problem)
    if path.text in ("", "/"):
        return
    if not path.text.startswith("/"):
        yield path.invalid("it must begin with a /")
    for step in path.text[1:].removesuffix("/").split("/"):
        if problem := "a part of it is empty" if not step else names.subdomain(step):
            yield path.invalid(problem)


def _conditions(spot: Spot) -> Problems:
    if len(spot.each()) > _MOST_CONDITIONS:
        yield spot.invalid(f"{_MOST_CONDITIONS} at most")
    seen: set[str] = set()
    for condition in spot.each():
        name, expression = condition["name"], condition["expression"]
        if not name.text:
            yield name.required()
        elif problem := names.qualified(name.text):
            yield name.invalid(problem)
        elif name.text in seen:
            yield name.duplicate(name.text)
        seen.add(name.text)
        if not expression.text.strip():
            yield expression.required()
            continue
        yield from _compiled(expression)


def _compiled(expression: Spot) -> Problems:
    """Only what is plain at a glance: the types of what a webhook is asked about are not declared here."""
    try:
        tree = parse(expression.text)
    except SyntaxProblemError as error:
        yield expression.invalid(f"this is no CEL: {error}")
        return
    match tree:
        case ("name", str(name)) | ("select", ("name", str(name)), _, _) if name not in _VARIABLES:
            yield expression.invalid(f"there is no variable {name}; there are {', '.join(_VARIABLES)}")
        case ("unary", "-", _) | ("binary", "-" | "*" | "/" | "%", _, _):
            yield expression.invalid("it must say true or false")
        case ("literal", value) if not isinstance(value, bool):
            yield expression.invalid("it must say true or false")
        case _:
            yield Problem("schema/not-checked", expression.path, "whether this compiles is not checked here: only the server can say it")
