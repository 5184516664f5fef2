"""Fields of a route one level too high or too low: what lost its indentation on the way from a slide or a chat."""

from collections.abc import Iterator

from aichaos.check.fixes import Operation, add, fix, move
from aichaos.check.subject import Subject
from aichaos.domain.finding import Finding
from aichaos.files.plain import mapping, sequence

_OF_A_RULE = ("backendRefs", "matches", "filters", "timeouts")
_OF_A_PATH = ("value", "type")


def route_field_findings(this: Subject) -> Iterator[Finding]:
    if this.ref.kind not in ("HTTPRoute", "GRPCRoute"):
        return
    spec = mapping(this.document.get("spec"))
    rules = sequence(spec.get("rules"))
    for field in _OF_A_RULE:
        if field in spec:
            alone = len(rules) == 1 and isinstance(rules[0], dict) and field not in rules[0]
            certain = fix(f"{field} into the rule", move(f"/spec/{field}", f"/spec/rules/0/{field}")) if alone else None
            message = f"{field} belongs to a rule, not to the route: indent it below the rule that it is for"
            yield this.note("gateway/misplaced-field", message, f"/spec/{field}", fix=certain)
    if this.ref.kind == "HTTPRoute":
        for number, rule in enumerate(rules):
            for index, match in enumerate(sequence(mapping(rule).get("matches"))):
                if isinstance(match, dict) and ("value" in match or "type" in match):
                    yield from _path_parts(this, match, f"/spec/rules/{number}/matches/{index}")


def _path_parts(this: Subject, match: dict[str, object], path: str) -> Iterator[Finding]:
    """`- path:` with `value:` beside it instead of below."""
    parts = [field for field in _OF_A_PATH if field in match]
    held = match.get("path")
    operations: list[Operation] = [] if isinstance(held, dict) else [add(f"{path}/path", {})]
    operations += [move(f"{path}/{field}", f"{path}/path/{field}") for field in parts]
    free = (held is None or isinstance(held, dict)) and not any(field in mapping(held) for field in parts)
    certain = fix(f"{' and '.join(parts)} below path", *operations) if free else None
    message = f"{' and '.join(parts)} of a path stand below path: indent them by one more level"
    yield this.note("gateway/misplaced-field", message, f"{path}/{parts[0]}", fix=certain)
