"""`chaos-mesh`: a Workflow. It holds the faults of Chaos Mesh and the pauses between them; nothing else of an experiment fits in."""

from typing import Any

from aichaos.domain.experiment import seconds
from aichaos.files import yaml
from aichaos.files.plain import mapping, text
from aichaos.report.export.outline import Exported, File, Outline, engine_of, left_out, nothing, waits

_FIELDS = {
    "AWSChaos": "awsChaos",
    "AzureChaos": "azureChaos",
    "BlockChaos": "blockChaos",
    "DNSChaos": "dnsChaos",
    "GCPChaos": "gcpChaos",
    "HTTPChaos": "httpChaos",
    "IOChaos": "ioChaos",
    "JVMChaos": "jvmChaos",
    "KernelChaos": "kernelChaos",
    "NetworkChaos": "networkChaos",
    "PhysicalMachineChaos": "physicalmachineChaos",
    "PodChaos": "podChaos",
    "StressChaos": "stressChaos",
    "TimeChaos": "timeChaos",
}
"""The field of a Workflow's template that holds each kind's spec."""
SHORTEST = "60s"


def export(outline: Outline) -> Exported:
    spec = outline.experiment.spec
    told: list[str] = []
    children: list[dict[str, Any]] = []
    namespaces: list[str] = []
    for move in outline.moves:
        manifest = move.manifest or {}
        kind = text(manifest.get("kind"))
        if move.step.verb == "chaos" and engine_of(manifest) == "chaos-mesh" and kind in _FIELDS:
            fault = dict(mapping(manifest.get("spec")))
            duration = text(fault.pop("duration", ""))
            lasts = move.step.hold or duration or SHORTEST
            children.append({"name": f"step-{move.number}", "templateType": kind, "deadline": lasts, _FIELDS[kind]: fault})
            namespaces.append(text(mapping(manifest.get("metadata")).get("namespace")))
        elif move.step.verb == "wait" and (pause := waits(move.step)) is not None:
            children.append({"name": f"step-{move.number}", "templateType": "Suspend", "deadline": f"{pause}s"})
        else:
            told.append(left_out(move, "a Workflow of Chaos Mesh has nothing for it"))
    faults = [child for child in children if child["templateType"] != "Suspend"]
    if not faults:
        return nothing(told, "no step is a fault of Chaos Mesh")
    if spec.steady_state or spec.abort:
        told.append("the probes are left out: nothing in this Workflow ends it early; `kubectl delete` on it does")
    total = int(sum(seconds(child["deadline"]) or 0 for child in children)) + 60
    serial = {"name": "steps", "templateType": "Serial", "deadline": f"{total}s", "children": [child["name"] for child in children]}
    workflow = {
        "apiVersion": "chaos-mesh.org/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": outline.name, "namespace": namespaces[0] or "default"},
        "spec": {
            "entry": "steps",
            "templates": [serial, *children],
        },
    }
    return Exported(files=[File(name="workflow.yaml", text=yaml.dump(workflow))], start="kubectl create -f workflow.yaml", notes=told)
