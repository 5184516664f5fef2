"""A cluster that can be asked: which Gateway a request reaches, how its implementation routes it, and what others would do.

A Router is never changed: `changed` makes the router of the cluster after some objects have changed. Tables are built when they are needed.
"""

from collections.abc import Iterable
from string import punctuation
from urllib.parse import quote

import msgspec

from aichaos.domain.base import ObjectRef
from aichaos.domain.gateway import Route
from aichaos.domain.hostnames import EVERY, takes
from aichaos.domain.prediction import Answer, Brief
from aichaos.domain.snapshot import Snapshot
from aichaos.errors import UsageError
from aichaos.predict.routing import istio, mesh
from aichaos.predict.routing.departures import departures
from aichaos.predict.routing.disagreement import of_this_route
from aichaos.predict.routing.explain import otherwise, why
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.profiles.istio import ISTIO
from aichaos.predict.routing.profiles.registry import PROFILES, by_controller, by_name
from aichaos.predict.routing.profiles.standard import STANDARD
from aichaos.predict.routing.readings import READINGS, Reading
from aichaos.predict.routing.request import Request
from aichaos.predict.routing.spoken import spoken
from aichaos.predict.routing.table import Table, compile
from aichaos.predict.routing.world import Change, Key

_TARGET = punctuation
"""What stands in a path and its query as it is."""


