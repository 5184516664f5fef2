"""`krkn`: pods that are killed, as a pod scenario. krkn has other scenarios for nodes and networks; ours of those kinds are not theirs."""

import re
from collections.abc import Iterator
from typing import Any

from aichaos.domain.base import OwnerReference
from aichaos.domain.experiment import Target
from aichaos.domain.snapshot import Snapshot
from aichaos.files import yaml
from aichaos.files.plain import at, labels, mapping, text, texts
from aichaos.report.export.outline import Exported, File, Move, Outline, engine_of, left_out, nothing, unasked

RECOVERY = 120
"""Seconds that killed pods have to come back before krkn calls it a failure."""


def export(outline: Outline, snapshot: Snapshot) -> Exported:
    scenarios: list[dict[str, Any]] = []
    told: list[str] = []
    for move in outline.moves:
        found = list(_kills(move, snapshot, told))
        scenarios += found
        if not found:
            told.append(left_out(move, "a pod scenario of krkn kills pods and nothing else"))
    if not scenarios:
        return nothing(told, "no step kills pods")
    told += unasked(outline, "this scenario")
    settings = {
        "kraken": {
            "kubeconfig_path": "~/.kube/config",
            "exit_on_failure": True,
            "publish_kraken_status": False,
            "signal_state": "RUN",
            "chaos_scenarios": [{"pod_disruption_scenarios": ["scenario.yaml"]}],
        },
        "tunings": {"wait_duration": 60, "iterations": 1, "daemon_mode": False},
        # Parts that krkn does not start without; its telemetry is sent away unless it is switched off.
        "performance_monitoring": {"prometheus_url": "", "enable_alerts": False, "enable_metrics": False},
        "cerberus": {"cerberus_enabled": False},
        "elastic": {"enable_elastic": False},
        "telemetry": {"enabled": False, "events_backup": False},
    }
    files = [File(name="scenario.yaml", text=yaml.dump(scenarios)), File(name="config.yaml", text=yaml.dump(settings))]
    return Exported(files=files, start="python run_kraken.py --config config.yaml", notes=told)


def _kills(move: Move, snapshot: Snapshot, told: list[str]) -> Iterator[dict[str, Any]]:
    step = move.step
    if step.delete is not None and step.delete.kind == "Pod":
        pattern, note = _pattern(step.delete.name, _owner(snapshot, step.delete))
        told += [f"step {move.number}: {note}"] if note else []
        yield {"id": "kill-pods", "config": {"name_pattern": pattern, "namespace_pattern": _whole(step.delete.namespace), **_count(1)}}
    manifest = move.manifest or {}
    spec = mapping(manifest.get("spec"))
    if engine_of(manifest) != "chaos-mesh" or manifest.get("kind") != "PodChaos" or spec.get("action") != "pod-kill":
        return
    selector = ",".join(f"{key}={value}" for key, value in sorted(labels(at(spec, "selector", "labelSelectors")).items()))
    mode, value = text(spec.get("mode")), text(spec.get("value"))
    if not selector or mode not in ("one", "fixed") or (mode == "fixed" and not value.isdigit()):
        told.append(f"step {move.number}: krkn takes a number of pods by their labels, not mode {mode or 'none'} {value}".rstrip())
        return
    for namespace in texts(at(spec, "selector", "namespaces")) or [text(mapping(manifest.get("metadata")).get("namespace"))]:
        count = 1 if mode == "one" else int(value)
        yield {"id": "kill-pods", "config": {"label_selector": selector, "namespace_pattern": _whole(namespace), **_count(count)}}


def _owner(snapshot: Snapshot, target: Target) -> OwnerReference | None:
    pod = next((one for one in snapshot.of("Pod") if (one.name, one.namespace) == (target.name, target.namespace)), None)
    return next(iter(pod.metadata.owner_references), None) if pod is not None else None


def _pattern(pod: str, owner: OwnerReference | None) -> tuple[str, str]:
    """A pattern for names, and what is to be said of it. krkn waits for pods of the pattern to come back, and a replacement has another
    name than the pod that was killed, except in a StatefulSet."""
    if owner is not None and owner.kind in ("ReplicaSet", "DaemonSet"):
        return f"^{re.escape(owner.name)}-[a-z0-9]+$", f"krkn kills one pod of {owner.kind} {owner.name}, whichever it is: they are alike"
    if owner is None:
        return _whole(pod), f"nothing is known that makes the pod {pod} again; where it does not come back, krkn calls that a failure"
    return _whole(pod), ""


def _whole(name: str) -> str:
    return f"^{re.escape(name)}$"


def _count(number: int) -> dict[str, int]:
    return {"kill": number, "krkn_pod_recovery_time": RECOVERY}
