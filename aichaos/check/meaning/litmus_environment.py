"""The environment variables of Litmus faults: texts all of them, each with a unit of its own that nobody checks."""

import re
from collections.abc import Iterator
from typing import Any

from aichaos.check.fixes import fix, replace
from aichaos.check.meaning.litmus_faults import litmus_known
from aichaos.check.meaning.units import short
from aichaos.check.spelling import did_you_mean, nearest
from aichaos.check.subject import Subject
from aichaos.domain.experiment import seconds
from aichaos.domain.finding import Finding
from aichaos.files.plain import at, mapping, sequence, text
from aichaos.observe.faults import LitmusFault, stands_elsewhere
from aichaos.observe.targets import litmus

_SECONDS = ("TOTAL_CHAOS_DURATION", "CHAOS_INTERVAL", "RAMP_TIME")
_MILLISECONDS = ("NETWORK_LATENCY", "JITTER", "LATENCY", "RESET_TIMEOUT")
_PERCENT = re.compile(r"\s*([0-9]{1,3})\s*%\s*")
_MEGABYTES = re.compile(r"\s*([0-9]{1,7})\s*(?:Mi|MiB|MB|M|m)\s*")
_BETWEEN = re.compile(r"[0-9]+-[0-9]+")
"""What CHAOS_INTERVAL may be beside RANDOMNESS: seconds from and to."""
_RENAMED: dict[str, str] = {
    **dict.fromkeys(("NETWORK_LOSS", "PACKET_LOSS_PERCENTAGE", "NETWORK_PACKET_LOSS"), "NETWORK_PACKET_LOSS_PERCENTAGE"),
    **dict.fromkeys(("NETWORK_CORRUPTION", "NETWORK_PACKET_CORRUPTION"), "NETWORK_PACKET_CORRUPTION_PERCENTAGE"),
    **dict.fromkeys(("NETWORK_DUPLICATION", "NETWORK_PACKET_DUPLICATION"), "NETWORK_PACKET_DUPLICATION_PERCENTAGE"),
    **dict.fromkeys(("CPU_CORE",), "CPU_CORES"),
    **dict.fromkeys(("PORT", "TARGET_PORT", "SERVICE_PORT"), "TARGET_SERVICE_PORT"),
    **dict.fromkeys(("PODS_AFFECTED_PERCENTAGE", "PODS_AFFECTED", "PODS_AFFECTED_PERCENT"), "PODS_AFFECTED_PERC"),
    **dict.fromkeys(("CHAOS_DURATION", "DURATION"), "TOTAL_CHAOS_DURATION"),
    **dict.fromkeys(("LATENCY", "NETWORK_DELAY"), "NETWORK_LATENCY"),
}
"""What people write → the variable that the fault reads; a name counts only where the fault knows the right one and not the wrong."""
_HARSH = {
    "pod-network-loss": ("NETWORK_PACKET_LOSS_PERCENTAGE", "100", "every packet is lost"),
    "pod-network-corruption": ("NETWORK_PACKET_CORRUPTION_PERCENTAGE", "100", "every packet is corrupted"),
    "pod-network-duplication": ("NETWORK_PACKET_DUPLICATION_PERCENTAGE", "100", "every packet is sent twice"),
}
_MORE = frozenset(
    {
        "LIB",
        "RANDOMNESS",
        "LIB_IMAGE",
        "LIB_IMAGE_PULL_POLICY",
        "STATUS_CHECK_DELAY",
        "STATUS_CHECK_TIMEOUT",
        "TERMINATION_GRACE_PERIOD_SECONDS",
    }
    | {"SOURCE_PORTS", "DESTINATION_PORTS", "ANNOTATION_CHECK", "CHAOS_NAMESPACE", "APP_NS", "APP_LABEL", "APP_KIND", "AUXILIARY_APPINFO"}
    | {"CHAOS_INJECT_COMMAND", "CONTAINER_API_TIMEOUT", "INTER_POD_KILL_INTERVAL_SECONDS", "POD_TERMINATION_ORDER"}
    | {"DEFAULT_HEALTH_CHECK", "TARGET_WORKLOADS", "SET_HELPER_DATA", "HELPER_NAME", "CORRELATION", "NODE_LABEL", "CHAOS_INTERVAL"}
)
"""Variables that the faults' programs read without their charts naming them (litmus-go, pkg/*/environment)."""


def environment_findings(this: Subject, fault: LitmusFault) -> Iterator[Finding]:
    base = f"{fault.path}/spec/components/env"
    entries = sequence(at(this.document, "spec", "experiments"))
    index = int(fault.path.rpartition("/")[2])
    for number, item in enumerate(sequence(at(entries[index], "spec", "components", "env"))):
        variable = mapping(item)
        name, value, path = text(variable.get("name")), variable.get("value"), f"{base}/{number}"
        if not name or "valueFrom" in variable:
            continue
        yield from _name(this, fault, name, path)
        yield from _value(this, fault, name, value, f"{path}/value")
    if "TOTAL_CHAOS_DURATION" not in fault.environment:
        message = f'no TOTAL_CHAOS_DURATION: how long {fault.name or "the fault"} lasts is left to the installed fault; set it, as in "60"'
        yield this.note("litmus/duration", message, base, "warning")
    yield from _defaults(this, fault, base)
    yield from _sidecar(this, fault)


