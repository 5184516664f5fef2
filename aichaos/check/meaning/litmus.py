"""Litmus: the ChaosEngine, whose CRD keeps fields that nobody reads, and what its faults take.

Sources: chaos-operator and litmus-go 3.x, the ChaosEngine CRD, the charts of the faults.
"""

from collections.abc import Iterator
from typing import Any

from aichaos.check.fixes import fix, move, remove, replace
from aichaos.check.meaning.litmus_environment import environment_findings
from aichaos.check.meaning.litmus_faults import litmus_known
from aichaos.check.meaning.litmus_probes import probe_findings
from aichaos.check.meaning.units import short
from aichaos.check.spelling import did_you_mean, nearest
from aichaos.check.subject import Subject
from aichaos.domain.finding import Finding
from aichaos.files.plain import mapping, pointer, sequence, text
from aichaos.observe.faults import LITMUS, LitmusFault, litmus_faults

KINDS = ("deployment", "statefulset", "daemonset", "deploymentconfig", "rollout")
_SPEC = (
    "appinfo",
    "auxiliaryAppInfo",
    "chaosServiceAccount",
    "components",
    "defaultHealthCheck",
    "engineState",
    "experiments",
    "jobCleanUpPolicy",
    "selectors",
    "terminationGracePeriodSeconds",
)
_RUNNER = (
    "args",
    "command",
    "configMaps",
    "image",
    "imagePullPolicy",
    "imagePullSecrets",
    "nodeSelector",
    "resources",
    "runnerAnnotations",
    "runnerLabels",
    "secrets",
    "tolerations",
    "type",
)
_COMPONENTS = (
    "configMaps",
    "env",
    "experimentAnnotations",
    "experimentImage",
    "experimentImagePullSecrets",
    "nodeSelector",
    "resources",
    "secrets",
    "statusCheckTimeouts",
    "tolerations",
)
_GONE = {
    "annotationCheck": "nothing asks for the annotation any more since 2.0, so it guards nothing",
    "monitoring": "Litmus has no such switch since 2.0",
}
_OF_PODS = ("pod-", "container-kill", "disk-fill")
_STATES = ("active", "stop")
_STATES_MEANT = {True: "active", False: "stop", "started": "active", "start": "active", "stopped": "stop", "inactive": "stop"}


def litmus_findings(this: Subject) -> Iterator[Finding]:
    """Findings about a ChaosEngine; nothing for any other object."""
    if this.ref.kind != "ChaosEngine" or not text(this.document.get("apiVersion")).startswith(f"{LITMUS}/"):
        return
    spec = mapping(this.document.get("spec"))
    yield from _spec(this, spec)
    yield from _state(this, spec)
    yield from _target(this, mapping(spec.get("appinfo")))
    for index, item in enumerate(sequence(spec.get("experiments"))):
        experiment, path = mapping(item), f"/spec/experiments/{index}"
        inner = mapping(experiment.get("spec"))
        yield from _unknown(this, mapping(inner.get("components")), _COMPONENTS, f"{path}/spec/components")
        yield from probe_findings(this, sequence(inner.get("probe")), f"{path}/spec/probe")
    if spec and not sequence(spec.get("experiments")):
        message = "no experiments: the engine is admitted and runs nothing; name a fault, as in experiments: [{name: pod-delete}]"
        yield this.note("litmus/no-fault", message, "/spec/experiments")
    for fault in litmus_faults(this.document):
        yield from _fault_name(this, fault.name, f"{fault.path}/name")
        yield from _no_target(this, mapping(spec.get("appinfo")), fault)
        yield from environment_findings(this, fault)


def _spec(this: Subject, spec: dict[str, Any]) -> Iterator[Finding]:
    for field, why in _GONE.items():
        if field in spec:
            message = f"{field} is admitted, kept and read by nobody: {why}"
            yield this.note("litmus/removed-field", message, f"/spec/{field}", fix=fix(f"leave {field} out", remove(f"/spec/{field}")))
    yield from _unknown(this, {key: value for key, value in spec.items() if key not in (*_GONE, "engineStatus")}, _SPEC, "/spec", spec)
    yield from _unknown(this, mapping(mapping(spec.get("components")).get("runner")), _RUNNER, "/spec/components/runner")


