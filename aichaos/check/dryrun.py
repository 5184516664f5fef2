"""`--server`: the API server's own strict dry run of each document, on the lines of the file, beside what we say ourselves.

An object that exists is first tried as a new one: the server checks everything before it looks whether the name is taken. Then a
server-side apply tells whether what is there may be changed in this way. Steps of an experiment that change what is there are tried as
well: `dryrun_steps.py`.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from aichaos.check.documents import Review, is_experiment
from aichaos.check.dryrun_replies import Tried, Verdict, is_about_us, note, problems, refused
from aichaos.check.dryrun_steps import step_tasks
from aichaos.check.manifest import is_whole
from aichaos.check.opening import Item
from aichaos.check.places import located
from aichaos.cluster.dryrun import Body, DryRun
from aichaos.cluster.together import together
from aichaos.domain.base import reference_of
from aichaos.domain.finding import Finding, Layer
from aichaos.errors import SourceError
from aichaos.files import nodes
from aichaos.files.plain import mapping

_SERVERS: tuple[Layer, ...] = ("syntax", "schema", "admission")
THREADS = 8
_VERBS = ("create", "apply", "chaos")


def with_server(review: Review, client: DryRun, namespace: str) -> Review:
    """The review with the server's verdict in it. namespace: where an object without one would go."""
    brought = {(reference_of(item.value).kind, reference_of(item.value).name) for item in review.items if is_whole(item.value)}
    kinds = {mapping(mapping(item.value).get("spec")).get("group") for item in review.items if is_whole(item.value)}
    tried = [one for item in review.items for one in _tried(item)]
    pieces = _pieces([one.item for one in tried])
    tasks = [_task(client, one, namespace, pieces, brought, kinds) for one in tried]
    tasks += [task for item in review.items if is_experiment(item.value) for task in step_tasks(client, item, namespace)]
    verdicts = together(tasks, THREADS)
    return _merged(review, verdicts)


def _tried(item: Item) -> Iterator[Tried]:
    if not is_whole(item.value):
        return
    if not is_experiment(item.value):
        yield Tried(item, item.value)
        return
    steps = mapping(item.value.get("spec")).get("steps")
    for number, step in enumerate(steps if isinstance(steps, list) else ()):
        for verb in _VERBS:
            manifest = mapping(mapping(step).get(verb))
            if is_whole(manifest):
                yield Tried(item, manifest, f"/spec/steps/{number}/{verb}")


def _pieces(items: list[Item]) -> dict[tuple[str, int], str]:
    """The text of each document: what is sent is what somebody wrote, so that the server reads it in its own way."""
    found: dict[tuple[str, int], str] = {}
    for name, content in {(item.text.name, item.text.content) for item in items}:
        starts = nodes.bounds(content)
        for index in range(len(starts) - 1):
            found[name, index] = content[starts[index] : starts[index + 1]]
    return found


def _task(client: DryRun, one: Tried, namespace: str, pieces: Any, brought: Any, kinds: Any) -> Any:
    def task() -> Verdict:
        try:
            return _ask(client, one, namespace, pieces, brought, kinds)
        except SourceError as error:
            return Verdict(one, None, [note(one, "server/not-asked", f"the server could not be asked: {error}")])

    return task


def _ask(
    client: DryRun,
    one: Tried,
    default: str,
    pieces: dict[tuple[str, int], str],
    brought: set[tuple[str, str]],
    kinds: set[Any],
) -> Verdict:
    api_version, kind = one.manifest["apiVersion"], one.manifest["kind"]
    metadata = mapping(one.manifest.get("metadata"))
    resource = client.resource(api_version, kind)
    if resource is None:
        return _not_served(one, kinds)
    namespace = metadata.get("namespace") or default
    if not isinstance(namespace, str):
        namespace = default
    body, form = _body(one, pieces)
    reply = client.create(api_version, resource, namespace, body, form)
    if reply.reason == "AlreadyExists":
        return _changed(client, one, resource, namespace)
    if reply.code < 300:
        return Verdict(one, True, [])
    if reply.code == 404 and "namespaces" in reply.message:
        message = f"{reply.message}: the server can't try it before the namespace exists"
        if ("Namespace", namespace) in brought:
            return Verdict(one, None, [note(one, "server/not-asked", message, "/metadata/namespace")])
        return Verdict(one, False, [refused(one, message, "/metadata/namespace", "admission")])
    if is_about_us(reply):
        return Verdict(one, None, [note(one, "server/not-asked", f"the server did not say: {reply.message or reply.code}")])
    return Verdict(one, False, list(problems(one, reply)))


