"""CustomResourceDefinitions made wrong by chance: ``python -m tests.agreement.definitions [--seed N] [--count N]``.

Each is sent to the real API server and to check. The valid ones are those of the testbed (Gateway API, Istio, Chaos Mesh, Litmus,
Crossplane), without descriptions, and a few made for the purpose. Exit code 1 where the two differ.
"""

import argparse
import contextlib
import copy
import http.client
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from aichaos.files import yaml
from tests.controlplane import crds, recipe
from tests.controlplane.cache import Binaries, Missing, locate
from tests.controlplane.netns import isolate
from tests.controlplane.server import Servers

from . import expressions
from .compare import Judged, our_verdict, value_of
from .mutate import MUTATIONS, Manifest, Place
from .server import Server
from .tree import Map, grown, places, put, written

MADE = Path(__file__).parent / "definitions" / "made.yaml"
SETS = ("gateway-api-newest-experimental", "istio", "chaos-mesh", "litmus", "crossplane")
_LARGEST = 120_000
"""Characters of a real definition: the few larger ones would take half of the time."""

Rng = random.Random

_A = {"type": "string"}
KEYWORDS: dict[str, list[Any]] = {
    "type": ["string", "integer", "object", "array", "number", "boolean", "null", "int", ""],
    "nullable": [True, False],
    "items": [{}, _A, [_A], True, {"type": "object", "properties": {"a": _A}}, {"type": "string", "nullable": True}],
    "additionalProperties": [True, False, _A, {}, {"type": "string", "default": "x"}],
    "properties": [{}, {"a": _A}, {"a": {}}, {"metadata": _A}, {"kind": {"type": "integer"}}, {"metadata": {"type": "object"}}],
    "required": [["a"], []],
    "pattern": ["^a$", "(", "a{1001}", r"\p{L}", "(?=a)", r"\d+"],
    "default": ["x", 5, True, {}, {"a": "b"}, [], ["a"], None, 1.5, {"unknown": 1}],
    "enum": [["a"], [], [1, "a"], [None]],
    "maxItems": [0, 5, -1, 10**6],
    "maxLength": [0, 5, 10**7],
    "maxProperties": [2, 10**5],
    "minimum": [0, 1.5, 10**20],
    "multipleOf": [0, 2],
    "format": ["date", "byte", "int32", "nonsense", "duration", "date-time", "uuid"],
    "uniqueItems": [True, False],
    "title": ["x", ""],
    "description": ["x"],
    "id": ["x", ""],
    "$ref": ["#/definitions/a", ""],
    "$schema": ["x"],
    "definitions": [{}, {"a": _A}],
    "dependencies": [{}, {"a": ["b"]}],
    "patternProperties": [{}, {"a": _A}],
    "additionalItems": [True, False],
    "example": ["x"],
    "x-kubernetes-list-type": ["set", "map", "atomic", "bag"],
    "x-kubernetes-list-map-keys": [["name"], ["a", "a"], []],
    "x-kubernetes-map-type": ["atomic", "granular", "set"],
    "x-kubernetes-int-or-string": [True, False],
    "x-kubernetes-preserve-unknown-fields": [True, False],
    "x-kubernetes-embedded-resource": [True],
    "allOf": [
        [{"required": ["a"]}],
        [{"type": "string"}],
        [{"properties": {"a": {"minLength": 1}}}],
        [{"anyOf": [{"type": "integer"}, _A]}],
        [],
    ],
    "anyOf": [[{"type": "integer"}, {"type": "string"}], [{"pattern": "("}], [{"items": {"minLength": 1}}], [{"nullable": True}]],
    "oneOf": [[{"required": ["a"]}, {"required": ["b"]}], [{"additionalProperties": _A}], [{"properties": {"metadata": {}}}]],
    "not": [{"enum": ["x"]}, {"default": 1}, {"x-kubernetes-validations": [{"rule": "true"}]}, {"x-kubernetes-list-type": "set"}],
}
_GENERIC: tuple[str, ...] = (
    "drop",
    "rename",
    "unknown field",
    "move up",
    "move down",
    "empty",
    "known field",
    "borrow",
    "swap",
    "number",
    "wrong type",
)
_GENERIC += ("name", "text", "letters", "toggle", "duplicate item", "wrap", "unwrap")


