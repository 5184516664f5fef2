"""The probes of an experiment: whom they ask is there, and somebody serves what they ask for."""

import re
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from aichaos.check.rules import finding
from aichaos.check.spelling import there_are
from aichaos.check.steps import State, looked_at
from aichaos.domain.base import ObjectRef
from aichaos.domain.experiment import METHODS, Experiment, HTTPProbe, Probe
from aichaos.domain.finding import Finding
from aichaos.domain.gateway import Gateway
from aichaos.domain.promises import askable
from aichaos.errors import UsageError
from aichaos.observe.addresses import forbidden, stranger
from aichaos.observe.attach import hostnames

_PORTS = {"http": 80, "https": 443}
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NO_URL = re.compile(r"[\x00-\x20\x7f\\]")


def probe_findings(experiment: Experiment, state: State, name: str) -> Iterator[Finding]:
    spec = experiment.spec
    if not spec.steady_state:
        message = "no steadyState: nothing could show that the hypothesis does not hold; add a probe of what users notice"
        yield finding("experiment/no-steady-state", message, object=name, path="/spec/steadyState")
    for field, probes in (("steadyState", spec.steady_state), ("abort", spec.abort)):
        seen: set[str] = set()
        for index, probe in enumerate(probes):
            if probe.name in seen:
                message = f"two probes are called {probe.name}: give each its own name"
                yield finding("experiment/probe-duplicate", message, object=name, path=f"/spec/{field}/{index}/name")
            seen.add(probe.name)
            yield from _probe(probe, state, f"/spec/{field}/{index}")
    known = [probe.name for probe in spec.steady_state]
    for index, step in enumerate(spec.steps):
        if step.probe is not None and step.probe not in known:
            message = f"the steady state has no probe {step.probe}; {there_are(known, step.probe)}"
            yield finding("experiment/probe-unknown", message, object=name, path=f"/spec/steps/{index}/probe")


def _probe(probe: Probe, state: State, path: str) -> Iterator[Finding]:
    try:
        askable(probe)
    except UsageError as error:
        yield finding("experiment/probe-promise", f"{probe.name}: {error}; {error.hint[:1].lower()}{error.hint[1:].rstrip('.')}", path=path)
    if probe.kubernetes is not None:
        yield from looked_at(probe.kubernetes.object, state, "experiment/probe-object", f"{path}/kubernetes/object")
    if probe.http is not None:
        yield from _http(probe.http, state, f"{path}/http")


def _http(probe: HTTPProbe, state: State, path: str) -> Iterator[Finding]:
    url = _url(probe.url)
    if url is None:
        message = f"{probe.url[:80]!r} can't be asked; write http:// or https://, a host and a path"
        yield finding("experiment/probe-url", message, path=f"{path}/url")
    elif probe.via is None and (why := _refused(probe.url, url[0].hostname or "", state)):
        yield finding("policy/probe-address", f"{probe.url[:80]!r} may not be asked: {why}", path=f"{path}/url")
    if why := _unsendable(probe, state):
        yield finding("experiment/probe-url", why, path=path)
    if probe.via is not None:
        yield from _via(probe.via, probe, url, state, path)
    backend = probe.expect.backend
    if backend is not None:
        namespace, _, service = backend.partition("/")
        if not namespace or not service or "/" in service:
            message = f"{backend[:80]!r} names no Service; write it as namespace/name"
            yield finding("experiment/probe-object", message, path=f"{path}/expect/backend")
        else:
            yield from _known(ObjectRef("Service", service, namespace), state, "experiment/probe-object", f"{path}/expect/backend")


def _unsendable(probe: HTTPProbe, state: State) -> str:
    """What no probe sends, whoever wrote it; "" where there is nothing of that."""
    if probe.method not in METHODS and not state.world.policy.allows(probe.method):
        return f"it sends {probe.method[:20]!r}: a probe only asks ({', '.join(METHODS)}), unless the policy allows the method by name"
    broken = next((name for name, value in probe.headers.items() if _CONTROL.search(name + value)), None)
    return f"the header {broken[:40]!r} holds a control character: it would end before its value does" if broken is not None else ""


