"""Faults inside containers: stress, files, time, names, and which of a pod's containers they reach."""

import re
from collections.abc import Iterator
from typing import Any

from aichaos.check.fixes import fix, move, replace
from aichaos.check.meaning.units import go_duration, short, whole
from aichaos.check.spelling import did_you_mean
from aichaos.check.subject import Subject
from aichaos.domain.finding import Finding, Severity
from aichaos.files.plain import mapping, sequence, text, texts
from aichaos.observe.faults import Fault
from aichaos.observe.targets import chaos_mesh

_FIRST_ONLY = ("StressChaos", "IOChaos", "TimeChaos", "JVMChaos")
"""Kinds that take the pod's first container where `containerNames` is absent."""
_SIZE = re.compile(r"([0-9]+)\s*([KMGT])i")
_CLOCKS = tuple(
    f"CLOCK_{name}"
    for name in (
        *("REALTIME", "MONOTONIC", "PROCESS_CPUTIME_ID", "THREAD_CPUTIME_ID", "MONOTONIC_RAW", "REALTIME_COARSE", "MONOTONIC_COARSE"),
        *("BOOTTIME", "REALTIME_ALARM", "BOOTTIME_ALARM"),
    )
)
"""EncodeClkIds in pkg/time/utils."""
_FILE_METHODS = (
    *(
        "lookup",
        "forget",
        "getattr",
        "setattr",
        "readlink",
        "mknod",
        "mkdir",
        "unlink",
        "rmdir",
        "symlink",
        "rename",
        "link",
        "open",
        "read",
    ),
    *("write", "flush", "release", "fsync", "opendir", "readdir", "releasedir", "fsyncdir", "statfs", "setxattr", "getxattr", "listxattr"),
    *("removexattr", "access", "create", "getlk", "setlk", "bmap"),
)
"""IoMethod in api/v1alpha1/podiochaos_types.go; capitals are read, too."""
_SIDECARS = ("istio-proxy", "linkerd-proxy", "istio-init")


def container_findings(this: Subject, fault: Fault) -> Iterator[Finding]:
    yield from _which(this, fault)
    match fault.kind:
        case "PodChaos":
            yield from _grace(this, fault)
        case "StressChaos":
            yield from _stress(this, fault)
        case "IOChaos":
            yield from _files(this, fault)
            yield from _words(this, fault, "methods", _FILE_METHODS, "method of files")
        case "TimeChaos":
            yield from _time(this, fault)
        case "DNSChaos":
            yield from _names(this, fault)


def _which(this: Subject, fault: Fault) -> Iterator[Finding]:
    if sequence(fault.spec.get("containerNames")):
        return
    if fault.kind == "PodChaos":
        if fault.spec.get("action") == "container-kill":
            message = "container-kill needs containerNames, as in containerNames: [main]"
            yield this.note("chaos-mesh/container-names", message, f"{fault.path}/containerNames")
        return
    if fault.kind not in _FIRST_ONLY or this.world.cluster is None:
        return
    pods = chaos_mesh(this.world.topology, fault.spec.get("selector"), this.namespace).pods
    several = next((pod for pod in pods if len(pod.spec.containers) > 1), None)
    if several is not None:
        names = [container.name for container in several.spec.containers]
        message = f"without containerNames only the first container is hit: {names[0]}, not {', '.join(names[1:])}; name the right ones"
        severity: Severity = "warning" if names[0] in _SIDECARS else "info"
        yield this.note("chaos-mesh/first-container-only", message, fault.path, severity)


def _grace(this: Subject, fault: Fault) -> Iterator[Finding]:
    period, path = fault.spec.get("gracePeriod"), f"{fault.path}/gracePeriod"
    if period is None or (isinstance(period, int) and not isinstance(period, bool) and period >= 0):
        return
    seconds = whole(re.sub(r"s$", "", period)) if isinstance(period, str) else None
    certain = fix(f"gracePeriod: {seconds}", replace(path, seconds)) if seconds is not None else None
    message = f"gracePeriod is {short(period)}; it takes seconds as a number of 0 or more, and 0 kills at once"
    yield this.note("chaos-mesh/grace-period", message, path, fix=certain)


def _stress(this: Subject, fault: Fault) -> Iterator[Finding]:
    stressors, path = mapping(fault.spec.get("stressors")), f"{fault.path}/stressors"
    for name in ("cpu", "memory"):
        block, here = stressors.get(name), f"{path}/{name}"
        if not isinstance(block, dict):
            continue
        for wrong in ("cores", "worker", "threads"):
            if wrong in block:
                certain = (
                    fix(f"workers: instead of {wrong}:", move(f"{here}/{wrong}", f"{here}/workers")) if "workers" not in block else None
                )
                message = "a stressor has workers: how many processes make the load"
                yield this.note("chaos-mesh/stress-fields", message, f"{here}/{wrong}", fix=certain)
        for field in ("workers", "load"):
            value = block.get(field)
            if isinstance(value, str):
                number = whole(value.strip().removesuffix("%"))
                certain = fix(f"{field}: {number}", replace(f"{here}/{field}", number)) if number is not None else None
                yield this.note("chaos-mesh/stress-fields", f"{field} is {short(value)}; it takes a number", f"{here}/{field}", fix=certain)
        yield from _idle(this, block, name, here)
    yield from _size(this, mapping(stressors.get("memory")), f"{path}/memory/size")


