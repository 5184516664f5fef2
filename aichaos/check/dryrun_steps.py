"""`--server` for the steps that change what is there: patch, label, scale, restart and delete, each as a dry run against the cluster.

A dry run changes nothing, so that each step meets the cluster as it is now. A step whose object an earlier one makes or takes away can't be
tried before that is done, and this is said.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from aichaos.check.decode import experiment_of
from aichaos.check.dryrun_replies import Tried, Verdict, is_about_us, note, problems, refused
from aichaos.check.known import kinds_called
from aichaos.check.opening import Item
from aichaos.cluster.dryrun import DryRun, Resource
from aichaos.domain.base import ObjectRef
from aichaos.domain.experiment import Step, Target
from aichaos.domain.kinds import BY_NAME
from aichaos.errors import SourceError

_LIFE = ("create", "apply", "chaos", "delete", "recreate")
"""Verbs after which an object is another one than it is now, or none."""


def step_tasks(client: DryRun, item: Item, namespace: str) -> Iterator[Callable[[], Verdict]]:
    """One task a step that can be tried or of which it must be said that it can't. namespace: that of a target which names none."""
    experiment, _ = experiment_of(item.value)
    if experiment is None:
        return
    made: dict[ObjectRef, str] = {}
    for number, step in enumerate(experiment.spec.steps):
        path = f"/spec/steps/{number}/{step.verb}"
        subject = step.subject
        if step.target is not None and subject is not None:
            before = made.get(_placed(subject, namespace), "")
            yield _task(client, Tried(item, {}, path), step, step.target, namespace, before)
        if subject is not None and step.verb in _LIFE:
            made[_placed(subject, namespace)] = step.name or f"step {number + 1}"


def _placed(ref: ObjectRef, namespace: str) -> ObjectRef:
    return ref if ref.namespace else ObjectRef(ref.kind, ref.name, namespace)


def _task(client: DryRun, one: Tried, step: Step, target: Target, namespace: str, before: str) -> Callable[[], Verdict]:
    def task() -> Verdict:
        if step.recreate is not None:
            return _untried(one, "it brings back what an earlier step deletes")
        if before:
            return _untried(one, f"{before!r}, an earlier step, makes or deletes its object")
        try:
            return _ask(client, one, step, target, target.namespace or namespace)
        except SourceError as error:
            return Verdict(one, None, [note(one, "server/not-asked", f"the server could not be asked: {error}")])

    return task


def _untried(one: Tried, why: str) -> Verdict:
    return Verdict(one, None, [note(one, "server/not-asked", f"the server can't try this step before the experiment runs: {why}")])


def _ask(client: DryRun, one: Tried, step: Step, target: Target, namespace: str) -> Verdict:
    if any(part in ("", ".", "..") for part in (target.name, namespace)):
        return _untried(one, "it names no object")
    served = _served(client, target.kind)
    if served is None:
        return _untried(one, f"the server has no kind {target.kind[:60]} that we know")
    api_version, resource = served
    if step.delete is not None:
        reply = client.delete(api_version, resource, namespace, target.name)
    else:
        reply = client.patch(api_version, resource, namespace, target.name, msgspec.json.encode(_wished(step)))
    if reply.code < 300:
        return Verdict(one, True, [])
    if is_about_us(reply):
        return Verdict(one, None, [note(one, "server/not-asked", f"the server did not say: {reply.message or reply.code}")])
    if reply.code == 404:
        return Verdict(one, None, [refused(one, f"{reply.message}: there is nothing that this step could change", "", "admission")])
    where = Tried(one.item, {"apiVersion": api_version, "kind": target.kind} | _wished(step), _written(step, one.path))
    return Verdict(one, None, list(problems(where, reply)))


def _served(client: DryRun, kind: str) -> tuple[str, Resource] | None:
    """A kind that a step names by its name alone: the one that we read, else one that we know."""
    own = BY_NAME.get(kind)
    names = [f"{own.group}/{version}" if own.group else version for version in own.versions] if own is not None else []
    for known in kinds_called(kind):
        names += [f"{known.group}/{version}" if known.group else version for version in known.versions]
    for api_version in dict.fromkeys(names):
        resource = client.resource(api_version, kind)
        if resource is not None:
            return api_version, resource
    return None


def _wished(step: Step) -> dict[str, Any]:
    """What a step asks for, as a merge patch."""
    if step.patch is not None:
        return step.patch.merge
    if step.label is not None:
        return {"metadata": {"labels": dict(step.label.set) | dict.fromkeys(step.label.remove)}}
    if step.scale is not None:
        return {"spec": {"replicas": step.scale.replicas}}
    if step.restart is not None:
        return {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}}}}}
    return {}


def _written(step: Step, path: str) -> str:
    """Where the fields that the server names stand in the step: those of a patch as they are, of the other verbs in words of their own."""
    return f"{path}/merge" if step.patch is not None else path
