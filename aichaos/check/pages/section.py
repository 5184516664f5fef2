"""What there is to read about one rule: what it is for, an example that it finds something in, and one that it lets pass."""

from aichaos.check.fixes import applied
from aichaos.check.pages.book import Page, book, judged
from aichaos.check.rule import Rule
from aichaos.domain.finding import Finding
from aichaos.files import yaml

_WITHOUT_EXAMPLES = {
    "file/unreadable": "The other files are checked all the same. Where nothing at all can be read, that is the error.",
    "file/empty": "Often a slip: a file that was not saved, or a chart that makes nothing with these values. Where nothing stands in any "
    "of the files, that is an error.",
    "ignore/unused": "What was accepted once must not hide the next mistake: take the comment out. This is not said of rules that were not "
    "looked at, as those of a cluster are without `--from`.",
    "ignore/no-reason": "`# aichaos: ignore[rule] reason`: who reads it later wants to know why.",
    "ignore/no-rule": "`# aichaos: ignore[rule] reason`, with the name of a rule, of several with commas between, a family or a glob.",
    "ignore/unknown-rule": "The name is misspelt, or the rule has another one now. `aichaos check --explain '*/*'` lists them.",
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


def section(rule: Rule) -> str:
    """In Markdown, with its heading."""
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
