"""Every rule has a page, and its examples are true: the failing one gives the finding, the passing one does not, and fixes fix."""

import pytest

from aichaos.check.fixes import applied
from aichaos.check.pages.book import Page, book, example, judged
from aichaos.check.rules import RULES
from aichaos.files import yaml

PAGES = list(book().values())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.rule)
def test_the_failing_example_fails(page: Page) -> None:
    found = [one for one in judged(page.wrong, page) if one.rule == page.rule]
    assert found, judged(page.wrong, page)


@pytest.mark.parametrize("page", [page for page in PAGES if page.right is not None], ids=lambda page: page.rule)
def test_the_passing_example_passes(page: Page) -> None:
    assert page.right is not None
    assert [one for one in judged(page.right, page) if one.rule == page.rule or one.severity == "error"] == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.right is None], ids=lambda page: page.rule)
def test_the_fix_of_the_failing_example_passes(page: Page) -> None:
    (found, *_) = [one for one in judged(page.wrong, page) if one.rule == page.rule]
    assert found.fix is not None, "give the page a passing example, or the rule a fix"
    document = yaml.load(page.wrong, "file.yaml")[0]
    fixed = yaml.dump(applied(document, found.fix.patch))
    again = judged(fixed, page)
    assert [one for one in again if one.rule == page.rule or one.severity == "error"] == []


WITHOUT = {"file/unreadable", "file/empty", "server/refused", "server/disagrees", "server/not-asked", "schema/not-checked"} | {
    "reference/match-taken",
    "reference/controller-disagrees",
}
"""Rules about files that are not there, a server's answers, what could not be evaluated, and what a gateway makes of a route beside others
of its cluster: no example of a manifest shows them."""


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    assert set(book()) - set(RULES) == set()
    assert set(RULES) - set(book()) - WITHOUT == set()


@pytest.mark.parametrize(
    ("rule", "shown"),
    [
        ("chaos-mesh/value", '{value: "50"}'),
        ("chaos-mesh/mode", "{mode: fixed-percent}"),
        ("experiment/deadline", "{deadline: 5m}"),
        ("file/empty", ""),
        ("no/such-rule", ""),
    ],
)
def test_how_it_looks_where_a_rule_lets_it_pass(rule: str, shown: str) -> None:
    assert example(rule) == shown