class Router:
    def __init__(self, snapshot: Snapshot, implementation: str | None = None, client: str | None = None) -> None:
        """implementation: the name of a profile; None for that of each Gateway's class. client: the namespace from which requests to
        Services come, None where it is not known. Raises UsageError for an unknown name of a profile."""
        self.snapshot = snapshot
        self._client = client
        self._chosen = by_name(implementation) if implementation is not None else None
        self._changes: tuple[Change, ...] = ()
        self._tables: dict[str, Table] = {}

    def changed(self, changes: Iterable[Change]) -> "Router":
        """The same cluster after these objects have changed."""
        listed = tuple(changes)
        if not listed:
            return self  # with every table that is built for it later on
        other = Router.__new__(Router)
        other.__dict__.update(self.__dict__)
        other._changes = (*self._changes, *listed)
        other._tables = {name: table.changed(listed) for name, table in self._tables.items()}
        return other

    def dated(self, snapshot: Snapshot) -> "Router":
        """The router of the same cluster with its unknown ages made known; itself where none was unknown."""
        if snapshot is self.snapshot:
            return self
        other = Router(snapshot, client=self._client)
        other._chosen = self._chosen
        return other

    def table(self, profile: Profile) -> Table:
        known = self._tables.get(profile.name)
        if known is None:
            known = compile(self.snapshot, profile)
            known = self._tables[profile.name] = known.changed(self._changes) if self._changes else known
        return known

    # who is asked ----------------------------------------------------------------------------------------------------------------

    def profile(self, gateway: Key) -> Profile:
        """The implementation that was chosen, else that of the Gateway's class."""
        if self._chosen is not None:
            return self._chosen
        world = self._any.world
        found = world.gateways.get(gateway)
        known = world.classes.get(("", found.spec.gateway_class_name)) if found is not None else None
        return by_controller(known.spec.controller_name) if known is not None else STANDARD

    @property
    def _any(self) -> Table:
        return self.table(self._chosen or STANDARD)

    def gateway(self, request: Request, name: str | None = None) -> Key | None:
        """The Gateway that a request is sent to: the named one (`NS/NAME`), else the only one that it can be meant for.

        None where there is no Gateway at all. Raises UsageError where there is none of that name, or several could be meant.
        """
        gateways = self._any.world.gateways
        if name is None and mesh.service_of(request.host, self._any.world) is not None:
            return mesh.MESH
        if name is not None:
            namespace, _, own = name.rpartition("/")
            found = [key for key in gateways if key[1] == own and namespace in ("", key[0])]
            if len(found) == 1:
                return found[0]
            if found:
                raise UsageError(f"several Gateways are called {own!r}", hint=f"Say which: {_listed(found)}.")
            raise UsageError(f"no Gateway {name!r} is in this cluster", hint=_hint(gateways))
        if len(gateways) < 2:
            return next(iter(gateways), None)
        listeners = self._any.listeners
        on_port = [key for key in gateways if any(one.listener.port == request.port for one in listeners[key])]
        if not on_port:
            return None
        meant = on_port if len(on_port) == 1 else [key for key in on_port if self._serves(request, key)] or on_port
        if len(meant) > 1:
            raise UsageError(f"several Gateways could be meant on port {request.port}", hint=f"Say which with --gateway: {_listed(meant)}.")
        return meant[0]

    def _serves(self, request: Request, gateway: Key) -> bool:
        return self.table(self.profile(gateway)).answer(request, gateway).route is not None

    # what it answers -------------------------------------------------------------------------------------------------------------

    def answer(self, request: Request, gateway: Key | None) -> Answer:
        """As `whole`, without what is only told to people."""
        return self.whole(request, gateway).bare

    def whole(self, request: Request, gateway: Key | None) -> Answer:
        """What the Gateway's implementation makes of a request; under the standard, also whether that is for an implementation to say."""
        if gateway is None:
            return Answer(outcome="error", why=(self._closed(request),))
        if gateway == mesh.MESH:
            return self._inside(request)
        if gateway not in self._any.world.gateways:
            return Answer(outcome="error", why=(f"there is no Gateway {'/'.join(gateway)}: nobody answers",))
        profile = self.profile(gateway)
        answer = self._by(profile, request, gateway)
        if profile is not STANDARD or answer.outcome == "implementation-specific" or not self.open_points(request, gateway):
            return answer
        return Answer(outcome="implementation-specific", listener=answer.listener)

    def _by(self, profile: Profile, request: Request, gateway: Key) -> Answer:
        """What one implementation makes of a request. Of a port that its data plane refuses nobody knows whether it ran before."""
        table = self.table(profile)
        answer = table.answer(request, gateway)
        frozen = table.frozen((*gateway, request.port))
        if frozen is not None and (before := frozen.answer(request, gateway)).brief != answer.brief:
            return Answer(outcome="implementation-specific", listener=before.listener, implementation=profile.name)
        return answer

    def _inside(self, request: Request) -> Answer:
        world = self._any.world
        sidecars = world.virtual_services or any(one.spec.controller_name in ISTIO.controllers for one in world.classes.values())
        table = self.table(ISTIO) if sidecars and self._chosen is None else self._any
        return mesh.answer(request, (placement.route for placement in table.placements.values()), table.world, table.profile, self._client)

    def explain(self, request: Request, gateway: Key | None) -> Answer:
        """The answer with its reasons, and what every known implementation would make of the request."""
        answer = self.whole(request, gateway)
        if gateway == mesh.MESH:
            return answer
        elsewhere = list(istio.elsewhere(request, self._any.world))
        if gateway is None:
            return answer.because(*elsewhere)
        profile = self.profile(gateway)
        reasons = list(dict.fromkeys([*answer.why, *why(self.table(profile), request, gateway)]))
        if answer.outcome == "implementation-specific":
            points = [reading.says for reading in self.open_points(request, gateway)] if profile is STANDARD else []
            reasons = [*points, *reasons]
        if "#" in request.target:
            url = f"{request.scheme}://{request.authority}{request.target.partition('#')[0]}"
            reasons.append(f"a client keeps what follows a # to itself: without it, the request is {request.method} {url}")
        if not request.target.isascii():
            reasons.append(f"most clients write {quote(request.target, safe=_TARGET)} for it; sent as it stands it is refused by Envoy")
        reasons += [f"{ref} has to say {', '.join(said)}" for ref in refs_of(answer.route) if (said := self.spoken(ref))]
        reasons += self._disagreements(self.table(profile), answer)
        reasons += profile.notes if not profile.measured else ()
        if profile is not STANDARD:
            reasons += self._departures(answer, profile, request, gateway)
        reasons += elsewhere
        return msgspec.structs.replace(answer, why=tuple(reasons), implementations=self.implementations(request, gateway))

    def spoken(self, ref: ObjectRef) -> tuple[str, ...] | None:
        """What the controllers of its Gateways have to say of a route, where it is not simply fine; None where there is no such route."""
        placement = self._any.placements.get(ref)
        if placement is None:
            return None
        profiles = dict.fromkeys(self.profile(joined.gateway).name for joined in placement.joined)
        return tuple(dict.fromkeys(said for name in profiles for said in spoken(self.table(PROFILES[name]), ref)))

    def _disagreements(self, table: Table, answer: Answer) -> list[str]:
        """What the controller says otherwise of the route that answers."""
        return [str(one) for ref in refs_of(answer.route) for one in of_this_route(table, ref)]

    def _departures(self, answer: Answer, profile: Profile, request: Request, gateway: Key) -> list[str]:
        """In what the implementation departs from the standard on this request; asked of the routes of this Gateway alone."""
        plain = self.table(STANDARD).answer(request, gateway)
        if answer.outcome == plain.outcome == "error" and _error(answer) == _error(plain):
            return []  # the same error of the same rule, whatever became of its backends
        table = self.table(profile)
        near: list[Route] = []

        def ask(other: Profile) -> Answer:
            near.extend(() if near else _near(table, request, gateway))
            return Table(table.world, near, other).answer(request, gateway)

        found = departures(answer, plain, profile, ask)
        if not found:
            return []
        return [f"the standard says otherwise: {otherwise(plain, answer)}", *(f"{one.name}: {one.says} See {one.page}." for one in found)]

    def open_points(self, request: Request, gateway: Key) -> list[Reading]:
        """The readings of the standard under which a request is answered otherwise than under the plain one."""
        plain = self.table(STANDARD)
        concerned = [reading for reading in READINGS if reading.concerns(plain, request, gateway)]
        if not concerned:
            return []
        expected = plain.answer(request, gateway).brief
        return [reading for reading in concerned if self.table(reading.profile).answer(request, gateway).brief != expected]

    def implementations(self, request: Request, gateway: Key) -> dict[str, Brief]:
        """What every implementation that was measured makes of a request."""
        return {name: self._by(profile, request, gateway).brief for name, profile in PROFILES.items() if profile.measured}

    def _closed(self, request: Request) -> str:
        if not self._any.world.gateways:
            return "there is no Gateway in this cluster"
        return f"no Gateway listens on port {request.port}"


