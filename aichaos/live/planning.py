"""`aichaos run` up to the question: observe → check → predict → plan → probe → guard. Nothing is changed here.

Beside `pipeline.py`, which tells the story of a suggestion; the rooms meet here in the same way, and hand `run/` plain values.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from aichaos import saving
from aichaos.check.decode import experiment_of
from aichaos.check.experiment import findings as check_experiment
from aichaos.check.radius import Harm, blast_radius, step_harms
from aichaos.cluster.connection import Connection, connect
from aichaos.cluster.discovery import kubernetes
from aichaos.cluster.reader import Forbidden, Reader
from aichaos.cluster.rights import Right, missing
from aichaos.cluster.together import together
from aichaos.domain.base import KubeObject, ObjectRef, kind_name, reference
from aichaos.domain.experiment import Experiment, Probe
from aichaos.domain.kinds import BY_NAME, GATEWAY_API
from aichaos.domain.policy import NO_POLICY, Policy
from aichaos.domain.prediction import Prediction
from aichaos.domain.running import LEVER, Access, Manifest, Permission, Place, Plan
from aichaos.domain.sample import Judged, Sample
from aichaos.domain.suggestion import BlastRadius
from aichaos.errors import NoClusterError, SourceError, UsageError
from aichaos.files.plain import at, text
from aichaos.live.oneway import one_way
from aichaos.measure.objectives import looked
from aichaos.measure.probes import Prober, Ways
from aichaos.measure.whom import Resolve
from aichaos.observe import source
from aichaos.observe.topology import Topology
from aichaos.predict.inverse import orders
from aichaos.predict.predict import Foretold
from aichaos.predict.predict import predict as foretell
from aichaos.predict.routing.router import Router
from aichaos.report.kubectl import text as step_text
from aichaos.run import approve, guard, incluster, lease, lever, own, owned, plan, state, trial, uses, whole
from aichaos.run.hold import Writer, writing
from aichaos.run.places import Places, listing, looking
from aichaos.run.plan import Refusal
from aichaos.run.sham import idle

Say = Callable[[str], None]
LOOKS = 3
"""How often each probe is asked before a run starts."""
AGAIN = 2
"""How often a look that got no answer in time is taken again: a busy machine, or a first connection, is no broken steady state."""


class Within(msgspec.Struct, frozen=True, kw_only=True):
    """Where an experiment stands among several that are run in order. part: from 0; None for one between two of them. series: what holds
    the Lease for all of them; "" before it is taken."""

    part: int | None
    series: str = ""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is run, where, and by which words of the user.

    lever: `NS/NAME`; the Lease and the journal in the cluster lie in the same namespace. approval: the file that is shown instead of
    asking. key, signers: what its signature is looked up by. journal: whether the inverses are kept in the cluster, too. shared_fate: the
    user takes the risk that the run and its watchdog die together. inside: the image of the guard inside the cluster, "" for none. sham:
    everything but the fault. within: None for a run by itself.
    """

    path: Path
    choice: source.Choice
    policy: Policy = NO_POLICY
    resolve: tuple[Resolve, ...] = ()
    prometheus: str | None = None
    lever: str = LEVER
    approval: Path | None = None
    key: Path | None = None
    signers: Path | None = None
    journal: bool = True
    shared_fate: bool = False
    inside: str = ""
    sham: bool = False
    within: Within | None = None

    @property
    def access(self) -> Access:
        """How whoever restores gets there, from whatever folder."""
        path = self.choice.kubeconfig
        return Access(kubeconfig=str(Path(path).expanduser().absolute()) if path else None, context=self.choice.context)


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """A plan, and everything that it was drawn from. experiment, foretold: what is carried out; written, expected: what stands
    in the file, which in a sham run is not the same. untaken: changes that the server would refuse."""

    order: Order
    experiment: Experiment
    written: Experiment
    topology: Topology
    foretold: Foretold
    expected: Foretold
    radius: BlastRadius
    harms: list[Harm]
    made: plan.Made
    reader: Reader
    places: Places
    findings: list[Refusal]
    untaken: tuple[Refusal, ...]
    unchecked: list[str]

    @property
    def plan(self) -> Plan:
        return self.made.plan

    @property
    def prediction(self) -> Prediction:
        return self.foretold.prediction

    @property
    def connection(self) -> Connection:
        return self.reader.connection

    @property
    def limits(self) -> approve.Limits:
        return approve.Limits(
            namespaces=tuple(sorted({*self.radius.namespaces, *(one.namespace for one in self.places_touched if one.namespace)})),
            pods=self.radius.pods,
            share=self.radius.share,
            routes=tuple(self.radius.routes),
            deadline=self.plan.deadline,
        )

    @property
    def part(self) -> approve.Part:
        """What an approval of several experiments says of this one."""
        digest = approve.text_digest(self.written)
        return approve.Part(experiment=self.plan.experiment, digest=digest, objects=self.made.objects, limits=self.limits)

    @property
    def places_touched(self) -> list[Place]:
        changed = [step.intent.change.place for step in self.plan.steps if step.intent is not None]
        return list(dict.fromkeys([*changed, *self.plan.closure]))


