"""The plan of a run: every change as it will be sent, the reach, what can't be undone, and the rights that it takes. Nothing is sent here.

Steps are planned one after another on what the ones before will have made: a route that a step creates is there for the next.
"""

import datetime
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from aichaos.cluster.reader import Forbidden
from aichaos.cluster.rights import Right
from aichaos.domain.base import ObjectRef, group_of
from aichaos.domain.experiment import Experiment, Step
from aichaos.domain.policy import NO_POLICY, Policy
from aichaos.domain.prediction import Irreversible
from aichaos.domain.running import Change, Intent, Manifest, Permission, Place, Plan, Planned, Rivals
from aichaos.errors import UsageError
from aichaos.files.plain import mapping, merged, sequence, text
from aichaos.observe.faults import is_chaos
from aichaos.run import actions, approve, closed, fighting
from aichaos.run.actions import Resolves
from aichaos.run.injection import children

LARGEST = 900_000
"""Bytes of the inverses that fit into a ConfigMap (1 MiB with what else stands in it)."""

Look = Callable[[Place], Manifest | None]
Words = Callable[[Step], str]


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a run does not start. name: what it is called by, in a policy or a script. hint: what to do next."""

    name: str
    message: str
    hint: str = ""


def may_not(right: Right, whys: Iterable[str], hint: str) -> Refusal:
    """A right that is missing, and what it is for."""
    where = f" in {right.namespace}" if right.namespace else ""
    what = f"{right.resource}{f'/{right.name}' if right.name else ''}"
    return Refusal(name="rights", message=f"you may not {right.verb} {what}{where} (for {', '.join(whys)})", hint=hint)


def right_of(one: Permission) -> Right:
    return Right(verb=one.verb, group=one.group, resource=one.resource, namespace=one.namespace, name=one.name)


class Foreseen(msgspec.Struct, frozen=True, kw_only=True):
    """What the prediction says that the plan needs. rivals: routes whose order of age decides, each elder with those that stay younger.
    closure: routes that the way back makes again although no step touches them."""

    rivals: Sequence[tuple[ObjectRef, Sequence[ObjectRef]]] = ()
    closure: Sequence[ObjectRef] = ()
    irreversible: Sequence[Irreversible] = ()


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan is made in. cluster: the UID of namespace kube-system. lease, lever: `NS/NAME`. journal: whether the inverses are kept
    in the cluster, too. targets: objects that faults take without changing them: workloads, Services. autoscaled: workloads that an
    autoscaler scales, with its name. kubernetes: the version whose API the cluster serves. least: who says which rights are needed.
    warnings: what is to be said besides."""

    run: str
    cluster: str
    server: str
    lease: str
    lever: str
    policy: Policy = NO_POLICY
    journal: bool = True
    targets: Sequence[ObjectRef] = ()
    autoscaled: Mapping[ObjectRef, str] = {}
    kubernetes: str = ""
    least: str = ""
    warnings: tuple[str, ...] = ()


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A plan, the objects that it changes or targets as they are now, and what speaks against it already."""

    plan: Plan
    objects: tuple[approve.Approved, ...]
    refusals: tuple[Refusal, ...]


def run_name(experiment: str, now: datetime.datetime) -> str:
    """What a run is called: its experiment and when it began. It is a label's value, and part of the names of objects."""
    stem = re.sub(r"[^a-z0-9]+", "-", experiment.lower()).strip("-")[:36].strip("-") or "run"
    return f"{stem}-{now:%m%d-%H%M%S}-{secrets.token_hex(2)}"


def make(experiment: Experiment, frame: Frame, foreseen: Foreseen, look: Look, places: Resolves, words: Words) -> Made:
    """Raises SourceError where an object can't be read."""
    scene = _Scene(look)
    refusals: list[Refusal] = []
    steps = [_planned(number, step, scene, frame, places, words, refusals) for number, step in enumerate(experiment.spec.steps, 1)]
    intents = [step.intent for step in steps if step.intent is not None]
    closure, targets = _closure(experiment, foreseen, places, refusals), [places.of(ref) for ref in frame.targets]
    touched = list(dict.fromkeys([*(intent.change.place for intent in intents), *closure, *targets]))
    kept = sum(len(msgspec.json.encode(intent.before)) for intent in intents if intent.before is not None)
    if frame.journal and kept > LARGEST:
        message = f"the objects as they were take {kept:,} bytes: they do not fit into the journal in the cluster"
        refusals.append(Refusal(name="journal-size", message=message, hint="Take fewer steps, or run it with --no-cluster-journal."))
    plan = Plan(
        run=frame.run,
        lever=frame.lever,
        experiment=experiment.name,
        title=experiment.spec.title,
        digest=approve.digest_of(experiment),
        cluster=frame.cluster,
        server=frame.server,
        steps=tuple(steps),
        deadline=experiment.spec.limit,
        rivals=tuple(Rivals(elder=places.of(elder), younger=tuple(map(places.of, younger))) for elder, younger in foreseen.rivals),
        closure=tuple(closure),
        irreversible=(*foreseen.irreversible, *_lost(intents)),
        permissions=tuple(sorted({*_permissions(intents), *_to_renew(closure), *_to_compare(targets), *_own(frame)})),
        warnings=tuple(dict.fromkeys([*_warnings(intents, frame, scene), *frame.warnings])),
        kubernetes=frame.kubernetes,
    )
    remade = {*closure, *(intent.change.place for intent in intents if intent.change.verb == "delete")}
    objects = [approve.as_it_is(str(place), scene.first(place), remade=place in remade) for place in touched]
    unread = [*(() if frame.cluster else (_KNOWN_BY,)), *(_right("get", place, "") for place in scene.unread)]
    refusals += [may_not(right_of(one), [one.why], frame.least) for one in unread]
    return Made(
        plan=plan,
        objects=tuple(sorted(objects, key=lambda one: one.object)),
        refusals=tuple(refusals),
    )


