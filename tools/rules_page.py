"""The page of all rules, `docs/rules.md`: made of the table of rules and of the examples beside it, each of which is checked here."""

import re

from aichaos.check.fixes import applied
from aichaos.check.pages.book import Page, book, judged
from aichaos.check.rule import Rule
from aichaos.check.rules import RULES
from aichaos.domain.finding import Finding
from aichaos.files import yaml


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
        parts += [_section(rule) for rule in rules]
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


_WITHOUT_EXAMPLES = {
    "file/unreadable": "The other files are checked all the same. Where nothing at all can be read, that is the error.",
    "file/empty": "Often a slip: a file that was not saved, or a chart that makes nothing with these values. Where nothing stands in any "
    "of the files, that is an error.",
    "ignore/unused": "What was accepted once must not hide the next mistake: take the comment out. This is not said of rules that were not "
    "looked at, as those of a cluster are without `--from`.",
    "ignore/no-reason": "`# aichaos: ignore[rule] reason`: who reads it later wants to know why.",
    "ignore/no-rule": "`# aichaos: ignore[rule] reason`, with the name of a rule, of several with commas between, a family or a glob.",
    "ignore/unknown-rule": "The name is misspelt, or the rule has another one now. The table above has all of them.",
    "reference/match-taken": "Only with `--from`, and where the gateway at hand drops whole rules, as Contour does "
    "([what it drops](gateways/contour.md#taken-match-drops-rule)): a route that is created is the youngest, and one that changes keeps "
    "its age. Give the match to one of the two routes, or put what only one of them has into a rule of its own.",
    "reference/controller-disagrees": "Only with `--from`, about the route as it is in the cluster now. Either its controller has not come "
    "to it yet, or it sees what the snapshot does not hold, or one of the two is wrong: `aichaos route` shows what follows from the "
    "objects.",
    "server/refused": "Only with `--server`. The message is the server's, or its webhook's. Where aichaos finds the same at that place, "
    "one finding says so, under the name of the rule.",
    "server/disagrees": "Only with `--server`. Either a rule is wrong about this server, or the server checks less than it seems, or more: "
    "by a webhook or a policy of its own.",
    "server/not-asked": "Only with `--server`: it can't be reached, the right to create is missing, or the namespace or the definition of "
    "the kind comes with the same files and is not there yet.",
}


def _section(rule: Rule) -> str:
    page = book().get(rule.name)
    intended = " An experiment may intend it." if rule.intendable else ""
    head = f"### {rule.name}\n\n{rule.summary} Layer {rule.layer}, {rule.severity}.{intended}\n"
    if page is None:
        why = _WITHOUT_EXAMPLES.get(rule.name)
        return f"{head}\n{why}\n" if why else head
    found = [one for one in judged(page.wrong, page) if one.rule == rule.name]
    told = found[0]
    return f"{head}\n{page.why}\n\n{_wrong(page, told)}\n{_right(page, told)}"


def _wrong(page: Page, told: Finding) -> str:
    where = f" at `{told.path}`" if told.path else ""
    return f"Failing:\n\n{_block(page.wrong)}\nsays{where}:\n\n```text\n{told.message}\n```\n"


def _right(page: Page, told: Finding) -> str:
    fixed = f"`--fix`: {told.fix.description}.\n\n" if told.fix else ""
    right = page.right
    if right is None:
        assert told.fix is not None, page.rule
        right = yaml.dump(applied(yaml.load(page.wrong, "example.yaml")[0], told.fix.patch))
    return f"{fixed}Passing:\n\n{_block(right)}"


def _block(text: str) -> str:
    return f"```yaml\n{text.rstrip()}\n```\n"
