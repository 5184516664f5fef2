"""What was found before and is accepted for now: a file of findings without lines, so that a moved line changes nothing.

An entry is a rule at a place of an object, and how often: the same mistake once more is new. Indexes of lists don't count, because the
next rule or container that somebody adds would move them.
"""

import os
import re
from collections import Counter

import msgspec

from aichaos.domain import forms
from aichaos.domain.checked import Quiet
from aichaos.domain.experiment import API_VERSION
from aichaos.domain.finding import Finding
from aichaos.errors import FileError, SyntaxProblem
from aichaos.files import yaml

KIND = "Baseline"
_INDEX = re.compile(r"/[0-9]+(?=/|$)")
_HEAD = "# Findings that are accepted for now; aichaos check --baseline FILE --update-baseline writes this file again.\n"

Key = tuple[str, str, str, str]
"""File, rule, object, path without indexes."""


def key(one: Finding, folder: str) -> Key:
    """folder: that of the baseline. Files are named from there, however the command named them."""
    file = os.path.relpath(one.file, folder).replace(os.sep, "/") if one.file else ""
    return file, one.rule, one.object, _INDEX.sub("/*", one.path)


class _Entry(msgspec.Struct):
    file: str
    rule: str
    object: str = ""
    path: str = ""
    count: int = 1


def write(found: list[Finding], folder: str) -> str:
    """The text of a baseline file; what is only told (`info`) needs none."""
    counts = Counter(key(one, folder) for one in found if one.severity != "info")
    entries = [
        {"file": file, "rule": rule, "object": name, "path": path} | ({"count": number} if number > 1 else {})
        for (file, rule, name, path), number in sorted(counts.items())
    ]
    return _HEAD + yaml.dump({"apiVersion": API_VERSION, "kind": KIND, "findings": entries})


def read(text: str, name: str) -> Counter[Key]:
    """Raises FileError for what is no baseline."""
    try:
        documents = yaml.load(text, name)
    except SyntaxProblem as problem:
        where = f"line {problem.line}, column {problem.column}: {problem.problem}"
        raise FileError(f"{name} is no baseline: {where}", hint="Write it anew with --update-baseline.") from problem
    value = documents[0] if len(documents) == 1 else None
    if not isinstance(value, dict) or value.get("kind") != KIND or not isinstance(value.get("findings"), list):
        raise FileError(f"{name} is no baseline", hint="Write one with --update-baseline.")
    counts: Counter[Key] = Counter()
    try:
        entries = forms.convert(value["findings"], list[_Entry])
    except msgspec.ValidationError as error:
        raise FileError(f"{name} holds an entry that is none: {error}", hint="Write it again with --update-baseline.") from error
    for one in entries:
        counts[one.file, one.rule, one.object, one.path] += max(one.count, 0)
    return counts


def without(found: list[Finding], accepted: Counter[Key], folder: str) -> tuple[list[Finding], list[Quiet], int]:
    """The findings that are new; those that are accepted; and how many entries nothing fits any more."""
    left = Counter(accepted)
    new: list[Finding] = []
    quiet: list[Quiet] = []
    for one in found:
        if left[key(one, folder)] > 0:
            left[key(one, folder)] -= 1
            quiet.append(Quiet(finding=one, by="baseline", reason="it stands in the baseline"))
        else:
            new.append(one)
    return new, quiet, sum(left.values())
