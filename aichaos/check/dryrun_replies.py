"""What an API server's answers to a dry run become: findings at the places of the document that was tried."""

from collections.abc import Iterator
from typing import Any

import msgspec

from aichaos.check.fields import named, pointer
from aichaos.check.opening import Item
from aichaos.check.rules import finding
from aichaos.cluster.dryrun import Cause, Reply
from aichaos.domain.base import reference_of
from aichaos.domain.finding import Finding, Layer

_BUILT_IN = (
    *("apps", "batch", "autoscaling", "policy", "networking.k8s.io", "rbac.authorization.k8s.io", "storage.k8s.io", "scheduling.k8s.io"),
    *("discovery.k8s.io", "events.k8s.io", "coordination.k8s.io", "node.k8s.io", "admissionregistration.k8s.io"),
    *("apiextensions.k8s.io", "certificates.k8s.io"),
)
"""Groups whose kinds are checked by code; all others have a CustomResourceDefinition, and with it a schema."""


class Tried(msgspec.Struct, frozen=True):
    """A manifest that is tried: an item itself or, of an experiment, one in a step, which stands at `path`."""

    item: Item
    manifest: dict[str, Any]
    path: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """What the server said of one. taken: it would create it (or did not mind but for the name). found: paths are those of the item."""

    tried: Tried
    taken: bool | None
    found: list[Finding]


def is_about_us(reply: Reply) -> bool:
    """No verdict on the object: we lack a right, or the server is in trouble. A webhook that fails is a refusal."""
    if reply.code == 403:
        return "User " in reply.message and " cannot " in reply.message
    return reply.code in (401, 405, 408, 415, 429) or (reply.code >= 500 and "webhook" not in reply.message)


def problems(one: Tried, reply: Reply) -> Iterator[Finding]:
    layer = _layer(one, reply)
    said = [place for cause in reply.causes if cause.message for place in _places(cause)] or named(reply.message)
    for field, message in dict.fromkeys(said):
        yield refused(one, message, pointer(field, one.manifest), layer)
    if not said:
        yield refused(one, reply.message or f"status {reply.code}", "", layer)


def _places(cause: Cause) -> list[tuple[str, str]]:
    """A patched object that can't be read is said whole, with the fields at the end."""
    return (named(cause.message) if "decoding error" in cause.message else []) or [(cause.field, cause.message)]


def _layer(one: Tried, reply: Reply) -> Layer:
    group = one.manifest["apiVersion"].rpartition("/")[0]
    if reply.code == 400 or (reply.code == 422 and group and group not in _BUILT_IN):
        return "schema"
    return "admission"


def refused(one: Tried, message: str, path: str, layer: Layer) -> Finding:
    return msgspec.structs.replace(note(one, "server/refused", " ".join(message.split()), path), layer=layer)


def note(one: Tried, rule: str, message: str, path: str = "") -> Finding:
    return finding(rule, message, object=str(reference_of(one.item.value)), path=one.path + path)
