"""What nobody but us catches: the server really does admit it, webhooks and all, and check does not let it pass.

And the other way round: what our rules call the server's own refusal is refused by the real one.
"""

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from aichaos.check.documents import review
from aichaos.check.pages.book import Page, book, cluster_of
from aichaos.check.rules import RULES
from aichaos.domain.experiment import API_VERSION
from aichaos.files import yaml

from .compare import LAYERS, server_verdicts
from .mutate import Manifest
from .server import Server, Verdict

ROWS = Path(__file__).with_name("rows.yaml")

# Families of rules about manifests; the others are about experiments and files.
FAMILIES = ("chaos-mesh", "litmus", "istio", "crossplane", "definition", "gateway", "reference")


@cache
def rows() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.load(ROWS.read_text(encoding="utf-8"), ROWS.name)[0]
    return found


def manifests_of(text: str) -> list[Any]:
    """The documents of an example, without experiments, which no server has."""
    values = yaml.load(text, "example.yaml")
    return [value for value in values if isinstance(value, dict) and value.get("apiVersion") != API_VERSION]


def verdicts(server: Server, values: list[Any]) -> list[Verdict]:
    return server_verdicts(server, [Manifest("example", "none", yaml.dump(value)) for value in values])


def wrong() -> list[Any]:
    """Each further form of a row: the rule that tells, and the manifest."""
    found = []
    for row in rows():
        for index, form in enumerate(row.get("wrong", [])):
            manifest = {"apiVersion": "chaos-mesh.org/v1alpha1", "kind": form["kind"], "metadata": {"name": "a", "namespace": "shop"}}
            found.append(pytest.param(form["rule"], manifest | {"spec": form["spec"]}, id=f"{row['row']}-{index}"))
    return found


PAGED = sorted({rule for row in rows() for rule in row.get("page", [])})
OURS = sorted(name for name, page in book().items() if RULES[name].layer not in LAYERS and name.partition("/")[0] in FAMILIES)
THEIRS = sorted(name for name in book() if RULES[name].layer in ("schema", "admission") and name.partition("/")[0] in FAMILIES)


@pytest.mark.parametrize(("rule", "manifest"), wrong())
def test_the_server_admits_what_the_rule_tells(rule: str, manifest: dict[str, Any], server: Server) -> None:
    (verdict,) = verdicts(server, [manifest])
    assert verdict.accepted, verdict.message
    found = review([("row.yaml", yaml.dump(manifest))], None).findings
    assert rule in {one.rule for one in found if one.severity in ("error", "warning")}, found
    assert [one for one in found if one.layer in LAYERS and one.severity == "error"] == []


@pytest.mark.parametrize("rule", PAGED)
def test_a_rows_page_exists_and_finds_it(rule: str) -> None:
    page = book()[rule]
    assert rule in {one.rule for one in review([("row.yaml", page.wrong)], cluster_of(page), page.policy).findings}


@pytest.mark.parametrize("rule", OURS)
def test_the_server_admits_the_failing_example_of_a_rule_that_is_ours(rule: str, server: Server) -> None:
    for verdict in verdicts(server, manifests_of(book()[rule].wrong)):
        assert verdict.accepted, verdict.message


@pytest.mark.parametrize("rule", THEIRS)
def test_the_server_refuses_the_failing_example_of_a_rule_that_is_its_own(rule: str, server: Server) -> None:
    page: Page = book()[rule]
    assert not all(verdict.accepted for verdict in verdicts(server, manifests_of(page.wrong)))
    if page.right is not None:
        for verdict in verdicts(server, manifests_of(page.right)):
            assert verdict.accepted, verdict.message
