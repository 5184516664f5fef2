"""The routing table of a cluster's Gateways, as one implementation would build it; and the answers that it gives.

A Table is never changed: `changed` makes the table of the cluster after some objects have changed, from what they touch.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from aichaos.domain.base import KubeObject, ObjectRef, reference
from aichaos.domain.gateway import GRPCRoute, HTTPRoute, Route
from aichaos.domain.hostnames import patterns, specificity, takes
from aichaos.domain.prediction import Answer, Received
from aichaos.domain.snapshot import Snapshot
from aichaos.predict.routing.attach import Listeners, Placement, place
from aichaos.predict.routing.backends import Resolved, resolve, shares
from aichaos.predict.routing.entries import Entry, entries
from aichaos.predict.routing.index import Index, Scope
from aichaos.predict.routing.listeners import EffectiveListener, effective
from aichaos.predict.routing.matching import holds
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.profiles.standard import STANDARD
from aichaos.predict.routing.request import Request
from aichaos.predict.routing.world import Change, Key, World


class Table:
    """profile: the implementation. world: the objects. placements: route → where it is attached."""

    def __init__(self, snapshot: Snapshot, profile: Profile = STANDARD) -> None:
        self.profile = profile
        self.world = World(snapshot)
        self.listeners: Listeners = {key: effective(gateway, self.world) for key, gateway in self.world.gateways.items()}
        self.placements: dict[ObjectRef, Placement] = {}
        self.index = Index(profile)
        for route in chain[HTTPRoute | GRPCRoute](snapshot.http_routes, snapshot.grpc_routes):
            placement = place(route, self.listeners, self.world, profile)
            self.placements[reference(route)] = placement
            if where := self._where(placement):
                self.index.add(where, entries(route, profile))
        self.index.sort()
        self._resolved: dict[tuple[int, int], tuple[Resolved, ...]] = {}

    def changed(self, changes: Iterable[Change]) -> "Table":
        """The table after these objects have changed."""
        listed = list(changes)
        other = Table.__new__(Table)
        other.__dict__.update(self.__dict__)
        other.world = self.world.after(listed)
        other._resolved = {}
        other.listeners = {
            key: fresh if (fresh := effective(gateway, other.world)) != self.listeners.get(key) else self.listeners[key]
            for key, gateway in other.world.gateways.items()
        }
        other.placements = dict(self.placements)
        gone, new = [], []
        for was, now in other._touched(self, listed):
            if was is not None:
                found = list(entries(was.route, self.profile))
                gone += [(scope, host, found) for scope, host in self._where(was)]
                del other.placements[reference(was.route)]
            if now is not None:
                found = list(entries(now.route, self.profile))
                new += [(scope, host, found) for scope, host in other._where(now)]
                other.placements[reference(now.route)] = now
        other.index = self.index.changed(gone, new)
        return other

    def _touched(self, before: "Table", changes: list[Change]) -> list[tuple[Placement | None, Placement | None]]:
        """The placements that the changes take away, and those that come instead."""
        again: dict[ObjectRef, Route | None] = {}
        if any(self.listeners.get(key) is not before.listeners.get(key) for key in self.listeners.keys() | before.listeners.keys()) or any(
            _kind(change) == "Namespace" for change in changes
        ):
            again = {ref: placement.route for ref, placement in before.placements.items()}
        for old, now in changes:
            for obj, stays in ((old, False), (now, True)):
                if isinstance(obj, (HTTPRoute, GRPCRoute)):
                    again[reference(obj)] = obj if stays else None
        return [
            (before.placements.get(ref), place(route, self.listeners, self.world, self.profile) if route is not None else None)
            for ref, route in again.items()
        ]

    # lookup ----------------------------------------------------------------------------------------------------------------------

    def _where(self, placement: Placement) -> list[tuple[Scope, str]]:
        """The places of the index in which a route stands."""
        found: dict[tuple[Scope, str], None] = {}
        for reach in placement.reaches:
            if reach.listener.conflict:
                continue
            scope = self._scope(reach.listener)
            for host in reach.hosts:
                found[scope, host.own if self.profile.precedence_host == "route" else host.shared] = None
        return list(found)

    def _scope(self, listener: EffectiveListener) -> Scope:
        gateway = listener.gateway
        return gateway.namespace, gateway.name, listener.listener.port, listener.name if self.profile.scope == "listener" else ""

    def listener(self, request: Request, gateway: Key) -> EffectiveListener | None:
        """The most specific listener that takes a request."""
        fitting = [
            one
            for one in self.listeners[gateway]
            if one.listener.port == request.port
            and not one.conflict
            and takes(one.host, request.host)
            and one.tls == (request.scheme == "https")
        ]
        return max(fitting, key=lambda one: specificity(one.host), default=None)

    def matched(self, request: Request, listener: EffectiveListener) -> Iterator[Entry]:
        """Every entry that takes a request, the winner first."""
        hosts = self.index.hosts.get(self._scope(listener), {})
        path = request.path
        profile = self.profile
        for pattern in patterns(request.host):
            blocks = hosts.get(pattern)
            if blocks is None:
                continue
            for block in blocks:
                for found in block.along(path, profile.path_ranks):
                    for entry in found:
                        if holds(entry, request, path, profile):
                            yield entry
            if not profile.fallback:
                return

    # answers ---------------------------------------------------------------------------------------------------------------------

    def answer(self, request: Request, gateway: Key) -> Answer:
        """What this implementation makes of a request that is sent to one Gateway."""
        listener = self.listener(request, gateway)
        if listener is None:
            open_port = any(one.listener.port == request.port for one in self.listeners[gateway])
            return self._error(404 if open_port else None, None)
        entry = next(self.matched(request, listener), None)
        if entry is None:
            return self._error(404, listener)
        return self._forward(request, listener, entry)

    def _error(self, status: int | None, listener: EffectiveListener | None) -> Answer:
        return Answer(outcome="error", status=status, listener=listener.name if listener else None, implementation=self.profile.name)

    def _forward(self, request: Request, listener: EffectiveListener, entry: Entry) -> Answer:
        backends = shares(self.resolved(entry), self.profile)
        serving = [one for one in backends if one.status is None]
        status = None if serving else max((one.status or 0 for one in backends), default=500)
        return Answer(
            outcome="forward" if serving else "error",
            status=status,
            listener=listener.name,
            route=f"{entry.route.namespace}/{entry.route.name}",
            rule=entry.rule,
            match=entry.match,
            backends=backends,
            received=Received(path=request.target, host=request.authority, headers=request.headers) if serving else None,
            implementation=self.profile.name,
        )

    def resolved(self, entry: Entry) -> tuple[Resolved, ...]:
        """The backendRefs of an entry's rule, resolved once."""
        key = (id(entry.route), entry.rule)
        known = self._resolved.get(key)
        if known is None:
            rule = (entry.route.spec.rules or ())[entry.rule]
            known = self._resolved[key] = tuple(resolve(entry.route, ref, self.world) for ref in rule.backend_refs or ())
        return known


def compile(snapshot: Snapshot, profile: Profile = STANDARD) -> Table:
    """The routing table of a cluster, as one implementation builds it."""
    return Table(snapshot, profile)


def _kind(change: Change) -> str:
    obj: KubeObject | None = change[1] or change[0]
    return type(obj).__name__