@contextmanager
def drawn(order: Order, say: Say) -> Iterator[Drawn]:
    """The plan of an experiment for the live cluster. Raises SourceError, FileError, UsageError."""
    only_live(order)
    written = saving.load(order.path, experiment_of)
    experiment = idle(written) if order.sham else written
    with connect(kubeconfig=order.choice.kubeconfig, context=order.choice.context) as connection:
        say("reading the cluster")
        reader = Reader(connection)
        topology = Topology(source.through(connection, order.choice))
        router = Router(topology.snapshot)
        foretold = foretell(experiment, router, step_text, topology=topology)
        harms = [harm for step in experiment.spec.steps for harm in step_harms(step, topology)]
        places = Places(reader)
        checked = check_experiment(experiment, topology, order.policy)
        made, untaken = _plan(order, experiment, topology, foretold, harms, reader, places)
        yield Drawn(
            order=order,
            experiment=experiment,
            written=written,
            topology=topology,
            foretold=foretold,
            expected=foretell(written, router, step_text, topology=topology) if order.sham else foretold,
            radius=blast_radius(experiment, topology),
            harms=harms,
            made=made,
            untaken=untaken,
            reader=reader,
            places=places,
            findings=list(guard.checked(checked)),
            unchecked=[f"not checked: {one.message}" for one in checked if one.severity == "skipped"],
        )


def only_live(order: Order) -> None:
    """Raises UsageError for a source that nothing can be run on."""
    if order.choice.origin not in (None, "live"):
        raise UsageError(f"nothing can be run on {order.choice.origin}", hint="A run needs a live cluster: leave --from out.")


def _plan(
    order: Order, experiment: Experiment, topology: Topology, foretold: Foretold, harms: list[Harm], reader: Reader, places: Places
) -> tuple[plan.Made, tuple[Refusal, ...]]:
    """And the changes that the server says it would not take."""
    scalers = [(one.spec.scale_target_ref, one) for one in topology.snapshot.autoscalers]
    version, unknown = version_of(reader)
    undone = foretold.inverse
    frame = plan.Frame(
        run=plan.run_name(experiment.name, approve.now()),
        cluster=_identity_if_shown(reader),
        server=reader.connection.server,
        lease=lease_of(order),
        lever=order.lever,
        policy=order.policy,
        journal=order.journal,
        targets=targets(harms, topology),
        kubernetes=version,
        least=_least(order),
        warnings=tuple(filter(None, (unknown, _unseen_rivals(order, undone.again, reader.connection)))),
        autoscaled={ObjectRef(target.kind, target.name, one.namespace): str(reference(one)) for target, one in scalers},
    )
    foreseen = plan.Foreseen(
        rivals=orders(undone, topology.snapshot), closure=undone.closure, irreversible=foretold.prediction.irreversible
    )  # fmt: skip
    made, untaken = plan.make(experiment, frame, foreseen, looking(reader), places, step_text), tuple[Refusal, ...]()
    if not any(one.name == "closed-list" for one in made.refusals):
        filled, untaken = trial.as_the_server_would(_trying(reader.connection, made.plan), made.plan)
        made = msgspec.structs.replace(made, plan=filled)
    return owned.noted(made, owned.dependents(reader), order.policy), untaken


