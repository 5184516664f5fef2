"""Rules by name, by family or by glob, as people write them on a command line and in comments."""

from fnmatch import fnmatchcase

from aichaos.check.rules import RULES
from aichaos.check.spelling import did_you_mean
from aichaos.errors import UsageError


def matches(rule: str, patterns: tuple[str, ...]) -> bool:
    """Whether a rule is one of these: `chaos-mesh/mode`, `chaos-mesh`, `chaos-mesh/*`, `*/duration*`."""
    return any(fnmatchcase(rule, pattern if "/" in pattern else f"{pattern}/*") for pattern in patterns)


def known(pattern: str) -> bool:
    return any(matches(rule, (pattern,)) for rule in RULES)


def patterns(given: tuple[str, ...], option: str) -> tuple[str, ...]:
    """What an option named, one by one or with commas between. Raises UsageError for what is no rule."""
    found = tuple(part for text in given for part in (piece.strip() for piece in text.split(",")) if part)
    for pattern in found:
        if not known(pattern):
            guess = did_you_mean(pattern, [*RULES, *{rule.partition("/")[0] for rule in RULES}])
            raise UsageError(f"{option}: there is no rule {pattern!r}{guess}", hint="aichaos check --explain '*/*' lists them.")
    return found
