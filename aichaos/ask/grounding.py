"""An answer held against the cluster where that is certain: objects that it names and that are not there, and changes without a way back.

A model is free in what it proposes. What it says of this cluster must be true, and what it takes away must come back.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from aichaos.ask.kubectl_lines import kind_called
from aichaos.ask.reply import problem
from aichaos.domain.base import ObjectRef
from aichaos.domain.experiment import Experiment, Scale, Step, Target, Wait, seconds
from aichaos.domain.finding import Finding
from aichaos.domain.kinds import BY_NAME
from aichaos.domain.suggestion import Idea
from aichaos.domain.workloads import Deployment, StatefulSet
from aichaos.observe.topology import Topology

_LEFT = "60s"
"""How long a change is left to work where nobody says."""


def grounded(idea: Idea, topology: Topology) -> tuple[Idea, list[str]]:
    """The idea with the objects of this cluster alone under `why_here`, written in full; and what it names that is not there."""
    found: list[str] = []
    missing: list[str] = []
    for text in idea.why_here:
        ref = _object(text, topology)
        if ref is None:
            missing.append(text)
        else:
            found.append(str(ref))
    return msgspec.structs.replace(idea, why_here=list(dict.fromkeys(found))), missing


def _object(text: str, topology: Topology) -> ObjectRef | None:
    """`Service/shop/web`, and `service/web` or `shop/web` where only one object can be meant; None for what does not exist."""
    kind, *rest = (part.strip() for part in text.split("/"))
    called = kind_called(kind)
    if called in BY_NAME or called == "Secret":
        namespace, name = ("", *rest)[-2:] if rest else ("", "")
    else:
        called, namespace, name = ("", kind, rest[0]) if len(rest) == 1 else ("", "", kind) if not rest else (kind, rest[0], rest[-1])
    exact = ObjectRef(called, name, namespace)
    if called and topology.exists(exact):
        return exact
    if not name:
        return None
    same = [
        ref
        for ref in topology.objects
        if ref.name == name and called in ("", ref.kind) and namespace in ("", ref.namespace) and ref.kind != "EndpointSlice"
    ]
    homes = {ref.namespace for ref in same}
    first = min(same, key=lambda ref: _LIKELY.index(ref.kind) if ref.kind in _LIKELY else len(_LIKELY), default=None)
    return first if len(homes) == 1 and (len(same) == 1 or (first is not None and first.kind in _LIKELY)) else None


_LIKELY = ("HTTPRoute", "Service", "Deployment", "StatefulSet", "Gateway")
"""Kinds that a name alone is most likely of, where several objects share it."""


# a way back -----------------------------------------------------------------------------------------------------------------------------


def returning(experiment: Experiment, topology: Topology) -> tuple[Experiment, list[Finding]]:
    """The experiment with a step that undoes what it takes away and never brings back: replicas, and objects that it deletes."""
    steps = experiment.spec.steps
    back = list(_back(steps, topology))
    if not back:
        return experiment, []
    said = [f"it never brings {what} back: a step that does was added" for what, _ in back]
    pause = [] if _pauses(steps) else [Step(name="left like that", wait=Wait(for_=_LEFT))]
    longer = [*steps, *pause, *(step for _, step in back)]
    spec = msgspec.structs.replace(experiment.spec, steps=longer)
    if pause and experiment.spec.limit < sum(map(_time, longer)) + 60:
        spec = msgspec.structs.replace(spec, deadline=f"{int(sum(map(_time, longer))) // 60 + 3}m")
    findings = [problem("reply/no-way-back", line, severity="info", layer="meaning", path="/spec/steps") for line in said]
    return msgspec.structs.replace(experiment, spec=spec), findings


def _back(steps: list[Step], topology: Topology) -> Iterator[tuple[str, Step]]:
    """What is gone after the last step, in words, and the step that undoes it; the last first."""
    gone: dict[ObjectRef, tuple[str, Step]] = {}
    for step in steps:
        ref = step.subject
        if ref is None:
            continue
        before = topology.objects.get(ref)
        target: dict[str, Any] = {"kind": ref.kind, "name": ref.name, "namespace": ref.namespace}
        if step.scale is not None and isinstance(before, (Deployment, StatefulSet)):
            gone.pop(ref, None)
            if step.scale.replicas < before.replicas:
                gone[ref] = (str(ref), Step(name=f"{ref.name} back", scale=Scale(**target, replicas=before.replicas)))
        elif step.delete is not None and before is not None and ref.kind in _RECREATED:
            gone[ref] = (str(ref), Step(name=f"{ref.name} back", recreate=Target(**target)))
        elif step.create or step.apply or step.recreate or step.patch:
            gone.pop(ref, None)
    yield from reversed(gone.values())


_RECREATED = frozenset(BY_NAME) - {"Pod", "ReplicaSet", "EndpointSlice", "Job", "Node", "Namespace"}
"""Kinds that do not come back by themselves, and that a step may bring back."""


def _pauses(steps: list[Step]) -> bool:
    """Whether time passes after the last change."""
    for step in reversed(steps):
        if step.wait is not None or step.chaos is not None or step.probe is not None:
            return True
        if step.subject is not None:
            return False
    return False


def _time(step: Step) -> float:
    times = [step.hold, step.wait.for_ if step.wait else None, step.wait.timeout if step.wait else None]
    return sum(seconds(time) or 0 for time in times if time)
