"""The routing table of a cluster's Gateways, as one implementation would build it; and the answers that it gives.

A Table is never changed: `changed` makes the table of the cluster after some objects have changed, from what they touch.
"""

from collections.abc import Iterable, Iterator, Sequence

from aichaos.domain.base import ObjectRef, reference
from aichaos.domain.gateway import Route
from aichaos.domain.hostnames import EVERY, patterns
from aichaos.domain.prediction import Answer
from aichaos.domain.snapshot import Snapshot
from aichaos.domain.workloads import Namespace
from aichaos.predict.routing import forwarded, streams
from aichaos.predict.routing.age import undecided
from aichaos.predict.routing.answer import Found, carried, error, refused, taken
from aichaos.predict.routing.attach import Listeners, Placement, place
from aichaos.predict.routing.backends import Resolved, mirrors_hold, resolve
from aichaos.predict.routing.beside import beside
from aichaos.predict.routing.entrance import Entrance, bound, entrance
from aichaos.predict.routing.entries import Entry, broken, entries
from aichaos.predict.routing.exclude import Judged, Moved
from aichaos.predict.routing.index import Index, Place, Scope
from aichaos.predict.routing.listeners import EffectiveListener, effective
from aichaos.predict.routing.matching import holds
from aichaos.predict.routing.order import BLOCKS, COINS, behind_calls, tied
from aichaos.predict.routing.paths import normalised
from aichaos.predict.routing.poison import Port, Suspect, controller_is_down, harmful, suspects
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.profiles.standard import STANDARD
from aichaos.predict.routing.request import Request, early
from aichaos.predict.routing.world import Change, Key, World

_MOST_RIVALS = 1000
"""Matches that are looked at, at most, for one that could win by chance."""


