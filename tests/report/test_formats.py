"""The forms that other programs read: SARIF 2.1.0, JUnit XML, workflow commands of GitHub; and the text with its excerpts."""

import io
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aichaos.domain.checked import Checked, Quiet
from aichaos.domain.finding import Finding, Fix, Severity
from aichaos.report import checked, github, junit, sarif
from aichaos.report.layout import cells
from tests.program import Run

TEXT = "kind: NetworkChaos\nspec:\n  värde: 50 # \u001b[31m\n  " + "x" * 300 + ": 1\n"


def finding(severity: Severity = "error", **more: Any) -> Finding:
    given: dict[str, Any] = {"file": "chaos/a b.yaml", "line": 3, "column": 3, "object": "NetworkChaos/shop/slow", "path": "/spec/value"}
    given["message"] = "value is 50: 100%\nno, really"
    return Finding(rule="chaos-mesh/value", layer="schema", severity=severity, **(given | more))


FIX = Fix(description='value: "50"', patch=[{"op": "replace", "path": "/spec/value", "value": "50"}])
ALL = Checked(
    documents=3,
    findings=[
        finding(fix=FIX),
        finding(),
        finding("warning", message=']]> <b> & "quotes" \x00\x1b[31m'),
        finding("info", line=None, column=None, file=None),
        finding("skipped", line=None, column=None),
        finding("error", file="evil\n::error file=x,line=1::y.yaml", object="", path=""),
    ],
    quiet=[Quiet(finding=finding(), by="comment", reason="known"), Quiet(finding=finding(), by="baseline", reason="old")],
    texts={"chaos/a b.yaml": TEXT, "chaos/good.yaml": "a: 1\n"},
)


def about(rule: str) -> tuple[str, Severity]:
    return "value is a text.", "error"


# SARIF --------------------------------------------------------------------------------------------------------------------------


def log() -> Any:
    return msgspec.json.decode(msgspec.json.encode(sarif.log(ALL, about)))


def test_a_sarif_log_has_what_the_standard_requires() -> None:
    """3.13 to 3.58 of the standard: required properties, closed sets of words, indexes that lead somewhere."""
    whole = log()
    assert whole["version"] == "2.1.0"
    (run,) = whole["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "aichaos"
    assert len({rule["id"] for rule in driver["rules"]}) == len(driver["rules"])
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert result.get("kind", "fail") == "fail" or result["level"] == "none"
        for location in result.get("locations", ()):
            physical = location.get("physicalLocation")
            if physical is not None:
                assert re.fullmatch(r"[\w./%~-]+", physical["artifactLocation"]["uri"])
                assert all(number >= 1 for number in physical.get("region", {}).values())
        for suppression in result.get("suppressions", ()):
            assert suppression["kind"] in ("inSource", "external")


def is_valid(path: Path, log: object) -> None:
    path.write_bytes(msgspec.json.encode(log))
    validate = "import sys; from sarif_kit.cli import main; sys.exit(main(['validate', sys.argv[1]]))"
    done = subprocess.run([sys.executable, "-c", validate, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_sarif_log_fits_the_published_schema(tmp_path: Path) -> None:
    is_valid(tmp_path / "log.sarif", log())
    with pytest.raises(AssertionError):
        is_valid(tmp_path / "log.sarif", log() | {"version": "1"})


FAULT = """\
# one
apiVersion: chaos-mesh.org/v1alpha1
kind: PodChaos
metadata: {name: a, namespace: b}
spec: {action: pod-kill, mode: fixed, value: 50, selector: {namespaces: [b], labelSelectors: {app: web}}}
---
apiVersion: v1
kind: List
items:
- apiVersion: chaos-mesh.org/v1alpha1
  kind: NetworkChaos
  metadata: {name: ä, namespace: b}
  spec:
    mode: one  # "é"
    action: delay
    delay: {latency: "1000"}  # ms
    selector: {namespaces: [b], labelSelectors: {app: web}}
    duration: 60s
"""


def test_corrections_stand_in_the_log_as_pieces_of_the_text(aichaos: Run, tmp_path: Path) -> None:
    """Whoever puts the pieces in has what `--fix` writes."""
    (tmp_path / "a.yaml").write_text(FAULT, encoding="utf-8")
    found = json.loads(aichaos("check", "a.yaml", "-o", "sarif").stdout)
    is_valid(tmp_path / "log.sarif", found)
    fixes = [fix for result in found["runs"][0]["results"] for fix in result.get("fixes", ())]
    assert len(fixes) == 2
    lines = FAULT.splitlines(keepends=True)
    for fix in fixes:
        (change,) = fix["artifactChanges"]
        (one,) = change["replacements"]
        region = one["deletedRegion"]
        assert region["startLine"] == region["endLine"]
        line = lines[region["startLine"] - 1]
        text = one["insertedContent"]["text"]
        lines[region["startLine"] - 1] = line[: region["startColumn"] - 1] + text + line[region["endColumn"] - 1 :]
    aichaos("check", "a.yaml", "--fix")
    assert (tmp_path / "a.yaml").read_text(encoding="utf-8") == "".join(lines)


def test_sarif_places_and_fingerprints() -> None:
    (first, second, *_, hidden, accepted) = log()["runs"][0]["results"]
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "chaos/a%20b.yaml"},
        "region": {"startLine": 3, "startColumn": 3},
    }
    prints = [one["partialFingerprints"]["aichaosFinding/v1"] for one in (first, second)]
    assert prints[0] != prints[1]
    assert [one.rpartition(":")[0] for one in prints] == [prints[0].rpartition(":")[0]] * 2
    assert [hidden["suppressions"][0]["kind"], accepted["suppressions"][0]["kind"]] == ["inSource", "external"]


# JUnit --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("strict", "failures", "skipped"), [(False, 3, 1), (True, 5, 0)])
def test_junit_is_xml_whose_counts_are_true(strict: bool, failures: int, skipped: int) -> None:
    root = ET.fromstring(junit.text(ALL, strict).encode())
    assert (root.get("failures"), root.get("tests")) == (str(failures), "7")
    assert sum(int(suite.get("skipped", "")) for suite in root) == skipped
    assert (len(list(root.iter("failure"))), len(list(root.iter("skipped"))), len(list(root.iter("testcase")))) == (failures, skipped, 7)
    for suite in root:
        assert suite.get("tests") == str(len(suite))
    assert "chaos/good.yaml" in [suite.get("name") for suite in root]


def test_junit_has_no_attribute_that_the_schema_of_jenkins_does_not_know() -> None:
    """As in junit-10.xsd of its xUnit plugin, by which reports are refused."""
    known = {
        "testsuites": {"name", "time", "tests", "failures", "errors"},
        "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname", "id", "package", "file", "group"},
        "testcase": {"name", "classname", "time", "group"},
        "failure": {"type", "message"},
        "skipped": {"type", "message"},
    }
    for node in ET.fromstring(junit.text(ALL, False).encode()).iter():
        assert set(node.attrib) <= known.get(node.tag, set()), node.tag


