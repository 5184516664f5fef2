"""Who else writes an object again and again: reconcilers that would undo a step, told by their labels, annotations and managed fields."""

from aichaos.domain.running import Manifest
from aichaos.files.plain import mapping, sequence, text

_MARKS = {
    "argocd.argoproj.io/instance": "Argo CD",
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "helm.toolkit.fluxcd.io/name": "Flux",
    "fluxcd.io/sync-gc-mark": "Flux",
    "crossplane.io/composite": "Crossplane",
    "kapp.k14s.io/app": "kapp-controller",
    "config.k8s.io/owning-inventory": "Config Sync",
}
_MANAGERS = {
    "argocd": "Argo CD",
    "kustomize-controller": "Flux",
    "helm-controller": "Flux",
    "crossplane": "Crossplane",
    "kapp": "kapp-controller",
    "configsync": "Config Sync",
    "rancher": "Rancher Fleet",
    "fleetagent": "Rancher Fleet",
}


def keepers(obj: Manifest) -> list[str]:
    """The reconcilers that keep an object as it is somewhere else; empty where none is known."""
    metadata = mapping(obj.get("metadata"))
    found = {
        who
        for mark, who in _MARKS.items()
        if mark in mapping(metadata.get("labels")) or mark in mapping(metadata.get("annotations"))
    }  # fmt: skip
    managers = [text(mapping(one).get("manager")) for one in sequence(metadata.get("managedFields"))]
    found |= {who for start, who in _MANAGERS.items() for manager in managers if manager.startswith(start)}
    return sorted(found)
