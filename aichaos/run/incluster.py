"""The guard inside the cluster: for the one case that a second process does not cover, the loss of the whole machine.

A Job runs `aichaos recover --from-configmap … --when-lost`: it has the run's journal in a ConfigMap, and the key to it in a Secret of its
own. It watches the run's Lease, and restores when that is not renewed any more. It ends by itself when the run lets the Lease go, and is
removed. What it may do is bound to its service account beforehand: deploy/in-cluster-guard.yaml.
"""

import base64
import time
from collections.abc import Callable, Iterator

from aichaos.cluster.writer import Found, Writer
from aichaos.domain.running import Change, Done, Manifest, Permission, Place
from aichaos.errors import AichaosError
from aichaos.files.plain import at, mapping
from aichaos.run import mirror
from aichaos.run.marks import RUN, ours
from aichaos.run.stops import Stops

ACCOUNT = "aichaos-guard"
READY = 60.0
"""Seconds in which its pod has to run; the run does not begin before."""
_LOOK = 0.5


def job(run: str, namespace: str) -> Place:
    return Place(api_version="batch/v1", resource="jobs", kind="Job", name=f"aichaos-run-{run}", namespace=namespace)


def user(namespace: str) -> str:
    """What the API server calls the guard's account."""
    return f"system:serviceaccount:{namespace}:{ACCOUNT}"


def permissions(namespace: str) -> Iterator[Permission]:
    """What putting it there and taking it away needs of whoever runs."""
    for verb in ("create", "get", "delete"):
        yield Permission(verb=verb, group="batch", resource="jobs", namespace=namespace, why="in-cluster guard")
    yield Permission(verb="create", group="", resource="secrets", namespace=namespace, why="in-cluster guard")


def start(
    writer: Writer, run: str, namespace: str, image: str, key: bytes, stops: Stops, waits: Callable[[float], object], seconds: float = READY
) -> None:
    """Put the guard of a run into the cluster, and wait until it runs, or until the run is stopped. waits: told the seconds that are left.

    Raises AichaosError where it does not run in time, and then removes it.
    """
    where = job(run, namespace)
    made = _made(writer, Change(verb="create", place=where, body=manifest(writer, run, where, image)))
    try:
        _made(writer, Change(verb="create", place=_secret(where), body=_key(writer, run, where, key, made)))
        _wait(writer, where, stops, waits, seconds)
    except AichaosError:
        stop(writer, run, namespace)
        raise


def stop(writer: Writer, run: str, namespace: str) -> None:
    """Remove it; its pods and its Secret go with it. One that stays ends by itself once the Lease is free."""
    writer.send(Change(verb="delete", place=job(run, namespace)))


def _made(writer: Writer, change: Change) -> Manifest:
    outcome = writer.send(change)
    if isinstance(outcome, Done) and outcome.object is not None:
        return outcome.object
    sight = writer.read(change.place)  # the answer may be lost, and the object there
    if isinstance(sight, Found) and at(sight.object, "metadata", "labels", RUN):
        return sight.object
    why = getattr(outcome, "why", "") or f"there is no namespace {change.place.namespace}"
    hint = "kubectl apply -f deploy/in-cluster-guard.yaml; you need the right to create Jobs and Secrets there."
    raise AichaosError(f"the guard inside the cluster can't be made ({change.place}): {why}", hint=hint)


def _wait(writer: Writer, where: Place, stops: Stops, waits: Callable[[float], object], seconds: float) -> None:
    latest = time.monotonic() + seconds
    while (left := latest - time.monotonic()) > 0:
        sight = stops.unless_stopped(lambda: writer.read(where))
        if stops.stop or (isinstance(sight, Found) and at(sight.object, "status", "ready")):
            return
        waits(left)
        stops.wait(min(_LOOK, left))
    hint = f"Its pod is removed; what became of it, `kubectl -n {where.namespace} get events --sort-by=.lastTimestamp` says."
    raise AichaosError(f"the guard inside the cluster does not run after {seconds:g} s", hint=hint)


def _secret(where: Place) -> Place:
    return Place(api_version="v1", resource="secrets", kind="Secret", name=where.name, namespace=where.namespace)


def _key(writer: Writer, run: str, where: Place, key: bytes, owner: Manifest) -> Manifest:
    belongs = {"apiVersion": "batch/v1", "kind": "Job", "name": where.name, "uid": str(mapping(owner.get("metadata")).get("uid"))}
    metadata = _metadata(writer, run, where) | {"ownerReferences": [belongs]}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"key": base64.b64encode(key).decode()}}


def _metadata(writer: Writer, run: str, where: Place) -> Manifest:
    return {"name": where.name, "namespace": where.namespace} | ours(run, writer.approval)


def manifest(writer: Writer, run: str, where: Place, image: str) -> Manifest:
    """The Job, with its pod."""
    journal = mirror.place(run, where.namespace)
    container = {
        "name": "guard",
        "image": image,
        "args": ["recover", "--from-configmap", f"{journal.namespace}/{journal.name}", "--key", "/key/key", "--when-lost"],
        "env": [{"name": name, "value": "/state"} for name in ("AICHAOS_STATE_DIR", "HOME", "TMPDIR")],  # nothing else can be written
        "volumeMounts": [{"name": "key", "mountPath": "/key", "readOnly": True}, {"name": "state", "mountPath": "/state"}],
        "resources": {"requests": {"cpu": "10m", "memory": "96Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    pod = {
        "serviceAccountName": ACCOUNT,
        "restartPolicy": "OnFailure",
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "fsGroup": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": "key", "secret": {"secretName": where.name, "defaultMode": 0o440}}, {"name": "state", "emptyDir": {}}],
    }
    spec = {"backoffLimit": 100, "ttlSecondsAfterFinished": 600, "template": {"metadata": {"labels": {RUN: run}}, "spec": pod}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": _metadata(writer, run, where), "spec": spec}
