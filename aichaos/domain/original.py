"""An object of a snapshot as a manifest that brings it back: what it was, without what only the server may write."""

from typing import Any

from aichaos.domain.base import ObjectRef, plain
from aichaos.domain.kinds import BY_NAME
from aichaos.domain.snapshot import Snapshot

WHOLE = frozenset({"HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute", "NetworkPolicy"})
"""Kinds that a snapshot holds completely. Of all others it holds only what is asked about, and no manifest can be made from that."""


def original(snapshot: Snapshot, ref: ObjectRef) -> dict[str, Any] | None:
    """The manifest of an object; None where it is not there, or is of a kind that a snapshot does not hold completely."""
    if ref.kind not in WHOLE:
        return None
    found = next((obj for obj in snapshot.of(ref.kind) if obj.name == ref.name and obj.namespace == ref.namespace), None)
    if found is None:
        return None
    body: dict[str, Any] = plain(found)
    kept = {key: body["metadata"][key] for key in ("name", "namespace", "labels", "annotations", "finalizers") if key in body["metadata"]}
    head = {"apiVersion": BY_NAME[ref.kind].api_version(snapshot.versions.get(ref.kind)), "kind": ref.kind, "metadata": kept}
    return head | {key: value for key, value in body.items() if key not in ("metadata", "status")}
