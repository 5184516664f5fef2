"""An experiment's typed steps as words, as manifests in files, and as kubectl lines that a person could type.

Every name is quoted for a shell. The lines are rendered from the typed steps; what a model wrote as a command line never comes here.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import PurePath

import msgspec

from aichaos.domain.base import ObjectRef, reference_of
from aichaos.domain.experiment import Experiment, Manifest, Step, Wait, seconds
from aichaos.domain.original import original
from aichaos.domain.snapshot import Snapshot


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """One step for people.

    commands: its kubectl lines. by_hand: the same with the pauses between them, as a person types them. file: the manifest that they name,
    relative to the folder of the experiment; None for none.
    """

    text: str
    commands: list[str] = []
    by_hand: list[str] = []
    file: str | None = None
    manifest: Manifest | None = None


def render(experiment: Experiment, snapshot: Snapshot, folder: PurePath) -> list[Rendered]:
    """All steps in order; `folder` is where the manifests lie (or would lie) for the commands to name."""
    return [_step(step, number, snapshot, folder) for number, step in enumerate(experiment.spec.steps, 1)]


def _step(step: Step, number: int, snapshot: Snapshot, folder: PurePath) -> Rendered:
    manifest = step.manifest
    if step.recreate is not None:
        manifest = original(snapshot, step.recreate.ref)
    file = f"{number:02d}-{_file_name(step, manifest)}.yaml" if manifest is not None else None
    path = _quoted(folder / file) if file else ""
    commands = list(_commands(step, path)) if _nameable(step) else []
    return Rendered(text=text(step), commands=commands, by_hand=_by_hand(step, commands), file=file, manifest=manifest)


def _by_hand(step: Step, commands: list[str]) -> list[str]:
    pause = step.hold or (step.wait.for_ if step.wait else None)
    wait = seconds(pause) if pause else None
    if wait is None:
        return commands
    return [*commands[:1], f"sleep {wait:g}", *commands[1:]]


_WORD = re.compile(r"[A-Za-z0-9]")


def _nameable(step: Step) -> bool:
    """Whether a line could name what this step changes. What begins with a hyphen would be an option to kubectl, quoted or not."""
    names = [step.target.kind] if step.target else []
    names += [*step.label.set, *step.label.remove] if step.label else []
    names += [step.wait.until.object] if step.wait and step.wait.until else []
    return all(_WORD.match(name) for name in names)


def _file_name(step: Step, manifest: Manifest | None) -> str:
    """The step's name or the object's as a file name: letters, digits and hyphens, nothing that could leave the folder."""
    name = step.name or (reference_of(manifest).name if manifest else "") or step.verb
    return "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in name.lower()).split())[:40] or step.verb


def text(step: Step) -> str:
    """What a step does, in one line."""
    subject = step.subject
    match step.verb:
        case "wait":
            return _wait(step.wait)
        case "probe":
            return f"look: {step.probe}"
        case "scale":
            assert step.scale is not None
            return f"scale {subject} to {step.scale.replicas}"
        case "label":
            assert step.label is not None
            changes = [f"{key}={value}" for key, value in step.label.set.items()] + [f"{key}-" for key in step.label.remove]
            return f"label {subject}: {', '.join(changes)}"
        case "chaos":
            return f"apply {subject}" + (f", hold for {step.hold}, remove it" if step.hold else "")
        case "recreate":
            return f"recreate {subject} as it was"
    return f"{step.verb} {subject}"


def _wait(wait: Wait | None) -> str:
    assert wait is not None
    if wait.until is not None:
        limit = f", at most {wait.timeout}" if wait.timeout else ""
        return f"wait until {wait.until.object} is {wait.until.condition}{limit}"
    return f"wait {wait.for_ or wait.timeout or ''}".rstrip()


def _commands(step: Step, path: str) -> Iterator[str]:
    target = _target(step.subject)
    match step.verb:
        case "create" | "recreate" if path:
            yield f"kubectl create -f {path}"
        case "apply":
            yield f"kubectl apply -f {path}"
        case "chaos":
            yield f"kubectl apply -f {path}"
            if step.hold:
                yield f"kubectl delete -f {path}"
        case "delete":
            yield f"kubectl delete {target}"
        case "scale" if step.scale is not None:
            yield f"kubectl scale {target} --replicas={step.scale.replicas}"
        case "restart":
            yield f"kubectl rollout restart {target}"
        case "patch" if step.patch is not None:
            yield f"kubectl patch {target} --type=merge -p {shlex.quote(msgspec.json.encode(step.patch.merge).decode())}"
        case "label" if step.label is not None:
            changes = [f"{key}={value}" for key, value in step.label.set.items()] + [f"{key}-" for key in step.label.remove]
            yield f"kubectl label {target} --overwrite {' '.join(map(shlex.quote, changes))}"
        case "wait" if step.wait is not None and step.wait.until is not None:
            limit = f" --timeout={shlex.quote(step.wait.timeout)}" if step.wait.timeout else ""
            condition = shlex.quote(f"--for=condition={step.wait.until.condition}")
            yield f"kubectl wait {condition} {_target(ObjectRef.of(step.wait.until.object))}{limit}"


def _target(ref: ObjectRef | None) -> str:
    if ref is None:
        return ""
    named = shlex.quote(f"{ref.kind.lower()}/{ref.name}")
    return f"{named} -n {shlex.quote(ref.namespace)}" if ref.namespace else named


def _quoted(path: PurePath) -> str:
    return shlex.quote(str(path))
