"""The least rights of a run, for `aichaos doctor --rbac`: what it changes and puts back, and what it has to see so as not to guess.

Without the first a run is refused by name (`rights`); without the second it is refused where whom it reaches is not known (`unread`), and
says what it could not look at where that is less.
"""

from collections.abc import Callable, Iterable, Iterator

import msgspec

from aichaos import saving
from aichaos.check.decode import experiment_of
from aichaos.check.experiment import findings as check_experiment
from aichaos.check.radius import step_harms
from aichaos.domain.base import KubeObject, ObjectRef, kind_name
from aichaos.domain.experiment import Experiment
from aichaos.domain.kinds import BY_NAME, KINDS, Kind
from aichaos.domain.running import Manifest, Permission, Place, Plan
from aichaos.domain.snapshot import Snapshot
from aichaos.errors import UsageError
from aichaos.live.planning import Order, Say, drawn, home_of, lease_of, permissions, targets
from aichaos.measure.conditions import reference
from aichaos.observe import source
from aichaos.observe.topology import Topology
from aichaos.predict.inverse import orders
from aichaos.predict.predict import predict as foretell
from aichaos.predict.routing.router import Router
from aichaos.report.kubectl import text as step_text
from aichaos.run import audit, guard, owned, plan, uses
from aichaos.run.actions import Resolves
from aichaos.run.places import WithoutServer
from aichaos.run.plan import Refusal

_EVERYWHERE = ("GatewayClass", "Gateway", "ListenerSet")
"""What routes refer to wherever it is."""


class Least(msgspec.Struct, frozen=True, kw_only=True):
    """home: a namespace that has to be made first; "" for none. refusals: why such a run would not start all the same."""

    experiment: str
    needed: list[Permission]
    home: str
    refusals: list[Refusal]


def least(order: Order, say: Say) -> Least:
    """Of a cluster in files as it would be of one that is alive. Raises SourceError, FileError, UsageError."""
    if order.choice.origin not in (None, "live"):
        return _without_server(order)
    with drawn(order, say) as drawing:
        again = drawing.foretold.inverse.again
        looked = _looks(order, drawing.experiment, drawing.topology.snapshot, drawing.plan, again, drawing.places)
        asked = list(permissions(drawing))
        made = [one for one in asked if one.resource != "namespaces" or one.verb != "create"]
        return _least(order, drawing.plan, [*made, *looked], len(made) < len(asked), [*drawing.findings, *drawing.made.refusals])


def _least(order: Order, drawn: Plan, needed: Iterable[Permission], homeless: bool, refusals: list[Refusal]) -> Least:
    home, touched = home_of(order), [step.intent.change.place for step in drawn.steps if step.intent is not None]
    more = [*uses.permissions(home), *audit.permissions([*touched, *drawn.closure])]
    return Least(experiment=drawn.experiment, needed=[*needed, *more], home=home if homeless else "", refusals=refusals)


def _without_server(order: Order) -> Least:
    """What a plan needs does not depend on what stands in the objects, but on which of them are there."""
    experiment, topology = saving.load(order.path, experiment_of), Topology(source.take(order.choice))
    foretold = foretell(experiment, Router(topology.snapshot), step_text, topology=topology)
    harms = [harm for step in experiment.spec.steps for harm in step_harms(step, topology)]
    places, undone = WithoutServer(), foretold.inverse
    frame = plan.Frame(
        run=experiment.name,
        cluster=topology.snapshot.source.cluster,
        server=topology.snapshot.source.cluster,
        lease=lease_of(order),
        lever=order.lever,
        policy=order.policy,
        targets=targets(harms, topology),
    )
    foreseen = plan.Foreseen(rivals=orders(undone, topology.snapshot), closure=undone.closure)
    made = plan.make(experiment, frame, foreseen, _standing(topology), places, step_text)
    looked = _looks(order, experiment, topology.snapshot, made.plan, undone.again, places)
    refusals = [*guard.checked(check_experiment(experiment, topology, order.policy)), *made.refusals]
    return _least(order, made.plan, [*made.plan.permissions, *looked], True, refusals)


def _standing(topology: Topology) -> Callable[[Place], Manifest | None]:
    def look(place: Place) -> Manifest | None:
        if place.ref not in topology.objects:
            return None
        metadata = {"name": place.name, "namespace": place.namespace}
        return {"apiVersion": place.api_version, "kind": place.kind, "metadata": metadata}

    return look


def _looks(
    order: Order, experiment: Experiment, snapshot: Snapshot, drawn: Plan, again: Iterable[KubeObject], places: Resolves
) -> Iterator[Permission]:
    """again: routes that are made again, whose rivals may be anywhere."""
    served = _served(snapshot)
    for kind in served:
        if kind.name in _EVERYWHERE:
            yield _list(kind, "")
        if kind.name in (*guard.REACHED, *guard.FORETOLD) and kind.namespaced:
            yield from (_list(kind, namespace) for namespace in order.choice.namespaces or ("",))
    if not order.choice.namespaces:
        yield _list(BY_NAME["Namespace"], "")
    for namespace in order.choice.namespaces:
        yield Permission(verb="get", group="", resource="namespaces", namespace=namespace, name=namespace, why="look")
    yield from (_list(BY_NAME[kind], "") for kind in sorted({kind_name(one) for one in again}))
    missing = {(kind.group, kind.plural) for kind in KINDS if kind not in served}
    yield from (one for one in owned.permissions(drawn) if (one.group, one.resource) not in missing)
    for ref in _asked(experiment):
        place = places.of(ref)
        yield Permission(verb="get", group=place.group, resource=place.resource, namespace=place.namespace, name=place.name, why="look")


def _list(kind: Kind, namespace: str) -> Permission:
    return Permission(verb="list", group=kind.group, resource=kind.plural, namespace=namespace, why="look")


def _served(snapshot: Snapshot) -> list[Kind]:
    """The kinds that there are; of a cluster in files, those of the groups of which it has something."""
    if snapshot.source.kind == "live":
        absent = {gap.kind for gap in snapshot.gaps if gap.reason == "absent"}
        return [kind for kind in KINDS if kind.name not in absent]
    groups = {BY_NAME[name].group for name in snapshot.counts() if name in BY_NAME}
    return [kind for kind in KINDS if not kind.optional or kind.group in groups]


def _asked(experiment: Experiment) -> Iterator[ObjectRef]:
    """The objects of which a condition is asked."""
    spec = experiment.spec
    probes = [probe.kubernetes.object for probe in (*spec.steady_state, *spec.abort) if probe.kubernetes is not None]
    waits = [step.wait.until.object for step in spec.steps if step.wait is not None and step.wait.until is not None]
    for written in dict.fromkeys([*probes, *waits]):
        try:
            yield reference(written)
        except UsageError:
            continue  # the check says so