def _trying(connection: Connection, drawn: Plan) -> Writer:
    """What tries a plan out with dry runs."""
    return writing(connection, approve.in_person(drawn, "yes", "a trial: nothing is kept"))


def _unseen_rivals(order: Order, again: Sequence[KubeObject], connection: Connection) -> str:
    """What is to be said where routes are made again and those of other namespaces may not be read; "" where they may."""
    kinds = sorted({kind_name(one) for one in again})
    everywhere = [Right(verb="list", group=GATEWAY_API, resource=BY_NAME[kind].plural) for kind in kinds]
    if not order.choice.namespaces or not everywhere or not missing(connection, everywhere):
        return ""
    made = ", ".join(str(reference(one)) for one in again)
    return f"you may not list the routes of other namespaces: whether one of them takes over where {made} is made again is not known"


def version_of(reader: Reader) -> tuple[str, str]:
    """The version whose API the cluster serves, "" where it does not say; and then what is to be said of that."""
    try:
        return kubernetes(Reader(reader.connection, lever.PATIENCE)), ""
    except SourceError as error:
        return "", f"which version of Kubernetes this is can't be read: {error}"


def lease_of(order: Order) -> str:
    return lease.beside(order.lever)


def identity(connection: Connection) -> str:
    """What a cluster is known by: the UID of its namespace kube-system. Raises SourceError."""
    return _identity(Reader(connection))


def _identity(reader: Reader) -> str:
    found = looking(reader)(own.namespace("kube-system"))
    if found is None:
        raise NoClusterError(f"{reader.connection.server} has no namespace kube-system", hint="Is this a Kubernetes cluster?")
    return text(at(found, "metadata", "uid"))


def _identity_if_shown(reader: Reader) -> str:
    """ "" for whoever may not look at it: then no run starts."""
    try:
        return _identity(reader)
    except Forbidden:
        return ""


def targets(harms: list[Harm], topology: Topology) -> list[ObjectRef]:
    """What an approval is about beside the objects that are changed: the workloads and Services of the pods that are hit."""
    hit = {key for harm in harms for key in harm.pods}
    pods = [pod for namespace in {key[0] for key in hit} for pod in topology.pods_of_namespace.get(namespace, [])]
    taken = [pod for pod in pods if (pod.namespace, pod.name) in hit]
    owners = {reference(owner) for pod in taken if (owner := topology.workload_of(pod)) is not None}
    return sorted(owners | {reference(service) for service in topology.services_of_pods(taken)})


# the guard -------------------------------------------------------------------------------------------------------------------------


class Guarded(msgspec.Struct, frozen=True, kw_only=True):
    """What the guard found. before: the probes as they answered before anything was done. permit: the approval that was shown."""

    refusals: list[Refusal]
    warnings: list[str]
    before: list[Judged]
    prober: Prober
    permit: approve.Permit | None = None


