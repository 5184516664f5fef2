"""Chaos engines: which of them a cluster has, and the parts of their objects that we resolve."""

import msgspec

from aichaos.domain.base import KubeObject


class Engine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A chaos engine that is installed.

    name: `chaos-mesh` or `litmus`. versions: API versions served, newest first. kinds: kinds served, where the source tells.
    release: the version of its controller, where an image tag or a label gives it.
    """

    name: str
    group: str
    versions: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    release: str | None = None


class ChaosExperiment(KubeObject, frozen=True, kw_only=True):
    """A Litmus fault that is installed in a namespace; its name is the fault's name."""


ENGINE_GROUPS = {"chaos-mesh.org": "chaos-mesh", "litmuschaos.io": "litmus"}
