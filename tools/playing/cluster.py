"""The cluster under construction, and stable stand-ins for what a real one makes up: names, uids, addresses."""

from __future__ import annotations

import hashlib
import ipaddress
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Obj = dict[str, Any]
"""A Kubernetes object, or a part of one, as YAML gives it."""

WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
WITH_GENERATION = WORKLOADS | {"ReplicaSet", "GatewayClass", "Gateway", "HTTPRoute", "PodDisruptionBudget"}

NAME_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""What Kubernetes draws generated names from: no vowels, nothing that looks like another."""

# --- stable stand-ins for what a cluster makes up ---------------------------------------------------------------------


def digest(*parts: str) -> bytes:
    """The hash that stands in for every random choice."""
    return hashlib.sha256("\0".join(parts).encode()).digest()


def stable_uid(*parts: str) -> str:
    """A version 4 uid that is the same on every run."""
    return str(uuid.UUID(bytes=digest("uid", *parts)[:16], version=4))


def letters(count: int, *parts: str) -> str:
    """A generated name's suffix, in the alphabet of Kubernetes."""
    return "".join(NAME_LETTERS[byte % len(NAME_LETTERS)] for byte in digest("name", *parts)[:count])


# --- the cluster under construction -----------------------------------------------------------------------------------


@dataclass
class Cluster:
    """The objects of one demo: the declared ones in file order, each made one filed under the uid of what it was made from."""

    name: str
    declared: list[Obj]
    made: dict[str, list[Obj]] = field(default_factory=dict)
    addresses: dict[str, Iterator[ipaddress.IPv4Address]] = field(default_factory=dict)
    pod_names: set[str] = field(default_factory=set)
    placed: Counter[tuple[str, str]] = field(default_factory=Counter)

    def everything(self) -> Iterator[Obj]:
        """Each declared object, followed by what was made from it, and from that."""
        for declared in self.declared:
            yield from self._with_made(declared)

    def _with_made(self, obj: Obj) -> Iterator[Obj]:
        yield obj
        for child in self.made.get(obj["metadata"]["uid"], []):
            yield from self._with_made(child)

    def of(self, *kinds: str) -> list[Obj]:
        """All objects of these kinds, in the order of the output."""
        return [obj for obj in self.everything() if obj["kind"] in kinds]

    def find(self, kind: str, namespace: str | None, name: str) -> Obj | None:
        """One object by name; the namespace of a cluster-scoped one is None."""
        return next(
            (obj for obj in self.of(kind) if (obj["metadata"].get("namespace"), obj["metadata"]["name"]) == (namespace, name)), None
        )

    def make(self, obj: Obj, under: Obj) -> Obj:
        """Adds an object that a controller makes because of ``under``; its metadata is completed."""
        obj["metadata"] = self.complete(obj, born=under["metadata"]["creationTimestamp"])
        self.made.setdefault(under["metadata"]["uid"], []).append(obj)
        return obj

    def complete(self, obj: Obj, born: str) -> Obj:
        """The object's metadata with uid, age and generation, in a fixed order."""
        meta = obj["metadata"]
        done: Obj = {"name": meta["name"]}
        if "namespace" in meta:
            done["namespace"] = meta["namespace"]
        done["uid"] = stable_uid(self.name, obj["kind"], meta.get("namespace", ""), meta["name"])
        done["creationTimestamp"] = meta.get("creationTimestamp", born)
        if obj["kind"] in WITH_GENERATION:
            done["generation"] = 1
        return done | {key: value for key, value in meta.items() if key not in done}


def load(path: Path) -> Cluster:
    """The declared objects of a source, with completed metadata and owner references that carry uids."""
    objects: list[Obj] = [obj for obj in yaml.load_all(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) if obj]
    cluster = Cluster(path.stem, [])
    births = {obj["metadata"]["name"]: obj["metadata"]["creationTimestamp"] for obj in objects if obj["kind"] == "Namespace"}
    for obj in objects:
        obj["metadata"] = cluster.complete(obj, born=births[obj["metadata"].get("namespace", "kube-system")])
        cluster.declared.append(obj)
    for obj in cluster.declared:
        for reference in obj["metadata"].get("ownerReferences", []):
            owner = cluster.find(reference["kind"], obj["metadata"].get("namespace"), reference["name"])
            if owner is None:
                raise SystemExit(f"{path}: {obj['kind']} {obj['metadata']['name']}: no {reference['kind']} {reference['name']}")
            reference |= owner_reference(owner)
    return cluster


def owner_reference(owner: Obj) -> Obj:
    """How an object points at the one whose controller made it."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
    }


def selects(selector: Obj | None, labels: Obj | None) -> bool:
    """Whether equality-based labels select; no selector selects nothing."""
    return selector is not None and selector.items() <= (labels or {}).items()
