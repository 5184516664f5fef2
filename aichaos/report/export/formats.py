"""The formats by their names."""

from collections.abc import Callable

from aichaos.domain.snapshot import Snapshot
from aichaos.report.export import argo, chaos_mesh, chaostoolkit, krkn, kube_burner, litmus, scheduled, script
from aichaos.report.export.outline import Exported, Outline

FORMATS: dict[str, Callable[[Outline, Snapshot], Exported]] = {
    "kubectl": lambda outline, snapshot: script.export(outline),
    "chaostoolkit": lambda outline, snapshot: chaostoolkit.export(outline),
    "chaos-mesh": lambda outline, snapshot: chaos_mesh.export(outline),
    "litmus": lambda outline, snapshot: litmus.export(outline),
    "argo": argo.export,
    "cronjob": lambda outline, snapshot: scheduled.cronjob(outline),
    "github-actions": lambda outline, snapshot: scheduled.github_actions(outline),
    "krkn": krkn.export,
    "kube-burner": lambda outline, snapshot: kube_burner.export(outline),
}