class _Scene:
    """The objects as they are, and as the steps so far will have made them."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._first: dict[Place, Manifest | None] = {}
        self._now: dict[Place, Manifest | None] = {}
        self._gone: dict[Place, Manifest | None] = {}
        self.unread: list[Place] = []
        """Objects that may not be read: what they are is not known, and no run starts on that."""

    def first(self, place: Place) -> Manifest | None:
        if place not in self._first:
            try:
                self._first[place] = self._look(place)
            except Forbidden:
                self._first[place] = None
                self.unread.append(place)
        return self._first[place]

    def now(self, place: Place) -> Manifest | None:
        return self._now[place] if place in self._now else self.first(place)

    def gone(self, place: Place) -> Manifest | None:
        """An object as it was when an earlier step deleted it."""
        return self._gone.get(place)

    def carry_out(self, change: Change) -> Manifest | None:
        before = self.now(change.place)
        match change.verb:
            case "create":
                after: Manifest | None = change.body
            case "patch":
                after = merged(before or {}, change.body)
            case "delete":
                after = None
        self._gone[change.place] = before if change.verb == "delete" else None
        self._now[change.place] = after
        return after


def _planned(number: int, step: Step, scene: _Scene, frame: Frame, places: Resolves, words: Words, refusals: list[Refusal]) -> Planned:
    named = Planned(number=number, name=step.name or f"step {number}", verb=step.verb, text=words(step))
    try:
        change = actions.change(step, scene.now, places, scene.gone)
    except (UsageError, actions.StepFailed) as error:
        if isinstance(error, UsageError) or actions.place_of(step, places) not in scene.unread:
            refusals.append(Refusal(name="step", message=f"step {number}: {error}", hint=error.hint))
        return named
    if change is None:
        return named
    before = scene.now(change.place)
    where = f"{change.place.namespace}/{change.place.name}"
    lever = "it is the lever that stops this run" if change.place.kind == "ConfigMap" and where == frame.lever else ""
    if why := lever or closed.refusal(change, before, frame.policy):
        hint = "No experiment may; whoever means it allows it by name in the policy."
        refusals.append(Refusal(name="closed-list", message=f"step {number}, {named.text}: {why}", hint=hint))
    after = scene.carry_out(change)
    return msgspec.structs.replace(named, intent=Intent(number=number, step=number, change=change, before=before, after=after))


def _closure(experiment: Experiment, foreseen: Foreseen, places: Resolves, refusals: list[Refusal]) -> list[Place]:
    """The routes that must be made again after an elder one was. Outside the scope that is too much to do unasked."""
    named = {step.target.ref for step in experiment.spec.steps if step.target is not None}
    outside = [ref for ref in foreseen.closure if ref.namespace not in experiment.spec.scope.namespaces and ref not in named]
    if outside:
        told = ", ".join(map(str, outside))
        message = f"to bring the routes back in their order of age, {told} would have to be made again, outside the scope"
        hint = "Add the namespace to spec.scope.namespaces if that is meant, or take another route."
        refusals.append(Refusal(name="closure", message=message, hint=hint))
    return [places.of(ref) for ref in foreseen.closure]


# what does not come back -----------------------------------------------------------------------------------------------------------

_LOST = {
    "Pod": ("a pod that is made again is another one: its name, address and what it held in memory are gone", "nothing"),
    "Gateway": ("what its controller made for it (an address, a load balancer) may be another one afterwards", "point DNS to the new one"),
    "Job": ("what it had done so far is done again", "nothing"),
}
_RENEWED = ("it gets another UID and another time of creation", "nothing: it is made again as it was")


def _given_out(obj: Manifest) -> tuple[str, str] | None:
    """What of a Service the server gives out, each to one at a time; None where it has nothing of that."""
    if obj.get("kind") != "Service":
        return None
    spec = mapping(obj.get("spec"))
    addresses = [address for one in sequence(spec.get("clusterIPs")) if (address := text(one)) not in ("", "None")]
    ports = [str(port) for one in sequence(spec.get("ports")) if isinstance(port := mapping(one).get("nodePort"), int) and port]
    parts = [f"{word} {', '.join(found)}" for word, found in (("ClusterIP", addresses), ("NodePort", ports)) if found]
    if not parts:
        return None
    return f"its {' and its '.join(parts)} may be given to somebody else meanwhile", "make it again with others"


def _lost(intents: Iterable[Intent]) -> Iterator[Irreversible]:
    for intent in intents:
        place = intent.change.place
        if intent.change.verb == "delete" and intent.before is not None and not is_chaos(intent.before):
            why, undo = _given_out(intent.before) or _LOST.get(place.kind, _RENEWED)
            yield Irreversible(object=str(place), why=why, undo=undo)
        elif intent.change.verb == "patch" and _template_changes(intent):
            yield Irreversible(object=str(place), why="its pods are replaced, and once more on the way back", undo="nothing")


def _template_changes(intent: Intent) -> bool:
    before, after = (mapping(mapping(one).get("spec")).get("template") for one in (intent.before, intent.after))
    return before != after


# rights ----------------------------------------------------------------------------------------------------------------------------

_BACK = {"create": ("delete",), "delete": ("create", "delete"), "patch": ("patch",)}


def _permissions(intents: Iterable[Intent]) -> Iterator[Permission]:
    for intent in intents:
        place = intent.change.place
        yield _right("get", place, "")
        yield _right(intent.change.verb, place, f"step {intent.step}")
        for verb in _BACK[intent.change.verb]:
            yield _right(verb, place, "restore")
        for version, plural in children(place):
            yield Permission(verb="list", group=group_of(version), resource=plural, namespace=place.namespace, why=f"step {intent.step}")


def _right(verb: str, place: Place, why: str) -> Permission:
    """RBAC can't tie `create` to a name: the object is not there yet when it is asked."""
    name = "" if verb == "create" else place.name
    return Permission(verb=verb, group=place.group, resource=place.resource, namespace=place.namespace, name=name, why=why or "read")


