"""A steady state for an experiment that came without one: what the users of the objects in question notice.

Bare manifests and commands say what is done and never what should hold meanwhile; without that nothing could show a failure.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from aichaos.domain import forms
from aichaos.domain.base import ObjectRef, reference_of
from aichaos.domain.experiment import Experiment, Probe
from aichaos.domain.gateway import HTTPRoute
from aichaos.domain.suggestion import Idea
from aichaos.domain.workloads import Pod
from aichaos.files.plain import mapping
from aichaos.library.finders.engines import service_probes
from aichaos.library.urls import probes, targets
from aichaos.observe.targets import chaos_mesh, litmus
from aichaos.observe.topology import Topology


def watched(experiment: Experiment, idea: Idea, topology: Topology) -> Experiment:
    """The experiment with probes of the first route or Service that it or its idea names; as it was where there is none."""
    if experiment.spec.steady_state:
        return experiment
    found = next((some for ref in _named(experiment, idea, topology) if (some := _probes(topology, ref))), [])
    steady = [forms.convert(probe, Probe) for probe in found]
    return msgspec.structs.replace(experiment, spec=msgspec.structs.replace(experiment.spec, steady_state=steady))


def _named(experiment: Experiment, idea: Idea, topology: Topology) -> Iterator[ObjectRef]:
    for text in idea.why_here:
        kind, _, rest = text.partition("/")
        namespace, _, name = rest.rpartition("/")
        yield ObjectRef(kind, name, namespace)
    for step in experiment.spec.steps:
        subject = step.subject
        if subject is None:
            continue
        yield subject
        pods = topology.pods_of(topology.workloads[subject]) if subject in topology.workloads else _hit(step.chaos, topology)
        yield from (ObjectRef("Service", service.name, service.namespace) for service in topology.services_of_pods(pods))


def _hit(manifest: dict[str, Any] | None, topology: Topology) -> list[Pod]:
    """The pods that a fault takes."""
    spec = mapping(mapping(manifest).get("spec"))
    home = reference_of(manifest).namespace if manifest else ""
    taken = litmus(topology, spec["appinfo"], home) if "appinfo" in spec else chaos_mesh(topology, spec.get("selector"), home)
    return list(taken.pods) if taken is not None and manifest else []


def _probes(topology: Topology, ref: ObjectRef) -> list[dict[str, Any]]:
    found = topology.objects.get(ref)
    if isinstance(found, HTTPRoute):
        return probes(targets(topology, found), tolerance={"success": ">= 99%"})
    service = topology.services.get((ref.namespace, ref.name)) if ref.kind == "Service" else None
    return service_probes(topology, service) if service is not None and topology.service_pods(service) else []
