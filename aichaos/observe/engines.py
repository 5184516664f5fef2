"""Chaos engines by their controllers: which Deployment is one, and the release that it runs."""

from collections.abc import Iterable

from aichaos.domain.workloads import Deployment

CONTROLLERS: dict[str, tuple[str, ...]] = {
    "chaos-mesh": ("chaos-controller-manager",),
    "litmus": ("chaos-operator-ce", "chaos-operator"),
}
"""Engine → the names that its charts give its controller."""

_IMAGES = {"chaos-mesh": "chaos-mesh", "chaos-operator": "litmus"}
"""The last part of the controller image's repository → engine."""


def engine_of(deployment: Deployment) -> str | None:
    """The engine that a Deployment controls, by its image or else by its name; None for any other Deployment."""
    for container in deployment.spec.template.spec.containers:
        repository = container.image.partition("@")[0].rpartition("/")[2].partition(":")[0]
        if repository in _IMAGES:
            return _IMAGES[repository]
    return next((engine for engine, names in CONTROLLERS.items() if deployment.name in names), None)


def release_of(deployments: Iterable[Deployment], engine: str) -> str | None:
    """The release of an engine: the tag of its controller's image without a leading v, or its version label; None where neither tells."""
    for deployment in deployments:
        if engine_of(deployment) == engine:
            for container in deployment.spec.template.spec.containers:
                tag = container.image.partition("@")[0].rpartition("/")[2].partition(":")[2].removeprefix("v")
                if tag[:1].isdigit():
                    return tag
            return deployment.labels.get("app.kubernetes.io/version", "").removeprefix("v") or None
    return None