def _unknown(
    this: Subject, holder: dict[str, Any], known: tuple[str, ...], path: str, whole: dict[str, Any] | None = None
) -> Iterator[Finding]:
    """Fields that the CRD keeps without knowing them: `x-kubernetes-preserve-unknown-fields` stands there."""
    for field in holder:
        if field in known:
            continue
        same = next((one for one in known if one.lower() == field.lower().replace("_", "").replace("-", "")), None)
        here = path + pointer(field)
        certain = fix(f"{same}: instead of {field}:", move(here, f"{path}/{same}")) if same and same not in (whole or holder) else None
        guess = did_you_mean(field, known) if nearest(field, known) else f"; there are {', '.join(known)}"
        yield this.note("litmus/unknown-field", f"{field} is admitted, kept and read by nobody{guess}", here, fix=certain)


def _state(this: Subject, spec: dict[str, Any]) -> Iterator[Finding]:
    rule, right = "litmus/engine-state", "/spec/engineState"
    if "engineStatus" in spec:
        value = spec["engineStatus"]
        meant = value if value in _STATES else _meant(value)
        operations = (move("/spec/engineStatus", right), *([replace(right, meant)] if meant != value else []))
        certain = fix(f"engineState: {meant}", *operations) if meant and "engineState" not in spec else None
        yield this.note(rule, "the field is called engineState; engineStatus is kept and read by nobody", "/spec/engineStatus", fix=certain)
    state = spec.get("engineState")
    if state is not None and state not in _STATES:
        meant = _meant(state)
        message = f"engineState is {short(state)}; it is active or stop"
        yield this.note(rule, message, right, fix=fix(f"engineState: {meant}", replace(right, meant)) if meant else None)


def _meant(state: Any) -> str | None:
    if isinstance(state, bool):
        return _STATES_MEANT[state]
    lowered = text(state).lower()
    return lowered if lowered in _STATES else _STATES_MEANT.get(lowered)


def _target(this: Subject, appinfo: dict[str, Any]) -> Iterator[Finding]:
    kind, label, path = appinfo.get("appkind"), appinfo.get("applabel"), "/spec/appinfo"
    if text(kind) and not label:
        message = "appkind without applabel: which of them is meant? Give both, or leave both out for faults that have no application"
        yield this.note("litmus/app-kind-and-label", message, path)
    elif text(label) and not kind:
        yield this.note("litmus/app-kind-and-label", "applabel without appkind: of what kind are they? as in appkind: deployment", path)
    if kind is not None and kind != "" and kind not in KINDS:
        lowered = text(kind).lower()
        singular = lowered if lowered in KINDS else lowered.removesuffix("s")
        certain = fix(f"appkind: {singular}", replace(f"{path}/appkind", singular)) if singular in KINDS else None
        message = f"appkind is {short(kind)}; it is one of {', '.join(KINDS)}"
        if lowered.startswith("pod"):
            message += ": what keeps the pods alive, not the pods"
        yield this.note("litmus/app-kind", message, f"{path}/appkind", fix=certain)


def _no_target(this: Subject, appinfo: dict[str, Any], fault: LitmusFault) -> Iterator[Finding]:
    """litmus-go 3.x ends such a fault with TARGET_SELECTION_ERROR; NODE_LABEL narrows a target down and is none by itself."""
    if not fault.name.startswith(_OF_PODS) or appinfo.get("applabel") or appinfo.get("appkind") or fault.environment.get("TARGET_PODS"):
        return
    message = "which pods? Without appinfo.applabel and without TARGET_PODS the fault ends before it begins; as in applabel: app=web"
    yield this.note("litmus/no-target", message, "/spec/appinfo" if appinfo else "/spec")


def _fault_name(this: Subject, name: str, path: str) -> Iterator[Finding]:
    """Without a cluster that says which faults are installed, the charts tell the usual names."""
    known = litmus_known()
    if not name:
        message = "no name: it says which installed ChaosExperiment runs, and without it none does"
        yield this.note("litmus/no-fault", message, path)
    if not name or name in known or this.world.cluster is not None:
        return
    inside = [fault for fault in known if fault in name or name in fault]
    guess = f"; did you mean {max(inside, key=len)}?" if inside else did_you_mean(name, known)
    message = f"no fault of the charts is called {short(name)}; it is the name of the installed ChaosExperiment{guess}"
    yield this.note("litmus/fault-name", message, path)
