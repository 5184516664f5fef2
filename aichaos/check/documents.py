"""Files become findings: every document of every file is opened, told apart and checked, and every finding gets its line."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from aichaos.check.decode import experiment_of
from aichaos.check.experiment import findings as experiment_findings
from aichaos.check.manifest import is_whole, manifest_findings
from aichaos.check.rules import finding
from aichaos.check.world import World
from aichaos.domain.base import reference_of
from aichaos.domain.experiment import API_VERSION
from aichaos.domain.finding import Finding
from aichaos.errors import SyntaxProblem
from aichaos.files import yaml
from aichaos.files.yaml import Place
from aichaos.observe.topology import Topology

_PLACEHOLDER = re.compile(r"\{\{.*\}\}|\{\{-?\s*(?:if|range|with|end|else|define|template|include)\b")


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """`documents`: how many were looked at, the items of a List counted one by one."""

    documents: int
    findings: list[Finding]


class _Text(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    content: str


class _Item(msgspec.Struct, frozen=True, kw_only=True):
    """One object and where it stands: its file, the document's number there, and for an item of a List its path in the document."""

    value: Any
    text: _Text
    index: int
    prefix: str = ""


def review(files: Iterable[tuple[str, str]], topology: Topology | None) -> Review:
    """Check the documents of some files, given as name and text, against a cluster or, without one, against each other."""
    items: list[_Item] = []
    found: list[Finding] = []
    for name, content in files:
        opened, problems = _opened(_Text(name=name, content=content))
        items += opened
        found += problems
    world = World(topology, (item.value for item in items if is_whole(item.value) and not _is_experiment(item.value)))
    found += _located((item, one) for item in items for one in _checked(item.value, world, topology))
    return Review(documents=len(items), findings=found)


def _checked(value: Any, world: World, topology: Topology | None) -> Iterator[Finding]:
    if not _is_experiment(value):
        yield from manifest_findings(value, world)
        return
    experiment, problems = experiment_of(value)
    yield from problems
    if experiment is not None:
        yield from experiment_findings(experiment, topology)


def _is_experiment(value: Any) -> bool:
    family = API_VERSION.partition("/")[0] + "/"
    if not isinstance(value, dict) or value.get("kind") != "Experiment":
        return False
    version = value.get("apiVersion")
    return isinstance(version, str) and version.startswith(family)


# opening ------------------------------------------------------------------------------------------------------------------------


def _opened(text: _Text) -> tuple[list[_Item], list[Finding]]:
    """The objects of a file up to the first place that is not YAML, and what is wrong with its text."""
    items: list[_Item] = []
    found: list[Finding] = []
    try:
        for document in yaml.read(text.content, text.name):
            opened = list(_items(document.value, text, document.index, ""))
            items += opened
            found += [_duplicate(pointer, place, opened, text) for pointer, place in document.duplicates]
    except SyntaxProblem as problem:
        found.append(_unreadable(problem, text))
    return items, found


def _items(value: Any, text: _Text, index: int, prefix: str) -> Iterator[_Item]:
    """A List opened; an item of a typed list (`PodList`) carries no kind of its own: it follows from the list's."""
    if not _is_list(value):
        yield _Item(value=value, text=text, index=index, prefix=prefix)
        return
    kind = value["kind"].removesuffix("List")
    for number, item in enumerate(value["items"]):
        named = {"apiVersion": value["apiVersion"], "kind": kind} | item if kind and isinstance(item, dict) else item
        yield from _items(named, text, index, f"{prefix}/items/{number}")


def _is_list(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("kind"), str)
        and value["kind"].endswith("List")
        and isinstance(value.get("apiVersion"), str)
        and isinstance(value.get("items"), list)
    )


def _duplicate(pointer: str, place: Place, items: list[_Item], text: _Text) -> Finding:
    """Said of the item that it stands in, or of the document where it is in none."""
    owner = next((item for item in items if item.prefix and pointer.startswith(f"{item.prefix}/")), None)
    owner = owner or next((item for item in items if not item.prefix), None)
    path = pointer[len(owner.prefix) :] if owner else pointer
    name = str(reference_of(owner.value)) if owner and isinstance(owner.value, dict) else ""
    message = f"the key {pointer.rpartition('/')[2]} stands twice; the server takes neither: keep one of the two"
    return _at(finding("yaml/duplicate-key", message, object=name, path=path), text, place)


def _unreadable(problem: SyntaxProblem, text: _Text) -> Finding:
    """A place that is not YAML; where it holds a template's placeholder, the file is a template and not wrong."""
    line = _line(text.content, problem.line)
    if _PLACEHOLDER.search(line):
        message = "this is a template that has not been filled in: render it first (helm template …) and check what comes out"
        one = finding("yaml/template", message)
    else:
        hint = f"; {problem.hint[:1].lower()}{problem.hint[1:]}" if problem.hint else ""
        one = finding("yaml/syntax", f"{problem.problem}{hint}; what follows in this file was not checked")
    return _at(one, text, (problem.line, problem.column))


def _line(content: str, number: int) -> str:
    start = 0
    for _ in range(number - 1):
        start = content.find("\n", start) + 1
        if start == 0:
            return ""
    end = content.find("\n", start)
    return content[start : end if end >= 0 else None][:2000]


# places -------------------------------------------------------------------------------------------------------------------------


def _located(found: Iterable[tuple[_Item, Finding]]) -> list[Finding]:
    """Findings with their line and column. Each file with a finding is read a second time, and only those."""
    pairs = list(found)
    wanted: dict[tuple[str, str], set[int]] = defaultdict(set)
    for item, _ in pairs:
        wanted[item.text.name, item.text.content].add(item.index)
    places = {file: yaml.positions_of(file[1], file[0], indexes) for file, indexes in wanted.items()}
    return [_placed(item, one, places[item.text.name, item.text.content]) for item, one in pairs]


def _placed(item: _Item, one: Finding, places: dict[int, dict[str, Place]]) -> Finding:
    place = yaml.nearest(places.get(item.index, {}), item.prefix + one.path)
    return _at(one, item.text, place)


def _at(one: Finding, text: _Text, place: Place | None) -> Finding:
    line, column = place or (None, None)
    return msgspec.structs.replace(one, file=text.name, line=line, column=column)
