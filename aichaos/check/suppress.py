"""`# aichaos: ignore[rule] reason` in a file: at the end of a line for that line, on a line of its own for the next one.

Above the first line of an object, it is for the whole object. A reason is required, and an ignore that hides nothing is a warning: what
was accepted once must not hide the next mistake.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator

import msgspec

from aichaos.check.choosing import known, matches
from aichaos.check.documents import Review
from aichaos.check.opening import Item
from aichaos.check.rules import RULES, finding
from aichaos.check.spelling import did_you_mean
from aichaos.domain.checked import Quiet
from aichaos.domain.finding import Finding, Layer
from aichaos.files import nodes
from aichaos.files.nodes import Lines, Node

_MARK = "aichaos: ignore"
_COMMENT = re.compile(r"#\s*aichaos: ignore(?:\[(?P<rules>[^\]\n]*)\])?[ \t]*:?[ \t]*(?P<reason>[^\r\n]*)")


class Ignore(msgspec.Struct, frozen=True, kw_only=True):
    """One comment. line, column: where it stands. at: the line that it is for, or the object."""

    file: str
    line: int
    column: int
    rules: tuple[str, ...]
    reason: str
    at: int
    item: Item | None


def sift(review: Review, texts: dict[str, str], unasked: set[Layer]) -> tuple[Review, list[Quiet]]:
    """The findings that no comment hides, with what is to be said about the comments; and those that one hides.

    unasked: layers that were not looked at, so that nobody knows whether an ignore of their rules is used.
    """
    marked = {name: text for name, text in texts.items() if _MARK in text}
    if not marked:
        return review, []
    there = [one for name, text in marked.items() for one in ignores(name, text, [item for item in review.items if item.text.name == name])]
    said, used = list(_wrong(there)), set()
    meant = [one for one in there if one.reason and one.rules]
    known_ones = [one for one in meant if any(known(rule) for rule in one.rules)]
    by_place: dict[tuple[str, int] | int, list[Ignore]] = defaultdict(list)
    for one in meant:
        by_place[id(one.item) if one.item is not None else (one.file, one.at)].append(one)
    kept: list[tuple[Finding, Item | None]] = []
    quiet: list[Quiet] = []
    for found, item in zip(review.findings, review.origins, strict=True):
        near = [*by_place.get((found.file or "", found.line or 0), ()), *by_place.get(id(item), ())]
        hiding = [one for one in near if matches(found.rule, one.rules)]
        used |= {id(one) for one in hiding}
        if hiding:
            quiet.append(Quiet(finding=found, by="comment", reason=hiding[0].reason))
        else:
            kept.append((found, item))
    said += [_unused(one) for one in known_ones if id(one) not in used and not _unknowable(one, unasked)]
    findings, origins = [*(one for one, _ in kept), *said], [*(item for _, item in kept), *(None for _ in said)]
    return msgspec.structs.replace(review, findings=findings, origins=origins), quiet


def ignores(name: str, text: str, items: list[Item]) -> Iterator[Ignore]:
    """The comments of a file, as far as it could be read; what looks like one inside a text is none."""
    lines = Lines(text)
    roots = nodes.documents(items[0].text.content if items else text, {item.index for item in items})
    inside = sorted((node.start, node.end) for root in roots.values() for node in nodes.inside(root) if node.kind == "scalar")
    firsts = {lines.place(_first(roots[item.index], item))[0]: item for item in items if item.index in roots}
    for match in _COMMENT.finditer(text):
        offset = match.start()
        before = bisect_right(inside, (offset, len(text)))
        if (before and offset < inside[before - 1][1]) or text[max(offset - 1, 0) : offset].strip():
            continue
        line, column = lines.place(offset)
        own = not lines.line(line)[: column - 1].strip()
        target = _next(lines, line) if own else line
        rules = tuple(rule for rule in (part.strip() for part in (match["rules"] or "").split(",")) if rule)
        item = firsts.get(target) if own else None
        yield Ignore(file=name, line=line, column=column, rules=rules, reason=match["reason"].strip(), at=target, item=item)


def _first(root: Node, item: Item) -> int:
    return nodes.find(root, item.prefix).entry


def _next(lines: Lines, line: int) -> int:
    """The next line with something on it that is no comment."""
    for number in range(line + 1, len(lines) + 1):
        shown = lines.line(number).strip()
        if shown and not shown.startswith("#") and shown != "---":
            return number
    return line


def _unknowable(one: Ignore, unasked: set[Layer]) -> bool:
    return any(rule.layer in unasked and matches(rule.name, one.rules) for rule in RULES.values())


def _wrong(there: Iterable[Ignore]) -> Iterator[Finding]:
    for one in there:
        if not one.rules:
            yield _at(one, "ignore/no-rule", "this ignores nothing: name the rule, as in # aichaos: ignore[chaos-mesh/mode] why")
        elif not one.reason:
            message = f"this ignores nothing without a reason: # aichaos: ignore[{', '.join(one.rules)}] why"
            yield _at(one, "ignore/no-reason", message)
        for rule in one.rules:
            if not known(rule):
                yield _at(one, "ignore/unknown-rule", f"there is no rule {rule}{did_you_mean(rule, RULES)}")


def _unused(one: Ignore) -> Finding:
    where = "in this object" if one.item is not None else f"in line {one.at}"
    return _at(one, "ignore/unused", f"{', '.join(one.rules)} finds nothing {where}: remove this comment")


def _at(one: Ignore, rule: str, message: str) -> Finding:
    return msgspec.structs.replace(finding(rule, message), file=one.file, line=one.line, column=one.column)
