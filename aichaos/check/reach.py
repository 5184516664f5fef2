"""The blast radius in one sentence: how many pods of how many, and what their loss means for Services and routes."""

from collections.abc import Iterable

import msgspec

from aichaos.check.radius import Harm
from aichaos.domain.base import reference
from aichaos.domain.gateway import Route
from aichaos.domain.network import Service
from aichaos.observe.targets import PodKey, keys
from aichaos.observe.topology import Topology

_PARTS = ((1.0, "all"), (0.75, "three quarters"), (2 / 3, "two thirds"), (0.5, "half"), (1 / 3, "a third"), (0.25, "a quarter"))


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """pods: hit at most, of `total` in the namespaces that are reached. losses: Service → share of its pods, at worst, 0..1."""

    pods: int
    total: int
    losses: dict[tuple[str, str], float]
    routes: dict[str, float]

    @property
    def share(self) -> float:
        return self.pods / self.total if self.total else 0.0

    def __str__(self) -> str:
        parts = [f"{self.pods} of {self.total} pods ({self.share:.0%})"]
        if self.losses:
            parts.append(_counted(len(self.losses), "Service"))
        if self.routes:
            several = len(self.routes) > 1
            upto = "up to " if len(set(self.routes.values())) > 1 else ""
            lost = f"{'lose' if several else 'loses'} {upto}{_part(max(self.routes.values()))} of {'their' if several else 'its'} endpoints"
            parts.append(f"{_counted(len(self.routes), 'route')} {lost}")
        return ", ".join(parts)


def reach(harms: Iterable[Harm], topology: Topology) -> Reach:
    """What some harms of one object do together, at most."""
    listed = list(harms)
    hit = frozenset[tuple[str, str]]().union(*(harm.pods for harm in listed))
    count = min(len(hit), sum(harm.count for harm in listed))
    namespaces = {namespace for harm in listed for namespace in harm.namespaces} | {namespace for namespace, _ in hit}
    near = [pod for namespace in sorted({namespace for namespace, _ in hit}) for pod in topology.pods_of_namespace.get(namespace, [])]
    losses = {
        (service.namespace, service.name): _lost([service], hit, count, topology)
        for service in topology.services_of_pods([pod for pod in near if (pod.namespace, pod.name) in hit])
    }
    routes = {
        f"{route.namespace}/{route.name}": _lost(_behind(route, topology), hit, count, topology)
        for route in {id(route): route for key in losses for route in topology.routes_of_service.get(key, [])}.values()
    }
    total = sum(len(topology.pods_of_namespace.get(namespace, [])) for namespace in namespaces)
    return Reach(pods=count, total=total, losses=losses, routes=routes)


def _lost(services: list[Service], hit: frozenset[PodKey], count: int, topology: Topology) -> float:
    """The share of what answers for these Services that is gone at worst. A pod that is not ready answers nobody, unless none is."""
    pods = [pod for service in services for pod in topology.service_pods(service)]
    answering = keys([pod for pod in pods if pod.ready] or pods)
    return min(count, len(answering & hit)) / len(answering) if answering else 0.0


def _behind(route: Route, topology: Topology) -> list[Service]:
    """Every Service that a route sends to, each once."""
    found = {backend.key: backend.service for backend in topology.backends[reference(route)] if backend.service is not None}
    return list(found.values())


def _part(share: float) -> str:
    return next((word for value, word in _PARTS if abs(share - value) < 0.005), f"{share:.0%}")


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
