"""No rule raises, whatever stands in a document: the examples of all rules, with anything anywhere in them."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aichaos.check.documents import review
from aichaos.check.fixes import applied
from aichaos.check.pages.book import book
from aichaos.domain.finding import Finding
from aichaos.domain.policy import Policy, Window
from aichaos.files import yaml
from tests.check.cluster import topology

CLUSTER = topology()
POLICY = Policy(
    max_share=0.1, max_pods=1, max_duration="30s", kinds=("PodChaos",), windows=(Window(from_="09:00", to="17:00"),), allow=("evil/*",)
)
DOCUMENTS = [
    document for page in book().values() if not page.rule.startswith("yaml/") for document in yaml.load(page.wrong, page.rule) if document
]
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    st.sampled_from(
        [
            "",
            "*",
            "%",
            "50%",
            "1h",
            "{{ x }}",
            "a/b/c",
            "http://[",
            "http://a:99999/",
            "²",
            "0x",
            "-1",
            "\ud800",
            "x" * 300,
            "@daily",
            "* *",
        ]
    ),
    st.lists(st.one_of(st.none(), st.integers(0, 9), st.text(max_size=4)), max_size=3),
    st.dictionaries(st.text(max_size=8), st.one_of(st.none(), st.integers(), st.text(max_size=4)), max_size=3),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        found += places(item, (*path, key))
    return found


def changed(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    result = copy.deepcopy(document)
    holder = result
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return result


def judged(document: Any) -> list[Finding]:
    text = json.dumps(document)
    return [*review([("a.yaml", text)], None, POLICY).findings, *review([("a.yaml", text)], CLUSTER).findings]


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_anything_anywhere_is_a_finding_and_no_exception(data: st.DataObject) -> None:
    document = data.draw(st.sampled_from(DOCUMENTS))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places(document)))
        document = changed(document, path, data.draw(JUNK))
        if not places(document):
            break
    for one in judged(document):
        assert one.message
        assert len(one.message) < 1500
        if one.fix is not None:
            applied(document, one.fix.patch)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: f"{document.get('kind')}")
def test_every_fix_can_be_applied_and_ends_its_finding(document: dict[str, Any]) -> None:
    for one in judged(document):
        if one.fix is not None:
            fixed = applied(document, one.fix.patch)
            assert (one.rule, one.path) not in {(other.rule, other.path) for other in judged(fixed)}