def _idle(this: Subject, block: dict[str, Any], name: str, path: str) -> Iterator[Finding]:
    workers = block.get("workers", 0)
    if not isinstance(workers, bool) and workers == 0 and "cores" not in block:
        where = f"{path}/workers" if "workers" in block else path
        yield this.note("chaos-mesh/stress-idle", f"{name} with no workers stresses nothing: set workers to 1 or more", where)
    elif name == "cpu" and not isinstance(block.get("load"), bool) and block.get("load") == 0:
        yield this.note("chaos-mesh/stress-idle", "cpu with load 0 stresses nothing: set load to 1 to 100", f"{path}/load")


def _size(this: Subject, memory: dict[str, Any], path: str) -> Iterator[Finding]:
    size = memory.get("size")
    if not isinstance(size, str):
        return
    found = _SIZE.fullmatch(size.strip())
    if found is not None:
        meant = f"{found[1]}{found[2]}B"
        certain = fix(f"size: {meant}", replace(path, meant))
        yield this.note("chaos-mesh/memory-size", f'{size} is no size here; write "{meant}", or a share as in "50%"', path, fix=certain)


def _files(this: Subject, fault: Fault) -> Iterator[Finding]:
    volume, path = fault.spec.get("volumePath"), f"{fault.path}/volumePath"
    if volume is None or volume == "":
        where = path if "volumePath" in fault.spec else fault.path
        message = "without a volumePath the fault has no file system to work in: name the mount point of a volume, as in /var/lib/data"
        yield this.note("chaos-mesh/volume-path", message, where)
    elif isinstance(volume, str):
        yield from _mounted(this, fault, volume, path)
    needed = {"latency": "delay", "fault": "errno", "attrOverride": "attr", "mistake": "mistake"}.get(text(fault.spec.get("action")))
    if needed is not None and fault.spec.get(needed) is None:
        message = f"action: {fault.spec['action']} without {needed}: it is injected and does nothing"
        yield this.note("chaos-mesh/action-block", message, f"{fault.path}/action")


def _mounted(this: Subject, fault: Fault, volume: str, path: str) -> Iterator[Finding]:
    """`volumePath` is the root of a mount in the selected pods: with another path the object can't even be deleted."""
    if not volume.startswith("/"):
        yield this.note("chaos-mesh/volume-path", f"{short(volume)} is no absolute path; it takes a mount point, as in /var/lib/data", path)
        return
    if this.world.cluster is None:
        return
    pods = chaos_mesh(this.world.topology, fault.spec.get("selector"), this.namespace).pods
    mounts = {mount.mount_path for pod in pods for container in pod.spec.containers for mount in container.volume_mounts}
    if pods and volume.rstrip("/") not in {mount.rstrip("/") for mount in mounts}:
        there = f"they have {', '.join(sorted(mounts)[:5])}" if mounts else "they have none"
        message = f"no selected pod has a volume mounted at {short(volume)}: {there}; with any other path the object can't be deleted"
        yield this.note("reference/volume-path", message, path)


def _words(this: Subject, fault: Fault, field: str, known: tuple[str, ...], what: str) -> Iterator[Finding]:
    """Words that the daemon on the node looks up, and does not find, when the fault is injected."""
    for index, word in enumerate(texts(fault.spec.get(field))):
        if word not in known and word.lower() not in known:
            message = f"{short(word)} is no {what}{did_you_mean(word, known)}: the fault is not injected"
            yield this.note("chaos-mesh/unknown-word", message, f"{fault.path}/{field}/{index}")


def _time(this: Subject, fault: Fault) -> Iterator[Finding]:
    spec, path = fault.spec, fault.path
    yield from _words(this, fault, "clockIds", _CLOCKS, "clock")
    for wrong in ("offset", "time_offset", "timeoffset"):
        if wrong in spec:
            certain = fix("timeOffset: instead of it", move(f"{path}/{wrong}", f"{path}/timeOffset")) if "timeOffset" not in spec else None
            yield this.note("chaos-mesh/time-offset", "the field is called timeOffset", f"{path}/{wrong}", fix=certain)
    offset = spec.get("timeOffset")
    if offset is None:
        return
    meant = go_duration(offset, "s")
    if isinstance(offset, int) and not isinstance(offset, bool) and -(10**9) < offset < 0:
        meant = f"{offset}s"
    if meant is not None:
        certain = fix(f"timeOffset: {meant}", replace(f"{path}/timeOffset", meant))
        message = f"timeOffset is {short(offset)}; it takes a duration with a unit, as in -10m"
        yield this.note("chaos-mesh/time-offset", message, f"{path}/timeOffset", fix=certain)


def _names(this: Subject, fault: Fault) -> Iterator[Finding]:
    patterns, path = fault.spec.get("patterns"), f"{fault.path}/patterns"
    if not patterns:
        where = path if "patterns" in fault.spec else fault.path
        message = "without patterns every name is hit, the cluster's own too: list those that are meant, as in patterns: [api.example.com]"
        yield this.note("chaos-mesh/dns-patterns", message, where, "warning")
    for index, pattern in enumerate(sequence(patterns)):
        if isinstance(pattern, str) and "*" in pattern[:-1]:
            message = f"{short(pattern)}: * stands at the end only, as in example.*; this one matches nothing"
            yield this.note("chaos-mesh/dns-patterns", message, f"{path}/{index}")
        elif pattern == "*":
            message = "* alone is every name, the cluster's own too: list those that are meant, as in patterns: [api.example.com]"
            yield this.note("chaos-mesh/dns-patterns", message, f"{path}/{index}", "warning")
