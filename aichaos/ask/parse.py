"""From the text of an answer to ideas and experiments.

Text can be anything: what can't be used becomes a finding that says where and why, and nothing here raises because of it. No text of an
answer is ever run; a command line becomes typed steps or a finding.
"""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from aichaos.ask.prose import identifier, in_prose
from aichaos.ask.reply import Command, Found, contents, problem
from aichaos.domain import forms
from aichaos.domain.experiment import Experiment
from aichaos.domain.finding import Finding
from aichaos.domain.suggestion import Idea
from aichaos.files.plain import mapping

_MOST_IDEAS = 100


def ideas(text: str) -> tuple[list[Idea], list[Finding]]:
    """The ideas in an answer, in order, each id once; and what was wrong with the rest."""
    found: dict[str, Idea] = {}
    documents, findings = _documents(text)
    for document in documents:
        listed = document.get("ideas") if isinstance(document, dict) else document
        for number, item in enumerate(listed[:_MOST_IDEAS] if isinstance(listed, list) else []):
            try:
                idea = forms.convert(_loosened(item), Idea)
            except msgspec.ValidationError as error:
                said = f"idea {number + 1} is not in the form that was asked for: {error}"
                findings.append(problem("reply/idea", said, path=f"/ideas/{number}"))
                continue
            name = identifier(idea.id) or f"idea-{number + 1}"
            found.setdefault(name, msgspec.structs.replace(idea, id=name))
    if not found:
        found = in_prose(text)
        if found:
            said = "the ideas were read from prose: the answer does not have the form that was asked for"
            return list(found.values()), [
                *(one for one in findings if one.severity != "error"),
                problem("reply/prose", said, severity="info"),
            ]
    if not found and not any(finding.severity == "error" for finding in findings):
        findings.append(problem("reply/no-ideas", "the answer holds no list of ideas"))
    return list(found.values()), findings


def _loosened(item: Any) -> Any:
    """An idea with its fields in the types that they have, as far as that has one meaning."""
    if not isinstance(item, dict):
        return item
    idea = dict(item)
    why = idea.get("why_here")
    if isinstance(why, str):
        idea["why_here"] = [one for one in re.split(r"[,;\s]+", why) if one]
    elif isinstance(why, list):
        idea["why_here"] = [_object(one) for one in why]
    if isinstance(idea.get("category"), list):
        idea["category"] = ", ".join(map(str, idea["category"]))
    for field in ("id", "title", "summary", "category", "hypothesis"):
        if isinstance(idea.get(field), (int, float, bool)):
            idea[field] = str(idea[field])
    if isinstance(idea.get("title"), str):
        idea.setdefault("id", idea["title"])
    return idea


def _object(value: Any) -> Any:
    """`{kind: Service, namespace: shop, name: web}` as `Service/shop/web`."""
    held = mapping(value)
    if held:
        return "/".join(str(held[field]) for field in ("kind", "namespace", "name") if held.get(field))
    return value


Decode = Callable[[dict[str, Any]], tuple[Experiment | None, list[Finding]]]
"""Reads an experiment strictly; what it says of a file it says of an answer."""


def experiment(text: str, idea: Idea, decode: Decode, namespace: str = "default") -> tuple[Experiment | None, list[Finding]]:
    """The experiment in an answer, under the id of its idea; None, and why, where there is none.

    Where there is an Experiment it is taken; else one is made of bare manifests and kubectl lines. namespace: of what names none.
    """
    found, findings = contents(text)
    unreadable: list[Finding] = []
    for one in found:
        document = mapping(one.value) if isinstance(one, Found) else {}
        if document.get("kind") != "Experiment":
            continue
        read, problems = _decoded(_under(document, idea.id), decode)
        if read is not None:
            left = [one for one in findings if one.rule != "reply/syntax"]
            return read, [*left, *problems, *_beside(found, document, namespace)]
        unreadable += problems
    if unreadable:
        return None, [*findings, *unreadable]
    return _assembled(found, findings, idea, decode, namespace)


def _assembled(
    found: list[Found | Command], findings: list[Finding], idea: Idea, decode: Decode, namespace: str
) -> tuple[Experiment | None, list[Finding]]:
    from aichaos.ask.assemble import assemble  # an answer in our own form needs none of it

    made, problems = assemble(found, idea, namespace)
    if made is None:
        left = [*findings, *problems]
        errors = any(finding.severity == "error" for finding in left)
        return None, left if errors else [*left, problem("reply/no-experiment", "the answer holds no experiment, no manifest and no step")]
    read, wrong = decode(made)
    return read, [*findings, *problems, *wrong]


def _decoded(document: dict[str, Any], decode: Decode) -> tuple[Experiment | None, list[Finding]]:
    """The experiment of a document, read as it can only be meant; and what was read as what, or why not."""
    from aichaos.ask.leniency import loosened

    loose, said = loosened(document)
    read, problems = decode(loose)
    if read is not None:
        return read, said
    strict = decode(document)[1]
    return None, strict if len(strict) <= len(problems) else problems


def _beside(found: list[Found | Command], document: dict[str, Any], namespace: str) -> list[Finding]:
    if not any(isinstance(one, Command) for one in found):
        return []
    from aichaos.ask.assemble import commands_beside

    return list(commands_beside(found, document, namespace))


def _under(document: dict[str, Any], identifier: str) -> dict[str, Any]:
    metadata = document.get("metadata")
    return document | {"metadata": (metadata if isinstance(metadata, dict) else {}) | {"name": identifier}}


def _documents(text: str) -> tuple[list[Any], list[Finding]]:
    found, findings = contents(text)
    return [one.value for one in found if isinstance(one, Found)], findings
