"""`--fix`: what is certain is written, what is not stays, and the rest of the text is as it was."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from aichaos.check.correct import Corrected, correct
from aichaos.check.documents import Review, review
from aichaos.check.fixes import applied
from aichaos.check.pages.book import Page, book
from aichaos.errors import SyntaxProblem
from aichaos.files import yaml
from aichaos.files.plain import same
from tests.files.test_edit import written

FAULT = """\
# slow, for the talk
apiVersion: chaos-mesh.org/v1alpha1
kind: NetworkChaos
metadata: {name: slow, namespace: shop}   # flow
spec:
    action: delay
    # how many
    mode: fixed
    value: 50           # fifty
    duration: '60s'
    selector: {labelSelectors: {app: web}}
    delay:
        latency: "1000" # a second
"""


def look(texts: dict[str, str]) -> Review:
    return review(texts.items(), None)


def corrected(text: str, name: str = "a.yaml") -> Corrected:
    return correct({name: text}, look({name: text}), look)


def fixed(text: str) -> str:
    return corrected(text).texts.get("a.yaml", text)


def fixable(text: str) -> list[str]:
    return [one.rule for one in look({"a.yaml": text}).findings if one.fix is not None and one.severity in ("error", "warning")]


def test_what_is_certain_is_written_and_nothing_else() -> None:
    assert fixed(FAULT) == FAULT.replace("value: 50 ", 'value: "50" ').replace('"1000"', '"1000ms"')


def test_the_corrected_file_has_no_such_finding_left_and_a_second_time_changes_nothing() -> None:
    once = corrected(FAULT)
    assert {one.rule for one in once.made} == {"chaos-mesh/value", "chaos-mesh/latency-unit"}
    assert fixable(once.texts["a.yaml"]) == []
    assert corrected(once.texts["a.yaml"]).texts == {}


def test_other_documents_and_what_comes_after_a_broken_place_stay() -> None:
    other = "a:   [1,  2]   # as it is\n"
    text = f"{other}---\n{FAULT}---\n{other}---\nbroken: [\n\tx\n"
    assert fixed(text) == f"{other}---\n{fixed(FAULT)}---\n{other}---\nbroken: [\n\tx\n"


def test_an_item_of_a_list_is_corrected_where_it_stands() -> None:
    items = "\n".join(f"  {line}" for line in FAULT.splitlines())
    text = f"apiVersion: v1\nkind: List\nitems:\n-{items[1:]}\n"
    assert fixed(text) == text.replace("value: 50 ", 'value: "50" ').replace('"1000"', '"1000ms"')


def test_line_ends_stay() -> None:
    assert fixed(FAULT.replace("\n", "\r\n")) == fixed(FAULT).replace("\n", "\r\n")


def test_nothing_in_a_template_is_touched() -> None:
    text = f"{FAULT}---\napiVersion: v1\nkind: Service\nmetadata: {{name: '{{{{ .Values.name }}}}'}}\n"
    done = corrected(text)
    assert done.texts == {}
    assert {why for _, why in done.left} == {"the file is a template"}


def test_an_anchor_that_all_uses_need_is_corrected_once() -> None:
    text = FAULT.replace("value: 50 ", "value: &n 50 ").replace('latency: "1000"', 'latency: &l "1000"')
    text += "---\n" + text.replace("&n 50", "50") + "    # end\n"
    done = corrected(text)
    assert 'value: &n "50" ' in done.texts["a.yaml"]
    assert done.left == []


def test_a_value_that_something_else_needs_as_it_is_stays_and_is_said() -> None:
    text = FAULT.replace("metadata: {name: slow,", 'metadata: {annotations: {was: &l "1000"}, name: slow,')
    text = text.replace('latency: "1000"', "latency: *l")
    done = corrected(text)
    assert "latency: *l" in done.texts["a.yaml"]
    ((left, why),) = done.left
    assert left.rule == "chaos-mesh/latency-unit"
    assert "used elsewhere" in why


def test_what_three_share_is_corrected_once_and_repeated_nowhere() -> None:
    item = (
        FAULT.replace("\n", "\n  ")
        .rstrip()
        .replace("# slow, for the talk\n  ", "")
        .replace('"1000" # a second', "1s")
        .replace("value: 50 ", "value: %s ")
    )
    text = "apiVersion: v1\nkind: List\nitems:\n" + "".join(f"- {item % value}\n" for value in ("&n 50", "*n", "*n"))
    assert fixed(text) == text.replace("&n 50", '&n "50"')


def test_what_a_merge_brings_is_corrected_where_it_is_written() -> None:
    item = FAULT.replace("\n", "\n  ").rstrip().replace("# slow, for the talk\n  ", "")
    other = item.replace('delay:\n          latency: "1000" # a second', "delay: {<<: *d}").replace("slow,", "slower,")
    text = f"apiVersion: v1\nkind: List\nitems:\n- {item.replace('delay:' + chr(10), 'delay: &d' + chr(10))}\n- {other}\n"
    assert fixable(text) == ["chaos-mesh/value", "chaos-mesh/latency-unit"] * 2
    assert fixable(fixed(text)) == []
    assert (fixed(text).count('"1000ms" # a second'), fixed(text).count("{<<: *d}")) == (1, 1)


def test_a_key_that_stands_twice_keeps_a_document_from_being_corrected() -> None:
    text = FAULT.replace("    mode: fixed\n", "    mode: fixed\n    mode: fixed\n")
    done = corrected(text)
    assert done.texts == {}
    assert len(done.left) == 2


MOVES_A_BLOCK = {"istio/locality-setting-place"}
"""Its comments stay, but not in their order: they go along, or stand on lines of their own where the block was."""
PAGES = [page for page in book().values() if page.right is None and not page.cluster]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.rule)
def test_every_correction_that_a_rule_knows_can_be_made_in_a_text_with_comments(page: Page) -> None:
    """The failing example of each rule that has a fix, with a comment on every line that takes one."""
    plain = yaml.dump(yaml.load(page.wrong, "x")[0])
    commented = "".join(
        f"{line}  # {number}\n" if re.search(r"[\w\"'\]}:]$", line) and "|" not in line else f"{line}\n"
        for number, line in enumerate(plain.splitlines())
    )
    text = commented if yaml.load(commented, "x") == yaml.load(plain, "x") else plain
    before = {one.rule for one in look({"a.yaml": text}).findings if one.fix is not None and one.severity in ("error", "warning")}
    done = corrected(text)
    if page.rule not in before:
        assert done.texts == {}
        return
    assert done.left == []
    assert page.rule not in {one.rule for one in look(done.texts).findings if one.fix is not None}
    assert corrected(done.texts["a.yaml"]).texts == {}


@settings(deadline=None, max_examples=120, derandomize=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.data(), st.sampled_from(PAGES))
def test_in_any_layout_a_correction_is_its_patch_and_nothing_else(data: st.DataObject, page: Page) -> None:
    """Block or flow, any quotes, any indentation, comments anywhere: the data afterwards is the data before with the patches on it."""
    (value,) = yaml.load(page.wrong, "x")
    text = data.draw(written(value)).lstrip("\n") + "\n"
    assume(list(loaded(text)) == [value])
    done = corrected(text)
    made = [one for one in look({"a.yaml": text}).findings if one.fix is not None and one.severity in ("error", "warning")]
    assume(made)
    assert done.left == []
    assert fixable(done.texts["a.yaml"]) == []
    before, after = alone(text), alone(done.texts["a.yaml"])
    assert (not Counter(before) - Counter(after)) if page.rule in MOVES_A_BLOCK else before == after
    if len({one.rule for one in done.made}) == len(made) == 1 and made[0].fix is not None:
        assert same(yaml.load(done.texts["a.yaml"], "x"), [applied(value, made[0].fix.patch)])


def alone(text: str) -> list[str]:
    """The comments that have a line of their own."""
    return [line.strip() for line in text.splitlines() if line.lstrip().startswith("#")]


def loaded(text: str) -> Iterator[object]:
    with suppress(SyntaxProblem):
        yield from yaml.load(text, "x")
