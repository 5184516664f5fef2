"""Closed lists that protect people: what a chaos object or a manifest can do beside its fault.

Chaos objects can be a shell. A command in a probe, a container in a Workflow, code in a JVM, a machine outside the cluster: none of that
ends with the experiment or is undone by it. In an experiment it is an error that nothing but the user's policy lets pass; in a file of
somebody's own it is a warning.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from aichaos.check.meaning.litmus_faults import litmus_known
from aichaos.check.meaning.units import short
from aichaos.check.subject import Subject
from aichaos.domain.finding import Finding
from aichaos.domain.touchable import BARRED
from aichaos.files.plain import at, mapping, sequence, text
from aichaos.observe.addresses import forbidden, stranger
from aichaos.observe.faults import faults, litmus_faults
from aichaos.observe.powers import IMAGE_VARIABLES, OWN_IMAGES, powers

_CLOUD_CHARTS = frozenset({"aws", "gcp", "azure", "vmware"})
_POD_SPECS = (("spec",), ("spec", "template", "spec"), ("spec", "jobTemplate", "spec", "template", "spec"))


def closed_findings(this: Subject) -> Iterator[Finding]:
    """What the closed lists say about a manifest of any kind."""
    yield from _chaos_mesh(this)
    yield from _workflow_tasks(this)
    yield from _litmus(this)
    yield from _addresses(this)
    if this.world.in_experiment:
        yield from privileged_findings(this, this.document, "")
        there = this.world.cluster is not None and this.ref in this.world.cluster.objects
        yield from power_findings(this, this.document, there=there)


def refused(this: Subject, rule: str, message: str, path: str, *names: str) -> Finding:
    """A finding of a closed list: shown as information where the policy allows it by one of its names."""
    if this.world.policy.allows(rule, *names):
        return this.note(rule, f"allowed by the policy: {message}", path, "info")
    told = f"{message}; whoever means it allows it by name: policy: {{allow: [{names[0] if names else rule}]}} in their own settings"
    return this.note(rule, told, path, "error" if this.world.in_experiment else "warning")


def _chaos_mesh(this: Subject) -> Iterator[Finding]:
    for fault in faults(this.document):
        if BARRED.get(fault.kind) == "policy/cloud":
            message = f"{fault.kind} acts on a cloud account with its own keys: nothing here sees what it reaches or brings it back"
            yield refused(this, "policy/cloud", message, fault.path, fault.kind)
        elif fault.kind == "PhysicalMachineChaos":
            message = "PhysicalMachineChaos acts on machines outside the cluster, with all rights there"
            yield refused(this, "policy/machine", message, fault.path, fault.kind)
        elif fault.kind == "KernelChaos":
            yield refused(this, "policy/machine", "KernelChaos acts on the kernel that all pods of a node share", fault.path, fault.kind)
        elif fault.kind == "JVMChaos":
            message = "JVMChaos puts code into a running process: what it does there is not limited to a fault"
            yield refused(this, "policy/code", message, fault.path, fault.kind)


def _workflow_tasks(this: Subject) -> Iterator[Finding]:
    if not text(this.document.get("apiVersion")).startswith("chaos-mesh.org/"):
        return
    spec = mapping(this.document.get("spec"))
    holders = [(spec, "/spec"), (mapping(spec.get("workflow")), "/spec/workflow")]
    for holder, path in holders:
        for index, item in enumerate(sequence(holder.get("templates"))):
            template, here = mapping(item), f"{path}/templates/{index}"
            if "task" in template or text(template.get("templateType")) == "Task":
                image = text(at(template, "task", "container", "image"))
                named = f", {image[:100]}" if image else ""
                message = f"a Task runs a container of its own{named}, with any command: that is a shell, not a fault"
                yield refused(this, "policy/shell", message, f"{here}/task" if "task" in template else here, "Task")


def _addresses(this: Subject) -> Iterator[Finding]:
    """The addresses that probes of Litmus and status checks of Chaos Mesh ask, from inside the cluster."""
    for path, url in _urls(this):
        try:
            host = urlsplit(url).hostname or ""
        except ValueError:
            continue
        if why := forbidden(host):
            yield refused(this, "policy/probe-address", f"{url[:80]!r} is asked from inside the cluster: {why}", path, host)
        elif _in_a_known_cluster(this) and stranger(url, this.namespace, this.world.topology, this.world.cluster):
            yield refused(this, "policy/probe-address", f"the host of {url[:80]!r} is not in this cluster", path, host)


def _in_a_known_cluster(this: Subject) -> bool:
    return this.world.in_experiment and this.world.cluster is not None


def _urls(this: Subject) -> Iterator[tuple[str, str]]:
    spec = mapping(this.document.get("spec"))
    if this.ref.kind == "ChaosEngine":
        for index, experiment in enumerate(sequence(spec.get("experiments"))):
            for number, probe in enumerate(sequence(at(experiment, "spec", "probe"))):
                here = f"/spec/experiments/{index}/spec/probe/{number}"
                for key, field in (("httpProbe/inputs", "url"), ("promProbe/inputs", "endpoint")):
                    if url := text(at(probe, key, field)):
                        yield f"{here}/{key.replace('/', '~1')}/{field}", url
    elif this.ref.kind == "StatusCheck" and (url := text(at(spec, "http", "url"))):
        yield "/spec/http/url", url
    elif this.ref.kind == "Workflow":
        for index, template in enumerate(sequence(spec.get("templates"))):
            if url := text(at(template, "statusCheck", "http", "url")):
                yield f"/spec/templates/{index}/statusCheck/http/url", url


def power_findings(this: Subject, manifest: dict[str, Any], *, there: bool, patch: bool = False) -> Iterator[Finding]:
    """What a manifest can do beside what it seems to. there: the object is there, and may have it already, which only the run sees."""
    group = text(this.document.get("apiVersion")).rpartition("/")[0]
    for one in powers(manifest, group, this.ref.kind, patch=patch):
        found = refused(this, one.rule, one.why, one.path, one.word)
        if there and one.there and found.severity == "error":
            why = f"{one.why}; a run refuses that unless the object has it already"
            found = this.note(one.rule, why, one.path, "warning")
        yield found


# Litmus -------------------------------------------------------------------------------------------------------------------------


def _litmus(this: Subject) -> Iterator[Finding]:
    spec = mapping(this.document.get("spec"))
    if this.ref.kind not in ("ChaosEngine", "ChaosExperiment") or not text(this.document.get("apiVersion")).startswith("litmuschaos.io/"):
        return
    if this.ref.kind == "ChaosExperiment":
        if this.world.in_experiment:
            message = "a ChaosExperiment says which image and command a fault runs, and with which rights: that is a shell, not a fault"
            yield refused(this, "policy/shell", message, "/spec/definition", "ChaosExperiment")
        yield from _image(this, at(spec, "definition", "image"), "/spec/definition/image")
        return
    yield from _image(this, at(spec, "components", "runner", "image"), "/spec/components/runner/image")
    for index, one in enumerate(sequence(at(spec, "components", "sidecar"))):
        yield from _image(this, mapping(one).get("image"), f"/spec/components/sidecar/{index}/image")
    for fault in litmus_faults(this.document):
        known = litmus_known().get(fault.name)
        if known is not None and known.chart in _CLOUD_CHARTS:
            message = f"{fault.name} acts on a cloud account with its own keys: nothing here sees what it reaches or brings it back"
            yield refused(this, "policy/cloud", message, f"{fault.path}/name", fault.name)
        elif known is not None and known.scope == "Cluster" and fault.name.startswith(("node-", "kubelet-", "docker-")):
            message = f"{fault.name} acts on a whole node, with everything that runs there"
            yield refused(this, "policy/machine", message, f"{fault.path}/name", fault.name)
    for index, item in enumerate(sequence(spec.get("experiments"))):
        inner, path = mapping(at(item, "spec")), f"/spec/experiments/{index}/spec"
        yield from _image(this, at(inner, "components", "experimentImage"), f"{path}/components/experimentImage")
        for number, entry in enumerate(sequence(at(inner, "components", "env"))):
            variable = mapping(entry)
            known = litmus_known().get(text(mapping(item).get("name")))
            if variable.get("name") in IMAGE_VARIABLES and (known is None or known.env.get(variable["name"]) != variable.get("value")):
                yield from _image(this, variable.get("value"), f"{path}/components/env/{number}/value")
        for number, probe in enumerate(sequence(inner.get("probe"))):
            yield from _probe(this, mapping(probe), f"{path}/probe/{number}")


def _probe(this: Subject, probe: dict[str, Any], path: str) -> Iterator[Finding]:
    inputs = mapping(probe.get("cmdProbe/inputs"))
    if probe.get("type") == "cmdProbe" or inputs or "cmdProbe" in probe:
        where = f"{path}/cmdProbe~1inputs" if inputs else path
        told = f" ({short(inputs['command'])})" if isinstance(inputs.get("command"), str) else ""
        message = f"a cmdProbe runs a command{told} with the rights of the fault's service account: that is a shell, not a look"
        yield refused(this, "policy/shell", message, where, "cmdProbe")
        yield from _image(this, at(inputs, "source", "image"), f"{path}/cmdProbe~1inputs/source/image")


def _image(this: Subject, image: Any, path: str) -> Iterator[Finding]:
    if isinstance(image, str) and image and not OWN_IMAGES.fullmatch(image):
        message = f"{image[:200]} is no image of Litmus: it runs with the rights of the fault"
        yield refused(this, "policy/foreign-image", message, path, image)


# manifests ----------------------------------------------------------------------------------------------------------------------


def privileged_findings(this: Subject, manifest: Any, path: str) -> Iterator[Finding]:
    """Pods that get hold of their node; `manifest` may be a patch of a workload."""
    for keys in _POD_SPECS:
        pod, here = at(manifest, *keys), path + "/" + "/".join(keys)
        if isinstance(pod, dict):
            yield from _pod(this, pod, here)


def _pod(this: Subject, pod: dict[str, Any], path: str) -> Iterator[Finding]:
    rule = "policy/privileged"
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(field) is True:
            yield refused(this, rule, f"{field}: the pod shares it with its node, and everything that runs there", f"{path}/{field}", field)
    for index, volume in enumerate(sequence(pod.get("volumes"))):
        if "hostPath" in mapping(volume):
            yield refused(this, rule, "hostPath: the pod reaches into its node's files", f"{path}/volumes/{index}/hostPath", "hostPath")
    for group in ("containers", "initContainers", "ephemeralContainers"):
        for index, container in enumerate(sequence(pod.get(group))):
            context, here = mapping(mapping(container).get("securityContext")), f"{path}/{group}/{index}/securityContext"
            if context.get("privileged") is True:
                message = "a privileged container has all rights on its node"
                yield refused(this, rule, message, f"{here}/privileged", "privileged")
