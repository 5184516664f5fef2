"""The page of all rules, `docs/rules.md`: made of the table of rules and of the examples beside it, each of which is checked here."""

import re

from aichaos.check.pages.section import section
from aichaos.check.rule import Rule
from aichaos.check.rules import RULES


def rules_page(made: str) -> str:
    families: dict[str, list[Rule]] = {}
    for rule in RULES.values():
        families.setdefault(rule.name.partition("/")[0], []).append(rule)
    parts = [
        f"""# Rules of `aichaos check`

{made}Each rule has a layer. `syntax`, `schema` and `admission` are what the API server would say; the others are ours alone: `meaning` (it
is admitted, and does not do what it says), `reference` (what it names is not there) and `policy` (it harms more than anybody agreed to).

The severity is the usual one; a finding may say less: `skipped` where the check could not be made, `warning` where the harm is smaller.
A rule that can be intended may stand in an experiment's `intends`; its finding is then the fault itself and is shown as `info`.
`--fix` writes what is certain, and nothing else. Examples that need a cluster are checked against a small one.

{_contents(families)}"""
    ]
    for name, rules in families.items():
        parts.append(f"## {name}\n")
        parts += [section(rule) for rule in rules]
    return "\n".join(parts)


def _contents(families: dict[str, list[Rule]]) -> str:
    rows = ["| Rule | Layer | Severity | What it says |", "| --- | --- | --- | --- |"]
    for rules in families.values():
        rows += [f"| [`{rule.name}`](#{_anchor(rule.name)}) | {rule.layer} | {rule.severity} | {_cell(rule.summary)} |" for rule in rules]
    return "\n".join(rows) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _anchor(name: str) -> str:
    return re.sub(r"[^a-z0-9_-]", "", name.lower())
