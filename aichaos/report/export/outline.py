"""What every format is made of: the steps with their lines, what they touch, and whose order of age must be kept on the way back."""

from pathlib import PurePath
from typing import Any

import msgspec

from aichaos.domain.base import ObjectRef, group_of
from aichaos.domain.digest import sha256
from aichaos.domain.experiment import Experiment, Manifest, Step, seconds
from aichaos.domain.kinds import BY_NAME
from aichaos.domain.snapshot import Snapshot
from aichaos.files.plain import mapping
from aichaos.report import kubectl

MARK = "aichaos.io/exported"


class Thing(msgspec.Struct, frozen=True, order=True):
    """An object as kubectl finds it. resource: its plural with its group, or `Kind.version.group` where the plural is not known."""

    resource: str
    name: str
    namespace: str = ""


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """One step. file, manifest: what it brings along. thing: what it changes; None for one that waits or looks."""

    step: Step
    number: int
    text: str
    thing: Thing | None
    file: str | None
    manifest: Manifest | None


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """touched: everything that a step changes, each once, in order. again: what has to be made again on the way back, the eldest first,
    because age decides; beside what is deleted, younger rivals that no step touches. source: of which cluster this is true."""

    experiment: Experiment
    moves: list[Move]
    touched: list[Thing]
    again: list[Thing]
    source: str

    @property
    def name(self) -> str:
        return self.experiment.name

    @property
    def mark(self) -> str:
        """The value of the label MARK on what it creates: the way back deletes nothing that somebody else has made meanwhile."""
        return sha256(msgspec.json.encode(self.experiment))[:16]

    @property
    def kept(self) -> list[Thing]:
        """What has to be remembered as it was."""
        return list(dict.fromkeys([*self.touched, *self.again]))


class File(msgspec.Struct, frozen=True, kw_only=True):
    """name: relative to the folder of the export. program: whether it is one to be started."""

    name: str
    text: str
    program: bool = False


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """files, and how to start them; notes: what this format can't express, for people."""

    files: list[File]
    start: str
    notes: list[str] = []


def outline(experiment: Experiment, snapshot: Snapshot, again: list[ObjectRef]) -> Outline:
    """again: in their order, as the way back was computed."""
    rendered = kubectl.render(experiment, snapshot, PurePath())
    moves = [
        Move(
            step=step,
            number=number,
            text=" ".join(shown.text.split()),
            thing=_thing(step),
            file=shown.file if step.manifest is not None else None,
            manifest=step.manifest,
        )
        for number, (step, shown) in enumerate(zip(experiment.spec.steps, rendered, strict=True), 1)
    ]
    return Outline(
        experiment=experiment,
        moves=moves,
        touched=list(dict.fromkeys(move.thing for move in moves if move.thing is not None)),
        again=[thing_of(ref) for ref in again],
        source=snapshot.source.cluster or "a cluster",
    )


def thing_of(ref: ObjectRef, api_version: str = "") -> Thing:
    kind = BY_NAME.get(ref.kind)
    if kind is not None and (not api_version or group_of(api_version) == kind.group):
        return Thing(f"{kind.plural}.{kind.group}" if kind.group else kind.plural, ref.name, ref.namespace)
    group, _, version = api_version.rpartition("/")
    return Thing(f"{ref.kind}.{version}.{group}" if group else ref.kind.lower(), ref.name, ref.namespace)


def _thing(step: Step) -> Thing | None:
    subject = step.subject
    if subject is None:
        return None
    version = step.manifest.get("apiVersion") if step.manifest is not None else ""
    return thing_of(subject, version if isinstance(version, str) else "")


def marked(manifest: Manifest, outline: Outline) -> Manifest:
    """An object with the label of what it was exported for."""
    metadata = mapping(manifest.get("metadata"))
    return manifest | {"metadata": {**metadata, "labels": {**mapping(metadata.get("labels")), MARK: outline.mark}}}


def waits(step: Step) -> int | None:
    """Whole seconds that a step waits, rounded up; None where it does not, or waits for a condition."""
    text = step.hold or (step.wait.for_ if step.wait else None)
    wanted = seconds(text) if text else None
    return None if wanted is None else int(-(-wanted // 1))


def engine_of(manifest: Manifest | None) -> str:
    """`chaos-mesh`, `litmus` or "": whose object a manifest is."""
    version: Any = (manifest or {}).get("apiVersion")
    group = group_of(version) if isinstance(version, str) else ""
    return {"chaos-mesh.org": "chaos-mesh", "litmuschaos.io": "litmus"}.get(group, "")


def left_out(move: Move, why: str) -> str:
    """The note that a step is not among what was exported."""
    return f"step {move.number} ({move.text}) is left out: {why}"


def unasked(outline: Outline, tool: str) -> list[str]:
    """The note that nobody asks the probes any more."""
    spec = outline.experiment.spec
    return (
        [f"the probes are left out: {tool} looks at no steady state, and nothing ends it early"] if spec.steady_state or spec.abort else []
    )


def nothing(told: list[str], why: str) -> Exported:
    return Exported(files=[], start="", notes=[*told, f"{why}: there is nothing to export"])
