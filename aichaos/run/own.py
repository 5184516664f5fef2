"""Our own objects in a cluster: their namespace, and the ConfigMaps in it (the lever, the uses of approvals, the copies of journals)."""

from aichaos.domain.running import Change, Manifest, Place


def namespace(name: str) -> Place:
    return Place(api_version="v1", resource="namespaces", kind="Namespace", name=name)


def home(name: str) -> Change:
    """Makes the namespace that our objects lie in."""
    return Change(verb="create", place=namespace(name), body={"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


def config_map(name: str, within: str) -> Place:
    return Place(api_version="v1", resource="configmaps", kind="ConfigMap", name=name, namespace=within)


def config_map_of(where: Place, data: dict[str, str], metadata: Manifest | None = None) -> Change:
    """Makes a ConfigMap. metadata: more than its name and namespace."""
    named = {"name": where.name, "namespace": where.namespace} | (metadata or {})
    return Change(verb="create", place=where, body={"apiVersion": "v1", "kind": "ConfigMap", "metadata": named, "data": data})
