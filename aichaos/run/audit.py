"""Who did what, and why, where everybody in the cluster looks: an Event of Kubernetes on each object that a run touches."""

import secrets
from collections.abc import Iterable, Iterator

from aichaos.cluster.writer import Writer
from aichaos.domain.running import Change, Done, Manifest, Permission, Place
from aichaos.files.plain import at, text

MOST = 20
"""Objects that get an Event; a run seldom touches more."""


def permissions(places: Iterable[Place]) -> Iterator[Permission]:
    """What the Events need; a run goes on without."""
    for namespace in sorted({place.namespace or "default" for place in places}):
        yield Permission(verb="create", group="events.k8s.io", resource="events", namespace=namespace, why="audit")


def tell(writer: Writer, objects: Iterable[tuple[Place, Manifest | None]], run: str, reason: str, note: str, when: str) -> bool:
    """One Event on each object; whether they could be written. A run goes on without: `create` on events is no right that it needs."""
    events = [_event(place, obj, run, reason, note, when) for place, obj in list(objects)[:MOST]]
    return all(isinstance(outcome, Done) for outcome in writer.send_all(events))


def _event(place: Place, obj: Manifest | None, run: str, reason: str, note: str, when: str) -> Change:
    namespace = place.namespace or "default"
    name = f"aichaos-{secrets.token_hex(8)}"
    body = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": namespace},
        "eventTime": when.replace("Z", ".000000Z"),
        "reportingController": "aichaos.io/run",
        "reportingInstance": run,
        "action": "Run",
        "reason": reason,
        "type": "Normal" if reason == "ChaosStarted" or "verified" in note else "Warning",
        "note": note[:1000],
        "regarding": {
            "apiVersion": place.api_version,
            "kind": place.kind,
            "name": place.name,
            "namespace": place.namespace,
            "uid": text(at(obj, "metadata", "uid")),
        },
    }
    where = Place(api_version="events.k8s.io/v1", resource="events", kind="Event", name=name, namespace=namespace)
    return Change(verb="create", place=where, body=body)