def guarded(drawn: Drawn, say: Say) -> Guarded:
    """Everything that could keep a plan from starting, looked at now. Raises SourceError, FileError."""
    state.ready()
    order, experiment = drawn.order, drawn.experiment
    spec, now = experiment.spec, approve.now()
    found = [*drawn.findings, *drawn.made.refusals, *drawn.untaken]
    warnings = [*drawn.plan.warnings, *drawn.unchecked]
    for told in guard.seen(drawn.topology.snapshot, order.policy, _least(order)):
        warnings.append(told) if isinstance(told, str) else found.append(told)
    found += guard.in_time(order.policy, now, drawn.plan.deadline)
    found += guard.released(lever.look(Reader(drawn.connection, lever.PATIENCE), lever.place(order.lever)), order.lever)
    found += _nobody_else(drawn)
    found += _rights(drawn)
    touched = [place.ref for place in drawn.places_touched]
    found += guard.calm(_workloads(drawn, [*touched, *targets(drawn.harms, drawn.topology)]), order.policy)
    harms = [(harm.pods, harm.count) for harm in drawn.harms]
    budgets, unread = _budgets(drawn)
    found += guard.budgets(drawn.topology, harms, budgets, order.policy)
    found += guard.shares(drawn.topology, harms, drawn.radius.routes, order.policy)
    found += guard.one_fate(order.shared_fate, inside=bool(order.inside))
    for told in one_way(drawn.plan, drawn.topology.snapshot, listing(drawn.reader)):
        warnings.append(told) if isinstance(told, str) else found.append(told)
    if not any(one.name in ("rights", "closed-list") for one in found):
        tried = trial.take_back(_trying(drawn.connection, drawn.plan), drawn.plan)
        found += tried.refusals
        warnings += tried.warnings
    unable, unknown = _inside(drawn)
    found += unable
    warnings += unknown
    permit, objections = _approval(drawn)
    found += objections
    prober = prober_of(drawn)
    say("asking the probes")
    try:
        prober.prepare([*spec.steady_state, *spec.abort])
    except UsageError as error:
        found.append(Refusal(name="probe", message=str(error), hint=error.hint))
        return Guarded(refusals=found, warnings=[*warnings, *unread], before=[], prober=prober, permit=permit)
    steady, aborting = asked(prober, spec.steady_state), asked(prober, spec.abort)
    found += guard.steady(steady, aborting)
    warnings += [f"the probe {one.probe} tells nothing: {one.why}" for one in steady if one.verdict == "no-data"]
    if not spec.steady_state:
        warnings.append("there is no steady state: nothing could show that the hypothesis does not hold")
    if not order.inside:
        other = f"; from another one `aichaos recover --from-configmap` can, with a copy of {state.home() / 'key'}" if order.journal else ""
        warnings.append(f"if this whole machine is lost meanwhile, nothing is restored by itself{other}")
    return Guarded(refusals=found, warnings=[*warnings, *unread], before=steady, prober=prober, permit=permit)


def prober_of(drawn: Drawn) -> Prober:
    """Who asks the probes of a plan; what it asks has to be prepared."""
    order = drawn.order
    return Prober(drawn.topology, drawn.reader, Ways(resolve=order.resolve, prometheus=order.prometheus, policy=order.policy))


def asked(prober: Prober, probes: list[Probe]) -> list[Judged]:
    """Each probe a few times, all of them at once."""
    answers = together([lambda probe=probe: [_look(prober, probe) for _ in range(LOOKS)] for probe in probes], 8)  # type: ignore[misc]
    return [looked(probe, samples) for probe, samples in zip(probes, answers, strict=True)]


def _look(prober: Prober, probe: Probe) -> Sample:
    for _ in range(AGAIN):
        found = prober.ask(probe)
        if not found.slow or found.outcome == "none":  # who is slow without anything being wrong would be slow again
            return found
    return prober.ask(probe)


def _nobody_else(drawn: Drawn) -> Iterator[Refusal]:
    where = lease.place(lease_of(drawn.order))
    try:
        found = looking(drawn.reader)(where)
    except Forbidden:
        return  # the rights say it
    holder, within = lease.holder(found) if found is not None else None, drawn.order.within
    if holder is None or within is None or holder.run != within.series:
        yield from guard.free(holder, drawn.order.lever)


