"""`--from`: one text says where the cluster comes from, and whatever it says, a Snapshot comes back."""

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from aichaos.domain.kinds import KINDS
from aichaos.domain.snapshot import Snapshot, Source
from aichaos.errors import FileError, NoClusterError, UsageError
from aichaos.files.save import OURS
from aichaos.observe import manifests

if TYPE_CHECKING:
    from aichaos.cluster.connection import Connection


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What the user said about the cluster. origin: the text of `--from`, None for the default. namespaces: empty for all."""

    origin: str | None = None
    kubeconfig: str | None = None
    context: str | None = None
    namespaces: tuple[str, ...] = ()


def take(choice: Choice) -> Snapshot:
    """The cluster that was chosen, as it is now. Raises SourceError, FileError, UsageError."""
    if choice.origin in (None, "live"):
        return _live(choice)
    assert choice.origin is not None
    if choice.origin.startswith("demo:"):
        return _demo(choice.origin.removeprefix("demo:"), choice)
    return _files(choice.origin, choice)


ANSWERING = ("HTTPRoute", "GRPCRoute", "VirtualService", "ReferenceGrant", "Service", "EndpointSlice")
"""Kinds that have a part in who answers a request, in whatever namespace they are: a route beside ours, and what stands behind it."""


def through(connection: "Connection", choice: Choice) -> Snapshot:
    """The live cluster that a connection leads to, as it is now, without another login; of the kinds in ANSWERING all that may be read, so
    that a run knows of a rival in a namespace that was not asked for. Raises SourceError, UsageError."""
    from aichaos.cluster.reader import Reader
    from aichaos.observe import cluster

    reader = Reader(connection)
    try:
        return cluster.look(reader, choice.namespaces or None, ANSWERING)
    finally:
        reader.stop()


def _live(choice: Choice) -> Snapshot:
    from aichaos.cluster import connection
    from aichaos.observe import cluster

    if choice.origin is None and connection.current_context(choice.kubeconfig, choice.context) is None and not connection.in_cluster():
        raise NoClusterError(
            "no cluster is configured here: there is no kubeconfig with a current context",
            hint="Set KUBECONFIG, name a context with --context, or try a bundled cluster: --from demo:route-chaos",
        )
    return cluster.observe(kubeconfig=choice.kubeconfig, context=choice.context, namespaces=choice.namespaces or None)


def _demo(name: str, choice: Choice) -> Snapshot:
    path = manifests.demo_path(name)
    documents = manifests.decode(path.read_bytes(), path.name)
    assert isinstance(documents, list)
    source = Source(kind="demo", cluster=f"demo:{name}", namespaces=choice.namespaces)
    return _within(manifests.snapshot(manifests.objects(documents), source), choice.namespaces)


def _files(origin: str, choice: Choice) -> Snapshot:
    contents = [(manifests.standard_input(), "standard input")] if origin == "-" else manifests.texts(_existing(origin))
    documents = []
    for data, name in contents:
        if data.startswith(OURS):
            continue  # suggestions that were saved in the same folder are no part of the cluster
        decoded = manifests.decode(data, name)
        if isinstance(decoded, Snapshot):
            source = msgspec.structs.replace(decoded.source, kind="snapshot")
            return _within(msgspec.structs.replace(decoded, source=source), choice.namespaces)
        documents.extend(decoded)
    source = Source(kind="file", cluster="standard input" if origin == "-" else origin, namespaces=choice.namespaces)
    namespace = choice.namespaces[0] if choice.namespaces else "default"
    seen = manifests.snapshot(manifests.objects(documents), source, namespace=namespace)
    if not seen.counts() and not seen.others and not seen.gaps:
        raise FileError(
            f"no Kubernetes object in {source.cluster}", hint="Name a file with apiVersion and kind, as `kubectl get -o yaml` writes."
        )
    return _within(manifests.assume(seen), choice.namespaces)


def _existing(origin: str) -> Path:
    path = Path(origin).expanduser()
    if path.exists():
        return path
    known = ", ".join(f"demo:{name}" for name in manifests.demo_names())
    hint = f"--from takes live, a file, a folder, - or a bundled cluster: {known}."
    raise FileError(f"no file or folder {origin!r}", hint=hint)


def _within(seen: Snapshot, namespaces: tuple[str, ...]) -> Snapshot:
    """Only what is in these namespaces and what is in none; and the Gateways of all, since routes refer to them across namespaces."""
    if not namespaces:
        return seen
    objects = (obj for kind in KINDS if kind.namespaced for obj in getattr(seen, kind.field))
    known = {obj.namespace for obj in objects} | {one.name for one in seen.namespaces} | {secret.namespace for secret in seen.secrets}
    for name in namespaces:
        if name not in known:
            hint = f"It has {', '.join(sorted(known)[:10])}." if known else "It has no namespace at all."
            raise UsageError(f"there is no namespace {name!r} in {seen.source.cluster}", hint=hint)
    wanted = {*namespaces, ""}
    limited = [kind for kind in KINDS if kind.namespaced and not kind.shared]
    kept = {kind.field: [obj for obj in getattr(seen, kind.field) if obj.namespace in wanted] for kind in limited}
    named = [namespace for namespace in seen.namespaces if namespace.name in namespaces]
    secrets = [secret for secret in seen.secrets if secret.namespace in wanted]
    others = [ref for ref in seen.others if ref.namespace in wanted]
    source = msgspec.structs.replace(seen.source, namespaces=namespaces)
    return msgspec.structs.replace(seen, source=source, **kept, namespaces=named, secrets=secrets, others=others)
