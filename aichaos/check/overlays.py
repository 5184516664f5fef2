"""Files beside manifests that no server reads: what Kustomize puts together, and the settings of other tools.

A patch looks like an object and is a part of one: what it lacks stands in the object that it changes. So it is said and not judged.
"""

import posixpath
import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from aichaos.check.opening import Item
from aichaos.check.rules import finding
from aichaos.domain.base import group_of, reference_of
from aichaos.domain.finding import Finding
from aichaos.files.plain import mapping, sequence, text

_NAMES = re.compile(
    r"Chart\.ya?ml|Chart\.lock|(.*[._-])?values([._-].*)?\.ya?ml|values\.schema\.json|kustomization\.ya?ml|aichaos\.yaml"
    r"|(docker-)?compose([.-].*)?\.ya?ml|package(-lock)?\.json|tsconfig([.-].*)?\.json|composer\.(json|lock)|cloudbuild\.ya?ml|action\.ya?ml"
    r"|mkdocs\.ya?ml|Taskfile\.ya?ml|renovate\.json5?|codecov\.ya?ml"
)
"""Files of Helm, of Kustomize, of our own settings and of other tools, as they lie beside manifests."""

_TOOLS = {
    "kustomize.config.k8s.io": "Kustomize",
    "kind.x-k8s.io": "kind",
    "k3d.io": "k3d",
    "eksctl.io": "eksctl",
    "skaffold": "Skaffold",
    "kubeadm.k8s.io": "kubeadm",
    "kubelet.config.k8s.io": "the kubelet",
    "kubeproxy.config.k8s.io": "kube-proxy",
    "kubescheduler.config.k8s.io": "the scheduler",
    "apiserver.config.k8s.io": "the API server's own start",
    "audit.k8s.io": "the API server's own start",
}
"""Groups whose objects are settings: they have an apiVersion and a kind, and no server takes them."""

_SCENARIO = {"name", "find", "experiment"}
_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_PATCHES = ("patches", "patchesStrategicMerge", "patchesJson6902", "replacements")
_PARTS = ("configurations", "crds")
_MAKERS = ("configMapGenerator", "secretGenerator")


def found_strangers(items: Iterable[Item]) -> dict[int, Finding]:
    """What to say of those that are no objects by themselves, by their id(); the others are to be judged as they stand."""
    listed = list(items)
    taken = _Taken(listed)
    return {id(item): said for item in listed if (said := _stranger(item, taken)) is not None}


class _Taken:
    """What Kustomizations say about other files. patches, parts: file → the Kustomization that takes it."""

    def __init__(self, items: list[Item]) -> None:
        self.patches: dict[str, str] = {}
        self.parts: dict[str, str] = {}
        for item in items:
            value = item.value
            if isinstance(value, dict) and (_is_kustomization(value) or item.text.name.endswith(_KUSTOMIZATIONS)):
                self._take(item.text.name, value)

    def _take(self, name: str, value: dict[str, Any]) -> None:
        entries = [entry for field in _PATCHES for entry in sequence(value.get(field))]
        self._note(self.patches, name, (text(entry) or text(mapping(entry).get("path")) for entry in entries))
        makers = [entry for field in _MAKERS for entry in sequence(value.get(field))]
        self._note(self.parts, name, (text(file).rpartition("=")[2] for one in makers for file in sequence(mapping(one).get("files"))))
        self._note(self.parts, name, (text(entry) for field in _PARTS for entry in sequence(value.get(field))))

    def _note(self, noted: dict[str, str], name: str, paths: Iterable[str]) -> None:
        for path in paths:
            if path and "\n" not in path:
                noted[posixpath.normpath(posixpath.join(posixpath.dirname(name), path))] = name


def _stranger(item: Item, taken: _Taken) -> Finding | None:
    value = item.value
    name = posixpath.normpath(item.text.name) if taken.patches or taken.parts else ""
    if name in taken.patches:
        return _patch(f"a patch of {taken.patches[name]}", value)
    if isinstance(value, dict) and "$patch" in value:
        return _patch("a patch, as its $patch says,", value)
    if not _is_object(value):
        if name in taken.parts:
            return _said(f"{taken.parts[name]} takes this file as it is: it is no object and was not checked")
        if isinstance(value, dict) and value.keys() >= _SCENARIO:
            return _said("a scenario of a library, and no object: aichaos library check FOLDER makes it and checks what comes out")
        file = PurePath(item.text.name).name
        settings = isinstance(value, dict) and _NAMES.fullmatch(file)
        return _said(f"{file} is no object of Kubernetes: it was not checked") if settings else None
    if tool := _tool(value):
        return _said(f"{value['kind']} is for {tool} and not for a server: it was not checked", value)
    return None


def _tool(value: dict[str, Any]) -> str:
    if (value["apiVersion"], value["kind"]) == ("v1", "Config"):
        return "kubectl"
    if value["kind"] == "ChartServiceVersion":
        return "the hub of Litmus"
    return _TOOLS.get(group_of(value["apiVersion"]), "")


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and bool(text(value.get("apiVersion")) and text(value.get("kind")))


def _is_kustomization(value: dict[str, Any]) -> bool:
    return group_of(text(value.get("apiVersion"))) == "kustomize.config.k8s.io"


def _patch(what: str, value: Any) -> Finding:
    message = f"{what} and no whole object: it was not checked; build the overlay, with kubectl kustomize FOLDER, and check what comes out"
    return finding("yaml/template", message, object=_called(value))


def _said(message: str, value: Any = None) -> Finding:
    return finding("yaml/not-an-object", message, object=_called(value), severity="info")


def _called(value: Any) -> str:
    return str(reference_of(value)) if isinstance(value, dict) else ""
