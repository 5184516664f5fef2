"""What a deletion takes along: the garbage collector deletes what names the object as its owner, and what names that, and so on.

It is shown before a run, with what of it comes back and under which names. What nobody makes again is no part of any way back, so that
such a deletion is refused; so is one that takes data along (a StatefulSet whose claims are deleted with it).
"""

from collections.abc import Callable, Iterable, Iterator

import msgspec

from aichaos.cluster.paths import path
from aichaos.cluster.reader import Reader
from aichaos.domain.base import group_of
from aichaos.domain.policy import Policy
from aichaos.domain.running import Along, Permission, Place, Plan
from aichaos.errors import SourceError
from aichaos.run.likeness import meta
from aichaos.run.plan import Made, Refusal

_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""The server leaves out what is in the objects: whose they are is all that is asked."""
_KINDS = {
    "Pod": ("v1", "pods"),
    "ReplicaSet": ("apps/v1", "replicasets"),
    "ControllerRevision": ("apps/v1", "controllerrevisions"),
    "Job": ("batch/v1", "jobs"),
    "EndpointSlice": ("discovery.k8s.io/v1", "endpointslices"),
    "PersistentVolumeClaim": ("v1", "persistentvolumeclaims"),
    "ConfigMap": ("v1", "configmaps"),
    "Service": ("v1", "services"),
    "Deployment": ("apps/v1", "deployments"),
    "HTTPRoute": ("gateway.networking.k8s.io/v1", "httproutes"),
}
_RETURNS = {
    "Pod": "under other names",
    "ReplicaSet": "the current one under its old name, older ones not",
    "ControllerRevision": "the current one, older ones not",
    "Job": "not at all: what it was doing is ended",
    "EndpointSlice": "under other names",
}
_SAME_NAMES = "under the same names, with other identities"
_BY_CONTROLLER = "as far as its controller makes it again"


class _Owner(msgspec.Struct, frozen=True):
    uid: str = ""
    kind: str = ""
    controller: bool | None = None


class _Meta(msgspec.Struct, frozen=True, rename="camel"):
    name: str = ""
    uid: str = ""
    owner_references: list[_Owner] | None = None


class _Object(msgspec.Struct, frozen=True):
    metadata: _Meta = _Meta()


class _Objects(msgspec.Struct, frozen=True):
    items: list[_Object] | None = None


class Dependent(msgspec.Struct, frozen=True, kw_only=True):
    """An object with owners. made: the kind of the controller that makes it; "" where none does."""

    kind: str
    name: str
    uid: str
    owners: frozenset[str]
    made: str = ""


Dependents = Callable[[str], tuple[list[Dependent], list[str]]]
"""Those of a namespace, and the kinds that could not be listed."""


def dependents(reader: Reader) -> Dependents:
    known: dict[str, tuple[list[Dependent], list[str]]] = {}

    def look(namespace: str) -> tuple[list[Dependent], list[str]]:
        if namespace not in known:
            found, unread = list[Dependent](), list[str]()
            for kind, (api_version, resource) in _KINDS.items():
                try:
                    listed = reader.get_json(path(api_version, resource, namespace), _Objects, accept=_METADATA)
                except SourceError:
                    unread.append(resource)
                else:
                    found += [one for each in (listed.items if listed else None) or [] if (one := _dependent(kind, each.metadata))]
            known[namespace] = found, unread
        return known[namespace]

    return look


def permissions(plan: Plan) -> Iterator[Permission]:
    """What looking at it takes, in the namespaces in which something is deleted."""
    intents = [step.intent for step in plan.steps if step.intent is not None]
    for namespace in sorted({one.change.place.namespace for one in intents if one.change.verb == "delete"}):
        for api_version, resource in _KINDS.values():
            yield Permission(verb="list", group=group_of(api_version), resource=resource, namespace=namespace, why="look")


def _dependent(kind: str, found: _Meta) -> Dependent | None:
    owners = found.owner_references or []
    if not owners:
        return None
    made = next((owner.kind for owner in owners if owner.controller), "")
    return Dependent(kind=kind, name=found.name, uid=found.uid, owners=frozenset(owner.uid for owner in owners), made=made)


def noted(made: Made, look: Dependents, policy: Policy) -> Made:
    """A plan with what its deletions take along."""
    intents = [step.intent for step in made.plan.steps if step.intent is not None and step.intent.change.verb == "delete"]
    taken = {one.change.place: one.before for one in intents if one.before is not None}
    told, refusals, warnings = list[Along](), list[Refusal](), list[str]()
    for place, obj in taken.items():
        there, unread = look(place.namespace)
        gone = list(_goes(meta(obj, "uid"), there))
        told += _shown(place, gone)
        refusals += [] if policy.allows("owned") else _lost(place, gone)
        if unread:
            warnings.append(f"which {', '.join(unread)} {place} owns is not known: they can't be listed; what it owns goes along")
    plan = msgspec.structs.replace(made.plan, along=tuple(told), warnings=(*made.plan.warnings, *warnings))
    return msgspec.structs.replace(made, plan=plan, refusals=(*made.refusals, *refusals))


def _goes(uid: str, there: Iterable[Dependent]) -> Iterator[Dependent]:
    """What has no owner left once an object is gone."""
    gone, left = {uid}, list(there)
    while found := [one for one in left if one.owners <= gone]:
        yield from found
        gone |= {one.uid for one in found}
        left = [one for one in left if one not in found]


def _shown(place: Place, gone: list[Dependent]) -> Iterator[Along]:
    for kind in dict.fromkeys(one.kind for one in gone):
        mine = [one for one in gone if one.kind == kind]
        names = sorted(one.name for one in mine)
        returns = _SAME_NAMES if kind == "Pod" and mine[0].made == "StatefulSet" else _RETURNS.get(kind, _BY_CONTROLLER)
        ended = kind == "Pod" and mine[0].made == "Job"
        yield Along(of=str(place), kind=kind, names=tuple(names), returns=_RETURNS["Job"] if ended else returns)


def _lost(place: Place, gone: list[Dependent]) -> Iterator[Refusal]:
    for one in gone:
        named = f"{one.kind}/{place.namespace}/{one.name}"
        if one.kind == "PersistentVolumeClaim":
            message = f"deleting {place} takes {named} along, and the data in it"
            hint = "Set spec.persistentVolumeClaimRetentionPolicy.whenDeleted to Retain, or scale it to 0 instead."
            yield Refusal(name="owned", message=message, hint=hint)
        elif not one.made:
            message = f"deleting {place} takes {named} along, and no controller makes that again"
            hint = "Take its ownerReferences away if it should stay; whoever means it allows `owned` in the policy."
            yield Refusal(name="owned", message=message, hint=hint)
