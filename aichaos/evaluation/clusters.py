"""The clusters of the suite: `demo:NAME`, or `grown:NAME*COPIES`, a bundled cluster of which every application is there many times.

A grown cluster is made, not stored: each copy lives in a namespace of its own (`route-chaos-007`), with hosts and references to match.
"""

import re
from copy import deepcopy
from functools import cache
from typing import Any

from aichaos.domain.snapshot import Source
from aichaos.errors import UsageError
from aichaos.files import yaml
from aichaos.observe import manifests
from aichaos.observe.source import Choice, take
from aichaos.observe.topology import Topology

_GROWN = re.compile(r"grown:([a-z0-9-]+)\*(\d{1,4})")
_SYSTEM = re.compile(r"kube-.*|default|.*-system|litmus|chaos-mesh|chaos-testing|monitoring|gateways")
"""Namespaces that a cluster has once, however many applications run in it."""


@cache
def cluster(name: str) -> Topology:
    """The cluster of that name. Raises UsageError, FileError."""
    if name.startswith("demo:"):
        return Topology(take(Choice(origin=name)))
    match = _GROWN.fullmatch(name)
    if match is None:
        raise UsageError(f"the suite names no cluster {name!r}", hint="A cluster is demo:NAME or grown:NAME*COPIES.")
    return _grown(match[1], int(match[2]), name)


def _grown(demo: str, copies: int, name: str) -> Topology:
    path = manifests.demo_path(demo)
    objects = list(manifests.objects(yaml.load(path.read_text(encoding="utf-8"), path.name)))
    homes = sorted({str(one["metadata"]["namespace"]) for one in objects if "namespace" in one["metadata"]})
    applications = [home for home in homes if not _SYSTEM.fullmatch(home)]
    inside = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, applications))})(?![\w-])")
    once = [one for one in objects if not _belongs(one, applications)]
    many = [_renamed(one, inside, number) for number in range(1, copies + 1) for one in objects if _belongs(one, applications)]
    seen = manifests.snapshot([*once, *many], Source(kind="generated", cluster=name))
    return Topology(manifests.assume(seen))


def _belongs(one: dict[str, Any], applications: list[str]) -> bool:
    home = one["metadata"].get("namespace") or (one["metadata"]["name"] if one["kind"] == "Namespace" else "")
    return home in applications


def _renamed(one: dict[str, Any], inside: re.Pattern[str], number: int) -> dict[str, Any]:
    def renamed(value: Any) -> Any:
        match value:
            case str():
                return inside.sub(rf"\1-{number:03}", value)
            case list():
                return [renamed(item) for item in value]
            case dict():
                return {key: renamed(item) for key, item in value.items()}
        return value

    copy = renamed(deepcopy(one))
    copy["metadata"].pop("uid", None)
    result: dict[str, Any] = copy
    return result
