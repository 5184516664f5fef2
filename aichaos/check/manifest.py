"""Everything that is checked about one Kubernetes manifest, wherever it stands: in a file, in a List, in a step of an experiment."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec

from aichaos.check import fixes
from aichaos.check.admission import admission_findings
from aichaos.check.admission.defaults import mutated, told
from aichaos.check.advice import joined
from aichaos.check.closed import closed_findings
from aichaos.check.identity import corrected, identity_findings, not_an_object
from aichaos.check.known import known_kind
from aichaos.check.meaning.families import meaning_findings
from aichaos.check.policy_manifests import manifest_policy
from aichaos.check.references import reference_findings
from aichaos.check.retyped import retyped
from aichaos.check.rules import finding
from aichaos.check.schema import Kinds, schema_findings
from aichaos.check.schema.bundle import Found
from aichaos.check.subject import subject
from aichaos.check.world import World
from aichaos.domain.base import reference_of
from aichaos.domain.finding import Finding
from aichaos.files.plain import TEMPLATE, is_placeholder, mapping, placeholders


def manifest_findings(document: Any, world: World, *, plain: bool = False) -> Iterator[Finding]:
    """What there is to say about a manifest; paths are relative to it. plain: that no text in it is a placeholder is known."""
    problem = not_an_object(document)
    if problem is not None:
        path = "/metadata" if isinstance(document, dict) and "metadata is" in problem else ""
        name = str(reference_of(document)) if isinstance(document, dict) else ""
        yield finding("yaml/not-an-object", problem, object=name, path=path)
        return
    template = None if plain else next(template_places(document), None)
    if template is not None:
        yield finding("yaml/template", TEMPLATE, object=str(reference_of(document)), path=template)
        return
    server = [one for one in identity_findings(document) if not (one.rule.startswith("kind/") and _taught(document, world))]
    document = corrected(document, server)
    schema = world.kinds.find(document["apiVersion"], document["kind"])
    judged = schema is not None
    if not judged and known_kind(document["apiVersion"], document["kind"]) is None:
        yield from server
        return
    if judged:
        server = [one for one in server if one.rule != "kind/unknown"]
    this = subject(document, world)
    judge = partial(_judged, schema=schema, kinds=world.kinds)
    told_before = {one.path for one in server}
    server += [one for one in retyped(judge(document), document, judge) if one.path not in told_before]
    yield from joined(server, meaning_findings(this), judged={"schema", "admission"} if judged else {"admission"})
    yield from closed_findings(this)
    yield from manifest_policy(this)
    yield from (one for one in reference_findings(this) if one.rule != "schema/type" or not judged)


def _judged(document: dict[str, Any], *, schema: Found | None, kinds: Kinds) -> list[Finding]:
    """What the server would say about the structure and the values of a document; of one place what is said first.

    Inside of a value of a wrong type nothing is missing: there is nothing that could hold it.
    """
    changed = mutated(document, schema)
    found = list(told(schema_findings(changed, kinds), document))
    said = {one.path for one in found}
    closed = tuple(f"{one.path}/" for one in found if one.rule == "schema/type")
    return [*found, *(one for one in admission_findings(changed, schema) if one.path not in said and not one.path.startswith(closed))]


def _taught(document: dict[str, Any], world: World) -> bool:
    """Whether the cluster itself, or a definition that comes along, says that this kind is served in this version."""
    found = world.kinds.find(document["apiVersion"], document["kind"])
    return found is not None and found.own


def template_places(document: dict[str, Any]) -> Iterator[str]:
    """Where a document holds a placeholder that makes it a template. Data, annotations and unknown kinds may hold them as they are."""
    for field in ("apiVersion", "kind"):
        if is_placeholder(document.get(field)):
            yield f"/{field}"
    metadata = mapping(document.get("metadata"))
    for field in ("name", "namespace", "labels"):
        yield from placeholders(metadata.get(field), f"/metadata/{field}")
    if known_kind(document["apiVersion"], document["kind"]) is not None:
        yield from placeholders(document.get("spec"), "/spec")


def is_whole(document: Any, *, plain: bool = False) -> bool:
    """Whether a document is an object that others may refer to: not a template, not something else. plain: as above."""
    return not_an_object(document) is None and (plain or next(template_places(document), None) is None)


def moved(found: Iterator[Finding], prefix: str) -> Iterator[Finding]:
    """Findings of a manifest that stands at a place of another document."""
    for one in found:
        yield msgspec.structs.replace(one, path=prefix + one.path, fix=fixes.moved(one.fix, prefix))
