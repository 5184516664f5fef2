"""Rules whose verdict depends on what a list is, or on what a rule costs: the real API server is asked about the same objects."""

import itertools
from typing import Any

import pytest

from aichaos.check.documents import review
from aichaos.files.yaml import dump
from tests.controlplane.client import ApiError, ControlPlane

TEXTS = {"type": "array", "items": {"type": "string", "maxLength": 9}, "maxItems": 9}
NAMED = {
    "type": "array",
    "maxItems": 9,
    "items": {
        "type": "object",
        "properties": {"name": {"type": "string", "maxLength": 9}, "port": {"type": "integer"}},
        "required": ["name"],
    },
}
AS_SET, AS_MAP = {"x-kubernetes-list-type": "set"}, {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
LISTS = {
    **{"a": TEXTS | AS_SET, "b": TEXTS | AS_SET, "c": TEXTS},
    "maps": {"type": "array", "maxItems": 3, "items": {"type": "object", "properties": {"of": NAMED | AS_MAP}}},
    "plain": {"type": "array", "maxItems": 3, "items": {"type": "object", "properties": {"of": NAMED}}},
}
"""Of objects the server compares those alone that are declared in one place: hence lists in a list."""
RULES = [
    *(f"self.{one} {operator} self.{other}" for one, other in itertools.product("abc", repeat=2) for operator in ("==", "!=")),
    *(
        f"self.{kind}[0].of {operator} self.{kind}[{other}].of"
        for kind in ("maps", "plain")
        for other in (1, 2)
        for operator in ("==", "!=")
    ),
    *(f"size(self.{one} + self.{other}) == 3" for one, other in itertools.product("abc", repeat=2)),
    *(f"size(self.{kind}[0].of + self.{kind}[{other}].of) == 3" for kind in ("maps", "plain") for other in (1, 2)),
    "self.a == ['y', 'x']",
    "['y', 'x'] == self.a",
    "self.a + ['z'] == self.b + ['z']",
    "self.a.filter(x, true) == self.b",
    "(self.maps[0].of + self.maps[1].of).exists(x, x.name == 'p' && x.port == 9)",
    "(self.maps[0].of + self.maps[1].of).filter(x, x.name == 'p').size() == 1",
    "[self.a] == [self.b]",
    "self.a in [self.b]",
    "self.maps[0].of[0] in self.maps[1].of",
    "type(self.a) == list",
    "self.a.isSorted()",
    "self.maps == self.maps.map(x, x)",
    "self.maps[0].of == self.maps[1].of.map(x, x)",
    "self == self",
]
OBJECTS: list[dict[str, Any]] = [
    {
        "a": ["x", "y"],
        "b": ["y", "x"],
        "c": ["x", "y"],
        "maps": [{"of": _m}, {"of": _n}, {"of": _n[::-1]}],
        "plain": [{"of": _m}, {"of": _n}, {"of": _o}],
    }
    for _m, _n, _o in [
        ([{"name": "p", "port": 1}, {"name": "q"}], [{"name": "q"}, {"name": "p", "port": 1}], [{"name": "p", "port": 1}, {"name": "q"}]),
        ([{"name": "p", "port": 1}, {"name": "q"}], [{"name": "p", "port": 9}, {"name": "r"}], [{"name": "q"}, {"name": "q"}]),
    ]
]
OBJECTS += [one | {"b": ["y", "z"], "c": ["y", "y"]} for one in OBJECTS]


def _definition(kind: str, spec: dict[str, Any], rules: list[dict[str, Any]]) -> str:
    root = {"type": "object", "properties": {"spec": spec | {"x-kubernetes-validations": rules}}}
    plural = f"{kind.lower()}s"
    return dump(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.rules.example.com"},
            "spec": {
                "group": "rules.example.com",
                "scope": "Namespaced",
                "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
                "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": root}}],
            },
        }
    )


def _object(kind: str, spec: Any) -> dict[str, Any]:
    return {"apiVersion": "rules.example.com/v1", "kind": kind, "metadata": {"name": "one", "namespace": "default"}, "spec": spec}


def _installed(controlplane: ControlPlane, definition: str, kind: str) -> None:
    controlplane.apply(definition)

    def served() -> bool | None:
        try:
            controlplane.get(_path(kind))
        except ApiError:
            return None
        return True

    controlplane.wait(served, what=f"{kind} to be served")


def _path(kind: str) -> str:
    return f"/apis/rules.example.com/v1/namespaces/default/{kind.lower()}s"


