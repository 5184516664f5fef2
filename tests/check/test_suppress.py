"""Accepted findings: comments in the file, and a baseline that does not mind moved lines."""

import pytest

from aichaos.check import baseline
from aichaos.check.documents import Review, review
from aichaos.check.suppress import sift
from aichaos.domain.checked import Quiet
from aichaos.errors import FileError

FAULT = """\
apiVersion: chaos-mesh.org/v1alpha1
kind: NetworkChaos
metadata: {name: slow, namespace: shop}
spec:
  action: delay
  mode: fixed
  value: 50
  duration: 60s
  selector: {labelSelectors: {app: web}}
  target: {mode: all, selector: {labelSelectors: {app: db}}}
  direction: to
  delay: {latency: "1000"}
"""
FOUND = ["chaos-mesh/value", "chaos-mesh/latency-unit"]


def sifted(text: str) -> tuple[Review, list[Quiet]]:
    return sift(review([("a.yaml", text)], None), {"a.yaml": text}, {"reference", "policy"})


def left(text: str) -> list[str]:
    return [one.rule for one in sifted(text)[0].findings if one.severity in ("error", "warning")]


def test_without_a_comment_nothing_is_hidden() -> None:
    assert left(FAULT) == FOUND


def test_a_comment_at_the_end_of_a_line_is_for_that_line() -> None:
    text = FAULT.replace("value: 50", "value: 50  # aichaos: ignore[chaos-mesh/value] the operator quotes it")
    kept, hidden = sifted(text)
    assert [one.rule for one in kept.findings if one.severity == "error"] == ["chaos-mesh/latency-unit"]
    assert [(one.finding.rule, one.by, one.reason) for one in hidden] == [("chaos-mesh/value", "comment", "the operator quotes it")]


def test_a_comment_on_a_line_of_its_own_is_for_the_next() -> None:
    assert left(FAULT.replace("  value: 50", "  # aichaos: ignore[chaos-mesh/*] because\n  # more\n\n  value: 50")) == FOUND[1:]


@pytest.mark.parametrize(
    "start", ["# aichaos: ignore[chaos-mesh] legacy\n", "# about\n---\n# aichaos: ignore[chaos-mesh/*] legacy\n# more\n"]
)
def test_a_comment_above_an_object_is_for_all_of_it(start: str) -> None:
    assert left(start + FAULT) == []
    assert left(f"{start}{FAULT}---\n{FAULT}") == FOUND


def test_a_comment_above_an_item_of_a_list_is_for_the_item() -> None:
    item = "- " + FAULT.replace("\n", "\n  ").rstrip() + "\n"
    text = f"apiVersion: v1\nkind: List\nitems:\n# aichaos: ignore[chaos-mesh/value, chaos-mesh/latency-unit] known\n{item}{item}"
    assert left(text) == FOUND


def test_one_that_hides_nothing_is_a_warning_at_its_place() -> None:
    (found,) = sifted(f"{FAULT}# aichaos: ignore[chaos-mesh/mode] x\n".replace("value: 50", 'value: "50"').replace("1000", "1s"))[
        0
    ].findings
    assert (found.rule, found.severity, found.line, found.column) == ("ignore/unused", "warning", 13, 1)


def test_one_without_a_reason_or_a_rule_hides_nothing() -> None:
    assert left(FAULT.replace("value: 50", "value: 50 # aichaos: ignore[chaos-mesh/value]")) == [*FOUND, "ignore/no-reason"]
    assert left(FAULT.replace("value: 50", "value: 50 # aichaos: ignore because")) == [*FOUND, "ignore/no-rule"]


def test_an_unknown_rule_is_named_and_not_called_unused_too() -> None:
    (_, _, unknown) = sifted(FAULT.replace("value: 50", "value: 50 # aichaos: ignore[chaos-mesh/valu] x"))[0].findings
    assert "did you mean chaos-mesh/value?" in unknown.message


def test_what_was_not_looked_at_is_not_called_unused() -> None:
    assert left(f"# aichaos: ignore[reference/backend-not-found] in another cluster\n{FAULT}") == FOUND


def test_what_only_looks_like_a_comment_is_none() -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n"
    text += "  x: |\n    # aichaos: ignore[yaml/syntax] x\n  'y': 'a # aichaos: ignore[z] y'\n"
    assert sifted(text)[0].findings == []


# the baseline -------------------------------------------------------------------------------------------------------------------


def findings(text: str, name: str = "chaos/a.yaml") -> Review:
    return review([(name, text)], None)


def test_what_stands_in_the_baseline_is_hidden_wherever_its_line_goes() -> None:
    accepted = baseline.read(baseline.write(findings(FAULT).findings, "."), "b.yaml")
    moved = f"# new\n\n{FAULT}"
    new, hidden, gone = baseline.without(findings(moved).findings, accepted, ".")
    assert [one.rule for one in new if one.severity != "info"] == []
    assert [one.finding.rule for one in hidden] == FOUND
    assert gone == 0


def test_the_same_once_more_is_new() -> None:
    accepted = baseline.read(baseline.write(findings(FAULT).findings, "."), "b.yaml")
    new, _, _ = baseline.without([*findings(FAULT).findings, *findings(FAULT).findings], accepted, ".")
    assert [one.rule for one in new if one.severity != "info"] == FOUND


def test_what_is_mended_is_counted() -> None:
    accepted = baseline.read(baseline.write(findings(FAULT).findings, "."), "b.yaml")
    assert baseline.without(findings(FAULT.replace("50", '"50"')).findings, accepted, ".")[2] == 1


def test_files_are_named_from_the_baseline_however_the_command_named_them() -> None:
    text = baseline.write(findings(FAULT).findings, "chaos")
    assert "file: a.yaml" in text
    assert baseline.without(findings(FAULT, "./chaos/../chaos/a.yaml").findings, baseline.read(text, "b"), "chaos")[2] == 0


@pytest.mark.parametrize(
    "text", ["", "a: 1", "kind: Baseline", "{kind: Baseline, findings: [1]}", "{kind: Baseline, findings: [{rule: 3}]}"]
)
def test_what_is_no_baseline_is_refused(text: str) -> None:
    with pytest.raises(FileError, match=r"baseline|entry"):
        baseline.read(text, "b.yaml")
