"""The faults that a chaos object holds: itself, or those inside a Schedule or a Workflow, each with the place where it stands.

Chaos Mesh nests a fault in three ways (`api/v1alpha1`, 2.8): `NetworkChaos.spec`; `Schedule.spec.networkChaos`;
`Workflow.spec.templates[].networkChaos`, or `….schedule.networkChaos`. A ChaosEngine of Litmus holds a list of faults by name.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from aichaos.domain.base import group_of
from aichaos.files.plain import at, mapping, pointer, sequence, text

CHAOS_MESH = "chaos-mesh.org"
LITMUS = "litmuschaos.io"

POD_FAULTS = (
    "DNSChaos",
    "HTTPChaos",
    "IOChaos",
    "JVMChaos",
    "KernelChaos",
    "NetworkChaos",
    "PodChaos",
    "StressChaos",
    "TimeChaos",
    "BlockChaos",
)
"""Kinds whose `selector` selects pods."""

_OTHER_FAULTS = ("AWSChaos", "AzureChaos", "CloudStackHostChaos", "GCPChaos", "PhysicalMachineChaos", "YCChaos")
FAULTS = (*POD_FAULTS, *_OTHER_FAULTS)
_BLOCKS = {kind.lower(): kind for kind in FAULTS}

_ONE_SHOT = frozenset(
    {
        ("PodChaos", "pod-kill"),
        ("PodChaos", "container-kill"),
        ("AWSChaos", "ec2-restart"),
        ("AzureChaos", "vm-restart"),
        ("GCPChaos", "node-reset"),
        ("CloudStackHostChaos", "host-stop"),
        ("YCChaos", "compute-restart"),
    }
)
"""Kind and action that happen once and have nothing to recover (`+chaos-mesh:oneshot` in the sources)."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault of Chaos Mesh. path: of its spec. ends: path and value of the field that ends it."""

    kind: str
    spec: dict[str, Any]
    path: str
    ends: tuple[str, Any]

    @property
    def one_shot(self) -> bool:
        return (self.kind, text(self.spec.get("action"))) in _ONE_SHOT

    @property
    def takes_pods(self) -> bool:
        return self.kind in POD_FAULTS


class LitmusFault(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of `spec.experiments` of a ChaosEngine."""

    name: str
    environment: dict[str, Any]
    path: str


def is_chaos(manifest: dict[str, Any]) -> bool:
    """Whether a manifest is an object of a chaos engine."""
    return group_of(text(manifest.get("apiVersion"))) in (CHAOS_MESH, LITMUS)


def faults(manifest: dict[str, Any]) -> Iterator[Fault]:
    """The faults of an object of Chaos Mesh; none for any other object."""
    if group_of(text(manifest.get("apiVersion"))) != CHAOS_MESH:
        return
    spec = mapping(manifest.get("spec"))
    match manifest.get("kind"):
        case "Schedule":
            yield from _blocks(spec, "/spec")
            yield from _templates(mapping(spec.get("workflow")), "/spec/workflow")
        case "Workflow":
            yield from _templates(spec, "/spec")
        case str() as kind if kind in FAULTS:
            yield Fault(kind=kind, spec=spec, path="/spec", ends=("/spec/duration", spec.get("duration")))


def _blocks(holder: dict[str, Any], path: str, ends: tuple[str, Any] | None = None) -> Iterator[Fault]:
    for key, block in holder.items():
        kind = _BLOCKS.get(key.lower())
        if kind is not None and isinstance(block, dict):
            here = path + pointer(key)
            yield Fault(kind=kind, spec=block, path=here, ends=ends or (f"{here}/duration", block.get("duration")))


def _templates(spec: dict[str, Any], path: str) -> Iterator[Fault]:
    for index, item in enumerate(sequence(spec.get("templates"))):
        template, here = mapping(item), f"{path}/templates/{index}"
        deadline = (f"{here}/deadline", template.get("deadline"))
        yield from _blocks(template, here, deadline)
        yield from _blocks(mapping(template.get("schedule")), f"{here}/schedule")


def litmus_faults(manifest: dict[str, Any]) -> Iterator[LitmusFault]:
    """The faults of a ChaosEngine, with their environment by name; none for any other object."""
    if group_of(text(manifest.get("apiVersion"))) != LITMUS or manifest.get("kind") != "ChaosEngine":
        return
    for index, entry in enumerate(sequence(at(manifest, "spec", "experiments"))):
        environment = {
            name: mapping(item).get("value") if "valueFrom" not in mapping(item) else _ELSEWHERE
            for item in sequence(at(entry, "spec", "components", "env"))
            if (name := text(mapping(item).get("name")))
        }
        yield LitmusFault(name=text(mapping(entry).get("name")), environment=environment, path=f"/spec/experiments/{index}")


class _Elsewhere:
    """The value of a variable that a ConfigMap, a Secret or a field gives."""


_ELSEWHERE = _Elsewhere()


def stands_elsewhere(value: Any) -> bool:
    return value is _ELSEWHERE
