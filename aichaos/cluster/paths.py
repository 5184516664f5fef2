"""Paths of the Kubernetes API; every part quoted, so that no name can be anything else."""

from urllib.parse import quote


def path(api_version: str, resource: str, namespace: str = "", name: str = "") -> str:
    """Of an object; without a name, of all of its kind. namespace: "" for what is cluster-scoped."""
    parts = ["apis" if "/" in api_version else "api", *api_version.split("/")]
    parts += ["namespaces", namespace] if namespace else []
    parts += [resource, name] if name else [resource]
    return "".join(f"/{quote(part, safe='')}" for part in parts)
