"""Why a scenario fits a cluster or not: what its finder needs, in the order in which a person would look for it.

The finder alone decides; here the first thing that it misses is named. Where all of this is there and the finder still finds nothing, its
whole precondition is told.
"""

import inspect
from collections.abc import Callable, Iterable

import msgspec

from aichaos.domain.base import ObjectRef
from aichaos.library.finders import FINDERS
from aichaos.library.finders.engines import litmus_account
from aichaos.library.finders.routes import serving
from aichaos.library.finders.workloads import SWITCH, is_store
from aichaos.library.model import Scenario
from aichaos.observe.topology import Topology


class Need(msgspec.Struct, frozen=True):
    """What must be there, told as what is missing; kinds: those that it depends on, and that may not have been readable."""

    missing: str
    there: Callable[[Topology], bool]
    kinds: tuple[str, ...] = ()


def precondition(scenario: Scenario) -> str:
    """What a scenario needs, in one sentence."""
    return (inspect.getdoc(FINDERS[scenario.find]) or "").split("\n\n")[0].replace("\n", " ")


def fits(scenario: Scenario, topology: Topology) -> bool:
    return next(FINDERS[scenario.find](topology, frozenset()), None) is not None


def why_not(scenario: Scenario, topology: Topology) -> str:
    """What a cluster lacks that a scenario does not fit; said for one that does not."""
    for need in NEEDS.get(scenario.find, ()):
        if not need.there(topology):
            return need.missing + _unread(need.kinds, topology)
    return f"it has none of these: {precondition(scenario)}"


def _unread(kinds: Iterable[str], topology: Topology) -> str:
    unread = [kind for kind in kinds if topology.snapshot.unread(kind)]
    return f" (nor could {', '.join(unread)} be read)" if unread else ""


def _routes(topology: Topology) -> bool:
    return bool(topology.snapshot.http_routes)


def _served(topology: Topology) -> bool:
    return bool(serving(topology, frozenset()))


def _chaos_mesh(topology: Topology) -> bool:
    return any(engine.name == "chaos-mesh" for engine in topology.snapshot.engines)


def _pods(topology: Topology) -> bool:
    return any(topology.service_pods(service) for service in topology.snapshot.services)


def _stores(topology: Topology) -> bool:
    return any(is_store(service) for service in topology.snapshot.services)


def _failover(topology: Topology) -> bool:
    return bool(topology.snapshot.destination_rules)


def _account(topology: Topology) -> bool:
    return any(litmus_account(topology, one.namespace) for one in topology.snapshot.chaos_experiments)


def _fault(name: str) -> Need:
    def there(topology: Topology) -> bool:
        return any(topology.exists(ObjectRef("ChaosExperiment", name, one.namespace)) for one in topology.snapshot.chaos_experiments)

    return Need(f"Litmus is not there with its fault {name}: no ChaosExperiment of that name", there, ("ChaosExperiment",))


_SERVES = (
    Need("there is no HTTPRoute", _routes, ("HTTPRoute",)),
    Need("no HTTPRoute serves: one that a Gateway takes, and whose backend has a ready endpoint", _served, ("Gateway", "EndpointSlice")),
)
_MESHED = (
    Need("Chaos Mesh is not installed", _chaos_mesh, ("CustomResourceDefinition",)),
    Need("no Service has pods", _pods, ("Service", "Pod")),
)
_ALLOWED = Need("no service account with rights for Litmus is where that fault is", _account, ("ServiceAccount", "RoleBinding"))
_VIRTUAL = Need("there is no VirtualService", lambda topology: bool(topology.snapshot.virtual_services), ("VirtualService",))
_RULES = Need("there is no DestinationRule, so no Service fails over between regions", _failover, ("DestinationRule",))
_NODES = Need("there are no Nodes whose labels tell a region", lambda topology: bool(topology.snapshot.nodes), ("Node",))
_POLICIES = Need("there is no NetworkPolicy", lambda topology: bool(topology.snapshot.network_policies), ("NetworkPolicy",))


_SWITCH = Need(
    "no ConfigMap has the key CHAOS_ENABLED, by which chaos inside a program is switched",
    lambda topology: any(SWITCH in one.keys for one in topology.snapshot.config_maps),
    ("ConfigMap",),
)


def _by_litmus(fault: str) -> tuple[Need, ...]:
    return _fault(fault), _ALLOWED, Need("no Service there has pods", _pods, ("Service", "Pod"))


NEEDS: dict[str, tuple[Need, ...]] = {
    "route_with_rival": _SERVES,
    "scalable_backend": _SERVES,
    "shrinkable_backend": _SERVES,
    "cut_off_backend": _SERVES,
    "edited_route": _SERVES,
    "route_with_spare": _SERVES,
    "drifting_service": _SERVES,
    "poisonable_gateway": _SERVES,
    "open_namespace": _SERVES,
    "other_version": _SERVES,
    "switchable_model": (*_SERVES, _SWITCH),
    "flipped_label": (_POLICIES,),
    "dependency": (*_SERVES, Need("no Service is a database, cache or queue by its name or port", _stores, ("Service",))),
    "chaos_mesh_service": _MESHED,
    "litmus_latency": _by_litmus("pod-network-latency"),
    "litmus_loss": _by_litmus("pod-network-loss"),
    "litmus_delete": _by_litmus("pod-delete"),
    "litmus_cpu": _by_litmus("pod-cpu-hog"),
    "litmus_retries": (_VIRTUAL, *_by_litmus("pod-network-latency")),
    "litmus_mirror": (_VIRTUAL, *_by_litmus("pod-network-latency")),
    "region_of_deployments": (*_SERVES, _RULES, _NODES),
    "region_by_litmus": (*_SERVES, _RULES, _NODES, *_by_litmus("pod-delete")),
    "region_by_chaos_mesh": (*_SERVES, _RULES, _NODES, _MESHED[0]),
}
"""Finder → what it needs. One that is not here tells its precondition."""
