"""What a gateway makes of routes that are about to be applied, for `check`: rules that it drops, and a controller that disagrees."""

from collections.abc import Iterator, Set

import msgspec

from aichaos.domain.base import Metadata, ObjectRef, reference
from aichaos.domain.gateway import GRPCRoute, HTTPRoute
from aichaos.domain.snapshot import Snapshot
from aichaos.predict.routing.disagreement import of_this_route
from aichaos.predict.routing.losses import Claim, Loss
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.router import Router
from aichaos.predict.routing.table import Table

_YOUNGEST = "9999-12-31T23:59:59Z"
"""What is made from now on is younger than everything that is there."""


class Foreseen(msgspec.Struct, frozen=True):
    """rule: the finding's. object: the route of which it is said. path: JSON Pointer into its manifest."""

    rule: str
    object: ObjectRef
    path: str
    message: str


def foreseen(cluster: Snapshot, joined: Snapshot, given: Set[ObjectRef]) -> Iterator[Foreseen]:
    """cluster: as it is. joined: with the documents applied. given: the routes among these."""
    now, then = Router(cluster), Router(_aged(cluster, joined))
    profiles = {(found := then.profile((one.namespace, one.name))).name: found for one in joined.gateways}
    for profile in profiles.values():
        if "taken-matches" in profile.exclusions:
            yield from _dropped(now.table(profile), then.table(profile), given, profile, then)
    yield from _disagreements(now, given)


def _aged(cluster: Snapshot, joined: Snapshot) -> Snapshot:
    """The ages that the server will give: applying keeps one, creating makes it young."""
    known = {reference(one): one.metadata.creation_timestamp for one in (*cluster.http_routes, *cluster.grpc_routes)}

    def dated(route: HTTPRoute | GRPCRoute) -> Metadata:
        return msgspec.structs.replace(route.metadata, creation_timestamp=known.get(reference(route), _YOUNGEST))

    http = [msgspec.structs.replace(one, metadata=dated(one)) for one in joined.http_routes]
    grpc = [msgspec.structs.replace(one, metadata=dated(one)) for one in joined.grpc_routes]
    return msgspec.structs.replace(joined, http_routes=http, grpc_routes=grpc)


def _dropped(before: Table, after: Table, given: Set[ObjectRef], profile: Profile, router: Router) -> Iterator[Foreseen]:
    """Rules that go because another route has one of their matches: of the given routes, and of others because of these."""
    for (ref, rule), loss in after.judged.losses():
        places = [claim for claim in (loss.places or frozenset()) | loss.doubted if router.profile(claim[:2]) is profile]
        if rule is None or loss.to in (None, ref) or not places or not given & {ref, loss.to}:
            continue
        where = (
            f"{profile.name} drops {{}} on {_hosts(places)}{_chance(loss)}: {{}} has one of its matches already; its other matches go too"
        )
        page = "docs/gateways/contour.md#taken-match-drops-rule"
        if ref in given:
            yield Foreseen("reference/match-taken", ref, f"/spec/rules/{rule}", f"{where.format('this rule', loss.to)} ({page})")
        elif loss.to is not None and before.judged.loss(ref, rule) is None:
            yield Foreseen("reference/match-taken", loss.to, "", f"{where.format(f'rules[{rule}] of {ref}', 'this route')} ({page})")


def _hosts(places: list[Claim]) -> str:
    hosts = sorted({"every host" if host == "*" else host for _, _, _, host in places})
    return ", ".join(hosts[:3]) + (f" and {len(hosts) - 3} more" if len(hosts) > 3 else "")


def _chance(loss: Loss) -> str:
    return " (or not: chance decides)" if loss.doubted and not loss.places else ""


def _disagreements(now: Router, given: Set[ObjectRef]) -> Iterator[Foreseen]:
    """What the controllers have written of these routes as they are in the cluster, where it is not what follows from the objects."""
    for ref in sorted(given):
        seen: set[str] = set()
        for gateway in {(one.namespace, one.name) for one in now.snapshot.gateways}:
            table = now.table(now.profile(gateway))
            placement = table.placements.get(ref)
            if placement is None or all(joined.gateway != gateway for joined in placement.joined):
                continue
            for one in of_this_route(table, ref):
                if str(one) not in seen:
                    seen.add(str(one))
                    yield Foreseen("reference/controller-disagrees", ref, "/spec/parentRefs", str(one))