# GitHub -------------------------------------------------------------------------------------------------------------------------


def test_a_workflow_command_is_one_line_whatever_is_in_it() -> None:
    lines = list(github.lines(ALL.findings))
    assert len(lines) == len(ALL.findings)
    for line in lines:
        assert "\n" not in line
        assert re.fullmatch(r"::(error|warning|notice) [^:]*::.*", line)
    assert lines[0].startswith(
        "::error file=chaos/a b.yaml,line=3,col=3,title=chaos-mesh/value (error)::value is 50: 100%25%0Ano, really%0A"
    )
    assert "file=evil%0A%3A%3Aerror file=x%2Cline=1%3A%3Ay.yaml," in lines[-1]


# JSON and text ------------------------------------------------------------------------------------------------------------------


def test_json_has_the_promised_shape_and_what_is_hidden_beside_it() -> None:
    value = msgspec.json.decode(msgspec.json.encode(checked.as_json(ALL)))
    assert value.keys() == {"documents", "findings", "summary", "source", "hidden"}
    assert value["summary"] == {"error": 3, "warning": 1, "info": 1, "skipped": 1}
    assert value["findings"][0].keys() == {
        *("rule", "layer", "severity", "message", "object", "path", "file", "line", "column", "fix"),
    }


def written(done: Checked, monkeypatch: pytest.MonkeyPatch, columns: int = 80) -> str:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    paper = Terminal()
    checked.text(done, paper, wrote=False)
    return paper.getvalue()


def test_the_line_is_shown_with_a_caret_under_the_word(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = written(ALL, monkeypatch).splitlines()
    at = lines.index("chaos/a b.yaml:3:3  error  chaos-mesh/value")
    assert "     3 |   värde: 50 # \\x1b[31m" in lines[at:]
    assert "       |   ^^^^^" in lines[at:]
    assert '  fix: value: "50"' in lines[at:]
    assert lines[-2].startswith("3 documents: 3 errors, 1 warning, 1 note, 1 skipped; 1 hidden by comments; 1")
    assert lines[-1] == "hidden by the baseline; 1 can be corrected with --fix"
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize("columns", [40, 80, 140])
@pytest.mark.parametrize("column", [1, 3, 150, 302])
def test_a_long_line_is_cut_around_the_place(column: int, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    done = Checked(documents=1, findings=[finding(line=4, column=column)], texts=ALL.texts)
    lines = written(done, monkeypatch, columns).splitlines()
    assert all(cells(line) <= columns for line in lines if "|" in line)
    (caret,) = (line for line in lines if "^" in line)
    assert caret.count("^") >= 1


def test_nothing_found_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert written(Checked(documents=1, findings=[]), monkeypatch) == "1 document: nothing found\n"