def definitions(binaries: Binaries) -> dict[str, Any]:
    """The valid ones by name, without descriptions."""
    found = {each["metadata"]["name"]: each for each in yaml.load(MADE.read_text(encoding="utf-8"), MADE.name)}
    folders = binaries.crd_folders()
    for name in SETS:
        for each in crds.read(folders[name]):
            each.pop("status", None)
            plain = _undescribed(each)
            if plain.get("kind") == "CustomResourceDefinition" and len(str(plain)) < _LARGEST:
                found[plain["metadata"]["name"]] = plain
    return found


def _undescribed(value: Any, *, names: bool = False) -> Any:
    """names: whether the keys of this mapping are names of fields, of which one may be called description."""
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if names or key != "description" or not isinstance(item, str)}
        return {key: _undescribed(item, names=not names and key == "properties") for key, item in kept.items()}
    return [_undescribed(item) for item in value] if isinstance(value, list) else value


def campaign(valid: dict[str, Any], seed: int, count: int) -> Iterator[Manifest]:
    """Half of them of those made for the purpose."""
    rng = Rng(seed)
    made = [each["metadata"]["name"] for each in yaml.load(MADE.read_text(encoding="utf-8"), MADE.name)]
    seen: set[str] = set()
    while len(seen) < count:
        name = rng.choice(made) if rng.random() < 0.6 else rng.choice(list(valid))
        tree = grown(copy.deepcopy(valid[name]))
        before = written(tree)
        changes = [change for _ in range(1 if rng.random() < 0.85 else 2) if (change := _changed(rng, tree, valid[name]))]
        text = written(tree)
        if changes and text != before and text not in seen:
            seen.add(text)
            yield Manifest(name, "+".join(changes), text)


def _changed(rng: Rng, tree: Any, document: Any) -> str:
    which = rng.random()
    if which < 0.45:
        return _keyword(rng, tree)
    if which < 0.75:
        return _rule(rng, tree)
    name = rng.choice(_GENERIC)
    spots = [Place(path, holder, index, document, [document]) for path, holder, index in places(tree) if path[0] == "spec"]
    rng.shuffle(spots)
    # What stands outside of the schemas is little, and as interesting.
    outer = [spot for spot in spots if "openAPIV3Schema" not in spot.path]
    chosen = outer if rng.random() < 0.5 else spots
    return name if any(MUTATIONS[name][1](rng, spot) for spot in chosen) else ""


def _schemas(tree: Any) -> list[Map]:
    """The nodes of the schemas, the narrowing ones too."""
    found = []
    for path, holder, index in places(tree):
        value = holder.pairs[index][1] if isinstance(holder, Map) else holder[index]
        inside = path[-1] in ("openAPIV3Schema", "items", "additionalProperties", "not") or (
            len(path) > 1 and path[-2] in ("properties", "allOf", "anyOf", "oneOf")
        )
        if inside and isinstance(value, Map) and "openAPIV3Schema" in path:
            found.append(value)
    return found


def _keyword(rng: Rng, tree: Any) -> str:
    nodes = _schemas(tree)
    if not nodes:
        return ""
    node, keyword = rng.choice(nodes), rng.choice(list(KEYWORDS))
    if rng.random() < 0.3:
        there = [key for key, _ in node.pairs if key != "properties"]
        keyword = rng.choice(there) if there else keyword
        if rng.random() < 0.5 and there:
            node.pairs[:] = [pair for pair in node.pairs if pair[0] != keyword]
            return f"without {keyword}"
    values = KEYWORDS.get(keyword)
    if values is None:
        return ""
    _put(node, keyword, grown(copy.deepcopy(rng.choice(values))))
    return keyword