def _theirs(controlplane: ControlPlane, document: dict[str, Any]) -> str:
    """What the server says against an object; "" where it takes it."""
    try:
        controlplane.request("POST", f"{_path(document['kind'])}?dryRun=All&fieldValidation=Strict", document)
    except ApiError as error:
        return str(error)
    return ""


def test_lists_are_compared_and_added_by_their_type(controlplane: ControlPlane) -> None:
    rules = [{"rule": rule, "message": f"[{number}]"} for number, rule in enumerate(RULES)]
    definition = _definition("Listed", {"type": "object", "properties": LISTS}, rules)
    _installed(controlplane, definition, "Listed")
    for spec in OBJECTS:
        document = _object("Listed", spec)
        theirs = _theirs(controlplane, document)
        found = review([("all.yaml", f"{definition}---\n{dump(document)}")], None).findings
        ours = {one.message.partition(" ")[0] for one in found if one.object.startswith("Listed/")}
        differ = [rule for number, rule in enumerate(RULES) if (f"[{number}]" in theirs) != (f"[{number}]" in ours)]
        assert differ == [], spec


def test_a_list_with_keys_against_mappings_made_in_the_rule_is_skipped(controlplane: ControlPlane) -> None:
    """To the server these are never equal, in this order alone: an item is looked for by keys that a mapping of CEL's does not have."""
    rules = [
        {"rule": "self.maps[0].of == dyn([{'name': 'p'}, {'name': 'q'}])", "message": "[0]"},
        {"rule": "dyn([{'name': 'p'}, {'name': 'q'}]) == self.maps[0].of", "message": "[1]"},
        {"rule": "size(self.maps[0].of + dyn([{'name': 'p'}])) == 3", "message": "[2]"},
    ]
    definition = _definition("Mixed", {"type": "object", "properties": LISTS}, rules)
    _installed(controlplane, definition, "Mixed")
    document = _object("Mixed", {"maps": [{"of": [{"name": "p"}, {"name": "q"}]}]})
    theirs = _theirs(controlplane, document)
    assert [number for number in range(3) if f"[{number}]" in theirs] == [0]
    found = review([("all.yaml", f"{definition}---\n{dump(document)}")], None).findings
    assert [one.severity for one in found if one.object.startswith("Mixed/")] == ["skipped"] * 3


NUMBERS = {"type": "array", "items": {"type": "integer"}, "maxItems": 500}
WORDS = {"type": "array", "items": {"type": "string", "maxLength": 200}, "maxItems": 200}
COSTLY = [
    ("pairs", NUMBERS, "self.all(a, self.all(b, a + b >= 0))"),
    ("mapped", NUMBERS, "self.map(a, a + 1).all(a, self.filter(b, b > a).size() >= 0)"),
    ("texts", WORDS, "self.all(a, self.all(b, a + b != 'x'))"),
    ("patterns", WORDS, "self.all(a, a.matches('^[a-z0-9]+(-[a-z0-9]+)*$') && a.size() > 0 ? true : self.all(b, b.startsWith(a)))"),
]


def _spec(schema: dict[str, Any], size: int) -> list[Any]:
    return list(range(size)) if schema is NUMBERS else [f"{number:03}" * 60 for number in range(size)]


@pytest.mark.parametrize(("name", "schema", "rule"), COSTLY, ids=[name for name, _, _ in COSTLY])
def test_what_the_server_stops_for_its_cost_is_never_passed(
    controlplane: ControlPlane, name: str, schema: dict[str, Any], rule: str
) -> None:
    """The size at which the server begins to refuse is looked for; within a third of it nobody can be sure, beyond it we are."""
    kind = f"Costly{name}"
    definition = _definition(kind, schema, [{"rule": rule}])
    _installed(controlplane, definition, kind)

    def refused(size: int) -> bool:
        return "cost" in _theirs(controlplane, _object(kind, _spec(schema, size)))

    def verdict(size: int) -> str:
        document = dump(_object(kind, _spec(schema, size)))
        found = review([("all.yaml", f"{definition}---\n{document}")], None).findings
        return ", ".join(sorted({one.severity for one in found if one.object.startswith(kind)})) or "passed"

    low, high = 1, schema["maxItems"]
    assert not refused(low)
    assert verdict(low) == "passed"
    if not refused(high):
        assert verdict(high) in ("passed", "skipped")
        return
    while high - low > max(1, low // 8):
        middle = (low + high) // 2
        low, high = (low, middle) if refused(middle) else (middle, high)
    assert verdict(high) != "passed", high
    assert verdict(low // 2) == "passed", low
    assert verdict(min(schema["maxItems"], high * 2)) != "passed"