class Table:
    """profile: the implementation. world: the objects. placements: route → where it is attached. judged: what is lost to other routes.

    narrowed, broken: whether a listener narrows a route's hostname, or an invalid expression stands in a route; never forgotten again.
    """

    def __init__(self, world: World, routes: Iterable[Route], profile: Profile) -> None:
        self.profile = profile
        self.world = world
        self.listeners: Listeners = {key: effective(gateway, self.world, profile) for key, gateway in self.world.gateways.items()}
        self.placements: dict[ObjectRef, Placement] = {
            reference(route): place(route, self.listeners, self.world, profile) for route in routes
        }
        self.narrowed = any(_narrowed(placement) for placement in self.placements.values())
        self.broken = any(any(broken(placement.route)) for placement in self.placements.values())
        self.judged = Judged(self.placements, profile)
        self.index = Index(profile)
        for placement in self.placements.values():
            for places, found in self._standing(placement):
                self.index.add(places, found)
        self.index.sort()
        self._suspects: dict[ObjectRef, list[Suspect]] = {}
        self._poison(self.placements)
        self._last_good: dict[Port, Table] = {}
        self._resolved: dict[tuple[int, int], tuple[Resolved, ...]] = {}
        self._refused: list[Placement] | None = None
        self._undated: set[ObjectRef] | None = None

    # what a change touches -------------------------------------------------------------------------------------------------------

    def changed(self, changes: Iterable[Change]) -> "Table":
        """The table after these objects have changed."""
        listed = list(changes)
        other = self._with_world(self.world.after(listed))
        other.listeners = {
            key: fresh if (fresh := effective(gateway, other.world, self.profile)) != self.listeners.get(key) else self.listeners[key]
            for key, gateway in other.world.gateways.items()
        }
        moved = other._moved(self, listed)
        if not moved:
            return other
        other.placements = dict(self.placements)
        for was, now in moved:
            if was is not None:
                del other.placements[reference(was.route)]
            if now is not None:
                other.placements[reference(now.route)] = now
                other.narrowed = other.narrowed or _narrowed(now)
                other.broken = other.broken or any(broken(now.route))
        other.judged, affected = self.judged.after(moved, other.placements)
        seen = {reference(one.route) for pair in moved for one in pair if one is not None}
        again = [(self.placements.get(ref), other.placements.get(ref)) for ref in affected - seen]
        gone = [(one, self) for one, _ in [*moved, *again] if one is not None]
        new = [(one, other) for _, one in [*moved, *again] if one is not None]
        other.index = self.index.changed(_edits(gone), _edits(new))
        other._poison({reference(one.route): one for one, _ in new}, gone=frozenset(reference(one.route) for one, _ in gone))
        other._last_good = {
            port: self._last_good.get(port) or self for port in other.poisoned if port not in self.poisoned or port in self._last_good
        }
        return other

    def _with_world(self, world: World) -> "Table":
        other = Table.__new__(Table)
        other.__dict__.update(self.__dict__)
        other.world, other._resolved, other._refused, other._undated = world, {}, None, None
        return other

    def _moved(self, before: "Table", changes: list[Change]) -> list[Moved]:
        """The placements that the changes take away, and those that come instead."""
        again: dict[ObjectRef, Route | None] = {}
        rearranged = any(
            self.listeners.get(key) is not before.listeners.get(key) for key in self.listeners.keys() | before.listeners.keys()
        )
        if rearranged or any(isinstance(obj, Namespace) for change in changes for obj in change):
            again.update({ref: placement.route for ref, placement in before.placements.items()})
        for change in changes:
            for obj, stays in zip(change, (False, True), strict=True):
                if isinstance(obj, Route):
                    again[reference(obj)] = obj if stays else None
        return [
            (before.placements.get(ref), place(route, self.listeners, self.world, self.profile) if route is not None else None)
            for ref, route in again.items()
        ]

    def _poison(self, placements: dict[ObjectRef, Placement], gone: frozenset[ObjectRef] = frozenset()) -> None:
        new = {ref: found for ref, one in placements.items() if (found := suspects(one, self.profile))} if self.profile.poisons else {}
        self._suspects = {ref: found for ref, found in self._suspects.items() if ref not in gone} | new
        self.poisoned = harmful(
            (ref, one) for ref, found in self._suspects.items() for one in found if self._stands(self.placements[ref], one)
        )

    def _stands(self, placement: Placement, suspect: Suspect) -> bool:
        """Whether what is suspected comes into the port's table at all: a rule may have been dropped, or stand behind a bare prefix `/`."""
        if suspect.rule is None:
            return not suspect.host or any(entries(placement.route, self.profile))
        if suspect.kind is not None:
            found = [Entry(placement.route, suspect.rule, 0, suspect.kind, "-")]
        else:
            found = [one for one in entries(placement.route, self.profile) if one.rule == suspect.rule]
        places = [place for place in self._places(placement) if place[0][:3] == suspect.port]
        return any(not self._hidden(entry, place) for entry in found for place in places)

    def _hidden(self, entry: Entry, place: Place) -> bool:
        """Whether a bare prefix `/` keeps an entry out of the table (`Profile.root_hides_regexes`)."""
        if not self.profile.root_hides_regexes:
            return False
        scope, host, label = place
        blocks = self.index.hosts.get(scope, {}).get(host, [])
        roots = self.index.roots(blocks, BLOCKS[self.profile.blocks].of(entry, label))
        bare = entry.kind == "PathPrefix" and not entry.key and entry.plain
        return bool(roots) and (entry.kind == "RegularExpression" or (bare and roots[0] != entry))

    # lookup ----------------------------------------------------------------------------------------------------------------------

    def _places(self, placement: Placement) -> list[Place]:
        """The places of the index in which a route stands."""
        found: dict[Place, None] = {}
        label = BLOCKS[self.profile.blocks].label
        for reach in placement.reaches:
            if reach.listener.serves:
                scope = self._scope(reach.listener)
                for host in reach.hosts:
                    name = host.own if self.profile.precedence_host == "route" else host.shared
                    found[scope, name, label(reach.listener, host.own)] = None
        return list(found)

    def _standing(self, placement: Placement) -> Iterator[tuple[list[Place], list[Entry]]]:
        """The places of a route with the matches that it has not lost there."""
        places = self._places(placement)
        if not places:
            return
        found = list(entries(placement.route, self.profile))
        ref = reference(placement.route)
        if not self.judged.any_of(ref):
            yield places, found
            return
        for one in places:
            yield [one], [kept for entry in found if (kept := self._kept(ref, entry, one)) is not None]

    def _kept(self, ref: ObjectRef, entry: Entry, place: Place) -> Entry | None:
        loss = self.judged.loss(ref, None) or self.judged.loss(ref, entry.rule)
        if loss is None:
            return entry
        if loss.places is None:
            return None if loss.certain else entry.doubted(loss.reason)
        (namespace, gateway, port, _), host, _ = place
        claim = (namespace, gateway, port, host)
        if claim in loss.places:
            return None
        return entry.doubted(loss.reason) if claim in loss.doubted else entry

    def _scope(self, listener: EffectiveListener) -> Scope:
        gateway = listener.gateway
        return gateway.namespace, gateway.name, listener.listener.port, listener.name if self.profile.scope == "listener" else ""

    def entered(self, request: Request, gateway: Key) -> Entrance:
        """The listener that a request comes in by."""
        found = entrance(request, self.listeners[gateway], self.profile)
        if found.listener is None or found.stream or self.profile.tls_names == "listeners" or request.scheme != "https":
            return found
        return bound(found, request, self.index.hosts.get(self._scope(found.listener), {}))

    def matched(self, request: Request, listener: EffectiveListener, path: str) -> Iterator[tuple[str, list[Entry]]]:
        """The entries that take a request, the winner first: those with the same host and path together, with the host.

        None together: the search may end here by chance.
        path: as it is after normalisation.
        """
        hosts = self.index.hosts.get(self._scope(listener), {})
        profile = self.profile
        bound_by_name = profile.tls_names == "routes" and request.scheme == "https"
        for pattern in patterns(request.sni if bound_by_name else request.host):
            blocks = hosts.get(pattern)
            if blocks is None:
                continue
            for block in blocks:
                hidden = profile.root_hides_regexes and bool(self.index.roots(blocks, block.key))
                for found in block.along(path, profile.path_ranks):
                    if hidden and found is block.regex:
                        continue
                    if fitting := [entry for entry in found if holds(entry, request, path, profile)]:
                        yield pattern, behind_calls(fitting) if profile.same_match != "beside" else fitting
            if not profile.fallback:
                if any(not entry.lost for block in blocks for entry in block.entries()):
                    return
                yield pattern, []  # by chance the host is there, and nothing on it takes the request

    def beside(self, entry: Entry, listener: EffectiveListener, host: str) -> Iterator[Entry]:
        """The matches of a listener's port that are looked up for the same host and path as another."""
        if listener.serves:
            for block in self.index.hosts.get(self._scope(listener), {}).get(host, ()):
                yield from block.like(entry)

    @property
    def refused(self) -> Sequence[Placement]:
        """The routes that some Gateway or ListenerSet of their parentRefs does not take."""
        if self._refused is None:
            self._refused = [one for one in self.placements.values() if any(joined.refused for joined in one.joined)]
        return self._refused

    def undated(self, ref: ObjectRef) -> bool:
        """Whether a conflict of this route with another is undecided, because their ages are not known."""
        if self._undated is None:
            found: set[ObjectRef] = set()
            for (loser, _), loss in self.judged.losses():
                if loss.to is not None and loss.to != loser:
                    pair = (self.placements[loser].route, self.placements[loss.to].route)
                    found.update((loser, loss.to) if undecided(*pair) else ())
            self._undated = found
        return ref in self._undated

    def has_host(self, listener: EffectiveListener, host: str) -> bool:
        """Whether a route at a listener has a hostname that takes a host."""
        known = self.index.hosts.get(self._scope(listener), {})
        return any(pattern in known for pattern in patterns(host))

    def hosts(self, listener: EffectiveListener) -> list[str]:
        """The hosts that routes have at a listener, in the order of the alphabet."""
        return sorted(self.index.hosts.get(self._scope(listener), {}))

    def resolved(self, route: Route, rule: int) -> tuple[Resolved, ...]:
        """The backendRefs of a rule, resolved once."""
        key = (id(route), rule)
        known = self._resolved.get(key)
        if known is None:
            refs = (route.spec.rules or ())[rule].backend_refs or ()
            known = self._resolved[key] = tuple(resolve(route, ref, self.world, self.profile) for ref in refs)
        return known

    # answers ---------------------------------------------------------------------------------------------------------------------

    def answer(self, request: Request, gateway: Key) -> Answer:
        """What this implementation makes of a request that is sent to one Gateway."""
        possible = self.possible(request, gateway)
        first = possible[0]
        if len(possible) == 1 or all(other.brief == first.brief for other in possible):
            return first
        return Answer(outcome="implementation-specific", listener=first.listener, implementation=self.profile.name)

    def possible(self, request: Request, gateway: Key) -> list[Answer]:
        """Every answer that may be given, the likeliest first: more than one where chance, or an age that is not known, decides."""
        port = (*gateway, request.port)
        if port in self.poisoned:
            good = self._last_good.get(port)
            if good:
                return good._with_world(self.world).possible(request, gateway)
            return [error(None if controller_is_down(self.poisoned[port].values()) else 404, Found(), self.profile)]
        if (met := early(request, self.profile.refused, self.profile.normalise)) is not None:
            return [refused(met[1], self.profile)]
        entered = self.entered(request, gateway)
        listener = entered.listener
        if self.profile.unrouted_port == "refused" and not entered.stream and not self._routed(port):
            return [error(None, Found(listener, why=f"no route is programmed on port {request.port}: it is not opened"), self.profile)]
        if listener is None:
            return [error(entered.status, Found(why=entered.why), self.profile)]
        if entered.stream:
            return self._streamed(request, listener)
        request = forwarded.entered(request) if self.profile.forwarded == "own" else request
        path = normalised(request.path, self.profile.normalise)
        return [self._answer(request, Found(listener, entry, path)) for entry in self._winners(self.matched(request, listener, path))]

    def frozen(self, port: Port) -> "Table | None":
        """What a data plane that ran before a refused port was spoilt may still go by: the table without the routes that spoil it.

        None where the port is not refused, or where the table before is known: then that one answers.
        """
        if port not in self.poisoned or port in self._last_good:
            return None
        return self.changed([(self.placements[ref].route, None) for ref in self.poisoned[port]])

    def _routed(self, port: Port) -> bool:
        return any(hosts and scope[:3] == port for scope, hosts in self.index.hosts.items())

    def _answer(self, request: Request, found: Found) -> Answer:
        if found.entry is None:
            return error(404, found, self.profile)
        route, rule = found.entry.route, found.entry.rule
        broken = self.profile.broken_mirror == "500" and not mirrors_hold(route, rule, self.world, self.profile)
        answer = taken(request, found, self.resolved(route, rule), self.profile, broken=broken)
        return beside(answer, found.entry, self.world, self.profile)

    def _streamed(self, request: Request, listener: EffectiveListener) -> list[Answer]:
        routes = streams.candidates(self.placements.values(), listener, request)
        if not routes:
            return [error(None, Found(listener, why="no route takes this connection: it is closed"), self.profile)]
        _, route = routes[0]
        return [carried(request, listener, route, self.resolved(route, 0), self.profile)]

    def _winners(self, matched: Iterator[tuple[str, list[Entry]]]) -> list[Entry | None]:
        """The matches that may win: one, but for what is not known or left to chance. None: that none takes the request."""
        found: list[Entry | None] = []
        for _, together in matched:
            if not together and None not in found:
                found.append(None)
            for number, anchor in enumerate(together):
                found.append(anchor)
                if not anchor.lost:
                    rivals = together[number + 1 : number + 1 + _MOST_RIVALS]
                    return [*found, *(rival for rival in rivals if self.may_win(anchor, rival))] if rivals else found
        return found if None in found else [*found, None]

    def may_win(self, anchor: Entry, rival: Entry) -> bool:
        names = self.profile.regex_order if anchor.kind == "RegularExpression" else self.profile.order
        return tied(anchor, rival, names) or any(COINS[coin](anchor, rival) for coin in self.profile.coins)


def _narrowed(placement: Placement) -> bool:
    """Whether a listener leaves only a part of a hostname that the route names."""
    return any(host.own not in (host.shared, EVERY) for reach in placement.reaches for host in reach.hosts)


def _edits(placements: list[tuple[Placement, Table]]) -> list[tuple[Place, list[Entry]]]:
    return [(one, found) for placement, table in placements for places, found in table._standing(placement) for one in places]


def compile(snapshot: Snapshot, profile: Profile = STANDARD) -> Table:
    """The routing table of a cluster, as one implementation builds it."""
    return Table(World(snapshot), snapshot.routes(), profile)
