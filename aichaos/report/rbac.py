"""The rights of a plan as Roles, with nothing more in them."""

from collections.abc import Sequence
from typing import Any

from aichaos.domain.running import Permission

_API = "rbac.authorization.k8s.io/v1"


def roles(experiment: str, needed: Sequence[Permission]) -> list[dict[str, Any]]:
    """A Role for each namespace, and a ClusterRole for what has none. Rules with the same object and other verbs are one,
    and one that another one holds already is left out."""
    found = []
    for namespace in sorted({one.namespace for one in needed}):
        verbs: dict[tuple[str, str, str], list[str]] = {}
        for one in needed:
            if one.namespace == namespace:
                held = verbs.setdefault((one.group, one.resource, one.name), [])
                held += [one.verb] if one.verb not in held else []
        whole = {(group, resource): set(held) for (group, resource, name), held in verbs.items() if not name}
        verbs = {key: held for key, held in verbs.items() if not key[2] or not set(held) <= whole.get(key[:2], set())}
        rules = [
            {"apiGroups": [group], "resources": [resource], "verbs": sorted(held)} | ({"resourceNames": [name]} if name else {})
            for (group, resource, name), held in sorted(verbs.items())
        ]
        metadata = {"name": f"aichaos-{experiment}"[:63]} | ({"namespace": namespace} if namespace else {})
        found.append({"apiVersion": _API, "kind": "Role" if namespace else "ClusterRole", "metadata": metadata, "rules": rules})
    return found
