"""`argo`: a Workflow of Argo whose steps are requests to the API server, and whose exit handler undoes them.

What there was is taken from the snapshot: an object that a snapshot does not hold whole can't be put back from a Workflow, so a step
that would need it is left out, and said.
"""

from typing import Any

from aichaos.domain.base import KubeObject, ObjectRef
from aichaos.domain.experiment import Step
from aichaos.domain.kinds import BY_NAME
from aichaos.domain.original import original
from aichaos.domain.snapshot import Snapshot
from aichaos.files import yaml
from aichaos.files.plain import text
from aichaos.report.export.outline import MARK, Exported, File, Move, Outline, Thing, left_out, marked, nothing, waits

Template = dict[str, Any]
_HELD = ("Deployment", "StatefulSet", "Pod", "Service")
"""Kinds of which a snapshot holds replicas and labels as they were."""


def export(outline: Outline, snapshot: Snapshot) -> Exported:
    told = ["the Workflow needs a serviceAccountName, and a Role for it: the rights of its steps, and to list what it creates"]
    steps: list[Template] = []
    back: list[Template] = []
    for move in outline.moves:
        forward, undo = _both(move, outline, snapshot)
        if any("{{" in body["resource"].get("manifest", "") for body in (*forward, *(undo or ())) if "resource" in body):
            told.append(left_out(move, "its object holds {{, which Argo would take for a variable"))
            continue
        if not forward or undo is None:
            told.append(left_out(move, _why(move)))
            continue
        steps += forward
        back = [*undo, *back]
    if outline.again:
        told.append(
            "of routes that are made again, younger rivals may win: only `aichaos run` and the kubectl script keep the order of age"
        )
    if outline.experiment.spec.steady_state or outline.experiment.spec.abort:
        told.append("the probes are left out: nothing in this Workflow looks at the steady state")
    if not any("resource" in step for step in steps):
        return nothing(told, "no step that changes anything is left")
    named = [(f"step-{number}", body) for number, body in enumerate(steps, 1)]
    undone = [(f"undo-{number}", body) for number, body in enumerate(back, 1)]
    workflow = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": f"{outline.name[:50]}-"},
        "spec": {
            "entrypoint": "experiment",
            "onExit": "undo",
            "activeDeadlineSeconds": int(outline.experiment.spec.limit),
            "templates": [
                {"name": "experiment", "steps": [[{"name": name, "template": name}] for name, _ in named]},
                # every undo is tried, whatever the one before it came to
                {
                    "name": "undo",
                    "steps": [[{"name": name, "template": name, "continueOn": {"failed": True, "error": True}}] for name, _ in undone],
                },
                *({"name": name, **body} for name, body in (*named, *undone)),
            ],
        },
    }
    return Exported(files=[File(name="workflow.yaml", text=yaml.dump(workflow))], start="kubectl create -f workflow.yaml", notes=told)


def _why(move: Move) -> str:
    if move.step.verb in ("probe", "wait"):
        return "Argo has nothing for it"
    return "the snapshot does not hold the object whole, so the Workflow could not put it back"


def _both(move: Move, outline: Outline, snapshot: Snapshot) -> tuple[list[Template], list[Template] | None]:
    """What a step does, and what undoes it; None where that can't be told."""
    step, subject = move.step, move.step.subject
    if subject is None:
        waited = waits(step)
        return ([{"suspend": {"duration": f"{waited}"}}], []) if waited is not None else ([], [])
    was = original(snapshot, subject)
    there = _found(subject, snapshot)
    match step.verb:
        case "create" | "apply" | "chaos":
            assert move.manifest is not None
            assert move.thing is not None
            made, gone = marked(move.manifest, outline), _unmade(move.thing, outline)
            held = waits(step)
            pause = [{"suspend": {"duration": f"{held}"}}, gone] if held is not None else []
            undo = [gone] if there is None else [_resource("apply", was)] if was is not None else None
            return [_resource("create" if step.verb == "create" else "apply", made), *pause], undo
        case "delete" if was is not None:
            return [_resource("delete", was)], [_resource("apply", was)]
        case "recreate" if was is not None:
            return [_resource("create", was)], []
    return _patched(step, subject, there, snapshot)


def _found(subject: ObjectRef, snapshot: Snapshot) -> KubeObject | None:
    return next((obj for obj in snapshot.of(subject.kind) if (obj.name, obj.namespace) == (subject.name, subject.namespace)), None)


def _patched(step: Step, subject: ObjectRef, found: KubeObject | None, snapshot: Snapshot) -> tuple[list[Template], list[Template] | None]:
    """Scale and label: the snapshot knows both as they were. A patch or a restart is not undone by a request of its own."""
    if found is None or subject.kind not in _HELD:
        return [], None
    version = BY_NAME[subject.kind].api_version(snapshot.versions.get(subject.kind))
    head = {"apiVersion": version, "kind": subject.kind, "metadata": {"name": subject.name, "namespace": subject.namespace}}
    if step.scale is not None:
        replicas = getattr(getattr(found, "spec", None), "replicas", None)
        now, was = ({**head, "spec": {"replicas": number}} for number in (step.scale.replicas, 1 if replicas is None else replicas))
        return [_resource("patch", now)], [_resource("patch", was)]
    if step.label is not None:
        changed = {**step.label.set, **dict.fromkeys(step.label.remove)}
        before = {key: found.labels.get(key) for key in changed}
        now, was = ({**head, "metadata": {**head["metadata"], "labels": labels}} for labels in (changed, before))  # type: ignore[dict-item]
        return [_resource("patch", now)], [_resource("patch", was)]
    return [], None


def _unmade(thing: Thing, outline: Outline) -> Template:
    """The deletion of what was made here, and of nothing else that has come to bear its name."""
    where = ["-n", thing.namespace] if thing.namespace else []
    words = [thing.resource, *where, "-l", f"{MARK}={outline.mark}", "--field-selector", f"metadata.name={thing.name}"]
    return {"metadata": {"labels": {"object-kind": "made-here"}}, "resource": {"action": "delete", "flags": words}}


def _resource(action: str, manifest: dict[str, Any]) -> Template:
    merge = {"mergeStrategy": "merge"} if action == "patch" else {}
    flags = {"flags": ["--ignore-not-found"]} if action == "delete" else {}
    name = text(manifest.get("kind"))
    return {
        "metadata": {"labels": {"object-kind": name}},
        "resource": {"action": action, **merge, **flags, "manifest": yaml.dump(manifest)},
    }
