"""Finders about NetworkPolicies: labels that they go by, and namespaces that have none."""

from collections.abc import Iterator
from math import ceil

from aichaos.domain.base import LabelSelector, reference
from aichaos.domain.gateway import HTTPRoute
from aichaos.domain.network import NetworkPolicy, Service
from aichaos.domain.workloads import Pod
from aichaos.library.fill import Values
from aichaos.library.finders.candidate import Candidate, Names, named, service_ref, share
from aichaos.library.finders.routes import policed, route_values, serving
from aichaos.observe.topology import Topology

AT_MOST = 20
"""Pods whose labels one experiment flips: every one of them is a step, and somebody has to read them."""


def flipped_label(topology: Topology, names: Names) -> Iterator[Candidate]:
    """A NetworkPolicy that lets pods in by a label, and the pods that bear it."""
    policies = topology.snapshot.network_policies
    routed = _routed(topology) if policies else {}
    for policy in sorted(policies, key=lambda one: -named(one, names)) if names else policies:
        for label, value in _admitted(policy):
            sources = topology.select(policy.namespace, LabelSelector(match_labels={label: value}))
            guarded = topology.select(policy.namespace, policy.spec.pod_selector)
            probed = next((routed[pod.namespace, pod.name] for pod in (*sources, *guarded) if (pod.namespace, pod.name) in routed), None)
            if sources and guarded and probed is not None:
                yield _flip(topology, policy, (label, value), sources, guarded, route_values(topology, *probed))


def _admitted(policy: NetworkPolicy) -> Iterator[tuple[str, str]]:
    """The single labels by which a policy lets pods of its own namespace in."""
    for rule in policy.spec.ingress or ():
        for peer in rule.from_:
            selector = peer.pod_selector
            own = selector is not None and peer.namespace_selector is None and not selector.match_expressions
            if selector is not None and own and len(selector.match_labels) == 1:
                yield from selector.match_labels.items()


def _routed(topology: Topology) -> dict[tuple[str, str], tuple[HTTPRoute, Service]]:
    """Pods behind a route → that route, and the Service between."""
    found: dict[tuple[str, str], tuple[HTTPRoute, Service]] = {}
    for served in serving(topology, frozenset()):
        for service in served.services:
            for pod in topology.service_pods(service):
                found.setdefault((pod.namespace, pod.name), (served.route, service))
    return found


def _flip(
    topology: Topology, policy: NetworkPolicy, label: tuple[str, str], sources: list[Pod], guarded: list[Pod], probed: Values
) -> Candidate:
    key, value = label

    def derived(values: Values) -> Values:
        chosen = sources[: min(AT_MOST, max(1, ceil(len(sources) * values.get("percent", 50) / 100)))]
        return {
            "flipped": len(chosen),
            "flips": [_step(pod, key, f"{value[:40]}-flipped", "flip") for pod in chosen],
            "flips_back": [_step(pod, key, value, "flip back") for pod in chosen],
        }

    extra = {
        "policy": policy.name,
        "policy_namespace": policy.namespace,
        "label": key,
        "label_value": value,
        "guarded": len(guarded),
        "pods": len(sources),
    }
    return Candidate(
        subject=reference(policy),
        namespaces=[policy.namespace],
        why=[reference(policy), *(service_ref(one) for one in topology.services_of_pods(sources[:1])[:1])],
        values=probed | extra,
        derived=derived,
    )


def _step(pod: Pod, key: str, value: str, verb: str) -> Values:
    target = {"kind": "Pod", "name": pod.name, "namespace": pod.namespace, "set": {key: value}}
    return {"name": f"{verb} {pod.name}", "label": target}


def open_namespace(topology: Topology, names: Names) -> Iterator[Candidate]:
    """A backend whose pods no NetworkPolicy guards: the first policy of its namespace would change everything."""
    seen: set[str] = set()
    for served in serving(topology, names):
        for service in served.services:
            pods = topology.service_pods(service)
            if not pods or service.namespace in seen or policed(topology, pods):
                continue
            seen.add(service.namespace)
            whole = topology.pods_of_namespace[service.namespace]
            extra = {"guarded_namespace": service.namespace, "selector": service.spec.selector, "pods": len(pods)}
            yield Candidate(
                subject=service_ref(service),
                namespaces=sorted({served.route.namespace, service.namespace}),
                why=[service_ref(service), reference(served.route)],
                values=route_values(topology, served.route, service) | extra | {"share": share(len(pods), len(whole))},
            )