def _rule(rng: Rng, tree: Any) -> str:
    """A rule that is there, changed; or one more."""
    spots = [
        (holder, index) for path, holder, index in places(tree) if path[-1] in ("rule", "messageExpression") and "openAPIV3Schema" in path
    ]
    if spots and rng.random() < 0.5:
        holder, index = rng.choice(spots)
        text = holder.pairs[index][1] if isinstance(holder, Map) else holder[index]
        if not isinstance(text, str):
            return ""
        put(holder, index, expressions.changed(rng, text))
        return "rule changed"
    nodes = [node for node in _schemas(tree) if dict(node.pairs).get("type") or dict(node.pairs).get("x-kubernetes-int-or-string")]
    if not nodes:
        return ""
    node = rng.choice(nodes)
    known = dict(node.pairs)
    fields = [key for key, _ in known["properties"].pairs] if isinstance(known.get("properties"), Map) else []
    kind = "map" if isinstance(known.get("additionalProperties"), Map) else str(known.get("type", "either"))
    rule: dict[str, Any] = {"rule": expressions.made(rng, kind, fields)}
    if rng.random() < 0.15:
        rule["messageExpression"] = rng.choice(["'a' + string(self)", "self", "'x'", "1"])
    _put(node, "x-kubernetes-validations", [grown(rule)])
    return "rule added"


def _put(node: Map, key: str, value: Any) -> None:
    names = [name for name, _ in node.pairs]
    if key in names:
        put(node, names.index(key), value)
    else:
        node.pairs.append((key, value))


def judged(server: Server, manifests: Sequence[Manifest]) -> list[Judged]:
    """Both verdicts; without a definition on which the server's own handler breaks down, as it does on a few that are wrong."""
    anything = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "x"}}
    found = []
    for one in manifests:
        try:
            verdict = server.judge(one.text, value_of(one.text), anything)
        except http.client.RemoteDisconnected:
            server.close()
            continue
        found.append(Judged(one, verdict, our_verdict(one.text)))
    return found


def open_to_doubt(one: Judged) -> bool:
    """Whether check said that it could not check something, and otherwise found nothing."""
    return one.skipped and not one.refused


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.agreement.definitions", description="Definitions, for the server and for check.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--show", type=int, default=20, help="how many of those that differ are shown whole")
    options = parser.parse_args(arguments)
    reason = isolate()
    found = locate(*recipe.CHAOS_MESH)
    if reason is not None or isinstance(found, Missing):
        print(f"no real API server here: {reason or (found.reason if isinstance(found, Missing) else '')}", file=sys.stderr)
        return 1
    valid = definitions(found)
    untouched = [Manifest(name, "none", yaml.dump(each)) for name, each in valid.items()]
    manifests = [*untouched, *campaign(valid, options.seed, options.count)]
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aichaos-definitions-")))
        controlplane = stack.enter_context(Servers(folder / "controlplane", found)).controlplane
        server = stack.enter_context(contextlib.closing(Server(controlplane, ())))
        both = judged(server, manifests)
    apart = [one for one in both if not one.agrees and not open_to_doubt(one)]
    doubt = [one for one in both if open_to_doubt(one)]
    taken = sum(one.server.accepted is True for one in both)
    print(f"seed {options.seed}: {len(both)} definitions, {taken} taken; {len(apart)} differ, {len(doubt)} not checked whole")
    print(f"  the server broke down on {len(manifests) - len(both)}")
    for one in apart[: options.show]:
        verdict = "takes it" if one.server.accepted else f"refuses it: {one.server.message[:500]}"
        ours = "; ".join(f"{finding.path}: {finding.message}" for finding in one.ours if finding.severity == "error")[:500]
        print(f"- {one.manifest.family}, {one.manifest.mutation}: the server {verdict}\n  check: {ours or 'finds nothing'}")
    for reason in sorted({finding.message[:150] for one in doubt for finding in one.ours if finding.severity == "skipped"})[:20]:
        print(f"  not checked: {reason}")
    return 1 if apart else 0


if __name__ == "__main__":
    sys.exit(main())