def _error(answer: Answer) -> tuple[object, ...]:
    return answer.status, answer.route, answer.rule


def refs_of(route: str | None) -> list[ObjectRef]:
    """What a route's name may stand for."""
    namespace, _, name = (route or "").partition("/")
    return [ObjectRef(kind, name, namespace) for kind in ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute")] if name else []


def _near(table: Table, request: Request, gateway: Key) -> list[Route]:
    """The routes on which an answer depends: those with the request's host at this Gateway, whoever shares a host with one of them, what
    spoils the port, and one that has it opened."""
    port = (*gateway, request.port)
    here: dict[ObjectRef, frozenset[str]] = {}
    sharing: dict[str, list[ObjectRef]] = {}
    for ref, placement in table.placements.items():
        reaches = [one for joined in placement.joined if joined.gateway == gateway for one in joined.reaches]
        hosts = [host.shared for one in reaches if one.listener.listener.port == request.port for host in one.hosts]
        if not hosts and any(joined.gateway == gateway and joined.refused for joined in placement.joined):
            hosts = [name.lower() for name in getattr(placement.route.spec, "hostnames", ()) or (EVERY,)]
        if hosts:
            here[ref] = frozenset(hosts)
            for host in here[ref]:
                sharing.setdefault(host, []).append(ref)
    pending = [ref for ref, hosts in here.items() if any(takes(host, request.host) for host in hosts)]
    found = dict.fromkeys([*pending, *table.poisoned.get(port, ()), *list(here)[:1]])
    seen: set[str] = set()
    while pending:
        for host in here[pending.pop()] - seen:
            seen.add(host)
            pending += (ref for ref in sharing[host] if ref not in found)
            found |= dict.fromkeys(sharing[host])
    return [table.placements[ref].route for ref in table.placements if ref in found]


def _listed(keys: Iterable[Key]) -> str:
    return ", ".join(sorted(f"{namespace}/{name}" for namespace, name in keys))


def _hint(gateways: Iterable[Key]) -> str:
    names = _listed(gateways)
    return f"There are {names}." if names else "There is none at all."
