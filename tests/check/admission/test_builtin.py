"""Built-in validation without a server: what is refused, and where it is told. That the server says the same: tests/agreement."""

from pathlib import Path
from typing import Any

import pytest

from aichaos.check.admission import admission_findings
from aichaos.files import yaml
from aichaos.files.plain import merged

TABLE = yaml.load(Path(__file__).with_name("builtin.yaml").read_text(encoding="utf-8"), "builtin.yaml")[0]
BASES: dict[str, Any] = TABLE["bases"]


def refused(document: dict[str, Any]) -> list[str]:
    return [one.path for one in admission_findings(document, None)]


@pytest.mark.parametrize("kind", BASES)
def test_what_is_right_is_let_pass(kind: str) -> None:
    assert refused(BASES[kind]) == []


@pytest.mark.parametrize("row", TABLE["refused"], ids=lambda row: f"{row['kind']} {row['path']}")
def test_what_the_server_refuses_is_told_where_it_stands(row: dict[str, Any]) -> None:
    found = refused(merged(BASES[row["kind"]], row["change"]))
    assert found == [] if row["path"] is None else row["path"] in found


def test_annotations_have_a_size_all_together() -> None:
    annotations = {f"a{number}": "x" * 30_000 for number in range(9)}
    assert refused(merged(BASES["ConfigMap"], {"metadata": {"annotations": annotations}})) == ["/metadata/annotations"]
