"""Probes and lifecycle hooks of a container (validateHandler of k8s.io/kubernetes, v1.35)."""

from aichaos.check.admission import names
from aichaos.check.admission.spot import Problems, Spot, between, not_negative, one_of

_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")


def probe(asked: Spot, *, once: bool) -> Problems:
    if not asked:
        return
    yield from _handler(asked, 0)
    for field in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        yield from not_negative(asked[field])
    grace = asked["terminationGracePeriodSeconds"]
    if grace and grace.number <= 0:
        yield grace.invalid("it must be more than 0")
    if not once and grace:
        yield grace.invalid("a readiness probe ends nothing")
    if once and asked["successThreshold"].number > 1:
        yield asked["successThreshold"].invalid("it is 1 for liveness and startup probes")


def _handler(of: Spot, grace: int) -> Problems:
    given = [of[field] for field in _HANDLERS if of[field]]
    if not given:
        yield (
            of.required("it takes one of exec, httpGet, tcpSocket, grpc")
            if of.name.endswith("Probe")
            else of.required("it takes one of exec, httpGet, sleep")
        )
    for one in given[1:]:
        yield one.forbidden("one way of asking at a time")
    if not given:
        return
    match given[0].name:
        case "exec" if not given[0]["command"].each():
            yield given[0]["command"].required()
        case "httpGet":
            yield from _get(given[0])
        case "tcpSocket":
            yield from number_or_name(given[0]["port"])
        case "sleep":
            yield from between(given[0]["seconds"], 0, grace)
        case "grpc":
            if problem := names.port_number(given[0]["port"].number):
                yield given[0]["port"].invalid(problem)


def _get(get: Spot) -> Problems:
    yield from number_or_name(get["port"])
    yield from one_of(get["scheme"], ("HTTP", "HTTPS"))
    for one in get["httpHeaders"].each():
        if problem := names.header(one["name"].text):
            yield one["name"].invalid(problem)


def number_or_name(port: Spot) -> Problems:
    """A port of the container, by number or by name."""
    problem = names.port_name(port.value) if isinstance(port.value, str) else names.port_number(port.number)
    if problem:
        yield port.invalid(problem)


def lifecycle(hooks: Spot, grace: int) -> Problems:
    for field in ("postStart", "preStop"):
        if hooks[field]:
            yield from _handler(hooks[field], grace)