def _not_served(one: Tried, kinds: set[Any]) -> Verdict:
    api_version, kind = one.manifest["apiVersion"], one.manifest["kind"]
    message = f"the server has no {kind} in {api_version}"
    if api_version.rpartition("/")[0] in kinds:
        return Verdict(
            one, None, [note(one, "server/not-asked", f"{message} yet; its CustomResourceDefinition is among these files", "/kind")]
        )
    return Verdict(one, False, [refused(one, message, "/kind", "schema")])


def _body(one: Tried, pieces: dict[tuple[str, int], str]) -> tuple[bytes, Body]:
    if one.path or one.item.prefix:
        return msgspec.json.encode(one.manifest), "application/json"
    return pieces[one.item.text.name, one.item.index].encode(), "application/yaml"


def _changed(client: DryRun, one: Tried, resource: Any, namespace: str) -> Verdict:
    """A new object of this form would be fine; it exists, so what remains is whether it may become this."""
    metadata = {key: value for key, value in one.manifest["metadata"].items() if key not in ("managedFields", "resourceVersion", "uid")}
    body = msgspec.json.encode({key: value for key, value in one.manifest.items() if key != "status"} | {"metadata": metadata})
    reply = client.apply(one.manifest["apiVersion"], resource, namespace, metadata["name"], body)
    if reply.code < 300:
        return Verdict(one, True, [])
    if is_about_us(reply):
        message = f"whether the object that exists may become this, the server did not say: {reply.message or reply.code}"
        return Verdict(one, True, [note(one, "server/not-asked", message)])
    found = [
        msgspec.structs.replace(problem, message=f"the object exists and may not become this: {problem.message}")
        for problem in problems(one, reply)
    ]
    return Verdict(one, None, found)


# together with ours --------------------------------------------------------------------------------------------------------------


def _merged(review: Review, verdicts: list[Verdict]) -> Review:
    """Where both say the same of a place, one finding says so; where only one of them objects to a document, that is said."""
    findings, origins = list(review.findings), list(review.origins)
    for verdict in verdicts:
        mine = [number for number, item in enumerate(origins) if item is verdict.tried.item and _within(findings[number], verdict.tried)]
        objections = [number for number in mine if findings[number].layer in _SERVERS and findings[number].severity == "error"]
        unknown = any(findings[number].rule == "kind/unknown" for number in mine)
        if verdict.taken is False and not objections and not unknown:
            message = "the server refuses this, and aichaos found nothing that it would refuse"
            extra = [*verdict.found, note(verdict.tried, "server/disagrees", message)]
        elif verdict.taken and objections:
            first = findings[objections[0]]
            message = f"the server takes this; aichaos says that it would not: {first.rule}, {first.message}"
            extra = [*verdict.found, msgspec.structs.replace(note(verdict.tried, "server/disagrees", message), path=first.path)]
        else:
            extra = list(verdict.found)
        placed = located((verdict.tried.item, one) for one in extra)
        for given, (item, one) in zip(extra, placed, strict=True):
            likely = [number for number in objections if _same_place(findings[number], one, missing=given.path != one.path)]
            same = min(likely, key=lambda number: abs(len(findings[number].path) - len(one.path)), default=None)
            if same is None or one.rule != "server/refused":
                findings.append(one)
                origins.append(item)
            elif "the server says" not in findings[same].message:
                agreed = f"{findings[same].message} (the server says: {one.message})"
                findings[same] = msgspec.structs.replace(findings[same], message=agreed)
    return msgspec.structs.replace(review, findings=findings, origins=origins)


def _within(one: Finding, tried: Tried) -> bool:
    return not tried.path or one.path == tried.path or one.path.startswith(f"{tried.path}/")


def _same_place(ours: Finding, servers: Finding, *, missing: bool) -> bool:
    """The same field, or one inside the other: a missing field is reported at its parent by one, at itself by the other.

    missing: the field that the server names stands nowhere, and the place is already that of its parent: the server has filled it in
    from another one there (targetPort from port).
    """
    if ours.path == servers.path:
        return True
    if missing:
        return ours.path.rpartition("/")[0] == servers.path
    return ours.path.startswith(f"{servers.path}/") or servers.path.startswith(f"{ours.path}/")
