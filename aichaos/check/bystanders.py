"""Files that only lie beside manifests: the settings and the data of other tools, in a folder that is checked as a whole.

No server would ever be given them, so nothing is wrong with them. What could be a manifest is never among them, however broken it is: a
file in which one document has a key of an object's own (`apiVersion`, `kind`, `metadata`, `spec`, or what was meant to be one of them),
or holds an object further in, is judged; and so is a text that is no YAML and has such a word in it.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from aichaos.check.documents import Review
from aichaos.check.opening import Item
from aichaos.domain.finding import Finding

_KEYS = frozenset({"apiversion", "kind", "metadata", "spec"})
_LIKE, _LENGTHS = 0.9, range(8, 13)
"""How much of a key has to be that of `apiVersion`, as of `apiVerison` and `apVersion`; `version` is not."""
_HEAD = re.compile(r"api[_-]?version|^[\s\-{,\"'“]*(kind|metadata|spec)[\"'”]?\s*:", re.IGNORECASE | re.MULTILINE)
_DEPTH = 2
_SAID = frozenset({"yaml/not-an-object", "yaml/syntax", "yaml/duplicate-key"})
"""What is found in a file that is none of ours. A template is said, whatever it would become."""


def bystanders(found: Review, texts: Mapping[str, str], names: Collection[str]) -> list[str]:
    """Which of these files hold no manifest, nor anything that could be meant as one. texts: what stands in each."""
    items: dict[str, list[Item]] = defaultdict(list)
    said: dict[str, list[Finding]] = defaultdict(list)
    for item in found.items:
        items[item.text.name].append(item)
    for one in found.findings:
        said[one.file or ""].append(one)
    return [name for name in names if said[name] and _beside(items[name], said[name], texts[name])]


def _beside(items: list[Item], said: list[Finding], text: str) -> bool:
    if not {one.rule for one in said} <= _SAID:
        return False
    if all(one.severity == "info" for one in said):  # known by its name, or by its group
        return len({id(one) for one in said}) >= len(items)
    if any(one.rule == "yaml/syntax" for one in said) and _HEAD.search(text):
        return False
    return not any(_may_be_an_object(item.value) for item in items)


def _may_be_an_object(value: Any) -> bool:
    if isinstance(value, str):
        return _HEAD.search(value) is not None
    if isinstance(value, dict) and any(isinstance(key, str) and _is_key(key) for key in value):
        return True
    return _holds_one(value, _DEPTH)


def _is_key(key: str) -> bool:
    plain = re.sub(r"[^a-z]", "", key.lower())
    if plain in _KEYS or len(plain) not in _LENGTHS:
        return plain in _KEYS
    from difflib import SequenceMatcher  # few keys are of that length, and every start would pay for it

    return SequenceMatcher(None, plain, "apiversion").ratio() >= _LIKE


def _holds_one(value: Any, depth: int) -> bool:
    if isinstance(value, dict):
        if isinstance(value.get("apiVersion"), str) and isinstance(value.get("kind"), str):
            return True
        value = list(value.values())
    return depth > 0 and isinstance(value, list) and any(_holds_one(one, depth - 1) for one in value)


def without(found: Review, names: Collection[str]) -> Review:
    """The review as if these files were not there."""
    aside = frozenset(names)
    kept = [(one, item) for one, item in zip(found.findings, found.origins, strict=True) if one.file not in aside]
    return msgspec.structs.replace(
        found,
        findings=[one for one, _ in kept],
        origins=[item for _, item in kept],
        items=[item for item in found.items if item.text.name not in aside],
    )