def _to_renew(closure: Iterable[Place]) -> Iterator[Permission]:
    for place in closure:
        for verb in ("get", "delete", "create"):
            yield _right(verb, place, "restore")


def _to_compare(targets: Iterable[Place]) -> Iterator[Permission]:
    """What a fault takes without changing it: an approval is about it as it is."""
    for place in targets:
        yield _right("get", place, "")


_KNOWN_BY = Permission(verb="get", group="", resource="namespaces", namespace="kube-system", name="kube-system", why="run")
"""A cluster is known by the UID of this namespace."""


def _own(frame: Frame) -> Iterator[Permission]:
    """Our own objects: the Lease, the lever, the journal in the cluster. RBAC knows names and no beginnings of names, and each run's
    journal has a name of its own: a Role is for all of them."""
    lease, lever = frame.lease.split("/"), frame.lever.split("/")
    yield _KNOWN_BY
    for verb in ("get", "patch"):
        yield Permission(verb=verb, group="coordination.k8s.io", resource="leases", namespace=lease[0], name=lease[1], why="run")
    yield Permission(verb="create", group="coordination.k8s.io", resource="leases", namespace=lease[0], why="run")
    yield Permission(verb="get", group="", resource="configmaps", namespace=lever[0], name=lever[1], why="run")
    if frame.journal:
        for verb in ("create", "get", "patch", "delete"):
            yield Permission(verb=verb, group="", resource="configmaps", namespace=lease[0], why="journal")


# warnings --------------------------------------------------------------------------------------------------------------------------


def _warnings(intents: Iterable[Intent], frame: Frame, scene: _Scene) -> Iterator[str]:
    for intent in intents:
        place, before = intent.change.place, scene.first(intent.change.place)
        if before is None:
            continue
        for who in fighting.keepers(before):
            yield f"{place} is kept by {who}: it may undo the step while it lasts"
        if scaler := frame.autoscaled.get(place.ref):
            yield f"{place} is scaled by {scaler}: it may change its replicas while the step lasts"
        if intent.change.verb == "delete" and sequence(mapping(before.get("metadata")).get("ownerReferences")):
            owner = mapping(sequence(mapping(before.get("metadata")).get("ownerReferences"))[0])
            yield f"{place} belongs to {text(owner.get('kind'))} {text(owner.get('name'))}, whose controller may make another one"
