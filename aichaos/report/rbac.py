"""The rights of a plan as Roles, with nothing more in them."""

import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from aichaos.domain.running import Permission
from aichaos.files import yaml

_API = "rbac.authorization.k8s.io/v1"


def roles(experiment: str, needed: Sequence[Permission]) -> list[dict[str, Any]]:
    """A Role for each namespace, and a ClusterRole for what has none. A right that another one holds already is left out, and what has
    the same group and verbs is one rule, except where it is for an object by its name."""
    everywhere = {(one.verb, one.group, one.resource) for one in needed if not one.namespace and not one.name}
    found = []
    for namespace in sorted({one.namespace for one in needed}):
        verbs: dict[tuple[str, str, str], list[str]] = {}
        for one in needed:
            if one.namespace == namespace and not (namespace and (one.verb, one.group, one.resource) in everywhere):
                held = verbs.setdefault((one.group, one.resource, one.name), [])
                held += [one.verb] if one.verb not in held else []
        whole = {(group, resource): set(held) for (group, resource, name), held in verbs.items() if not name}
        verbs = {key: held for key, held in verbs.items() if not key[2] or not set(held) <= whole.get(key[:2], set())}
        if verbs:
            metadata = {"name": f"aichaos-{experiment}"[:63]} | ({"namespace": namespace} if namespace else {})
            kind = "Role" if namespace else "ClusterRole"
            found.append({"apiVersion": _API, "kind": kind, "metadata": metadata, "rules": list(_rules(verbs))})
    return found


def _rules(verbs: dict[tuple[str, str, str], list[str]]) -> Iterator[dict[str, Any]]:
    together: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (group, resource, name), held in sorted(verbs.items()):
        if not name:
            together.setdefault((group, tuple(sorted(held))), []).append(resource)
    for (group, several), resources in together.items():
        yield {"apiGroups": [group], "resources": resources, "verbs": list(several)}
    for (group, resource, name), held in sorted(verbs.items()):
        if name:
            yield {"apiGroups": [group], "resources": [resource], "verbs": sorted(held), "resourceNames": [name]}


def namespaces(home: str) -> list[dict[str, Any]]:
    """The namespace of our own objects, where it has to be made first."""
    return [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": home}}] if home else []


def text(homes: Sequence[dict[str, Any]], made: Sequence[dict[str, Any]]) -> str:
    """All of it for `kubectl apply`, each Role below the line that binds it."""
    return "---\n".join([yaml.dump(one) for one in homes] + [f"# {_binding(role)}\n{yaml.dump(role)}" for role in made])


def _binding(role: dict[str, Any]) -> str:
    name, namespace = role["metadata"]["name"], role["metadata"].get("namespace")
    if namespace is None:
        return shlex.join(["kubectl", "create", "clusterrolebinding", name, f"--clusterrole={name}", "--user=YOU"])
    return shlex.join(["kubectl", "create", "rolebinding", name, "-n", namespace, f"--role={name}", "--user=YOU"])