def _name(this: Subject, fault: LitmusFault, name: str, path: str) -> Iterator[Finding]:
    known = litmus_known().get(fault.name)
    if known is None or name in known.env or name in _MORE:
        return
    right = _RENAMED.get(name) or next((one for one in known.env if one == name.upper().replace("-", "_")), None)
    if right is not None and right in known.env:
        certain = fix(f"name: {right}", replace(f"{path}/name", right)) if right not in fault.environment else None
        message = f"{fault.name} does not read {name}: the variable is {right}"
        yield this.note("litmus/variable-name", message, f"{path}/name", fix=certain)
    else:
        guess = did_you_mean(name, known.env)
        severity = None if nearest(name, known.env) else "info"
        message = f"the charts name no {name} for {fault.name}: it is probably not read{guess}"
        yield this.note("litmus/variable-unknown", message, f"{path}/name", "warning" if severity is None else "info")


def _value(this: Subject, fault: LitmusFault, name: str, value: Any, path: str) -> Iterator[Finding]:
    if value is None:
        return
    duration = name == "TOTAL_CHAOS_DURATION"
    if not isinstance(value, str):
        told = _as_text(value)
        certain = fix(f'value: "{told}"', replace(path, told)) if told is not None else None
        yield this.note(
            "litmus/duration" if duration else "litmus/variable-text",
            f"{name} is {short(value)}; the value of a variable is a text, numbers too",
            path,
            fix=certain,
        )
        return
    if duration and value.strip("0") == "":
        yield this.note("litmus/duration", f'{name} is {short(value)}; it takes whole seconds of more than zero, as in "60"', path)
        return
    if not duration and fault.name not in litmus_known():
        return  # what a fault of somebody's own reads nobody here knows
    if name == "CHAOS_INTERVAL" and text(fault.environment.get("RANDOMNESS")).lower() == "true" and _BETWEEN.fullmatch(value):
        return
    meant, unit = _meant(fault.name, name, value)
    if unit and meant != value:
        certain = fix(f'value: "{meant}"', replace(path, meant)) if meant is not None else None
        rule = "litmus/duration" if duration else "litmus/variable-value"
        yield this.note(rule, f'{name} is {short(value)}; it takes {unit} as a text, as in "{meant or 60}"', path, fix=certain)


def _as_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) and abs(value) < 10**15 else None


def _meant(fault: str, name: str, value: str) -> tuple[str | None, str]:
    """The value that a variable takes for certain, and its unit; no unit where any text will do."""
    if value == "" or len(value) > 40:
        return value, ""
    if name in _SECONDS:
        return _scaled(value, 1), "whole seconds"
    if name in _MILLISECONDS and not fault.startswith("spring-boot"):
        return _scaled(value, 1000), "whole milliseconds"
    if name.endswith(("_PERC", "_PERCENTAGE")) or name in ("CPU_LOAD", "TOXICITY"):
        percent = _PERCENT.fullmatch(value)
        return (value if value.isascii() and value.isdigit() else percent[1] if percent else None), "per cent without %"
    if name in ("MEMORY_CONSUMPTION", "MEMORY_CONSUMPTION_MEBIBYTES", "EPHEMERAL_STORAGE_MEBIBYTES"):
        size = _MEGABYTES.fullmatch(value)
        return (value if value.isascii() and value.isdigit() else size[1] if size else None), "whole megabytes without a unit"
    if name in ("CPU_CORES", "TARGET_SERVICE_PORT", "NUMBER_OF_WORKERS", "REPLICA_COUNT", "STATUS_CODE"):
        return (value if re.fullmatch(r"[0-9,]+", value) else None), "a whole number"
    return value, ""


def _scaled(value: str, factor: int) -> str | None:
    if value.isascii() and value.isdigit():
        return value
    length = seconds(value.replace(" ", ""))
    scaled = length * factor if length is not None else 0
    return str(int(scaled)) if 0 < scaled < 1e12 and scaled == int(scaled) else None


def _defaults(this: Subject, fault: LitmusFault, path: str) -> Iterator[Finding]:
    """Defaults that surprise people, said where they are left to act."""
    given = fault.environment
    if fault.name in _HARSH:
        name, default, means = _HARSH[fault.name]
        if not given.get(name) and not any(_RENAMED.get(other) == name for other in given):
            message = f"without {name} the default is {default}: {means}; say how much you mean"
            yield this.note("litmus/harsh-default", message, path)
    if fault.name == "pod-delete" and "FORCE" not in given:
        message = (
            'without FORCE pods are deleted by force, with no time to finish: the default is "true"; set it to "false" for a normal end'
        )
        yield this.note("litmus/force-default", message, path)
    for name, value in given.items():
        docker = (name == "CONTAINER_RUNTIME" and value == "docker") or (name == "SOCKET_PATH" and "docker" in text(value))
        if docker and not stands_elsewhere(value):
            message = f'{name} is {short(value)}; most nodes have containerd, with SOCKET_PATH "/run/containerd/containerd.sock"'
            yield this.note("litmus/container-runtime", message, path)
    if (
        fault.name.startswith("pod-http-")
        and not given.get("TARGET_SERVICE_PORT")
        and not any(other in given for other in ("PORT", "TARGET_PORT"))
    ):
        message = "without TARGET_SERVICE_PORT the default is 80: name the port that the pods listen on"
        yield this.note("litmus/port-default", message, path)


def _sidecar(this: Subject, fault: LitmusFault) -> Iterator[Finding]:
    if not fault.name.startswith("pod-http-") or this.world.cluster is None:
        return
    selection = litmus(this.world.topology, at(this.document, "spec", "appinfo"), this.namespace)
    meshed = [pod for pod in selection.pods if any(one.name == "istio-proxy" for one in pod.spec.containers)] if selection else []
    if selection is not None and meshed:
        message = (
            f"{len(meshed)} of {len(selection.pods)} target pods have an Istio sidecar, which takes the traffic before {fault.name} can: "
            "it has no effect there; use the fault of a VirtualService"
        )
        yield this.note("litmus/http-no-effect", message, f"{fault.path}/name")