def _refused(url: str, host: str, state: State) -> str:
    world = state.world
    if world.policy.allows(host):
        return ""
    if why := forbidden(host):
        return why
    if world.cluster is not None and stranger(url, "", world.topology):
        return f"the host is neither in this cluster nor allowed by the policy; go through a Gateway or a Service, or allow {host}"
    return ""


def _url(written: str) -> tuple[SplitResult, int] | None:
    if _NO_URL.search(written):  # some readers take a backslash for a slash, and then another host is meant
        return None
    try:
        url = urlsplit(written)
        port = url.port
    except ValueError:  # a port or a host that is none: said as a finding by the caller
        return None
    if url.scheme not in _PORTS or not url.hostname:
        return None
    return url, port if port is not None else _PORTS[url.scheme]


def _via(via: str, probe: HTTPProbe, url: tuple[SplitResult, int] | None, state: State, path: str) -> Iterator[Finding]:
    match via.split("/"):
        case ["gateway", namespace, name] if namespace and name:
            yield from _known(ObjectRef("Gateway", name, namespace), state, "experiment/probe-via", f"{path}/via")
            gateway = state.world.topology.gateways.get((namespace, name))
            if gateway is not None and url is not None:
                yield from _listened(gateway, _host(probe, url[0]), url[1], state, path)
        case ["service", namespace, name] if namespace and name:
            yield from _known(ObjectRef("Service", name, namespace), state, "experiment/probe-via", f"{path}/via")
            service = state.world.topology.services.get((namespace, name))
            if service is not None and url is not None and all(port.port != url[1] for port in service.spec.ports):
                ports = there_are(str(port.port) for port in service.spec.ports)
                yield finding("experiment/probe-host", f"the Service {name} has no port {url[1]}; {ports}", path=f"{path}/url")
        case _:
            message = f"{via[:80]!r} names nobody to ask; write gateway/namespace/name or service/namespace/name"
            yield finding("experiment/probe-via", message, path=f"{path}/via")


def _host(probe: HTTPProbe, url: SplitResult) -> str:
    """The host that is asked for: a Host header goes before the URL's."""
    header = next((value for key, value in probe.headers.items() if key.lower() == "host"), None)
    return (header or url.hostname or "").partition(":")[0].lower()


def _listened(gateway: Gateway, host: str, port: int, state: State, path: str) -> Iterator[Finding]:
    """A listener has the port and takes the host, and some route serves the host there."""
    on_port = [listener for listener in gateway.spec.listeners if listener.port == port]
    taking = [listener for listener in on_port if hostnames(listener.hostname, [host])]
    called = f"the Gateway {gateway.namespace}/{gateway.name}"
    if not on_port:
        ports = there_are(str(listener.port) for listener in gateway.spec.listeners)
        yield finding("experiment/probe-host", f"{called} has no listener on port {port}; {ports}", path=f"{path}/url")
    elif not taking:
        hosts = there_are((listener.hostname or "*" for listener in on_port), host)
        yield finding("experiment/probe-host", f"no listener of {called} takes the host {host}; {hosts}", path=f"{path}/url")
    else:
        yield from _served(gateway, host, state, path)


def _served(gateway: Gateway, host: str, state: State, path: str) -> Iterator[Finding]:
    topology = state.world.topology
    served = {
        name
        for route in topology.snapshot.http_routes
        for attachment in topology.attached(route)
        if (attachment.gateway.namespace, attachment.gateway.name) == (gateway.namespace, gateway.name)
        for listener in attachment.listeners
        for name in hostnames(listener.hostname, route.spec.hostnames)
    }
    if state.world.sight("HTTPRoute", gateway.namespace) == "known" and not any(_fits(host, name) for name in served):
        message = f"no route serves {host} on {gateway.namespace}/{gateway.name}; {there_are(served, host)}"
        yield finding("experiment/probe-host", message, path=f"{path}/url")


def _fits(host: str, name: str) -> bool:
    return name == "*" or host == name.lower() or (name.startswith("*.") and host.endswith(name[1:].lower()))


def _known(ref: ObjectRef, state: State, rule: str, path: str) -> Iterator[Finding]:
    """An object exists, in the cluster or among what the experiment brings along."""
    if not state.world.exists(ref):
        yield from looked_at(str(ref), state, rule, path)