def _workloads(drawn: Drawn, refs: list[ObjectRef]) -> Iterator[tuple[ObjectRef, Manifest]]:
    """Those among some objects that are workloads, as they are now."""
    for ref in dict.fromkeys(refs):
        with suppress(Forbidden):  # the rights say it
            if ref in drawn.topology.workloads and (found := looking(drawn.reader)(drawn.places.of(ref))) is not None:
                yield ref, found


def _rights(drawn: Drawn) -> Iterator[Refusal]:
    needed = list(permissions(drawn))
    rights = sorted({plan.right_of(one) for one in needed})
    found = guard.permitted(missing(drawn.connection, rights), needed, _least(drawn.order))
    yield from (one for one in found if one not in drawn.made.refusals)


def _least(order: Order) -> str:
    return f"`aichaos doctor --rbac {order.path}` prints the Roles that it needs, and nothing more."


def _inside(drawn: Drawn) -> tuple[list[Refusal], list[str]]:
    """Whether the guard inside the cluster may put everything back; and why that is not known."""
    if not drawn.order.inside:
        return [], []
    home = home_of(drawn.order)
    needed = [one for one in drawn.plan.permissions if one.why in ("read", "restore")]
    try:
        lacking = missing(drawn.connection, sorted({plan.right_of(one) for one in needed}), incluster.user(home))
    except Forbidden as error:
        return [], [f"{error}: whether the guard in the cluster could put everything back is not known"]
    return list(guard.able(lacking, home)), []


def permissions(drawn: Drawn) -> Iterator[Permission]:
    """What the plan needs, the way in which it was asked for, and the namespace of our own objects where it is not there yet."""
    yield from drawn.plan.permissions
    home = home_of(drawn.order)
    if drawn.order.approval is not None:
        yield from uses.permissions(home)
    if drawn.order.inside:
        yield from incluster.permissions(home)
    if _homeless(drawn):
        yield Permission(verb="create", group="", resource="namespaces", why="run")


def home_of(order: Order) -> str:
    """The namespace of our own objects."""
    return lease_of(order).partition("/")[0]


def _homeless(drawn: Drawn) -> bool:
    """Whether that namespace has to be made; where it may not be looked at, nobody knows."""
    try:
        return looking(drawn.reader)(own.namespace(home_of(drawn.order))) is None
    except Forbidden:
        return False


def _budgets(drawn: Drawn) -> tuple[list[tuple[str, Manifest]], list[str]]:
    listed: list[tuple[str, Manifest]] = []
    unread = []
    for namespace in sorted({key[0] for harm in drawn.harms for key in harm.pods}):
        try:
            found = listing(drawn.reader)("policy/v1", "poddisruptionbudgets", namespace)
            listed += [(namespace, one) for one in found]
        except Forbidden:
            unread.append(f"you may not list the PodDisruptionBudgets of {namespace}: whether one is broken is not known")
    return listed, unread


def _approval(drawn: Drawn) -> tuple[approve.Permit | None, list[Refusal]]:
    order = drawn.order
    if order.approval is None:
        return None, []
    permit, within, now = approve.read(order.approval), order.within, approve.now()
    if why := approve.unsigned(permit, order.key, order.signers):
        hint = "Name the key, or the signers, that you trust; or ask for another review with `aichaos approve`."
        return permit, [Refusal(name="approval-signature", message=why, hint=hint)]
    try:
        used = uses.used(looking(drawn.reader), home_of(order), permit.id)
    except Forbidden:
        return permit, []  # the rights say it
    if within is None:
        hint = f"Ask for another review: aichaos approve {order.path}"
        found = approve.objections(permit, drawn.plan, drawn.made.objects, drawn.limits, used, now)
    else:
        hint = "Ask for another review of all of it with `aichaos approve`."
        before = used if not within.series else 0  # a series counts its use when it begins
        found = list(whole.part_objections(permit, within.part, drawn.part, drawn.plan, before, now))
    return permit, [Refusal(name=name, message=message, hint=hint) for name, message in found]
